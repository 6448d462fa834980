"""What the pipeline asks of the files of a project, answered where the move is made."""

from django import forms
from django.db.models import Exists, OuterRef
from django.utils import timezone

from actions.models import EditConflict
from crm.fields import AmountField
from crm.forms.base import Form
from crm.forms.gates import past
from crm.gates import Gate
from crm.pipeline import MoveConflict, MoveRefused
from crm.query import row_id
from funding.models import Application, Program

Status = Application.Status


class FileConflict(MoveConflict):
    """Someone else changed the file first; the project stays where it is too."""

    def __init__(self, application):
        MoveRefused.__init__(
            self,
            f"Entre-temps, quelqu’un a modifié le dossier «\u00a0{application.program}\u00a0»"
            "\u00a0: rien n’a été changé.",
        )


def move(application, status, *, on, by, **values):
    """Along the statuses that a file may follow, or MoveRefused with a sentence."""
    if refusal := application.why_not(status, on):
        raise MoveRefused(refusal)
    try:
        application.move_to(status, on=on, by=by, **values)
    except EditConflict:
        raise FileConflict(application) from None


class ApplicationGateForm(Form):
    """A date about one file. `seen` is that file as the mover had it on screen, with its version;
    empty when it was to be filed in this very dialog."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    dated = ""

    def __init__(self, *, project, user, data=None, prefix=None):
        super().__init__(data, prefix=prefix)
        self.project, self.user = project, user
        self.file = self.latest_filed() if self.dated else None
        if self.file:
            self.fields["seen"].initial = mark(self.file)
            self.fields[self.dated].help_text = (
                f"Pour le dossier «\u00a0{self.file.program}\u00a0», "
                f"déposé le {self.file.filed_on:%d/%m/%Y}."
            )

    def latest_filed(self):
        """The file the date is about: the last one filed, be it in this very dialog."""
        waiting = Application.objects.filter(project=self.project, filed_on__isnull=False).exclude(
            status__in=(*Application.FINAL, *Application.NOT_FILED)
        )
        return waiting.select_related("program").order_by("-filed_on", "-pk").first()

    @property
    def is_stale(self):
        seen = self.cleaned_data.get("seen")
        return bool(seen) and seen != (self.file and mark(self.file))

    def clean(self):
        """What is known already is refused here, where what was typed stays."""
        cleaned = super().clean()
        day = cleaned.get(self.dated)
        if self.file and day and not self.is_stale:
            status, on = next(iter(self.path(self.file, day)))
            if refusal := self.file.why_not(status, on):
                self.add_error(self.dated, refusal)
        return cleaned

    def path(self, application, day):
        """The (status, day) that the file goes through, the first one from where it is."""
        raise NotImplementedError

    def save(self):
        if self.is_stale:
            raise FileConflict(self.seen_file())
        application = self.latest_filed()
        if application is None:
            raise MoveRefused(
                "Aucun dossier déposé n’attend de réponse\u00a0: notez d’abord le dépôt d’un "
                "dossier. Rien n’a été changé."
            )
        *before, last = self.path(application, self.cleaned_data[self.dated])
        for status, on in before:
            # Nobody noted when it was completed: the decision says only that it was.
            received_on = application.received_on
            move(application, status, on=on, by=self.user, received_on=received_on)
        status, on = last
        move(application, status, on=on, by=self.user, **self.told())

    def seen_file(self):
        files = Application.objects.filter(project=self.project).select_related("program")
        found = files.filter(pk=row_id(self.cleaned_data["seen"].partition("-")[0])).first()
        if found is None:
            raise MoveRefused("Ce dossier n’existe plus\u00a0: rien n’a été changé.")
        return found

    def told(self):
        """The amounts that the same gesture gives."""
        return {}


def mark(application):
    return f"{application.pk}-{application.version}"


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
        del self.fields["seen"]
        programs = Program.objects.visible_to(self.user).for_territory(self.project.territory)
        self.fields["program"].queryset = programs.for_list()
        self.fields["program"].initial = self.prepared().values_list("program", flat=True).first()

    def prepared(self):
        return self.project.applications.filter(status__in=Application.NOT_FILED)

    def application(self):
        """The file that was prepared for this program, else a new one."""
        program = self.cleaned_data["program"]
        prepared = self.prepared().filter(program=program).select_related("program").first()
        return prepared or Application(project=self.project, program=program, created_by=self.user)

    def clean_filed_on(self):
        return past(self.cleaned_data["filed_on"])

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("program") and cleaned.get("filed_on"):
            application = self.application()
            if refusal := application.why_not(filed(application), cleaned["filed_on"]):
                self.add_error("filed_on", refusal)
        return cleaned

    def save(self):
        application = self.application()
        if application.pk is None:
            application.save()
        asked = self.cleaned_data["amount_requested"]
        values = {} if asked is None else {"amount_requested": asked}
        day = self.cleaned_data["filed_on"]
        move(application, filed(application), on=day, by=self.user, **values)


def filed(application):
    return Status.IN_CONSTRUCTION if application.on_demarche else Status.FILED


class ReceivedForm(ApplicationGateForm):
    dated = "received_on"
    received_on = forms.DateField(
        label="Complétude ou accusé de réception le", initial=timezone.localdate
    )

    def clean_received_on(self):
        return past(self.cleaned_data["received_on"])

    def path(self, application, day):
        return [(Status.APPRAISAL, day)]


class GrantedForm(ApplicationGateForm):
    dated = "decided_on"
    decided_on = forms.DateField(label="Décision notifiée le", initial=timezone.localdate)
    amount_granted = AmountField(
        label="Montant accordé", min_value=0, max_digits=14, decimal_places=2
    )

    def clean_decided_on(self):
        return past(self.cleaned_data["decided_on"])

    def path(self, application, day):
        appraised = [(Status.APPRAISAL, day)] if application.status == Status.INCOMPLETE else []
        return [*appraised, (Status.ACCEPTED, day)]

    def told(self):
        return {"amount_granted": self.cleaned_data["amount_granted"]}


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
