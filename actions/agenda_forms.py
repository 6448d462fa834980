"""Forms of the meetings: the meeting, the points of its agenda, their options, the decisions."""

from django import forms
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from actions import ties
from actions.forms import LINES, VersionedForm, offer, refuse_reversed
from actions.models import Action, AgendaItem, AgendaOption, Decision, Meeting
from crm.forms.base import Form, ModelForm, SentTwice
from crm.models import MeetingKind, Project


class MeetingForm(SentTwice, VersionedForm):
    about = ("territory",)

    class Meta:
        model = Meeting
        fields = [
            "kind", "title", "held_on", "starts_at", "ends_at", "place", "attendance", "notes",
        ]  # fmt: skip
        widgets = {
            "ends_at": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "starts_at": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "attendance": LINES,
            "notes": LINES,
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offer(self, "kind", MeetingKind.objects.of(self.instance.territory))
        self.fields["title"].required = False
        self.fields["title"].help_text = "Sans intitulé, ce sera l’instance et sa date."
        self.fields["attendance"].help_text = "Une par ligne. Les membres ont leur feuille."
        self.fields["notes"].help_text = "Lues par l’équipe seulement."
        for name in ("starts_at", "ends_at"):
            self.fields[name].error_messages["invalid"] = "Écrivez une heure, par exemple 14:30."

    def clean_held_on(self):
        """What was decided was decided on a day: it does not become a day to come."""
        held_on = self.cleaned_data["held_on"]
        if held_on > timezone.localdate() and self.instance.has_decisions():
            raise forms.ValidationError(
                "Des décisions y sont consignées\u00a0: sa date ne peut plus être à venir."
            )
        return held_on

    def clean(self):
        data = self.cleaned_data
        refuse_reversed(self, "starts_at", "ends_at", "La réunion finirait avant de commencer.")
        if data.get("ends_at") and not data.get("starts_at"):
            self.add_error("starts_at", "Écrivez aussi l’heure du début.")
        if not data.get("title") and data.get("kind") and data.get("held_on"):
            data["title"] = f"{data['kind'].short} du {data['held_on']:%d/%m/%Y}"


class CancelForm(Form):
    reason = forms.CharField(
        label="Motif", max_length=200, required=False, help_text="Lu par tous, et par les invités."
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class DecisionChoice(forms.ModelChoiceField):
    def label_from_instance(self, decision):
        meeting = decision.item.meeting
        when = f"{meeting.held_on:%d/%m/%Y}" if meeting else "sans réunion"
        return f"{when} · {decision.item.title}"


def in_force(viewer, territory, *, kept=None):
    """The decisions that the person may read and that none supersedes, and `kept` anyway."""
    rows = Decision.objects.visible_to(viewer).filter(
        Q(superseded_by=None) | Q(pk=kept), item__territory=territory
    )
    return rows.select_related("item__meeting").order_by("-item__meeting__held_on", "-pk")


class AgendaItemForm(SentTwice, VersionedForm):
    """With one field for each tie: what a higher app ties to a point says what it is about."""

    about = ("territory",)

    class Meta:
        model = AgendaItem
        fields = [
            "title", "kind", "meeting", "amount", "concerned", "question", "recommendation",
            "project", "action", "revisits",
        ]  # fmt: skip
        field_classes = {"revisits": DecisionChoice}
        widgets = {"question": LINES, "recommendation": LINES}

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        territory = self.instance.territory
        meetings = Meeting.objects.visible_to(viewer).filter(territory=territory)
        offer(self, "meeting", meetings.upcoming())
        projects = Project.objects.visible_to(viewer).filter(territory=territory)
        offer(self, "project", projects.open())
        actions = Action.objects.visible_to(viewer).filter(plan__territory=territory)
        offer(self, "action", actions.current())
        kept = self.instance.revisits_id
        self.fields["revisits"].queryset = in_force(viewer, territory, kept=kept)
        self.fields["revisits"].empty_label = "Aucune"
        self.fields["meeting"].empty_label = "En attente d’inscription"
        # A point born of the pair’s answers stays as confidential as their project.
        self.fields["project"].disabled = bool(self.instance.review_request_id)
        for tie in ties.every():
            self.add_tie(tie, viewer)

    def add_tie(self, tie, viewer):
        if self.instance.pk and (kept := getattr(self.instance, tie.relation).first()):
            self.initial[tie.key] = kept.thing.pk
        self.fields[tie.key] = forms.ModelChoiceField(
            label=tie.label,
            queryset=tie.offered(viewer, self.instance.territory),
            required=False,
            empty_label="Non renseigné",
        )
        self.fields[tie.key].widget.attrs["class"] = "select"

    def clean(self):
        for tie in ties.every():
            if thing := self.cleaned_data.get(tie.key):
                self.follow(tie, thing)

    def follow(self, tie, thing):
        """A point about a thing is about the project, or the fiche, that the thing is about."""
        about = tie.about(thing)
        for name in ("project", "action"):
            said = self.cleaned_data.get(name)
            if said and about[name] and said != about[name]:
                label = self.fields[name].label.lower()
                self.add_error(tie.key, f"Ce choix ne va pas avec «\u00a0{label}\u00a0».")
            elif about[name]:
                self.cleaned_data[name] = about[name]

    @transaction.atomic
    def save(self, commit=True):
        if "meeting" in self.changed_data and self.instance.meeting:
            self.instance.position = self.instance.meeting.next_position()
        item = super().save(commit)
        for tie in ties.every():
            tie.attach(item, self.cleaned_data.get(tie.key))
        return item


class OptionForm(ModelForm):
    class Meta:
        model = AgendaOption
        fields = ["label", "amount", "is_recommended"]

    @property
    def is_proposed(self):
        return self.cleaned_data["is_recommended"]


class Options(forms.BaseInlineFormSet):
    """The options of a point, beside its form; a form sent without them leaves them as they are."""

    PREFIX = "options"

    def __init__(self, data=None, **kwargs):
        is_sent = data is not None and f"{self.PREFIX}-TOTAL_FORMS" in data
        super().__init__(data if is_sent else None, prefix=self.PREFIX, **kwargs)

    def is_valid(self):
        return not self.is_bound or super().is_valid()

    def clean(self):
        kept = [form.cleaned_data for form in self.forms if form not in self.deleted_forms]
        if sum(bool(row.get("is_recommended")) for row in kept if row) > 1:
            raise forms.ValidationError("Une seule option est proposée\u00a0: choisissez.")

    def write(self, item):
        """Those that are proposed no more come first: at no moment are there two."""
        if not self.is_bound:
            return
        gone = self.deleted_forms
        for form in gone:
            if form.instance.pk:
                form.instance.delete()
        kept = [form for form in self.forms if form.has_changed() and form not in gone]
        for form in sorted(kept, key=lambda form: not form.instance.pk or form.is_proposed):
            form.instance.item = item
            form.save()


OptionFormSet = forms.inlineformset_factory(
    AgendaItem,
    AgendaOption,
    form=OptionForm,
    formset=Options,
    extra=3,
    max_num=8,
    absolute_max=16,
    validate_max=True,
)


class DecisionForm(ModelForm):
    """`option` is one of those of the point: its words are the decision when nothing else is typed.

    `then` says what becomes of the follow-up of the decision that this one supersedes."""

    CLOSE, KEEP = "clore", "garder"
    then = forms.ChoiceField(
        label="La relance de la décision remplacée",
        choices=[(CLOSE, "est close\u00a0: elle n’a plus lieu d’être"), (KEEP, "reste à faire")],
        required=False,
        widget=forms.RadioSelect,
    )

    option = forms.ChoiceField(label="Option retenue", required=False)

    class Meta:
        model = Decision
        fields = ["option", "text", "responsible", "due_on", "supersedes"]
        field_classes = {"supersedes": DecisionChoice}
        widgets = {"text": LINES}

    def __init__(self, *args, item, viewer=None, **kwargs):
        """Without a viewer, as beside each point of an agenda, no older decision is offered."""
        super().__init__(*args, **kwargs)
        self.item = item
        self.offer_options()
        if viewer is None:
            del self.fields["supersedes"], self.fields["then"]
            return
        older = in_force(viewer, item.territory).select_related("follow_up", "item__meeting")
        older = older.filter(item__meeting__held_on__lte=item.meeting.held_on)
        self.fields["supersedes"].queryset = older
        self.fields["supersedes"].empty_label = "Aucune"
        self.fields["supersedes"].initial = item.revisits_id

    def offer_options(self):
        """Read from the rows that the list has fetched: one form a point asks nothing more."""
        self.options = {str(option.pk): option for option in self.item.options.all()}
        if not self.options:
            del self.fields["option"]
            return
        offered = [
            (pk, f"{option} (proposée)" if option.is_recommended else str(option))
            for pk, option in self.options.items()
        ]
        self.fields["option"].choices = [("", "Aucune de celles-ci"), *offered]
        self.fields["text"].required = False
        self.fields["text"].help_text = "Vide, ce sont les mots de l’option retenue."

    def clean_option(self):
        return self.options.get(self.cleaned_data["option"])

    def clean_due_on(self):
        due_on = self.cleaned_data["due_on"]
        if due_on and due_on < self.item.meeting.held_on:
            raise forms.ValidationError("Cette échéance précède la réunion.")
        return due_on

    @property
    def values(self):
        """What `AgendaItem.decide` takes."""
        data = dict(self.cleaned_data)
        closes = data.pop("then", "") == self.CLOSE
        return data | {"closes_follow_up": closes}

    def clean(self):
        if not self.item.meeting.has_begun():
            raise forms.ValidationError("La réunion n’a pas encore eu lieu.")
        option = self.cleaned_data.get("option")
        if option and not self.cleaned_data.get("text"):
            self.cleaned_data["text"] = option.label
        elif "text" in self.cleaned_data and not self.cleaned_data["text"]:
            self.add_error("text", "Écrivez la décision, ou choisissez une option.")
        older = self.cleaned_data.get("supersedes")
        if older and older.has_pending_follow_up and not self.cleaned_data.get("then"):
            self.add_error(
                "then",
                f"La relance «\u00a0{older.follow_up}\u00a0» est encore à faire\u00a0: dites si "
                "elle est close.",
            )
