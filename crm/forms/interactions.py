import datetime

from django import forms
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crm.forms.base import SAME_SUBMISSION, ModelForm, RowsField, SentTwice
from crm.forms.organisation_field import OrganisationField
from crm.forms.organisations import not_after_today
from crm.models import (
    Contact,
    FollowUp,
    Interaction,
    Organisation,
    Project,
    Role,
    Territory,
    Theme,
    User,
)

DELAYS = [("7", "Dans 1 semaine"), ("15", "2 semaines"), ("30", "1 mois")]


class InteractionForm(ModelForm):
    organisation = OrganisationField(label="Entreprise ou organisme")

    class Meta:
        model = Interaction
        fields = ["organisation", "kind", "happened_on", "contacts", "project", "summary", "needs"]
        field_classes = {"contacts": RowsField}
        labels = {
            "kind": "Échange",
            "happened_on": "Quand",
            "contacts": "Avec",
            "needs": "Besoins exprimés",
        }
        widgets = {
            "kind": forms.RadioSelect,
            "contacts": forms.CheckboxSelectMultiple,
            "needs": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args, viewer, territory, **kwargs):
        super().__init__(*args, **kwargs)
        self.viewer, self.territory = viewer, territory
        self.fields["organisation"].queryset = organisations_of(viewer, territory)
        self.fields["needs"].queryset = Theme.objects.of(territory)
        self.fields["needs"].label_from_instance = lambda theme: theme.short
        self.fields["summary"].widget.attrs["rows"] = 5
        self.organisation_found = self._organisation()
        self.fields["contacts"].queryset = self._contacts()
        self.fields["project"].queryset = self._projects()
        self.fields["project"].empty_label = "Aucun en particulier"

    def _organisation(self):
        """The one that was typed, or the one the page was opened for: it decides the rest."""
        if self.is_bound:
            try:
                return self.fields["organisation"].clean(self.data.get("organisation"))
            except forms.ValidationError:
                return None
        return self.initial.get("organisation") or getattr(self.instance, "organisation", None)

    def _contacts(self):
        if self.organisation_found is None:
            return Contact.objects.none()
        return Contact.objects.visible_to(self.viewer).filter(organisation=self.organisation_found)

    def _projects(self):
        """Those it carries, and the one the exchange was already about."""
        if self.organisation_found is None:
            return Project.objects.none()
        about = self.instance.project_id or getattr(self.initial.get("project"), "pk", None)
        return Project.objects.visible_to(self.viewer).filter(
            Q(holder=self.organisation_found) | Q(pk=about), territory=self.territory
        )

    def clean_happened_on(self):
        return not_after_today(self.cleaned_data["happened_on"], "La date de l’échange")

    def clean(self):
        cleaned = super().clean()
        if "organisation" in self.errors:
            # What depends on it cannot be judged, and its refusal would only confuse.
            self.errors.pop("contacts", None)
            self.errors.pop("project", None)
        return cleaned


