from django import forms
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from actions.models import (
    Action,
    ActionPlan,
    FrameworkCode,
    Milestone,
    ProgressNote,
    Referent,
    TooDeep,
)
from actions.models.plans import BUDGETS
from crm.forms.base import Form, ModelForm, SentTwice
from crm.models import (
    Contact,
    Framework,
    Health,
    LocalPriority,
    NationalPriority,
    Organisation,
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


class PlanForm(VersionedForm):
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


def people(viewer, territory, role):
    """Who may answer for a fiche: the pair’s member, then the contacts of that side, by group."""
    members = User.objects.filter(memberships__territory=territory, memberships__role=role)
    contacts = Contact.objects.visible_to(viewer).filter(organisation__territory=territory)
    is_company = Q(organisation__kind=Organisation.Kind.COMPANY)
    contacts = contacts.filter(is_company if role == Role.INDUSTRIALIST else ~is_company)
    rows = contacts.select_related("organisation").order_by("last_name", "first_name", "pk")
    return [
        ("Binôme", [(f"user-{user.pk}", str(user)) for user in members]),
        ("Contacts", [(f"contact-{one.pk}", f"{one}, {one.organisation}") for one in rows]),
    ]


class ReferentField(forms.ChoiceField):
    """One person, who has an account of the pair or is a contact of an organisation."""

    def __init__(self, role, **options):
        self.role = role
        super().__init__(required=False, **options)

    def of(self, action):
        return next((row for row in action.referents.all() if row.role == self.role), None)

    def offer(self, action, viewer):
        groups = people(viewer, action.plan.territory, self.role)
        kept = self.of(action) if action.pk else None
        offered = {value for _, choices in groups for value, _ in choices}
        if kept and self.value_of(kept) not in offered:
            groups.append(("Actuel", [(self.value_of(kept), str(kept))]))
        self.choices = [("", "Non renseigné"), *(group for group in groups if group[1])]
        self.initial = self.value_of(kept)

    def value_of(self, row):
        if not row:
            return ""
        return f"user-{row.user_id}" if row.user_id else f"contact-{row.contact_id}"

    def write(self, action, chosen):
        """Over what is there, so that its history tells who was replaced."""
        row = self.of(action)
        if not chosen:
            if row:
                row.delete()
            return
        kind, pk = chosen.split("-")
        row = row or Referent(action=action, role=self.role)
        row.user_id, row.contact_id = (pk, None) if kind == "user" else (None, pk)
        row.save()


class ActionForm(VersionedForm):
    elected = ReferentField(Role.ELECTED, label="Référent élu")
    industrialist = ReferentField(Role.INDUSTRIALIST, label="Référent industriel")
    REFERENTS = ("elected", "industrialist")

    class Meta:
        model = Action
        fields = [
            "code", "title", "parent", "priority", "national_priorities", "themes", "context",
            "objectives", "beneficiaries", "pilot", "owner", "epcis", "starts_on", "ends_on",
            "status", "progress", "health", "importance", "maturity", "blockers", "unblocked_by",
            "to_alert", "budget_planned", "budget_committed", "budget_spent",
        ]  # fmt: skip
        field_classes = {"pilot": PilotField, "epcis": EpciField}
        widgets = {
            "national_priorities": forms.CheckboxSelectMultiple,
            "themes": forms.CheckboxSelectMultiple,
            "blockers": LINES,
            "unblocked_by": LINES,
            "context": LINES,
            "objectives": LINES,
        }
        help_texts = {
            "parent": "Une sous-action prend l’action prioritaire de sa fiche, dont le budget "
            "comprend le sien\u00a0: un total ne la compte pas deux fois.",
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
        self.fields["to_alert"].queryset = mine
        self.fields["epcis"].queryset = territory.epcis.all()
        if self.instance.typed_budget is not None:
            for name in BUDGETS:
                self.fields[f"budget_{name}"].disabled = True
                self.fields[f"budget_{name}"].help_text = "Total des lignes de budget de la fiche."
        self.offer_parents()
        for name in self.REFERENTS:
            self.fields[name].offer(self.instance, viewer)

    def offer_parents(self):
        field = self.fields["parent"]
        field.empty_label = "Aucune\u00a0: c’est une fiche entière"
        field.label_from_instance = lambda action: f"{action.code} · {action.title}"
        field.queryset = self.instance.plan.actions.whole().exclude(pk=self.instance.pk)
        if self.instance.pk and self.instance.sub_actions.exists():
            field.disabled = True
            field.help_text = "Cette fiche a des sous-actions\u00a0: elle n’en est pas une."

    def clean_code(self):
        code = self.cleaned_data["code"]
        same = Action.objects.filter(plan=self.instance.plan, code__iexact=code)
        taken = same.exclude(pk=self.instance.pk).first()
        if taken:
            raise forms.ValidationError(f"Le code {code} est déjà celui de « {taken} ».")
        return code

    def clean(self):
        refuse_reversed(self, "starts_on", "ends_on", "La fin de l’action précède son début.")
        if parent := self.cleaned_data.get("parent"):
            self.cleaned_data["priority"] = parent.priority

    @transaction.atomic
    def save(self, commit=True):
        """What is typed here says nothing of its source, and is no answer to a question."""
        for name in self.changed_data:
            self.instance.provenance.pop(name, None)
        # One at a time in a plan: a fiche made a part of another meanwhile takes no part itself.
        ActionPlan.objects.select_for_update().get(pk=self.instance.plan_id)
        action = super().save(commit)
        action.check_one_level()
        for name in {*self.REFERENTS} & {*self.changed_data}:
            self.fields[name].write(action, self.cleaned_data[name])
        if "priority" in self.changed_data:
            action.carry_priority()
        return action

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
        except TooDeep:
            self.add_error("parent", "Une sous-action n’a pas de sous-action.")
            return False
        return True


class ProgressNoteForm(SentTwice, ModelForm):
    about = ("action", "by")

    class Meta:
        model = ProgressNote
        fields = ["noted_on", "text"]
        widgets = {"text": LINES}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["noted_on"].initial = timezone.localdate
        self.fields["text"].help_text = (
            "Lue par tous ceux qui lisent la fiche. Une note ne se modifie pas\u00a0: "
            "une suivante la corrige."
        )

    def clean_noted_on(self):
        noted_on = self.cleaned_data["noted_on"]
        if noted_on > timezone.localdate():
            raise forms.ValidationError("On ne note pas un suivi à une date à venir.")
        return noted_on


class FrameworkCodeForm(SentTwice, VersionedForm):
    about = ("action",)

    class Meta:
        model = FrameworkCode
        fields = ["framework", "code", "title"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offer(self, "framework", Framework.objects.of(self.instance.action.plan.territory))

    def clean(self):
        data = self.cleaned_data
        same = self.instance.action.framework_codes.filter(
            framework=data.get("framework"), code__iexact=data.get("code", "")
        )
        if same.exclude(pk=self.instance.pk).exists():
            self.add_error("code", "La fiche porte déjà ce code dans ce cadre.")


class MilestoneForm(SentTwice, VersionedForm):
    about = ("action",)

    class Meta:
        model = Milestone
        fields = ["label", "due_on"]

    def clean(self):
        """What was reached proves something: its words and its date stay."""
        if self.instance.done_on:
            raise forms.ValidationError(
                "Ce jalon est atteint\u00a0: rouvrez-le avant de le modifier."
            )


class LinkForm(Form):
    """Choose one fiche among those not linked yet."""

    action = forms.ModelChoiceField(label="Associer une fiche", queryset=Action.objects.none())

    def __init__(self, *args, actions, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["action"].queryset = actions
        self.fields["action"].empty_label = "Choisir une fiche"
        self.fields["action"].label_from_instance = lambda action: f"{action.code} · {action.title}"
