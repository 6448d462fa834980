"""The whole record of a program, as a manager corrects it; the catalogue judges what it says."""

import datetime as dt
import re

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils import timezone

from crm.fields import AmountField
from crm.forms.base import ModelForm
from crm.forms.gates import past
from crm.templatetags.french import day
from funding.eligibility import wording
from funding.forms.program_field import Names, ProgramsField
from funding.models import Program
from funding.models.programs import INSTRUMENTS, deadline_key, plain

SIZES = {
    "rate_small": ("small", "Taux pour une petite entreprise"),
    "rate_medium": ("medium", "Taux pour une moyenne entreprise"),
    "rate_large": ("large", "Taux pour une grande entreprise"),
}
DEADLINE = re.compile(
    r"(?P<on>\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2})"
    r"(?:\s+(?:à\s+)?(?P<time>\d{1,2}\s?[:h]\s?\d{2}))?[\s,:]*(?P<label>.*)"
)
SECTIONS = (
    (
        "Le dispositif",
        (
            "name funder operator portal instruments themes summary beneficiaries_note "
            "eligible_costs_note excluded_costs_note conditions_note"
        ),
    ),
    (
        "Montants et taux",
        (
            "rate_min rate_max rate_small rate_medium rate_large rate_on_project rate_note "
            "costs_min costs_max aid_min aid_max"
        ),
    ),
    ("Calendrier", "state recurrence opens_on closes_on deadlines incentive_effect"),
    (
        "Périmètre, droit et liens",
        "scope_level scope_label legal_basis incompatible_with required_studies",
    ),
    ("Fiabilité", "confidence verified_on uncertain"),
)
LINKS = ("incompatible_with", "required_studies")
PUBLICATION = ("applies_from", "source", "note", "verified_today")


class RateField(AmountField):
    """Percents; the limits are those of the catalogue, which names them."""


