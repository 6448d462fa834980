from django import forms
from django.db.models import F

from crm.forms.base import ModelForm
from funding.models import Application, Program


class ApplicationForm(ModelForm):
    class Meta:
        model = Application
        fields = [
            "status",
            "reference",
            "amount_requested",
            "amount_granted",
            "amount_paid",
            "due_on",
            "filed_on",
            "received_on",
            "decision_expected_on",
            "decided_on",
            "notes",
        ]

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        before = self.instance.status if self.instance.pk else None
        if before:
            self.fields["status"].choices = [
                choice
                for choice in Application.Status.choices
                if Application.allowed(before, choice[0])
            ]
            self.fields["version"].initial = self.instance.version
        self.fields["status"].error_messages["invalid_choice"] = (
            "Ce statut ne suit pas celui du dossier : un dossier décidé ne revient qu’en "
            "instruction, un dossier déposé ne redevient pas un brouillon."
        )

    def clean(self):
        """What each status cannot do without, named field by field."""
        cleaned = super().clean()
        status = cleaned.get("status")
        filed = status and status not in Application.NOT_FILED
        if filed and status != Application.Status.WITHDRAWN and not cleaned.get("filed_on"):
            self.add_error("filed_on", "Un dossier déposé a une date de dépôt.")
        if status in Application.RECEIVED and not cleaned.get("received_on"):
            self.add_error(
                "received_on", "Donnez la date de complétude ou de l’accusé de réception."
            )
        decided = {Application.Status.ACCEPTED, Application.Status.REFUSED}
        if status in decided and not cleaned.get("decided_on"):
            self.add_error("decided_on", "Donnez la date de la décision.")
        granted, paid = cleaned.get("amount_granted"), cleaned.get("amount_paid")
        if granted is not None and status != Application.Status.ACCEPTED:
            self.add_error("amount_granted", "Un montant n’est accordé que par un dossier accepté.")
        if paid is not None and granted is not None and paid > granted:
            self.add_error("amount_paid", "Le montant versé dépasse le montant accordé.")
        return cleaned

    def save_if_unchanged(self):
        """Save unless someone saved meanwhile; False when they did."""
        application = self.instance
        if application.pk:
            seen = Application.objects.filter(
                pk=application.pk, version=self.cleaned_data.get("version") or 0
            )
            if not seen.update(version=F("version") + 1):
                return False
            application.version = (self.cleaned_data["version"] or 0) + 1
        self.save()
        return True


class NewApplicationForm(ApplicationForm):
    class Meta(ApplicationForm.Meta):
        fields = ["program", *ApplicationForm.Meta.fields]

    def __init__(self, *args, viewer, project, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.project = project
        self.fields["program"].queryset = Program.objects.visible_to(viewer).for_list()
        del self.fields["version"]
