from django.contrib.auth import forms as auth_forms

from crm.forms.base import ModelForm, Styled
from crm.models import User


class SignInForm(Styled, auth_forms.AuthenticationForm):
    error_messages = {
        "invalid_login": "L’adresse ou le mot de passe ne correspond pas.",
        "inactive": "Ce compte est fermé.",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Adresse électronique"
        self.fields["username"].widget.input_type = "email"


class LostPasswordForm(Styled, auth_forms.PasswordResetForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Adresse électronique"
        self.fields["email"].error_messages |= {
            "required": "« Adresse électronique » est obligatoire.",
            "invalid": "Écrivez une adresse électronique complète, par exemple ines@exemple.fr.",
        }

    def get_users(self, email):
        """Those too who never chose a password: an invitation gets lost as well."""
        return User.objects.filter(email=email.strip().lower(), is_active=True)


class PasswordForm(Styled, auth_forms.PasswordChangeForm):
    pass


class AccountForm(ModelForm):
    class Meta:
        model = User
        fields = ["first_name", "last_name"]
