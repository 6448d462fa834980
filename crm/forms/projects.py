"""Creating and editing a project. What is unknown stays empty; two people editing are told."""

import uuid

from django import forms
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from crm.fields import AmountField, WholeField
from crm.forms.base import ModelForm
from crm.forms.communes import CommuneField
from crm.models import (
    Health,
    NationalPriority,
    Organisation,
    Project,
    Role,
    Sector,
    Site,
    Stage,
    Territory,
    Theme,
    User,
)
from crm.query import row_id

# Each unknown is a question to ask; the order is the one in which they help.
# What a financing program wants to know (place, dates, eligible costs) is asked beside the programs
# it decides, and by the stage that requires it: never here too.
QUESTIONS = {
    "lead_source": "D’où vient cette piste\u00a0?",
    "need": "De quoi le porteur a-t-il besoin\u00a0?",
    "planned_investment": "Quel montant d’investissement, hors taxes\u00a0?",
    "priorities": "À quel axe national répond-il\u00a0?",
    "jobs_created_planned": "Combien d’emplois créés\u00a0?",
    "sector": "Dans quelle filière\u00a0?",
    "ends_on": "Quand doit-il être achevé\u00a0?",
    "owner": "Qui suit ce projet\u00a0?",
}


class StaleEdit(Exception):
    """Someone saved the project while this form was being filled; nothing was written."""


