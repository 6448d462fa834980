from crm.forms.base import Form, FormRenderer, ModelForm, scope_choices

__all__ = ["Form", "FormRenderer", "ModelForm", "scope_choices"]
