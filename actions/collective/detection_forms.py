from django import forms

from actions.collective.detection import LEAST
from actions.forms import LINES
from actions.models import Action, ActionPlan, ClusterDecision
from crm.forms.base import Form, ModelForm
from crm.models import LocalPriority, NafCode, Organisation, Sector, Theme
from crm.query import row_id

EVERYWHERE = "0"
RADII = [("5", "5 km"), ("10", "10 km"), ("20", "20 km"), ("30", "30 km"), ("50", "50 km")]
# Where a fiche about a need usually stands in the plan; the form lets one choose another.
PRIORITIES = {
    "log": "logement",
    "emp": "formation",
    "form": "formation",
    "deca": "ecologie_industrielle",
    "tra": "ecologie_industrielle",
    "eit": "ecologie_industrielle",
    "eau": "ecologie_industrielle",
    "agro": "filieres",
    "cosm": "filieres",
}
ELSEWHERE = "synergies"


class DetectionForm(Form):
    """What the address of the page may say; another name, or another value, is refused."""

    besoin = forms.ChoiceField(label="Besoin", required=False)
    mot = forms.CharField(label="Mot entendu", max_length=60, required=False)
    filiere = forms.ChoiceField(label="Filière ou activité", required=False)
    distance = forms.ChoiceField(
        label="Distance", choices=[*RADII, (EVERYWHERE, "Tout le territoire")], required=False
    )
    depuis = forms.DateField(label="Entendu depuis le", required=False)
    au_moins = forms.ChoiceField(
        label="Au moins",
        choices=[("2", "2 entreprises"), ("3", "3 entreprises"), ("5", "5 entreprises")],
        required=False,
    )
    par_filiere = forms.BooleanField(label="Une filière à la fois", required=False)

    def __init__(self, data, *, territory, needs, divisions, radius):
        """What the address does not say is shown as it is searched; a need that was heard is
        offered, even if its theme was retired since."""
        super().__init__({"distance": radius, "au_moins": str(LEAST), **data.dict()})
        self.fields["besoin"].choices = [
            ("", "Tous"),
            *(Theme.objects.of(territory) | Theme.objects.filter(pk__in=needs)).values_list(
                "code", "label"
            ),
        ]
        sectors = Sector.objects.of(territory).values_list("code", "label")
        names = NafCode.objects.filter(level="division", vintage=NafCode.Vintage.REV2)
        activities = names.filter(code__in=divisions).values_list("code", "label")
        self.fields["filiere"].choices = [
            ("", "Toutes"),
            ("Filières", [(f"f-{code}", label) for code, label in sectors]),
            ("Activités", [(f"naf-{code}", f"{code} · {label}") for code, label in activities]),
        ]

    def clean(self):
        for name in set(self.data) - set(self.fields):
            self.add_error(None, f"Le filtre «\u00a0{name[:40]}\u00a0» n’existe pas.")

    @property
    def asked(self):
        """What `Detection.found` takes."""
        data = self.cleaned_data
        return {
            "need": data["besoin"],
            "radius": None if data["distance"] in ("", EVERYWHERE) else int(data["distance"]),
            "keep": keeper(data["filiere"]),
            "word": data["mot"].strip(),
            "by_sector": data["par_filiere"],
            "least": int(data["au_moins"] or LEAST),
        }


def keeper(chosen):
    """Whether a company is of the filière, or of the division of the NAF; None for all."""
    if not chosen:
        return None
    kind, code = chosen.split("-", 1)
    if kind == "naf":
        return lambda company: company.division == code
    return lambda company: code in company.sectors


class KeysField(forms.CharField):
    """« 12,45 »: the companies of a cluster, as it was read."""

    widget = forms.HiddenInput

    def to_python(self, value):
        keys = {row_id(part) for part in super().to_python(value).split(",")}
        if 0 in keys:
            raise forms.ValidationError("Cette liste d’entreprises ne se lit pas.")
        return keys


class DecideForm(Form):
    """What to do of a cluster; it names the companies and the decision that were read."""

    besoin = forms.CharField(widget=forms.HiddenInput, max_length=40)
    entreprises = KeysField(max_length=20_000)
    dit = forms.CharField(widget=forms.HiddenInput, max_length=400)
    precedente = forms.CharField(widget=forms.HiddenInput, required=False)
    suite = forms.ChoiceField(
        choices=[
            (ClusterDecision.Choice.WATCHED, "Surveiller"),
            (ClusterDecision.Choice.DISMISSED, "Écarter"),
        ]
    )
    motif = forms.CharField(label="Motif", max_length=250, required=False)

    def clean(self):
        data = self.cleaned_data
        if data.get("suite") == ClusterDecision.Choice.DISMISSED and not data.get("motif"):
            self.add_error("motif", "Dites pourquoi ce projet collectif est écarté.")


class ProposeForm(ModelForm):
    """A fiche of the plan, filled with what was detected; its companies are those left ticked."""

    organisations = forms.ModelMultipleChoiceField(
        label="Entreprises",
        queryset=Organisation.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="Leurs noms seront lus par tous ceux qui lisent le plan.",
    )
    precedente = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Action
        fields = ["code", "title", "priority", "context"]
        widgets = {"context": LINES}

    def __init__(self, *args, companies, is_of_flows=False, **kwargs):
        super().__init__(*args, **kwargs)
        if is_of_flows:
            self.fields["organisations"].required = False
            self.fields[
                "organisations"
            ].help_text = (
                "Seules celles dont la synergie a l’accord des deux sites peuvent être nommées."
            )
        self.fields["priority"].queryset = LocalPriority.objects.of(self.instance.plan.territory)
        self.fields["organisations"].queryset = companies
        self.fields["organisations"].initial = [one.pk for one in companies]

    def clean_code(self):
        code = self.cleaned_data["code"]
        taken = Action.objects.filter(plan=self.instance.plan, code__iexact=code).first()
        if taken:
            raise forms.ValidationError(f"Le code {code} est déjà celui de «\u00a0{taken}\u00a0».")
        return code


def free_code(plan: ActionPlan):
    """« COL-1 », or the next one that no fiche of the plan has."""
    taken = set(plan.actions.filter(code__startswith="COL-").values_list("code", flat=True))
    return next(f"COL-{n}" for n in range(1, len(taken) + 2) if f"COL-{n}" not in taken)
