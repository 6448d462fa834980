from django import forms
from django.db import transaction
from django.utils import timezone

from crm import gates
from crm.forms.base import Form
from crm.pipeline import MoveConflict


class MoveForm(Form):
    """Everything a move needs: why, until when, and one form per gate that is not met yet."""

    ending = forms.ChoiceField(label="Étape", widget=forms.RadioSelect)
    reason = forms.CharField(label="Pourquoi\u00a0?", max_length=250)
    revisit_on = forms.DateField(
        label="À revoir le", help_text="Le projet reviendra dans vos rappels à cette date."
    )

    def __init__(self, data=None, *, project, user, seen, target, stages):
        """`seen` is the stage the mover had on screen; `project` comes from `with_gates`."""
        self.project, self.user, self.seen, self.target = project, user, seen, target
        self.gates = gates.lacking(project, target, stages)
        # A menu or a drop only says where to: what that lacks is asked for, not refused.
        is_answer = data is not None and ("answered" in data or "reason" in data)
        if not is_answer and (target.needs_reason or self.gates):
            data = None
        super().__init__(data)
        self.endings = {s.pk: s for s in stages if s.kind == target.kind and s.is_active}
        self.fields["ending"].choices = [(s.pk, s.label) for s in self.endings.values()]
        # « Clos » is a lane: which way it ended is asked, unless the request already says so.
        if not target.needs_reason or (is_answer and "answered" not in data):
            del self.fields["ending"]
        if not target.needs_reason:
            del self.fields["reason"]
        if not target.needs_revisit:
            del self.fields["revisit_on"]
        self.gate_forms = [
            gate.form_class(project=project, user=user, data=data, prefix=gate.code)
            for gate in self.gates
        ]

    @property
    def is_stale(self):
        """Whether someone moved the project since it was on the mover’s screen."""
        return self.project.stage_id != self.seen.pk

    def clean_revisit_on(self):
        revisit_on = self.cleaned_data["revisit_on"]
        if revisit_on <= timezone.localdate():
            raise forms.ValidationError("Donnez une date à venir, pour ne pas l’oublier.")
        return revisit_on

    def is_valid(self):
        # Each form is validated, so that everything refused is shown at once.
        return all([super().is_valid(), *[form.is_valid() for form in self.gate_forms]])

    @transaction.atomic
    def save(self):
        """Move and record what the gates asked, or raise MoveRefused and write nothing."""
        if self.is_stale:
            raise MoveConflict(self.project.stage)
        change = self.project.move_to(
            self.endings.get(self.cleaned_data.get("ending"), self.target),
            by=self.user,
            reason=self.cleaned_data.get("reason", ""),
            revisit_on=self.cleaned_data.get("revisit_on"),
        )
        for form in self.gate_forms:
            form.save()
        return change
