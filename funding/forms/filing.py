"""The rows of a file: pieces, steps, corrections, agreement, amendments, tranches."""

from django import forms
from django.core.exceptions import ValidationError

from actions.forms import refuse_reversed
from crm.forms.base import SentTwice
from crm.forms.gates import past
from crm.templatetags.french import euros
from funding.appraisal import payments, pieces
from funding.forms.plans import VersionedForm
from funding.models import (
    Amendment,
    ApplicationPiece,
    ApplicationStep,
    Correction,
    GrantAgreement,
    Tranche,
)

TWO_LINES = forms.Textarea({"rows": 2})


class RowForm(SentTwice, VersionedForm):
    about = ("application",)
    past_days = ()

    def clean(self):
        """What has happened has not happened tomorrow."""
        cleaned = super().clean()
        for name in self.past_days:
            if cleaned.get(name):
                try:
                    past(cleaned[name])
                except ValidationError as refusal:
                    self.add_error(name, refusal)
        return cleaned


class PieceForm(RowForm):
    past_days = ("issued_on", "received_on")

    class Meta:
        model = ApplicationPiece
        fields = [
            "label",
            "is_required",
            "received_on",
            "issued_on",
            "validity_months",
            "expires_on",
            "note",
        ]
        help_texts = {
            "issued_on": "La date écrite sur le document.",
            "validity_months": "3 pour « de moins de 3 mois » ; vide si elle n’expire pas.",
            "expires_on": "Vide\u00a0: calculée depuis la date du document et sa validité.",
        }

    def clean(self):
        cleaned = super().clean()
        refuse_reversed(self, "issued_on", "expires_on", "La pièce expire avant sa date.")
        refuse_reversed(self, "issued_on", "received_on", "La pièce est reçue avant sa date.")
        if not cleaned.get("expires_on") or "expires_on" not in self.changed_data:
            counted = pieces.expiry(cleaned.get("issued_on"), cleaned.get("validity_months"))
            if counted or not cleaned.get("expires_on"):
                cleaned["expires_on"] = counted
        return cleaned


class StepForm(RowForm):
    past_days = ("done_on",)

    class Meta:
        model = ApplicationStep
        fields = ["label", "days", "position", "done_on"]
        help_texts = {"position": "Les étapes de même rang se font en même temps."}


class CorrectionForm(RowForm):
    past_days = ("asked_on", "answered_on")

    class Meta:
        model = Correction
        fields = ["text", "asked_on", "due_on", "answered_on", "answer"]
        widgets = {"text": TWO_LINES, "answer": TWO_LINES}

    def clean(self):
        cleaned = super().clean()
        refuse_reversed(self, "asked_on", "due_on", "La date limite précède la demande.")
        refuse_reversed(self, "asked_on", "answered_on", "La réponse précède la demande.")
        return cleaned


class AgreementForm(RowForm):
    past_days = ("signed_on",)

    class Meta:
        model = GrantAgreement
        fields = [
            "number",
            "signed_on",
            "starts_on",
            "ends_on",
            "amount",
            "rate",
            "eligible_costs",
            "accepted_costs",
            "advance_is_guaranteed",
            "notes",
        ]
        help_texts = {
            "amount": "Il devient le montant engagé du dossier.",
            "eligible_costs": "La dépense que la convention retient.",
            "accepted_costs": "Connue au solde\u00a0: ce que le financeur a retenu des factures.",
            "starts_on": "Rien d’avant ne compte.",
        }

    def clean(self):
        cleaned = super().clean()
        refuse_reversed(self, "starts_on", "ends_on", "La fin précède le début des dépenses.")
        return cleaned


class AmendmentForm(RowForm):
    about = ("agreement",)
    past_days = ("signed_on",)

    class Meta:
        model = Amendment
        fields = ["kind", "signed_on", "ends_on", "amount", "note"]

    def clean(self):
        cleaned = super().clean()
        kind = cleaned.get("kind")
        if kind == Amendment.Kind.EXTENSION and not cleaned.get("ends_on"):
            self.add_error("ends_on", "Une prorogation donne une nouvelle fin.")
        if kind == Amendment.Kind.AMOUNT and cleaned.get("amount") is None:
            self.add_error("amount", "Cet avenant donne un nouveau montant.")
        signed_on = self.instance.agreement.signed_on
        if signed_on and cleaned.get("signed_on") and cleaned["signed_on"] < signed_on:
            self.add_error("signed_on", f"La convention est du {signed_on:%d/%m/%Y}.")
        return cleaned


class TrancheForm(RowForm):
    past_days = ("requested_on", "justified_on", "settled_on", "paid_on")
    # Which date each state cannot do without.
    DATED = {
        Tranche.State.REQUESTED: "requested_on",
        Tranche.State.JUSTIFIED: "justified_on",
        Tranche.State.SETTLED: "settled_on",
        Tranche.State.PAID: "paid_on",
    }

    class Meta:
        model = Tranche
        fields = [
            "kind",
            "state",
            "amount",
            "due_on",
            "requested_on",
            "justified_costs",
            "justified_on",
            "settled_on",
            "amount_paid",
            "paid_on",
            "note",
        ]
        help_texts = {
            "justified_costs": "Le total des factures présentées avec cette demande.",
            "due_on": "Une échéance vous le rappelle.",
        }

    def clean(self):
        cleaned = super().clean()
        state = cleaned.get("state")
        name = self.DATED.get(state)
        if name and not cleaned.get(name) and name not in self.errors:
            self.add_error(name, f"Une tranche {Tranche.State(state).label.lower()} a sa date.")
        if state == Tranche.State.PAID and cleaned.get("amount_paid") is None:
            self.add_error("amount_paid", "Donnez le montant versé.")
        if state != Tranche.State.PAID and cleaned.get("amount_paid") is not None:
            self.add_error("amount_paid", "Seule une tranche versée a un montant versé.")
        refuse_reversed(self, "requested_on", "paid_on", "Le versement précède la demande.")
        refuse_reversed(self, "settled_on", "paid_on", "Le versement précède la liquidation.")
        self._check_total(cleaned.get("amount_paid"))
        return cleaned

    def _check_total(self, paid):
        """All that is paid stays within the grant."""
        application = self.instance.application
        agreement = getattr(application, "agreement", None)
        granted = agreement.current_amount if agreement else None
        granted = application.amount_granted if granted is None else granted
        if paid is None or granted is None:
            return
        others = [row for row in application.tranches.all() if row.pk != self.instance.pk]
        total = paid + sum(row.amount_paid for row in others if row.state == payments.PAID)
        if total > granted:
            self.add_error(
                "amount_paid",
                f"Le total versé, {euros(total)}, dépasse le montant accordé, {euros(granted)}.",
            )
