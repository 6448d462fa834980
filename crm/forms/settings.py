import datetime

from django import forms
from django.contrib.auth import forms as auth_forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from crm import search
from crm.forms.base import Form, ModelForm, Styled
from crm.models import SCOPES, Health, Role, Stage, User
from crm.models.tokens import LIFETIME_DAYS

LONGEST_DAYS = 730


class TokenForm(Form):
    partner = forms.CharField(
        label="Partenaire",
        max_length=120,
        help_text="l’organisme qui interroge l’API, par exemple «\u00a0DREETS Occitanie\u00a0»",
    )
    scopes = forms.MultipleChoiceField(
        label="Ce qu’il peut lire",
        choices=SCOPES.items(),
        widget=forms.CheckboxSelectMultiple,
        help_text="Les contacts sont des données personnelles, à n’ouvrir que pour un usage écrit.",
        error_messages={"required": "Choisissez au moins une portée."},
    )
    expires_on = forms.DateField(label="Valable jusqu’au", help_text="deux ans au plus")

    def __init__(self, *args, today=None, **kwargs):
        self.today = today or timezone.localdate()
        super().__init__(*args, **kwargs)
        self.fields["expires_on"].initial = self.today + datetime.timedelta(days=LIFETIME_DAYS)

    def clean_expires_on(self):
        day = self.cleaned_data["expires_on"]
        if day <= self.today:
            raise ValidationError("Cette date est passée\u00a0: le jeton ne servirait à rien.")
        if day > self.today + datetime.timedelta(days=LONGEST_DAYS):
            raise ValidationError("Un jeton vaut deux ans au plus.")
        return day

    @property
    def expires_at(self):
        """The end of the chosen day."""
        day = self.cleaned_data["expires_on"] + datetime.timedelta(days=1)
        return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


class ReferenceForm(ModelForm):
    """A row of a code list. The code is made once from the label and never changes."""

    def __init__(self, *args, territory, **kwargs):
        self.territory = territory
        super().__init__(*args, **kwargs)
        for name in ("warn_days", "late_days"):
            if name in self.fields:
                self.fields[name].required = False

    def clean_label(self):
        label = self.cleaned_data["label"]
        model = self._meta.model
        # Retired rows count too: their label may come back.
        same = model.objects.filter(territory=None) | model.objects.filter(territory=self.territory)
        folded = search.normalise(label)
        if any(search.normalise(row.label) == folded for row in same.exclude(pk=self.instance.pk)):
            raise ValidationError(f"Cette liste a déjà «\u00a0{label}\u00a0».")
        if not slugify(label):
            raise ValidationError("Écrivez un libellé avec des lettres ou des chiffres.")
        return label

    def clean(self):
        super().clean()
        warn, late = self.cleaned_data.get("warn_days"), self.cleaned_data.get("late_days")
        if warn and late and late < warn:
            self.add_error("late_days", "L’alerte vient avant la vigilance.")

    def save(self, commit=True):
        if not self.instance._state.adding:
            return super().save(commit)
        self.instance.territory = self.territory
        for code in self.free_codes():
            self.instance.code = code
            try:
                # A plain save would update the row of whoever took this code meanwhile.
                with transaction.atomic():
                    self.instance.save(force_insert=True)
                break
            except IntegrityError:
                continue
        return self.instance

    def free_codes(self):
        """« Photonique & lasers » → photonique_lasers; numbered when another territory has it."""
        stem = slugify(self.cleaned_data["label"]).replace("-", "_")[:36]
        rows = self._meta.model.objects.filter(pk__startswith=stem)
        taken = set(rows.values_list("pk", flat=True))
        codes = (stem if n == 1 else f"{stem}_{n}" for n in range(1, 1000))
        return (code for code in codes if code not in taken)


def reference_form(model):
    """The form of one code list: a stage and a health say more than a label."""
    more = {
        Stage: ["kind", "meaning", "warn_days", "late_days"],
        Health: ["tone"],
    }
    return forms.modelform_factory(
        model,
        form=ReferenceForm,
        fields=["label", "short_label", *more.get(model, []), "position", "is_active"],
    )


class MemberForm(Form):
    email = forms.EmailField(label="Adresse électronique")
    first_name = forms.CharField(label="Prénom", max_length=150)
    last_name = forms.CharField(label="Nom", max_length=150)
    role = forms.ChoiceField(label="Rôle", choices=Role.choices, initial=Role.READER)

    def __init__(self, *args, territory, **kwargs):
        self.territory = territory
        super().__init__(*args, **kwargs)

    def clean_email(self):
        email = self.cleaned_data["email"].lower()
        self.account = User.objects.filter(email=email).first()
        if self.account and not self.account.is_active:
            raise ValidationError("Ce compte est fermé.")
        if self.account and self.account.memberships.filter(territory=self.territory).exists():
            raise ValidationError(f"{self.account} a déjà un rôle dans ce territoire.")
        return email


class RoleForm(Form):
    role = forms.ChoiceField(label="Rôle", choices=Role.choices)


class FirstPasswordForm(Styled, auth_forms.SetPasswordForm):
    pass
