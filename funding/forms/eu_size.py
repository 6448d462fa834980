"""The accounts of a firm over its closed years, and its tie to the one whose size is sought."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from crm.fields import AmountField
from crm.forms.base import SentTwice
from crm.identifiers import clean_siren
from crm.templatetags.french import decimal
from funding.eligibility.eu_size import MEASURES, Figures, shares_on
from funding.eu_size import TITLES, offered_years
from funding.forms.plans import VersionedForm
from funding.models import CountedFirm

DIGITS = {"headcount": 10, "turnover": 14, "balance_sheet": 14}


class AccountsForm(SentTwice, VersionedForm):
    """Three figures a year, on the years one may still need; a blank is unknown, never zero."""

    about = ("organisation", "tie")

    class Meta:
        model = CountedFirm
        fields = ["source"]
        help_texts = {
            "source": "Liasse fiscale, comptes déposés, déclaration de l’entreprise…",
        }

    def __init__(self, *args, today, known=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.today, self.years = today, offered_years(today)
        kept = (
            {row.year: row.figures for row in self.instance.accounts.all()}
            if (self.instance.pk)
            else known or {}
        )
        for year in self.years:
            for measure in MEASURES:
                field = AmountField(
                    label=f"{TITLES[measure]} {year}",
                    required=False,
                    min_value=0,
                    max_digits=DIGITS[measure],
                    decimal_places=2,
                    initial=kept[year][measure] if year in kept else None,
                    error_messages={"min_value": "Ce nombre ne peut pas être négatif."},
                )
                field.widget.attrs |= {"class": "input is-amount", "aria-label": field.label}
                self.fields[f"{measure}_{year}"] = field

    @property
    def asked_fields(self):
        """The fields that stand above the table of accounts."""
        return [self[name] for name in self._meta.fields]

    @property
    def table(self):
        """(year, its three fields), the latest first."""
        return [(year, [self[f"{measure}_{year}"] for measure in MEASURES]) for year in self.years]

    @property
    def figures(self):
        """{year: Figures} as typed."""
        return {
            year: Figures(*(self.cleaned_data.get(f"{measure}_{year}") for measure in MEASURES))
            for year in self.years
        }

    @transaction.atomic
    def save(self, commit=True):
        row = super().save(commit)
        row.note(self.figures)
        return row

    @transaction.atomic
    def save_over(self):
        row = super().save_over()
        row.note(self.figures)
        return row


class FirmForm(AccountsForm):
    """A firm tied to `organisation`; those of the aid ledger (`linked`) are linked already."""

    class Meta(AccountsForm.Meta):
        fields = ["tie", "name", "siren", "share", "is_excepted", "source"]
        help_texts = {
            **AccountsForm.Meta.help_texts,
            "tie": "En amont comme en aval\u00a0: qui la détient, et ce qu’elle détient.",
            "siren": "Facultatif pour une entreprise étrangère ou une personne.",
            "is_excepted": "Capital-risque, investisseur providentiel, université, petite "
            "collectivité…\u00a0: autonome jusqu’à 50\u00a0%, s’il n’est pas lié.",
        }

    share = AmountField(
        label="Part du capital ou des votes (%)",
        required=False,
        min_value=Decimal("0.01"),
        max_value=100,
        max_digits=5,
        decimal_places=2,
        help_text="Le plus élevé des deux\u00a0: capital ou droits de vote.",
        error_messages={
            "min_value": "Cette part est supérieure à zéro.",
            "max_value": "Cette part ne dépasse pas cent pour cent.",
        },
    )

    def __init__(self, *args, linked=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.linked = linked
        ties = [choice for choice in CountedFirm.Tie.choices if choice[0] != CountedFirm.Tie.OWN]
        self.fields["tie"].choices = [("", "Choisir…"), *ties]
        self.fields["is_excepted"].widget = forms.NullBooleanSelect(attrs={"class": "select"})
        self.fields["is_excepted"].widget.choices = [
            ("unknown", "À confirmer"),
            ("true", "Oui"),
            ("false", "Non"),
        ]
        # A SIREN is pasted with its spaces.
        self.fields["siren"].max_length = None
        self.fields["siren"].validators = []
        self.fields["siren"].widget.attrs.pop("maxlength", None)

    def clean_siren(self):
        if not (typed := self.cleaned_data["siren"]):
            return ""
        try:
            siren = clean_siren(typed)
        except ValueError as refusal:
            raise ValidationError(str(refusal)) from refusal
        organisation = self.instance.organisation
        if siren == organisation.siren:
            raise ValidationError("C’est le SIREN de l’entreprise elle-même.")
        twins = CountedFirm.objects.filter(organisation=organisation, siren=siren)
        if twin := twins.exclude(pk=self.instance.pk).first():
            raise ValidationError(
                f"Cette entreprise est déjà dans la liste\u00a0: «\u00a0{twin}\u00a0»."
            )
        return siren

    def clean(self):
        cleaned = super().clean()
        tie, share = cleaned.get("tie"), cleaned.get("share")
        shares = shares_on(self.today)
        if tie == CountedFirm.Tie.PARTNER and share is not None and shares:
            if share < shares.partner:
                self.add_error(
                    "share",
                    f"En dessous de {decimal(shares.partner)}\u00a0%, elle n’est pas partenaire "
                    "et ne compte pas\u00a0: ne l’ajoutez pas.",
                )
            elif share > shares.linked:
                self.add_error(
                    "share",
                    f"Au-delà de {decimal(shares.linked)}\u00a0%, c’est une entreprise liée.",
                )
        if tie == CountedFirm.Tie.LINKED and cleaned.get("is_excepted"):
            self.add_error("is_excepted", "L’exception ne vaut pas pour une entreprise liée.")
        if tie in {CountedFirm.Tie.PARTNER, CountedFirm.Tie.PUBLIC} and (
            cleaned.get("siren") in self.linked
        ):
            self.add_error(
                "tie", "Le registre des aides la compte comme liée\u00a0: elle compte en entier."
            )
        return cleaned
