from django import forms
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from actions.models import (
    Action,
    ActionPlan,
    AgendaItem,
    Decision,
    Indicator,
    IndicatorValue,
    Meeting,
    Milestone,
)
from crm.fields import AmountField
from crm.forms.base import Form, ModelForm, SentTwice
from crm.models import (
    Health,
    LocalPriority,
    MeetingKind,
    NationalPriority,
    Organisation,
    Project,
    Role,
    Theme,
    User,
)

LINES = forms.Textarea({"rows": 4})


def refuse_reversed(form, start, end, sentence):
    """Refuse an end before a start, and say it on the end."""
    first, last = form.cleaned_data.get(start), form.cleaned_data.get(end)
    if first and last and last < first:
        form.add_error(end, sentence)


def offer(form, name, rows):
    """Offer these rows in a dropdown, and what the object already has even if it was retired."""
    field = form.fields[name]
    kept = field.prepare_value(form.initial.get(name)) or []
    kept = Q(pk__in=kept if isinstance(kept, list) else [kept])
    field.queryset = field.queryset.model.objects.filter(Q(pk__in=rows.values("pk")) | kept)


class VersionedForm(ModelForm):
    """Saves only over the version that was read; raises EditConflict when it is no longer there."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version

    @transaction.atomic
    def save(self, commit=True):
        if not commit or not self.instance.pk:
            return super().save(commit)
        row = super().save(commit=False)
        row.save_over(self.cleaned_data["version"])
        self.save_m2m()
        return row


class PlanForm(ModelForm):
    class Meta:
        model = ActionPlan
        fields = ["title", "starts_on", "ends_on", "adopted_on"]

    def clean(self):
        refuse_reversed(self, "starts_on", "ends_on", "La fin du plan précède son début.")


class PilotChoice(forms.models.ModelChoiceIterator):
    """Public bodies, chambers and associations first: companies seldom pilot."""

    def __iter__(self):
        yield "", self.field.empty_label
        companies, others = [], []
        for organisation in self.queryset:
            group = companies if organisation.is_company else others
            group.append(self.choice(organisation))
        for label, choices in (("Structures", others), ("Entreprises", companies)):
            if choices:
                yield label, choices


class PilotField(forms.ModelChoiceField):
    iterator = PilotChoice


class EpciField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, epci):
        return epci.short_name


class ActionForm(VersionedForm):
    class Meta:
        model = Action
        fields = [
            "code", "title", "priority", "national_priorities", "themes", "context", "objectives",
            "beneficiaries", "pilot", "owner", "epcis", "starts_on", "ends_on", "status",
            "progress", "health", "blockers", "budget_planned", "budget_committed", "budget_spent",
        ]  # fmt: skip
        field_classes = {"pilot": PilotField, "epcis": EpciField}
        widgets = {
            "national_priorities": forms.CheckboxSelectMultiple,
            "themes": forms.CheckboxSelectMultiple,
            "blockers": LINES,
            "context": LINES,
            "objectives": LINES,
        }

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        territory = self.instance.plan.territory
        team = User.objects.filter(
            memberships__territory=territory, memberships__role__in=[Role.OFFICER, Role.MANAGER]
        )
        mine = Organisation.objects.visible_to(viewer).filter(territory=territory)
        offer(self, "priority", LocalPriority.objects.of(territory))
        offer(self, "national_priorities", NationalPriority.objects.of(territory))
        offer(self, "themes", Theme.objects.of(territory))
        offer(self, "health", Health.objects.of(territory))
        offer(self, "owner", team)
        self.fields["pilot"].queryset = mine
        self.fields["epcis"].queryset = territory.epcis.all()

    def clean_code(self):
        code = self.cleaned_data["code"]
        same = Action.objects.filter(plan=self.instance.plan, code__iexact=code)
        taken = same.exclude(pk=self.instance.pk).first()
        if taken:
            raise forms.ValidationError(f"Le code {code} est déjà celui de « {taken} ».")
        return code

    def clean(self):
        refuse_reversed(self, "starts_on", "ends_on", "La fin de l’action précède son début.")

    def save(self, commit=True):
        """What is typed here says nothing of its source, and is no answer to a question."""
        for name in self.changed_data:
            self.instance.provenance.pop(name, None)
        return super().save(commit)

    def save_once(self):
        """Create, or save over what was read; False with its error if the code was just taken.

        Raises EditConflict when someone saved the fiche since it was read.
        """
        try:
            with transaction.atomic():
                self.save()
        except IntegrityError:
            self.add_error("code", "Quelqu’un vient de donner ce code à une autre fiche.")
            return False
        return True


class MilestoneForm(SentTwice, ModelForm):
    about = ("action",)

    class Meta:
        model = Milestone
        fields = ["label", "due_on"]


class IndicatorForm(SentTwice, ModelForm):
    about = ("action",)

    class Meta:
        model = Indicator
        fields = [
            "label", "unit", "direction", "method",
            "baseline", "baseline_on", "target", "target_on",
        ]  # fmt: skip
        field_classes = {"baseline": AmountField, "target": AmountField}

    def clean(self):
        data = self.cleaned_data
        refuse_reversed(self, "baseline_on", "target_on", "L’échéance précède la date de départ.")
        baseline, target = data.get("baseline"), data.get("target")
        if baseline is None or target is None:
            return
        if data.get("direction") == Indicator.Direction.UP and target < baseline:
            self.add_error(
                "target", "La cible est sous la valeur de départ : le sens est « à réduire »."
            )
        if data.get("direction") == Indicator.Direction.DOWN and target > baseline:
            self.add_error(
                "target", "La cible dépasse la valeur de départ : le sens est « à augmenter »."
            )


class IndicatorValueForm(SentTwice, ModelForm):
    about = ("indicator",)

    class Meta:
        model = IndicatorValue
        fields = ["value", "observed_on", "evidence"]
        field_classes = {"value": AmountField}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["observed_on"].initial = timezone.localdate

    def clean_observed_on(self):
        observed_on = self.cleaned_data["observed_on"]
        if observed_on > timezone.localdate():
            raise forms.ValidationError("On ne constate pas une valeur à une date à venir.")
        return observed_on


class LinkForm(Form):
    """Choose one fiche among those not linked yet."""

    action = forms.ModelChoiceField(label="Associer une fiche", queryset=Action.objects.none())

    def __init__(self, *args, actions, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["action"].queryset = actions
        self.fields["action"].empty_label = "Choisir une fiche"
        self.fields["action"].label_from_instance = lambda action: f"{action.code} · {action.title}"


class MeetingForm(SentTwice, VersionedForm):
    about = ("territory",)

    class Meta:
        model = Meeting
        fields = ["kind", "title", "held_on", "starts_at", "place", "attendance", "notes"]
        widgets = {
            "starts_at": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "attendance": LINES,
            "notes": LINES,
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offer(self, "kind", MeetingKind.objects.of(self.instance.territory))
        self.fields["title"].required = False
        self.fields["title"].help_text = "Sans intitulé, ce sera l’instance et sa date."
        self.fields["attendance"].help_text = "Une personne ou une structure par ligne."
        self.fields["notes"].help_text = "Lues par l’équipe seulement."
        self.fields["starts_at"].error_messages["invalid"] = "Écrivez une heure, par exemple 14:30."

    def clean(self):
        data = self.cleaned_data
        if not data.get("title") and data.get("kind") and data.get("held_on"):
            data["title"] = f"{data['kind'].short} du {data['held_on']:%d/%m/%Y}"


class AgendaItemForm(SentTwice, VersionedForm):
    about = ("territory",)

    class Meta:
        model = AgendaItem
        fields = [
            "title", "kind", "meeting", "amount", "question", "recommendation", "project", "action",
        ]  # fmt: skip
        widgets = {"question": LINES, "recommendation": LINES}

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        territory = self.instance.territory
        offer(self, "meeting", Meeting.objects.filter(territory=territory).upcoming())
        projects = Project.objects.visible_to(viewer).filter(territory=territory)
        offer(self, "project", projects.open())
        actions = Action.objects.visible_to(viewer).filter(plan__territory=territory)
        offer(self, "action", actions.current())
        self.fields["meeting"].empty_label = "En attente d’inscription"
        # A point born of the pair’s answers stays as confidential as their project.
        self.fields["project"].disabled = bool(self.instance.review_request_id)

    def save(self, commit=True):
        if "meeting" in self.changed_data and self.instance.meeting:
            self.instance.position = self.instance.meeting.next_position()
        return super().save(commit)


class DecisionForm(ModelForm):
    class Meta:
        model = Decision
        fields = ["text", "responsible", "due_on"]
        widgets = {"text": LINES}

    def __init__(self, *args, item, **kwargs):
        super().__init__(*args, **kwargs)
        self.item = item

    def clean_due_on(self):
        due_on = self.cleaned_data["due_on"]
        if due_on and due_on < self.item.meeting.held_on:
            raise forms.ValidationError("Cette échéance précède la réunion.")
        return due_on

    def clean(self):
        if self.item.meeting.held_on > timezone.localdate():
            raise forms.ValidationError("La réunion n’a pas encore eu lieu.")
