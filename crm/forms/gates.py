"""What a stage asks for, answered where the move is made: one small form per gate."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.forms.base import Form, ModelForm
from crm.models import Interaction, NationalPriority, Project


class ProjectFieldsForm(ModelForm):
    """A few fields of the project, all asked for, saved with who wrote them."""

    def __init__(self, *, project, user, data=None, prefix=None):
        super().__init__(data, instance=project, prefix=prefix)
        self.user = user
        for field in self.fields.values():
            field.required = True

    def save(self):
        project = self.instance
        project.note_source(self.fields, f"saisi par {self.user}", timezone.localdate())
        # Only these columns: the rest of what was read may have changed since.
        columns = {field.name for field in Project._meta.concrete_fields} & set(self.fields)
        project.save(update_fields=[*columns, "provenance", "updated_at"])
        self._save_m2m()


def project_form(*fields):
    widgets = {"need": forms.Textarea(attrs={"rows": 3})}
    return forms.modelform_factory(Project, form=ProjectFieldsForm, fields=fields, widgets=widgets)


class StartForm(ProjectFieldsForm):
    class Meta:
        model = Project
        fields = ["starts_on"]

    def clean_starts_on(self):
        start = self.cleaned_data["starts_on"]
        if self.instance.ends_on and start > self.instance.ends_on:
            raise ValidationError(
                f"Le début suit la fin du projet, le {self.instance.ends_on:%d/%m/%Y}."
            )
        return start


class EndForm(ProjectFieldsForm):
    class Meta:
        model = Project
        fields = ["ends_on"]

    def clean_ends_on(self):
        end = self.cleaned_data["ends_on"]
        # The start may have been typed just above, in the same dialog.
        if self.instance.starts_on and end < self.instance.starts_on:
            raise ValidationError(
                f"La fin précède le début du projet, le {self.instance.starts_on:%d/%m/%Y}."
            )
        return end


class PrioritiesForm(ProjectFieldsForm):
    class Meta:
        model = Project
        fields = ["priorities"]
        widgets = {"priorities": forms.CheckboxSelectMultiple}

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.fields["priorities"].queryset = NationalPriority.objects.of(self.instance.territory)


class JobsForm(ProjectFieldsForm):
    """At least one of the two numbers; zero is an observation, nothing is not."""

    class Meta:
        model = Project
        fields = [
            "jobs_created_observed",
            "jobs_maintained_observed",
            "jobs_method",
            "jobs_evidence",
            "jobs_observed_on",
        ]

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        for name in ("jobs_created_observed", "jobs_maintained_observed", "jobs_evidence"):
            self.fields[name].required = False

    def clean_jobs_observed_on(self):
        return past(self.cleaned_data["jobs_observed_on"])

    def clean(self):
        cleaned = super().clean()
        numbers = ("jobs_created_observed", "jobs_maintained_observed")
        if all(cleaned.get(name) is None for name in numbers) and not self.errors:
            self.add_error(
                numbers[0],
                "Donnez au moins l’un des deux nombres\u00a0; zéro en est un.",
            )
        return cleaned


class InteractionForm(Form):
    kind = forms.ChoiceField(label="Type", choices=Interaction.Kind)
    happened_on = forms.DateField(label="Date", initial=timezone.localdate)
    summary = forms.CharField(
        label="Ce qui s’est dit", widget=forms.Textarea(attrs={"rows": 3}), max_length=5000
    )

    def __init__(self, *, project, user, data=None, prefix=None):
        super().__init__(data, prefix=prefix)
        self.project, self.user = project, user

    def clean_happened_on(self):
        return past(self.cleaned_data["happened_on"])

    def save(self):
        Interaction.objects.create(
            project=self.project,
            organisation=self.project.holder,
            by=self.user,
            **self.cleaned_data,
        )


def past(date):
    if date > timezone.localdate():
        raise ValidationError("Cette date est à venir\u00a0: donnez la date d’un fait constaté.")
    if date.year < 2000:  # a year typed in two digits would count centuries of days
        raise ValidationError("L’année va de 2000 à 2100.")
    return date
