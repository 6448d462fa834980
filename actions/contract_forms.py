"""Conventions and their parts, as they are typed."""

from django import forms
from django.db import IntegrityError, transaction

from actions.forms import LINES, VersionedForm, offer, refuse_reversed
from actions.models import (
    Action,
    Amendment,
    Commitment,
    Contract,
    Evaluation,
    Meeting,
    Party,
    Payment,
)
from actions.models.evaluations import MANAGEMENT
from crm.forms.base import Form, SentTwice
from crm.models import Framework, Organisation

UNKNOWN = "Un montant inconnu reste vide\u00a0: il sera compté «\u00a0à confirmer\u00a0»."


class ContractForm(SentTwice, VersionedForm):
    about = ("territory",)
    frameworks = forms.MultipleChoiceField(
        label="Cadres qui comptent les fiches",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Les fiches inscrites dans ces cadres sont celles de la convention\u00a0: "
        "l’évaluation les compte.",
    )

    class Meta:
        model = Contract
        fields = [
            "kind", "title", "reference", "subject", "frameworks", "signed_on", "starts_on",
            "ends_on", "amount", "is_evaluated",
        ]  # fmt: skip
        widgets = {"subject": LINES}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offered = Framework.objects.of(self.instance.territory)
        kept = Framework.objects.filter(pk__in=self.instance.frameworks)
        rows = {row.pk: row.label for row in [*offered, *kept]}
        self.fields["frameworks"].choices = list(rows.items())
        self.fields["ends_on"].help_text = "Un avenant la prolonge\u00a0: celle-ci reste."
        self.fields["amount"].help_text = UNKNOWN

    def clean(self):
        refuse_reversed(
            self, "starts_on", "ends_on", "La fin de la convention précède sa prise d’effet."
        )


class OfContractForm(SentTwice, VersionedForm):
    """A part of a convention; `viewer` bounds what its lists offer."""

    about = ("contract",)
    # The field and the sentence of what the convention holds once.
    once = ("", "")

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        self.contract, self.viewer = self.instance.contract, viewer

    def save_once(self):
        """False with its error when the convention already holds it; EditConflict as usual."""
        try:
            with transaction.atomic():
                self.save()
        except IntegrityError:
            self.add_error(*self.once)
            return False
        return True

    def offer_organisations(self, name):
        mine = Organisation.objects.visible_to(self.viewer)
        mine = mine.filter(territory=self.contract.territory_id)
        offer(self, name, mine.exclude(kind=Organisation.Kind.COMPANY))

    def offer_parties(self, name):
        """Who signed, and whoever the row already names."""
        parties = Party.objects.filter(contract=self.contract)
        offer(self, name, Organisation.objects.filter(pk__in=parties.values("organisation")))


class PartyForm(OfContractForm):
    once = ("organisation", "Cet organisme est déjà partie à la convention.")

    class Meta:
        model = Party
        fields = ["organisation", "role", "quality", "amount"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer_organisations("organisation")
        self.fields["amount"].help_text = UNKNOWN


class AmendmentForm(OfContractForm):
    once = ("number", "Cette convention a déjà un avenant de ce numéro.")

    class Meta:
        model = Amendment
        fields = ["number", "signed_on", "subject", "new_ends_on", "new_amount"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial["number"] = self.contract.next_amendment_number()
        self.fields["new_ends_on"].help_text = "Vide si l’avenant ne la change pas."
        self.fields["new_amount"].help_text = "Vide si l’avenant ne le change pas."

    def clean_new_ends_on(self):
        ends_on, starts_on = self.cleaned_data["new_ends_on"], self.contract.starts_on
        if ends_on and starts_on and ends_on < starts_on:
            raise forms.ValidationError("La nouvelle fin précède la prise d’effet.")
        return ends_on


class CommitmentForm(OfContractForm):
    class Meta:
        model = Commitment
        fields = ["organisation", "text", "amount", "due_on", "state", "action"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer_parties("organisation")
        self.fields["organisation"].help_text = "Parmi les parties à la convention."
        mine = Action.objects.visible_to(self.viewer).current()
        offer(self, "action", mine.filter(plan__territory=self.contract.territory_id))
        self.fields["action"].label_from_instance = lambda one: f"{one.code} · {one.title}"


class PaymentForm(OfContractForm):
    class Meta:
        model = Payment
        fields = [
            "label", "funder", "amount_planned", "due_on", "condition", "evaluation_year",
            "amount_asked", "asked_on", "amount_received", "received_on",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer_parties("funder")
        self.fields["funder"].help_text = "Parmi les parties à la convention."
        self.fields["amount_planned"].help_text = UNKNOWN
        self.fields[
            "evaluation_year"
        ].help_text = "La fiche d’évaluation de cette année fait preuve pour ce versement."

    def clean(self):
        refuse_reversed(
            self, "asked_on", "received_on", "Le versement serait reçu avant d’être demandé."
        )


class EvaluationStartForm(OfContractForm):
    """Which year, before anything is written of it."""

    once = ("year", "Cette année a déjà son évaluation.")

    class Meta:
        model = Evaluation
        fields = ["year"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        told = {one.year for one in self.contract.evaluations.all()}
        left = [year for year in self.contract.years() if year not in told]
        self.initial["year"] = left[0] if left else None

    def clean_year(self):
        year = self.cleaned_data["year"]
        start, end = self.contract.starts_on or self.contract.signed_on, self.contract.end
        if (start and year < start.year) or (end and year > end.year):
            raise forms.ValidationError("La convention n’est pas en vigueur cette année-là.")
        return year


class EvaluationForm(VersionedForm):
    """The words of an evaluation and a comment for each figure; never a figure."""

    class Meta:
        model = Evaluation
        fields = ["meeting", "went_well", "difficulties", "adjustments"]
        widgets = {"went_well": LINES, "difficulties": LINES, "adjustments": LINES}

    def __init__(self, *args, viewer, figures, **kwargs):
        super().__init__(*args, **kwargs)
        contract = self.instance.contract
        meetings = Meeting.objects.visible_to(viewer).filter(territory=contract.territory_id)
        offer(self, "meeting", meetings.filter(kind=MANAGEMENT))
        self.fields["meeting"].label_from_instance = lambda one: f"{one} ({one.held_on:%d/%m/%Y})"
        self.keys = [figure["key"] for figure in figures]
        for figure in figures:
            self.fields[f"comment-{figure['key']}"] = forms.CharField(
                label=figure["label"],
                required=False,
                max_length=500,
                initial=self.instance.comments.get(figure["key"], ""),
                widget=forms.Textarea({"rows": 2, "class": "textarea"}),
            )

    def comment_fields(self):
        """{key of a figure: its bound field}."""
        return {key: self[f"comment-{key}"] for key in self.keys}

    def save(self, commit=True):
        """What is said of a figure that the page no longer shows stays."""
        said = dict(self.instance.comments)
        for key in self.keys:
            said[key] = self.cleaned_data[f"comment-{key}"]
        self.instance.comments = {key: text for key, text in said.items() if text}
        return super().save(commit)


class ReopenForm(Form):
    reason = forms.CharField(
        label="Pourquoi la rectifier",
        max_length=250,
        help_text="La fiche déjà figée reste\u00a0; la suivante dira qu’elle la rectifie, et "
        "pourquoi.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