class Versioned(ModelForm):
    """Saves only over the version that was read, and notes who wrote each changed field."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["version"].initial = self.instance.version

    @transaction.atomic
    def save(self):
        project = self.instance
        if project.pk:
            read = Project.objects.filter(pk=project.pk, version=self.cleaned_data["version"])
            if not read.update(version=F("version") + 1):
                raise StaleEdit
            project.version = self.cleaned_data["version"] + 1
        written = [name for name in self.changed_data if name in self._meta.fields]
        project.note_source(written, f"saisi par {self.user}", timezone.localdate())
        return super().save()

    def differences(self, current):
        """(label, current value) of what was typed here and is otherwise in the database now."""
        for name, field in self.fields.items():
            if name == "version" or name not in self.cleaned_data:
                continue
            typed, now = self.cleaned_data[name], getattr(current, name)
            if isinstance(field, forms.ModelMultipleChoiceField):
                typed, now = set(typed), set(now.all())
            if typed != now and (typed or now):
                yield field.label, self._text(name, now)

    def _text(self, name, value):
        if isinstance(value, set):
            return ", ".join(sorted(str(row) for row in value))
        choices = Project._meta.get_field(name).choices
        return dict(choices).get(value, value) if choices else value

    def over(self, current):
        """The same form, kept as typed, ready to be saved over `current` knowingly."""
        self.data = self.data.copy()
        self.data[self.add_prefix("version")] = current.version


class ProjectForm(Versioned):
    SECTIONS = [
        ("Porteur et lieu", ["holder", "site", "commune"]),
        (
            "Projet",
            ["title", "need", "lead_source", "attribution", "sector", "priorities", "themes"],
        ),
        ("Argent", ["planned_investment", "eligible_costs", "land_need_m2"]),
        (
            "Emplois",
            [
                "jobs_created_planned",
                "jobs_maintained_planned",
                "jobs_created_observed",
                "jobs_maintained_observed",
                "jobs_method",
                "jobs_observed_on",
                "jobs_evidence",
            ],
        ),
        ("Calendrier", ["starts_on", "ends_on", "first_commitment_on"]),
        (
            "Suivi",
            ["owner", "health", "health_note", "next_step", "next_step_on", "blockers"],
        ),
        ("Confidentialité", ["confidentiality"]),
    ]
    commune = CommuneField(required=False, help_text="Si elle n’est pas celle de l’établissement.")

    class Meta:
        model = Project
        fields = [
            "holder", "site", "commune", "title", "need", "lead_source", "attribution", "sector",
            "priorities", "themes", "planned_investment", "eligible_costs", "land_need_m2",
            "jobs_created_planned", "jobs_maintained_planned", "jobs_created_observed",
            "jobs_maintained_observed", "jobs_method", "jobs_observed_on", "jobs_evidence",
            "starts_on", "ends_on", "first_commitment_on", "owner", "health", "health_note",
            "next_step", "next_step_on", "blockers", "confidentiality",
        ]  # fmt: skip
        widgets = {
            "priorities": forms.CheckboxSelectMultiple,
            "themes": forms.CheckboxSelectMultiple,
            "need": forms.Textarea(attrs={"rows": 3}),
            "blockers": forms.Textarea(attrs={"rows": 3}),
        }
        field_classes = dict.fromkeys(
            [
                "jobs_created_planned",
                "jobs_maintained_planned",
                "jobs_created_observed",
                "jobs_maintained_observed",
            ],
            AmountField,
        ) | {"land_need_m2": WholeField}
        help_texts = {
            "jobs_evidence": "Où le décompte se vérifie\u00a0: document, registre, date de visite.",
            "first_commitment_on": "Commande ou devis signé\u00a0: les aides se demandent avant.",
        }

    def __init__(self, *args, territory, **kwargs):
        super().__init__(*args, **kwargs)
        self.territory = self.instance.territory = territory
        self.fields["commune"].territory = territory
        self.fields["holder"].queryset = Organisation.objects.filter(territory=territory)
        self.fields["holder"].empty_label = "Choisir un porteur"
        # Another holder, other sites: only that field is read again from the same page.
        self.fields["holder"].widget.attrs |= {
            "hx-get": "",
            "hx-target": "#champ-site",
            "hx-select": "#champ-site",
            "hx-swap": "outerHTML",
        }
        sites = self.fields["site"].queryset = self._sites()
        # Without a place the project fits no program: the only site is the likely answer.
        if not self.instance.pk and not self.initial.get("site") and len(sites) == 1:
            self.initial["site"] = sites[0]
        self.fields["site"].empty_label = "Aucun en particulier"
        self.fields["site"].error_messages["invalid_choice"] = (
            "Cet établissement n’est pas un établissement du porteur."
        )
        self.fields["owner"].queryset = team(territory)
        self.fields["owner"].empty_label = "Personne"
        for name, model in {
            "sector": Sector,
            "priorities": NationalPriority,
            "themes": Theme,
            "health": Health,
        }.items():
            self.fields[name].queryset = self._offered(name, model)

    def _sites(self):
        """Those of the holder as it is in the form now."""
        holder = self["holder"].value()
        if isinstance(holder, Organisation):
            holder = holder.pk
        sites = Site.objects.filter(
            organisation__territory=self.territory,
            organisation=row_id(holder),
        )
        return sites.select_related("organisation", "commune")

    def _offered(self, name, model):
        """The list of the territory, and what the project already has even if it was retired."""
        offered = Q(pk__in=model.objects.of(self.territory).values("pk"))
        if self.instance.pk:
            offered |= Q(projects=self.instance)
        return model.objects.filter(offered).distinct()

    @property
    def sections(self):
        return [(title, [self[name] for name in names]) for title, names in self.SECTIONS]

    def clean(self):
        cleaned = super().clean()
        start, end = cleaned.get("starts_on"), cleaned.get("ends_on")
        if start and end and end < start:
            self.add_error("ends_on", "La fin précède le début du projet.")
        if cleaned.get("next_step_on") and not cleaned.get("next_step"):
            self.add_error("next_step", "Dites ce qui est à faire à cette date.")
        if cleaned.get("site") and cleaned.get("holder") != cleaned["site"].organisation:
            self.add_error("site", self.fields["site"].error_messages["invalid_choice"])
        return cleaned


class NewProjectForm(ProjectForm):
    """`key` makes a form sent twice open one project."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["version"]
        first = Stage.objects.get(pk=Project._meta.get_field("stage").default)
        for name in self.fields.keys() & set(first.requires):
            self.fields[name].required = True

    @transaction.atomic
    def save(self):
        # One creation at a time in a territory: the same form twice, or the same next reference.
        Territory.objects.select_for_update().get(pk=self.territory.pk)
        reason = f"formulaire {self.cleaned_data['key']}"
        already = Project.history.filter(
            history_change_reason=reason, history_type="+", history_user=self.user
        )
        if project := Project.objects.filter(pk__in=already.values("id")).first():
            return project
        self.instance.created_by = self.user
        self.instance._change_reason = reason
        return super().save()


class NextStepForm(Versioned):
    class Meta:
        model = Project
        fields = ["next_step", "next_step_on", "health", "health_note"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["health"].queryset = Health.objects.of(self.instance.territory)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("next_step_on") and not cleaned.get("next_step"):
            self.add_error("next_step", "Dites ce qui est à faire à cette date.")
        return cleaned


def team(territory):
    return User.objects.filter(
        memberships__territory=territory, memberships__role__in=[Role.OFFICER, Role.MANAGER]
    ).distinct()


def amounts_warning(project):
    """What is accepted but looks odd."""
    costs, investment = project.eligible_costs, project.planned_investment
    if costs is not None and investment is not None and costs > investment:
        return "L’assiette dépasse l’investissement prévu\u00a0: vérifiez les deux montants."
    return ""


def open_questions(project):
    """(field, question) for each fact that nobody knows yet."""
    for name, question in QUESTIONS.items():
        value = getattr(project, name)
        known = value.all() if name == "priorities" else value not in (None, "")
        if not known:
            yield name, question
