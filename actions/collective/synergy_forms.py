from django import forms
from django.utils import timezone

from actions.forms import LINES, VersionedForm, offer
from actions.models import Action, Flow, Synergy, SynergySaving
from crm.fields import AmountField
from crm.forms.base import Form, ModelForm, SentTwice
from crm.models import Project

FIRST_YEAR = 2000
EVERYWHERE = "0"
VERDICTS = [("", "Possibles et à confirmer"), ("met", "Possibles"), ("unknown", "À confirmer"),
            ("unmet", "Peu probables")]  # fmt: skip


class MatchForm(Form):
    """What the address of the page of pistes may say; another name, or value, is refused."""

    nature = forms.ChoiceField(
        label="Nature", choices=[("", "Toutes"), *Flow.Kind.choices], required=False
    )
    distance = forms.ChoiceField(
        label="Distance",
        choices=[
            ("", "Selon la nature du flux"),
            *((str(km), f"{km}\u00a0km") for km in (2, 5, 10, 20, 50)),
            (EVERYWHERE, "Tout le territoire"),
        ],
        required=False,
    )
    etat = forms.ChoiceField(label="Vraisemblance", choices=VERDICTS, required=False)
    noms = forms.ChoiceField(choices=[("1", "oui")], required=False, widget=forms.HiddenInput)
    page = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self):
        for name in set(self.data) - set(self.fields):
            self.add_error(None, f"Le filtre «\u00a0{name[:40]}\u00a0» n’existe pas.")


class AgreementForm(Form):
    """Who said yes for a site, and when: kept as it was said."""

    on = forms.DateField(label="Le")
    by = forms.CharField(label="Donné par", max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate

    def clean_on(self):
        on = self.cleaned_data["on"]
        if on > timezone.localdate():
            raise forms.ValidationError("Un accord à venir n’en est pas encore un.")
        return on


class MoveForm(Form):
    vers = forms.ChoiceField(choices=Synergy.Status.choices)
    vu = forms.ChoiceField(choices=Synergy.Status.choices)
    motif = forms.CharField(max_length=250, required=False)


class SynergyForm(VersionedForm):
    class Meta:
        model = Synergy
        fields = ["notes", "action", "project"]
        widgets = {"notes": LINES}
        help_texts = {"notes": "Lues par l’équipe seulement."}

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        territory = self.instance.territory
        actions = Action.objects.visible_to(viewer).filter(plan__territory=territory)
        projects = Project.objects.visible_to(viewer).filter(territory=territory)
        offer(self, "action", actions.current())
        offer(self, "project", projects.open())
        self.fields["action"].label_from_instance = lambda one: f"{one.code} · {one.title}"

    def clean_action(self):
        """A fiche that names one of the two sites would say whose the piste is."""
        action = self.cleaned_data["action"]
        if action and not self.instance.is_agreed and self.instance.is_told_by(action):
            raise forms.ValidationError(
                "Cette fiche nomme l’un des deux sites\u00a0: attendez l’accord des deux."
            )
        return action


class SavingForm(SentTwice, ModelForm):
    """`seen` is the last change of the gain that was read: over a later one, nothing is written."""

    about = ("synergy",)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = SynergySaving
        fields = ["nature", "unit", "year", "amount", "evidence"]
        field_classes = {"amount": AmountField}
        widgets = {"nature": forms.RadioSelect}
        help_texts = {
            "year": "Pour un gain constaté\u00a0: l’année où il a été compté.",
            "evidence": "Facture, relevé de compteur, étude… Obligatoire pour un gain constaté.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        nature = self.fields["nature"]
        nature.choices = [choice for choice in nature.choices if choice[0]]
        self._last = str(self.instance.history.latest().pk) if self.instance.pk else ""
        self.fields["seen"].initial = self._last

    def clean(self):
        data = self.cleaned_data
        if data.get("seen") and data["seen"] != self._last:
            self.add_error(None, "Quelqu’un vient de modifier ce gain\u00a0: rouvrez-le.")
        if data.get("nature") == SynergySaving.Nature.PLANNED:
            if data.get("year"):
                self.add_error("year", "Un gain prévu l’est par an\u00a0: il n’a pas d’année.")
        elif data.get("nature"):
            self._clean_observed(data)
        if not self.errors and self._same(data).exists():
            self.add_error("unit", "Ce gain est déjà noté\u00a0: modifiez-le plutôt.")

    def _clean_observed(self, data):
        if not data.get("evidence"):
            self.add_error("evidence", "Dites ce qui le prouve, ou notez-le comme prévu.")
        if "year" in self.errors:
            return
        if not data.get("year"):
            self.add_error("year", "Dites en quelle année il a été compté.")
        elif not FIRST_YEAR <= data["year"] <= timezone.localdate().year:
            self.add_error("year", "Un gain constaté l’est dans une année passée ou en cours.")

    def _same(self, data):
        rows = SynergySaving.objects.filter(
            synergy=self.instance.synergy,
            nature=data["nature"],
            unit=data["unit"],
            year=data.get("year"),
        )
        # Sent twice, the same row is found by `save`, and refused here by none.
        same = {name: data[name] for name in ("amount", "evidence")}
        rows = rows if self.instance.pk else rows.exclude(**same)
        return rows.exclude(pk=self.instance.pk)
