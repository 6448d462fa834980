from django import forms
from django.utils import timezone

from actions.forms import LINES
from actions.models import Decision, Meeting
from crm.forms.base import Form


class VoteForm(Form):
    """Who voted the plan as it was shown, and when: a meeting and its decision, or in words."""

    title = forms.CharField(label="Intitulé", max_length=200)
    meeting = forms.ModelChoiceField(
        label="Votée en réunion", queryset=Meeting.objects.none(), required=False
    )
    decision = forms.ModelChoiceField(
        label="Par la décision", queryset=Decision.objects.none(), required=False
    )
    voted_by = forms.CharField(
        label="Votée par",
        max_length=200,
        required=False,
        help_text="Si la réunion n’est pas notée ici, par exemple «\u00a0conseil syndical\u00a0».",
    )
    voted_on = forms.DateField(
        label="Votée le", required=False, help_text="Avec une réunion, c’est sa date."
    )
    note = forms.CharField(label="Note", required=False, max_length=2000, widget=LINES)
    number = forms.IntegerField(widget=forms.HiddenInput)
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args, viewer, territory, **kwargs):
        super().__init__(*args, **kwargs)
        past = Meeting.objects.visible_to(viewer).filter(territory=territory)
        past = past.filter(held_on__lte=timezone.localdate())
        self.fields["meeting"].queryset = past.select_related("kind")
        self.fields["meeting"].label_from_instance = lambda one: f"{one} ({one.held_on:%d/%m/%Y})"
        decisions = Decision.objects.visible_to(viewer).filter(item__meeting__in=past)
        self.fields["decision"].queryset = decisions.select_related("item__meeting").order_by(
            "-item__meeting__held_on", "item__position", "pk"
        )
        self.fields["decision"].label_from_instance = label_of

    def clean(self):
        data = self.cleaned_data
        meeting, decision = data.get("meeting"), data.get("decision")
        if decision and meeting and decision.item.meeting_id != meeting.pk:
            self.add_error("decision", "Cette décision a été prise dans une autre réunion.")
            return
        meeting = data["meeting"] = meeting or (decision and decision.item.meeting)
        if meeting:
            data["voted_on"] = meeting.held_on
            data["voted_by"] = data.get("voted_by") or f"{meeting.kind.label}, {meeting.title}"
            return
        if not data.get("voted_by"):
            self.add_error("voted_by", "Dites qui a voté cette version, ou choisissez la réunion.")
        if not data.get("voted_on") and "voted_on" not in self.errors:
            self.add_error("voted_on", "Dites quand elle a été votée, ou choisissez la réunion.")

    def clean_voted_on(self):
        voted_on = self.cleaned_data["voted_on"]
        if voted_on and voted_on > timezone.localdate():
            raise forms.ValidationError("On ne fige pas un vote à venir.")
        return voted_on


def label_of(decision):
    item = decision.item
    return f"{item.meeting}\u00a0: {item.title}"
