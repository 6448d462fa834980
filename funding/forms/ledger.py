from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from actions.models import EditConflict
from crm.forms.base import Form, ModelForm, SentTwice
from crm.forms.gates import past
from crm.forms.imports import UploadForm
from funding import ledger_imports
from funding.models import ReceivedAid, Undertaking, UndertakingFirm
from funding.models.ledger import firms_of, link_firm


class ReceivedAidForm(SentTwice, ModelForm):
    """One aid of a firm. A new one is given its firm; an edit says which version it read."""

    about = ("territory", "siren", "firm")

    class Meta:
        model = ReceivedAid
        fields = ["regulation", "granted_on", "amount", "funder", "purpose", "evidence"]
        help_texts = {
            "granted_on": "Le jour où le droit à l’aide est né, et non celui du versement.",
            "amount": "En euros d’aide : pour un prêt ou une garantie, l’équivalent, et non le "
            "montant prêté. Vide si vous ne le savez pas.",
            "evidence": "Convention, arrêté, attestation de l’organisme.",
        }

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version
        if not self.instance.regulation:  # its program may use several: somebody must say which
            field = self.fields["regulation"]
            field.choices = [("", "À choisir"), *field.choices]

    def clean_granted_on(self):
        return past(self.cleaned_data["granted_on"])

    def save_if_unchanged(self):
        """False when someone saved this aid since it was read."""
        try:
            self.instance.save_over(self.cleaned_data["version"] or 0)
        except EditConflict:
            return False
        return True


class FirmForm(ModelForm):
    """A firm linked to `organisation`; the first one opens its undertaking, and a firm that has one
    for itself alone brings it in."""

    class Meta:
        model = UndertakingFirm
        fields = ["siren", "name", "link"]

    def __init__(self, *args, organisation, **kwargs):
        super().__init__(*args, **kwargs)
        self.organisation = organisation
        self.fields["link"].required = True
        # Two digits groups are how a SIREN is read aloud and pasted.
        self.fields["siren"].max_length = None
        self.fields["siren"].widget.attrs.pop("maxlength", None)

    def clean_siren(self):
        siren = "".join(self.cleaned_data["siren"].split())
        ours, firms = firms_of(self.organisation)
        if siren in {number for number, _ in firms}:
            raise ValidationError("Ce SIREN est déjà dans la liste.")
        theirs = Undertaking.objects.filter(
            territory=self.organisation.territory_id, firms__siren=siren
        ).first()
        # A firm that was declared alone joins the others; two groups are for somebody to sort out.
        if theirs and len(firms) > 1 and theirs.firms.count() > 1:
            raise ValidationError(
                f"Ce SIREN est déjà dans l’entreprise unique «\u00a0{theirs}\u00a0»."
            )
        return siren

    def save(self):
        return link_firm(self.organisation, super().save(commit=False))


class DeclaredForm(Form):
    source = forms.CharField(label="Déclarée complète par", max_length=200)
    declared_on = forms.DateField(label="Le", initial=timezone.localdate)

    def clean_declared_on(self):
        return past(self.cleaned_data["declared_on"])


class LedgerUploadForm(UploadForm):
    def receive(self, file):
        return ledger_imports.receive(file.name, file.read(), self.territory, by=self.by)
