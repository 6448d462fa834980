"""What the table of the plan changes: one cell of one fiche, or a few facts of many."""

from django import forms
from django.db import transaction

from actions.forms import VersionedForm, offer
from actions.models import Action
from crm.forms.base import Form, RowsField
from crm.models import Health, Role, User

CELLS = ("status", "progress", "health", "starts_on", "ends_on")
KEEP = "Ne pas changer"


class CellForm(VersionedForm):
    """One fact of a fiche, typed where the table shows it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "health" in self.fields:
            offer(self, "health", Health.objects.of(self.instance.plan.territory))
        for field in self.visible_fields():
            field.field.widget.attrs |= {
                "aria-label": f"{field.label}, fiche {self.instance.code}",
                "autofocus": True,
            }

    def clean(self):
        start, end = (
            self.cleaned_data.get(name, getattr(self.instance, name))
            for name in ("starts_on", "ends_on")
        )
        if start and end and end < start:
            for name in {"starts_on", "ends_on"} & {*self.cleaned_data}:
                self.add_error(name, "La fin de l’action précède son début.")

    def save(self, commit=True):
        for name in self.changed_data:
            self.instance.provenance.pop(name, None)
        return super().save(commit)


def cell_form(name):
    return forms.modelform_factory(Action, form=CellForm, fields=[name])


class BulkForm(Form):
    """What changes in all the fiches that are chosen; what is left as it is stays as it is."""

    CHANGES = ("owner", "status", "health", "importance")

    fiches = RowsField(
        queryset=Action.objects.none(),
        label="Fiches",
        widget=forms.MultipleHiddenInput,
        error_messages={"required": "Cochez au moins une fiche dans le tableau."},
    )
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="Suivie par", empty_label=KEEP
    )
    status = forms.ChoiceField(
        choices=[("", KEEP), *Action.Status.choices], required=False, label="Statut"
    )
    health = forms.ModelChoiceField(
        queryset=Health.objects.none(), required=False, label="Météo", empty_label=KEEP
    )
    importance = forms.ChoiceField(
        choices=[("", KEEP), *Action.Importance.choices],
        required=False,
        label="Niveau de priorité",
    )

    def __init__(self, *args, territory, actions, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fiches"].queryset = actions
        self.fields["owner"].queryset = User.objects.filter(
            memberships__territory=territory, memberships__role__in=[Role.OFFICER, Role.MANAGER]
        )
        self.fields["health"].queryset = Health.objects.of(territory)
        for name in ("owner", "health"):
            self.fields[name].empty_label = KEEP

    def clean(self):
        if not self.asked and not self.errors:
            self.add_error(None, "Choisissez au moins un changement.")

    @property
    def asked(self):
        """{field: value} of what is to change."""
        return {
            name: self.cleaned_data[name] for name in self.CHANGES if self.cleaned_data.get(name)
        }

    def plan(self):
        """[(fiche, [(label, before, after)])]; a fiche already so has no change."""
        return [
            (action, [self.change(action, *one) for one in self.asked.items()])
            for action in self.cleaned_data["fiches"]
        ]

    def change(self, action, name, value):
        field = self.fields[name]
        after = dict(field.choices).get(value) if isinstance(value, str) else value
        before = getattr(action, f"get_{name}_display", lambda: getattr(action, name))()
        return field.label, before, after, before != after


@transaction.atomic
def apply(actions, values, versions, reason):
    """Write the values over the versions that were read: all of the fiches, or EditConflict.

    Returns how many changed; those already so are not written.
    """
    written = 0
    for action in actions:
        if all(getattr(action, name) == value for name, value in values.items()):
            continue
        for name, value in values.items():
            setattr(action, name, value)
            action.provenance.pop(name, None)
        action._change_reason = reason
        action.save_over(versions.get(action.pk))
        written += 1
    return written
