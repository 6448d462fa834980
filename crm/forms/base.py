"""Forms in the look of the house: classes on widgets, native date inputs, one field template."""

from django import forms
from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


CLASSES = [
    (forms.Textarea, "textarea"),
    (forms.CheckboxInput, ""),
    (forms.CheckboxSelectMultiple, ""),
    (forms.RadioSelect, ""),
    (forms.FileInput, ""),
    (forms.Select, "select"),
    (forms.TextInput, "input"),
    (forms.widgets.Input, "input"),
]


class Styled:
    """Give each widget its class, each date its calendar, each choice a plain empty label."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            style(field)

    def is_valid(self):
        """Put the reader on the first field to mend."""
        valid = super().is_valid()
        if not valid:
            for name in self.errors:
                if name in self.fields:
                    self.fields[name].widget.attrs["autofocus"] = True
                    break
        return valid


def style(field):
    widget = field.widget
    if isinstance(field, forms.DateField) and not isinstance(widget, forms.HiddenInput):
        widget = field.widget = DateInput(widget.attrs)
        field.error_messages["invalid"] = "Écrivez une date, par exemple 22/11/2026."
        field.input_formats = ["%Y-%m-%d", "%d/%m/%Y"]
    # Ten rows is what Django says unasked.
    if isinstance(widget, forms.Textarea) and widget.attrs.get("rows") in (None, "10"):
        widget.attrs["rows"] = 4
    css = next((css for kind, css in CLASSES if isinstance(widget, kind)), "")
    if isinstance(field, forms.DecimalField):
        css = f"{css} is-amount"
    if css:
        widget.attrs["class"] = f"{widget.attrs.get('class', '')} {css}".strip()
    if isinstance(field, forms.ModelChoiceField) and field.empty_label:
        field.empty_label = "Non renseigné"
    elif type(field) is forms.TypedChoiceField and ("", "---------") in field.choices:
        field.choices = [("", "Non renseigné"), *list(field.choices)[1:]]


class Form(Styled, forms.Form):
    pass


class ModelForm(Styled, forms.ModelForm):
    pass


def scope_choices(form, viewer, *names):
    """Offer only the rows the viewer may see in these dropdowns."""
    for name in names:
        field = form.fields[name]
        field.queryset = field.queryset.visible_to(viewer)
