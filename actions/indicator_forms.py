from django import forms
from django.utils import timezone

from actions.forms import LINES, VersionedForm, refuse_reversed
from actions.models import Indicator, IndicatorTarget, IndicatorValue
from actions.models.budget import FIRST_YEAR, LAST_YEAR
from crm import measures
from crm.fields import AmountField
from crm.forms.base import ModelForm, SentTwice


class IndicatorForm(SentTwice, VersionedForm):
    about = ("action",)

    HELP = {
        "measure": "Un chiffre calculé garde ses lignes\u00a0; l’équipe le relève quand il faut.",
        "unit": "Un chiffre calculé a l’unité de son calcul.",
        "scope": "Pour un chiffre calculé.",
        "counted_from": "Pour un chiffre calculé qui dit ce qui s’est passé depuis une date.",
    }

    measure = forms.ChoiceField(label="D’où viennent les valeurs", required=False)

    class Meta:
        model = Indicator
        fields = [
            "label", "measure", "scope", "counted_from", "unit", "direction", "definition",
            "method", "baseline", "baseline_on", "target", "target_on",
        ]  # fmt: skip
        field_classes = {"baseline": AmountField, "target": AmountField}
        widgets = {"definition": LINES}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        kept = self.instance.measure
        lost = [(kept, "Un calcul qui n’existe plus")] if kept and not measures.get(kept) else []
        computed = [
            (measure.key, f"Calculé\u00a0: {measure.label}") for measure in measures.every()
        ]
        self.fields["measure"].choices = [("", "Saisies par l’équipe"), *computed, *lost]
        for name in ("unit", "scope"):
            self.fields[name].required = False
        for name, text in self.HELP.items():
            self.fields[name].help_text = text

    def clean(self):
        data = self.cleaned_data
        measure = measures.get(data.get("measure") or "")
        data["scope"] = data.get("scope") or Indicator.Scope.TERRITORY
        if measure:
            data["unit"] = measure.unit
        elif not data.get("unit"):
            self.add_error("unit", "«\u00a0Unité\u00a0» est obligatoire.")
        if not measure and data.get("counted_from"):
            self.add_error("counted_from", "Des valeurs saisies ne comptent pas depuis une date.")
        elif measure and not measure.has_period and data.get("counted_from"):
            self.add_error(
                "counted_from", "Ce calcul dit où l’on en est\u00a0: il ne part pas d’une date."
            )
        if data.get("counted_from") and data["counted_from"] > timezone.localdate():
            self.add_error("counted_from", "Cette date est à venir\u00a0: rien ne serait compté.")
        refuse_reversed(self, "baseline_on", "target_on", "L’échéance précède la date de départ.")
        self._refuse_wrong_way(data)

    def _refuse_wrong_way(self, data):
        baseline, target = data.get("baseline"), data.get("target")
        if baseline is None or target is None:
            return
        if data.get("direction") == Indicator.Direction.UP and target < baseline:
            self.add_error(
                "target",
                "La cible est sous la valeur de départ\u00a0: le sens est «\u00a0à réduire\u00a0».",
            )
        if data.get("direction") == Indicator.Direction.DOWN and target > baseline:
            self.add_error(
                "target",
                "La cible dépasse la valeur de départ\u00a0: le sens est "
                "«\u00a0à augmenter\u00a0».",
            )


class IndicatorTargetForm(SentTwice, VersionedForm):
    about = ("indicator",)

    class Meta:
        model = IndicatorTarget
        fields = ["year", "value"]
        field_classes = {"value": AmountField}

    def clean_year(self):
        """On the way from the baseline to the target, and once a year."""
        year, indicator = self.cleaned_data["year"], self.instance.indicator
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise forms.ValidationError("Écrivez une année, par exemple 2026.")
        if indicator.baseline_on and year < indicator.baseline_on.year:
            raise forms.ValidationError("Cette année précède la date de départ de l’indicateur.")
        if indicator.target_on and year >= indicator.target_on.year:
            raise forms.ValidationError(
                f"La cible de {indicator.target_on.year} est celle de l’indicateur lui-même."
            )
        others = indicator.targets.exclude(pk=self.instance.pk).filter(year=year)
        if self.instance.pk and others.exists():
            raise forms.ValidationError(f"L’année {year} a déjà sa cible\u00a0: modifiez-la.")
        return year

    def clean(self):
        """A new target for a year that has one is refused; the same one, sent twice, is found."""
        data, indicator = self.cleaned_data, self.instance.indicator
        if self.instance.pk or "year" not in data or "value" not in data:
            return
        same = indicator.targets.filter(year=data["year"]).first()
        if same and same.value != data["value"]:
            self.add_error("year", f"L’année {same.year} a déjà sa cible\u00a0: modifiez-la.")


class IndicatorValueForm(SentTwice, ModelForm):
    about = ("indicator",)

    class Meta:
        model = IndicatorValue
        fields = ["value", "observed_on", "quality", "evidence"]
        field_classes = {"value": AmountField}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["observed_on"].initial = timezone.localdate
        typed = [choice for choice in IndicatorValue.Quality.choices if choice[0] != "calcule"]
        self.fields["quality"].choices = [("", "Non renseignée"), *typed]

    def clean_observed_on(self):
        observed_on = self.cleaned_data["observed_on"]
        if observed_on > timezone.localdate():
            raise forms.ValidationError("On ne constate pas une valeur à une date à venir.")
        return observed_on
