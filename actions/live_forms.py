"""What is typed on one point while the meeting goes on."""

from django import forms

from actions.agenda_forms import DecisionForm
from actions.forms import VersionedForm
from actions.models import AgendaItem


class LivePointForm(VersionedForm):
    class Meta:
        model = AgendaItem
        fields = ["notes"]
        widgets = {"notes": forms.Textarea({"rows": 3})}


class Entry:
    """One point on the live page: its notes and, while it calls for a decision, its decision.

    Both come back as they were typed when one is refused, or when only the notes are saved.
    """

    def __init__(self, item, data=None, *, settles=False, conflict=None):
        self.item = item
        self.conflict = conflict
        prefix = f"point{item.pk}_%s"
        self.notes = LivePointForm(data, instance=item, auto_id=prefix)
        self.decision = None
        if item.is_to_decide and not item.revisits_id:
            typed = data if settles else None
            self.decision = DecisionForm(typed, item=item, auto_id=prefix)
            if data and not settles:
                self.decision.initial |= {name: data.get(name) for name in self.decision.fields}

    @property
    def has_errors(self):
        return bool(self.notes.errors or (self.decision and self.decision.errors))
