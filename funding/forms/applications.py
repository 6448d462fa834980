from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.fields import AmountField
from crm.forms.base import Form, ModelForm
from crm.forms.gates import past
from crm.query import row_id
from funding.appraisal import statuses
from funding.forms.plans import VersionedForm
from funding.models import Application, Program
from funding.portfolio import match_for

DATES = ["due_on", "filed_on", "received_on", "decision_expected_on", "decided_on"]
FACTS = ["filed_on", "received_on", "decided_on"]  # the dates that cannot be to come
AMOUNTS = ["amount_requested", "amount_granted", "amount_committed", "amount_paid"]


class ApplicationForm(ModelForm):
    """What each status cannot do without, named field by field."""

    class Meta:
        model = Application
        fields = ["reference", "dossier_number", *AMOUNTS, *DATES, "notes"]
        help_texts = {
            "dossier_number": "S’il est donné, le dossier suit les statuts de Démarche numérique.",
        }

    def clean(self):
        cleaned = super().clean()
        for name in FACTS:
            if (day := cleaned.get(name)) and name not in self.errors:
                try:
                    past(day)
                except ValidationError as refusal:
                    self.add_error(name, refusal)
        status = cleaned.get("status", self.instance.status)
        filed = status and status not in statuses.NOT_FILED
        if filed and status != statuses.WITHDRAWN and not cleaned.get("filed_on"):
            self.add_error("filed_on", "Un dossier déposé a une date de dépôt.")
        if status in statuses.RECEIVED and not cleaned.get("received_on"):
            self.add_error(
                "received_on", "Donnez la date de complétude ou de l’accusé de réception."
            )
        if status in {statuses.ACCEPTED, statuses.REFUSED} and not cleaned.get("decided_on"):
            self.add_error("decided_on", "Donnez la date de la décision.")
        granted, paid = cleaned.get("amount_granted"), cleaned.get("amount_paid")
        if granted is not None and status != statuses.ACCEPTED:
            self.add_error("amount_granted", "Un montant n’est accordé que par un dossier accepté.")
        for name in ("amount_committed", "amount_paid"):
            if cleaned.get(name) is not None and status != statuses.ACCEPTED:
                self.add_error(name, "Rien n’est engagé ni versé avant un dossier accepté.")
        if paid is not None and granted is not None and paid > granted:
            self.add_error("amount_paid", "Le montant versé dépasse le montant accordé.")
        return cleaned


class NewApplicationForm(VersionedForm, ApplicationForm):
    """Where a file begins to be followed, be it already decided.

    One that is still to be filed, for a program judged not eligible, opens with a word that says
    why: the funder may have said yes, or the rule may be wrong."""

    despite = forms.CharField(
        label="Pourquoi l’ouvrir quand même",
        max_length=300,
        help_text="Gardé dans les notes du dossier.",
        error_messages={"required": "Dites en un mot pourquoi ouvrir ce dossier quand même."},
    )
    field_order = ["program", "despite"]

    class Meta(ApplicationForm.Meta):
        fields = ["program", "status", *ApplicationForm.Meta.fields]

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        programs = Program.objects.visible_to(viewer).for_territory(self.instance.territory)
        self.fields["program"].queryset = programs.for_list()
        self.refused = self._refused(viewer)
        if self.refused is None:
            del self.fields["despite"]

    def _refused(self, viewer):
        """The match, when its verdict says not to file what is not filed yet."""
        program = row_id(self["program"].value())
        if not program or self["status"].value() not in statuses.NOT_FILED:
            return None
        match = match_for(self.instance.subject, program, viewer)
        return match if match and match.is_excluded else None

    def save(self, commit=True):
        if word := self.cleaned_data.get("despite"):
            said = f"Ouvert bien que jugé non éligible\u00a0: {word}"
            self.instance.notes = "\n".join(filter(None, [self.instance.notes, said]))
        return super().save(commit)


class ApplicationEditForm(VersionedForm, ApplicationForm):
    """Everything but the status, which moves on its own, and what follows from other rows."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        application = self.instance
        if application.tranches.exists():
            del self.fields["amount_paid"]
        agreement = getattr(application, "agreement", None)
        if agreement is not None and agreement.current_amount is not None:
            del self.fields["amount_committed"]
        if application.status != statuses.ACCEPTED:
            for name in ("amount_granted", "amount_committed", "amount_paid"):
                if name in self.fields and getattr(application, name) is None:
                    del self.fields[name]

    def clean_dossier_number(self):
        number = self.cleaned_data["dossier_number"]
        return number or None


class MoveForm(Form):
    """One change of status: where to, on which day, and what the funder said."""

    status = forms.ChoiceField(label="Nouveau statut")
    on = forms.DateField(label="Date du changement", initial=timezone.localdate)
    amount_granted = AmountField(
        label="Montant accordé",
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        help_text="Pour un dossier accepté, s’il est connu.",
    )
    note = forms.CharField(label="Précision", required=False, max_length=300)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, application, **kwargs):
        super().__init__(*args, **kwargs)
        self.application = application
        choices = application.next_statuses()
        self.fields["status"].choices = [(one.value, one.label) for one in choices]
        self.fields["status"].error_messages["invalid_choice"] = (
            f"Ce statut ne suit pas «\u00a0{application.get_status_display()}\u00a0»."
        )
        self.fields["version"].initial = application.version
        ahead = [one for one in choices if statuses.is_ahead(one, application.status)]
        self.fields["status"].initial = next(iter(ahead), None)
        if Application.Status.ACCEPTED not in choices:
            del self.fields["amount_granted"]

    def clean_on(self):
        return past(self.cleaned_data["on"])

    def clean(self):
        cleaned = super().clean()
        status, on = cleaned.get("status"), cleaned.get("on")
        if refusal := self.application.why_it_stays():
            raise ValidationError(refusal)
        if status and on and (refusal := self.application.why_not_on(status, on)):
            self.add_error("on", refusal)
        if cleaned.get("amount_granted") is not None and status != statuses.ACCEPTED:
            self.add_error("amount_granted", "Un montant n’est accordé que par un dossier accepté.")
        return cleaned

    def save(self, by):
        """Move, or raise EditConflict when someone saved meanwhile."""
        application, cleaned = self.application, self.cleaned_data
        application.version = cleaned.get("version") or 0
        amount = cleaned.get("amount_granted")
        values = {} if amount is None else {"amount_granted": amount}
        return application.move_to(
            cleaned["status"], on=cleaned["on"], by=by, note=cleaned["note"], **values
        )


class DossierForm(Form):
    """The answer of Démarche numérique, pasted or as a file."""

    MAX_BYTES = 2 * 1024 * 1024

    file = forms.FileField(label="Fichier JSON", required=False)
    text = forms.CharField(
        label="Ou son contenu, collé",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        max_length=MAX_BYTES,
    )

    def clean(self):
        cleaned = super().clean()
        file = cleaned.get("file")
        if file is None:
            cleaned["answer"] = cleaned.get("text", "")
        elif file.size > self.MAX_BYTES:
            raise ValidationError("Ce fichier dépasse 2 Mo.")
        else:
            try:
                cleaned["answer"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise ValidationError("Ce fichier n’est pas un JSON en UTF-8.") from None
        if not cleaned["answer"].strip() and not self.errors:
            raise ValidationError("Choisissez un fichier, ou collez la réponse.")
        return cleaned
