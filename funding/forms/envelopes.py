from django import forms

from crm.fields import AmountField
from crm.forms.base import Form, SentTwice
from funding.forms.plans import VersionedForm
from funding.models import Envelope

UP, DOWN, FORGET = "monter", "descendre", "oublier"


class EnvelopeForm(SentTwice, VersionedForm):
    about = ("territory",)

    class Meta:
        model = Envelope
        fields = ["title", "amount", "funder", "notes"]


class ChoicesForm(Form):
    """What is ticked, in which order and for how much.

    A choice that cannot be read any more has no box to tick: it keeps its place and its amount
    until somebody asks to forget it.
    """

    version = forms.IntegerField(min_value=1)
    keep = forms.MultipleChoiceField(
        label="Choix",
        required=False,
        error_messages={
            "invalid_choice": "Un des choix n’existe plus : rechargez la page.",
            "invalid_list": "Un des choix n’existe plus : rechargez la page.",
        },
    )

    def __init__(self, data, *, envelope, reader):
        super().__init__(data)
        self.envelope, self.reader = envelope, reader
        self.kept = reader.kept(envelope)
        offered = [*reader.files, *reader.subjects]
        self.fields["keep"].choices = [(key, key) for key in offered]
        for key in data.getlist("keep"):
            self.fields[f"montant-{key}"] = AmountField(
                label="Montant", required=False, min_value=0, max_digits=14, decimal_places=2
            )

    @property
    def keys(self):
        """What is kept, those that were there first, then moved as a button asks."""
        ticked = list(dict.fromkeys(self.data.getlist("keep")))
        keys = [key for key in self.kept if key in ticked or self._stays_unread(key)]
        keys += [key for key in ticked if key not in keys]
        for name, step in ((UP, -1), (DOWN, 1)):
            if (key := self.data.get(name)) in keys:
                at = keys.index(key)
                keys.insert(min(max(at + step, 0), len(keys)), keys.pop(at))
        return keys

    def _stays_unread(self, key):
        kept = key in self.kept and FORGET not in self.data
        return kept and self.reader.candidate(key) is None

    @property
    def amounts(self):
        """{key: euros typed}; what repeats the file or the plan goes on following it."""
        found = {}
        for key in self.keys:
            if self._stays_unread(key):
                found[key] = self.kept[key]
                continue
            typed = self.cleaned_data.get(f"montant-{key}")
            candidate = self.reader.candidate(key, self.envelope.funder_id)
            if typed is not None and candidate and typed != candidate.amount:
                found[key] = typed
        return found

    @property
    def refused(self):
        """{key: (what was typed, why it is no amount)}"""
        start = "montant-"
        return {
            name.removeprefix(start): (self.data.get(name, ""), " ".join(errors))
            for name, errors in self.errors.items()
            if name.startswith(start)
        }