class InteractionNewForm(InteractionForm):
    """A visit noted in a minute: the exchange, what was promised, and perhaps a project."""

    person = forms.CharField(
        label="Autre personne",
        max_length=160,
        required=False,
        widget=forms.TextInput({"placeholder": "Autre personne\u00a0: prénom et nom"}),
    )
    follow_up_title = forms.CharField(
        label="À faire ensuite",
        max_length=200,
        required=False,
        widget=forms.TextInput({"placeholder": "Ce que vous avez promis"}),
    )
    follow_up_in = forms.ChoiceField(
        label="Quand relancer", choices=DELAYS, widget=forms.RadioSelect, required=False
    )
    follow_up_on = forms.DateField(label="Autre date", required=False)
    project_title = forms.CharField(label="Intitulé du projet", max_length=200, required=False)

    follow_up = new_project = None

    def clean(self):
        cleaned = super().clean()
        title, on, delay = (
            cleaned.get(name) for name in ("follow_up_title", "follow_up_on", "follow_up_in")
        )
        if title and not on and not delay and "follow_up_on" not in self.errors:
            self.add_error("follow_up_on", "Donnez une date à la relance.")
        if on and not title:
            self.add_error("follow_up_title", "Dites ce qu’il faudra faire à cette date.")
        if on and on < timezone.localdate():
            self.add_error("follow_up_on", "La date de la relance est déjà passée.")
        if cleaned.get("project_title") and cleaned.get("project"):
            self.add_error(
                "project_title",
                "Choisissez un projet qui existe, ou ouvrez-en un\u00a0: pas les deux.",
            )
        return cleaned

    @transaction.atomic
    def save_as(self, user, today=None):
        """Write it all or nothing. A form sent twice is written once: returns the first."""
        # The same form sent again waits here, and so does the next reference of a project.
        Territory.objects.select_for_update().get(pk=self.territory.pk)
        if twin := self._twin(user):
            return twin
        self.instance.by = user
        if title := self.cleaned_data["project_title"]:
            self.new_project = self.instance.project = self._open_project(title, user)
        interaction = self.save()
        if self.new_project:
            self.new_project.themes.set(self.cleaned_data["needs"])
        if name := self.cleaned_data["person"]:
            interaction.contacts.add(self._contact(name))
        if title := self.cleaned_data["follow_up_title"]:
            self.follow_up = interaction.follow_ups.create(
                territory=self.territory,
                organisation=interaction.organisation,
                project=interaction.project,
                title=title,
                due_on=self._due_on(today or timezone.localdate()),
                owner=user,
            )
        return interaction

    def _twin(self, user):
        said = {name: self.cleaned_data[name] for name in ("kind", "happened_on", "summary")}
        return Interaction.objects.filter(
            by=user,
            organisation=self.instance.organisation,
            created_at__gte=timezone.now() - SAME_SUBMISSION,
            **said,
        ).first()

    def _open_project(self, title, user):
        visited = self.cleaned_data["kind"] == Interaction.Kind.VISIT
        return Project.objects.create(
            territory=self.territory,
            holder=self.instance.organisation,
            title=title,
            lead_source=Project.LeadSource.VISIT if visited else "",
            owner=user,
            created_by=user,
        )

    def _contact(self, name):
        """« Mme Sylvie Lafforgue » → first and last name; a lone word is a last name."""
        words = [word for word in name.split() if word.rstrip(".").lower() not in CIVILITIES]
        first, last = " ".join(words[:-1]), words[-1] if words else name
        contact, _ = Contact.objects.get_or_create(
            organisation=self.instance.organisation, first_name=first[:80], last_name=last[:80]
        )
        return contact

    def _due_on(self, today):
        days = int(self.cleaned_data["follow_up_in"] or 0)
        return self.cleaned_data["follow_up_on"] or today + datetime.timedelta(days=days)


CIVILITIES = {"m", "mr", "mme", "mlle", "monsieur", "madame"}


class FollowUpForm(SentTwice, ModelForm):
    organisation = OrganisationField(label="Entreprise ou organisme", required=False)
    about = ("territory",)

    class Meta:
        model = FollowUp
        fields = ["title", "due_on", "organisation", "project", "owner"]

    def __init__(self, *args, viewer, territory, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.territory = territory
        self.fields["organisation"].queryset = organisations_of(viewer, territory)
        about = self.instance.project_id or getattr(self.initial.get("project"), "pk", None)
        projects = Project.objects.visible_to(viewer).filter(territory=territory)
        self.fields["project"].queryset = projects.open() | projects.filter(pk=about)
        self.fields["project"].empty_label = "Aucun en particulier"
        self.fields["owner"].queryset = team(territory)
        self.fields["owner"].empty_label = "Toute l’équipe"

    def clean_due_on(self):
        due_on = self.cleaned_data["due_on"]
        if "due_on" in self.changed_data and due_on < timezone.localdate():
            raise forms.ValidationError("Cette date est déjà passée.")
        return due_on

    def clean(self):
        """What is promised about a project is promised to whoever carries it."""
        cleaned = super().clean()
        project = cleaned.get("project")
        if project and not cleaned.get("organisation") and "organisation" not in self.errors:
            cleaned["organisation"] = project.holder
        return cleaned


def organisations_of(viewer, territory):
    return Organisation.objects.visible_to(viewer).filter(territory=territory)


def team(territory):
    """Who can be given something to do: the officers and managers of the territory."""
    return User.objects.filter(
        is_active=True,
        memberships__territory=territory,
        memberships__role__in=[Role.OFFICER, Role.MANAGER],
    )