class DeadlinesField(forms.CharField):
    """One collection date (relève) a line: « 15/01/2027 12:00 relève de printemps »."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value):
        if not isinstance(value, list):
            return value
        lines = (
            (day(dt.date.fromisoformat(one["on"])), one.get("time"), one.get("label"))
            for one in value
        )
        return "\n".join(" ".join(filter(None, line)) for line in lines)

    def to_python(self, value):
        return [self._one(line) for line in super().to_python(value).splitlines() if line.strip()]

    def _one(self, line):
        found = DEADLINE.fullmatch(line.strip())
        try:
            text = found["on"]
            form = "%d/%m/%Y" if "/" in text else "%Y-%m-%d"
            on = dt.datetime.strptime(text, form).date()  # noqa: DTZ007 (a day has no zone)
        except (TypeError, ValueError):
            raise ValidationError(
                f"« {line.strip()} »\u00a0: commencez la ligne par une date, comme 15/01/2027."
            ) from None
        kept = {"on": on.isoformat()}
        if found["time"]:
            kept["time"] = re.sub(r"\s?h\s?|\s?:\s?", ":", found["time"])
        if found["label"]:
            kept["label"] = found["label"].strip()
        return kept


class ProgramForm(ModelForm):
    class Meta:
        model = Program
        fields = [
            name
            for name in Program.VERSIONED
            if name not in ("criteria", "rates_by_size", "deadlines", "uncertain")
            and name not in ("incompatible_with", "required_studies", "instruments", "themes")
        ]
        field_classes = {"rate_min": RateField, "rate_max": RateField}
        widgets = {"verified_on": forms.DateInput}

    instruments = forms.MultipleChoiceField(
        label="Instruments",
        choices=INSTRUMENTS,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    themes = forms.MultipleChoiceField(
        label="Thèmes",
        choices={code: wording.capital(text) for code, text in wording.THEMES.items()},
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    rate_small = RateField(label=SIZES["rate_small"][1], required=False)
    rate_medium = RateField(label=SIZES["rate_medium"][1], required=False)
    rate_large = RateField(label=SIZES["rate_large"][1], required=False)
    deadlines = DeadlinesField(
        label="Relèves",
        required=False,
        help_text="une par ligne, par exemple 15/01/2027 12:00 relève de printemps",
    )
    incompatible_with = ProgramsField(
        label="Exclut",
        required=False,
        help_text="ce qui ne se cumule pas avec ce dispositif\u00a0; un côté suffit",
    )
    required_studies = ProgramsField(
        label="Étude à faire d’abord",
        required=False,
        help_text="ce qui finance l’étude exigée avant la demande",
    )
    uncertain = forms.MultipleChoiceField(
        label="Champs à vérifier",
        choices={
            name: wording.capital(str(Program._meta.get_field(name).verbose_name))
            for name in Program.VERSIONED
            if name not in ("criteria", "uncertain", "confidence", "verified_on")
        },
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    scope_level = forms.ChoiceField(label="Échelle", choices=Program.Scope)
    applies_from = forms.DateField(
        label="S’applique à partir du",
        help_text="un jour à venir annonce la version : elle s’appliquera ce jour-là",
    )
    source = forms.CharField(
        label="Source",
        max_length=300,
        help_text="arrêté, cahier des charges, page du financeur et sa date",
    )
    note = forms.CharField(
        label="Précision", widget=forms.Textarea(attrs={"rows": 2}), required=False
    )
    verified_today = forms.BooleanField(
        label="Vérifié aujourd’hui",
        required=False,
        help_text="toute la fiche est relue à sa source, pas seulement ce qui change",
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, instance, programs=None, **kwargs):
        """`programs` are those that the viewer may name."""
        by_size = instance.rates_by_size or {}
        initial = {field: by_size.get(size) for field, (size, _) in SIZES.items()}
        initial["applies_from"] = timezone.localdate()
        if instance._state.adding and instance.verified_on is None:
            initial["verified_on"] = timezone.localdate()
        initial |= {
            name: getattr(instance, name)
            for name in (
                "instruments",
                "themes",
                "deadlines",
                "incompatible_with",
                "required_studies",
                "uncertain",
            )
        }
        self.was = by_size
        kwargs["initial"] = initial | kwargs.get("initial", {})
        super().__init__(*args, instance=instance, **kwargs)
        names = Names(Program.objects.none() if programs is None else programs)
        for name in LINKS:
            self.fields[name].offer(names, getattr(instance, name))
        for name in ("rate_min", "rate_max", *SIZES):
            self.fields[name].help_text = "en %"
        for name in ("summary", "beneficiaries_note", "eligible_costs_note", "rate_note"):
            self.fields[name].widget.attrs["rows"] = 3

    def _post_clean(self):
        """The catalogue checks the whole program when it publishes it, once, in one place."""

    def clean_verified_on(self):
        day = self.cleaned_data["verified_on"]
        return past(day) if day else day

    @property
    def sections(self):
        """Each part of the record: its fields, and how many of them say something."""
        parts = ((title, [self[name] for name in names.split()]) for title, names in SECTIONS)
        return [
            {
                "title": title,
                "fields": fields,
                "filled": sum(
                    field.value() not in (None, "", "unknown", False, []) for field in fields
                ),
                "has_errors": any(field.errors for field in fields),
            }
            for title, fields in parts
        ]

    @property
    def publication(self):
        return [self[name] for name in PUBLICATION]

    @property
    def values(self):
        """What the form says, as a version keeps it; a field that does not read is left out."""
        said = {
            name: plain(name, getattr(value, "pk", value))
            for name, value in self.cleaned_data.items()
            if name in Program.VERSIONED
        }
        rates = {
            size: plain("rate_max", rate)
            for field, (size, _) in SIZES.items()
            if (rate := self.cleaned_data.get(field)) is not None
        }
        if self.cleaned_data.get("verified_today"):
            said["verified_on"] = plain("verified_on", timezone.localdate())
        others = {size: rate for size, rate in self.was.items() if size not in SIZES_ASKED}
        if "deadlines" in said:
            said["deadlines"] = self._as_kept(said["deadlines"])
        said["rates_by_size"] = self._same({**others, **rates}) or None
        for name in ("instruments", "themes", "uncertain"):
            if name in said:
                before = getattr(self.instance, name)
                said[name] = [code for code in before if code in said[name]] + [
                    code for code in said[name] if code not in before
                ]
        return said

    def _same(self, rates):
        """« 40.00 » typed over « 40 » is no change."""
        return self.was if {k: str(v) for k, v in self.was.items()} == rates else rates

    def _as_kept(self, deadlines):
        """A catalogue may have said « "time": null », which the form leaves out: no change."""
        kept = {deadline_key(one): one for one in self.instance.deadlines or []}
        return [kept.get(deadline_key(one), one) for one in deadlines]

    def refuse(self, error):
        """Say what the catalogue refused, beside the field when there is one."""
        for name, sentences in error.message_dict.items():
            place = "rate_small" if name == "rates_by_size" else name
            self.add_error(place if place in self.fields else None, sentences)

    def forget_errors(self, but=""):
        """The page is only drawn again: nothing was sent yet, but what this field received."""
        self._errors = ErrorDict({name: said for name, said in self._errors.items() if name == but})


SIZES_ASKED = {size for size, _ in SIZES.values()}
