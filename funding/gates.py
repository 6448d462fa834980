"""What the pipeline asks of the files of a project, answered where the move is made."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.utils import timezone

from crm.fields import AmountField
from crm.forms.base import Form
from crm.forms.gates import past
from crm.gates import Gate
from funding.models import Application, Program


class ApplicationGateForm(Form):
    def __init__(self, *, project, user, data=None, prefix=None):
        super().__init__(data, prefix=prefix)
        self.project, self.user = project, user

    def latest_filed(self):
        """The file the date is about: the last one filed, be it in this very dialog."""
        filed = Application.objects.filter(project=self.project, filed_on__isnull=False)
        return filed.exclude(status__in=Application.FINAL).order_by("-filed_on", "-pk").first()


class FiledForm(ApplicationGateForm):
    program = forms.ModelChoiceField(
        label="Dispositif du dossier déposé", queryset=Program.objects.none()
    )
    filed_on = forms.DateField(label="Déposé le", initial=timezone.localdate)
    amount_requested = AmountField(
        label="Montant demandé", required=False, min_value=0, max_digits=14, decimal_places=2
    )

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        prepared = self.project.applications.filter(status__in=Application.NOT_FILED)
        self.fields["program"].queryset = Program.objects.visible_to(self.user).for_list()
        self.fields["program"].initial = prepared.values_list("program", flat=True).first()

    def clean_filed_on(self):
        return past(self.cleaned_data["filed_on"])

    def save(self):
        prepared = self.project.applications.filter(
            program=self.cleaned_data["program"], status__in=Application.NOT_FILED
        ).first()
        application = prepared or Application(
            project=self.project, program=self.cleaned_data["program"], created_by=self.user
        )
        if self.cleaned_data["amount_requested"] is not None:
            application.amount_requested = self.cleaned_data["amount_requested"]
        application.save()
        status = Application.Status
        filed = status.IN_CONSTRUCTION if application.on_demarche else status.FILED
        application.move_to(filed, on=self.cleaned_data["filed_on"], by=self.user)


class ReceivedForm(ApplicationGateForm):
    received_on = forms.DateField(
        label="Complétude ou accusé de réception le", initial=timezone.localdate
    )

    def clean_received_on(self):
        return past(self.cleaned_data["received_on"])

    def save(self):
        if application := self.latest_filed():
            day = self.cleaned_data["received_on"]
            application.move_to(Application.Status.APPRAISAL, on=day, by=self.user)


class GrantedForm(ApplicationGateForm):
    decided_on = forms.DateField(label="Décision notifiée le", initial=timezone.localdate)
    amount_granted = AmountField(
        label="Montant accordé", min_value=0, max_digits=14, decimal_places=2
    )

    def clean_decided_on(self):
        decided_on = past(self.cleaned_data["decided_on"])
        application = self.latest_filed()
        if application and decided_on < application.filed_on:
            raise ValidationError(
                f"La décision précède le dépôt du {application.filed_on:%d/%m/%Y}."
            )
        return decided_on

    def save(self):
        if application := self.latest_filed():
            day = self.cleaned_data["decided_on"]
            if application.status == Application.Status.INCOMPLETE:
                # Nobody noted when it was completed: the decision says only that it was.
                received_on = application.received_on
                application.move_to(
                    Application.Status.APPRAISAL, on=day, by=self.user, received_on=received_on
                )
            application.move_to(
                Application.Status.ACCEPTED,
                on=day,
                by=self.user,
                amount_granted=self.cleaned_data["amount_granted"],
            )


def has_application(**conditions):
    return Exists(Application.objects.filter(project=OuterRef("pk"), **conditions))


GATES = (
    Gate(
        "application_filed",
        "dossier déposé",
        has_application(filed_on__isnull=False),
        FiledForm,
    ),
    Gate(
        "application_received",
        "complétude ou accusé de réception",
        has_application(received_on__isnull=False),
        ReceivedForm,
    ),
    Gate(
        "application_granted",
        "décision favorable",
        has_application(status=Application.Status.ACCEPTED),
        GrantedForm,
    ),
)
