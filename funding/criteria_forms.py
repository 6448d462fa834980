"""The criteria of a program on screen: a form for each, and the list that one puts in order."""

import json
import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from crm.forms.base import Form
from funding.criteria_sentences import FACT, FEW, NBSP, SENTENCES, editor_of
from funding.eligibility import parse_criterion, wording


class CriterionForm(Form):
    """One criterion. `sentence` is None for a row of a kind that has no editor: kept as it is."""

    editor = forms.CharField(widget=forms.HiddenInput)
    key = forms.CharField(widget=forms.HiddenInput, required=False)
    raw = forms.CharField(widget=forms.HiddenInput, required=False)
    label = forms.CharField(label="Écrire la règle autrement", required=False)
    question = forms.CharField(label="Poser la question autrement", required=False)
    is_uncertain = forms.BooleanField(label="Règle à vérifier auprès du financeur", required=False)

    def __init__(self, *args, row, is_open=False, **kwargs):
        """`is_open` unfolds the sentence: one just added waits to be written."""
        self.before, self.is_open = row, is_open
        self.sentence = SENTENCES.get(editor_of(row))
        super().__init__(*args, initial=self._shown(row), **kwargs)

    def _shown(self, row):
        shown = {param.name: param.shown(row.get(param.name)) for param in self.params}
        return {
            "editor": editor_of(row),
            "key": row.get("key", ""),
            "raw": json.dumps(row, ensure_ascii=False),
            "label": row.get("label", ""),
            "question": row.get("question", ""),
            "is_uncertain": row.get("confidence") in UNCERTAIN,
            **shown,
        }

    def order_fields(self, order):
        """The hook where Django lets a form settle its fields: those of the sentence come in."""
        for param in self.params:
            self.fields[param.name] = param.form_field(self.before.get(param.name))
        super().order_fields(order)

    @property
    def params(self):
        return self.sentence.params if self.sentence else ()

    @property
    def pieces(self):
        """(text, bound field, whether its choices are folded, what is chosen)."""
        for text, name in self.sentence.pieces():
            bound = self[name] if name else None
            many = bound is not None and isinstance(bound.field, forms.MultipleChoiceField)
            chosen = []
            if many:
                labels = dict(bound.field.choices)
                chosen = [labels.get(code, code) for code in bound.value() or []]
            yield {
                "text": text,
                "field": bound,
                "many": many,
                "folded": many and len(bound.field.choices) > FEW,
                "chosen": chosen,
            }

    @property
    def details(self):
        """What the sentence leaves out: parameters of their own, then the wording."""
        own = [param.name for param in self.params]
        said = {name for _, name in self.sentence.pieces()}
        wordings = [name for name in ("label", "question", "is_uncertain") if name not in own]
        return [self[name] for name in [*(name for name in own if name not in said), *wordings]]

    @property
    def name(self):
        return self.sentence.name if self.sentence else "Condition"

    @property
    def rule(self):
        """The sentence as it reads now, or as it was while what is typed does not read."""
        row = self.row if self.is_bound and self.is_valid() else self.before
        try:
            return parse_criterion(row).rule
        except ValueError:
            return row.get("label") or ""

    def clean(self):
        """The row, which must be one that the rules can read."""
        cleaned = super().clean()
        if not self.errors:
            self.row = self._row(cleaned)
            try:
                parse_criterion(self.row)
            except ValueError as refused:
                raise ValidationError(plainly(str(refused), self)) from refused
        return cleaned

    def _row(self, cleaned):
        if self.sentence is None:
            return self.before
        own = {param.name for param in self.params}
        row = {name: value for name, value in self.before.items() if name not in own}
        for param in self.params:
            value = param.stored(cleaned.get(param.name), self.before.get(param.name))
            if value is not None:
                row[param.name] = value
        if FACT in self.params:
            row.setdefault("fact", slugify(row["label"])[:60].replace("-", "_"))
        for name in {"label", "question"} - own:
            row.pop(name, None)
            if cleaned.get(name):
                row[name] = cleaned[name]
        # « Plus de 5 M€ » would lie over a limit moved to 6: the sentence writes itself again.
        moved = any(row.get(name) != self.before.get(name) for name in own)
        if moved and "label" not in own and row.get("label") == self.before.get("label"):
            row.pop("label", None)
        if cleaned["is_uncertain"] != (row.get("confidence") in UNCERTAIN):
            row.pop("confidence", None)
            if cleaned["is_uncertain"]:
                row["confidence"] = "K"
        return row


UNCERTAIN = {"K", "TBV"}
WORDS = {"label", "question", "confidence"}


def plainly(sentence, form):
    """The refusal of the rules, with the words of the form instead of the keys of the file."""
    sentence = re.sub(rf"^Critère «{NBSP}[^»]*{NBSP}»{NBSP}: ", "", sentence)
    for param in form.params:
        quoted = f"«{NBSP}{param.name}{NBSP}»"
        sentence = sentence.replace(quoted, f"«{NBSP}{param.label.lower()}{NBSP}»")
    return wording.capital(sentence)


class CriteriaEditor:
    """All the criteria of a program: add, remove, put in order, then read the rows."""

    def __init__(self, rows, data=None):
        self.is_checked = False
        if data is None:
            self.forms = [made(f"c{rank}", row) for rank, row in enumerate(rows)]
        else:
            self.forms = [
                made(prefix, received(prefix, data), data)
                for prefix in dict.fromkeys(data.getlist("condition"))
                if re.fullmatch(r"c\d{1,4}", prefix)
            ]

    def act(self, what):
        """« add:headcount », « remove:c2 », « up:c2 », « down:c2 »; anything else does nothing."""
        verb, _, target = what.partition(":")
        prefixes = [form.prefix for form in self.forms]
        if verb == "add" and target in SENTENCES:
            rank = max([int(prefix[1:]) for prefix in prefixes], default=-1) + 1
            self.forms.append(made(f"c{rank}", self._blank(target), is_open=True))
        elif target in prefixes:
            at = prefixes.index(target)
            form = self.forms.pop(at)
            if verb != "remove":
                self.forms.insert(max(at - 1, 0) if verb == "up" else at + 1, form)

    def _blank(self, editor):
        sentence = SENTENCES[editor]
        kind = sentence.kind or editor
        taken = {form.before.get("key") for form in self.forms}
        names = (kind, *(f"{kind}_{rank}" for rank in range(2, len(taken) + 3)))
        free = (name for name in names if name not in taken)
        return {"kind": kind, "key": next(free), **sentence.fixed, **sentence.start}

    def is_valid(self):
        """Every criterion reads; each form is checked, so that each shows its error."""
        self.is_checked = True
        checked = [not form.is_bound or form.is_valid() for form in self.forms]
        return all(checked)

    @property
    def rows(self):
        """Of forms that are valid; one just added counts as it was proposed."""
        return [form.row if form.is_bound else form.before for form in self.forms]

    @property
    def complete_rows(self):
        """The rows as they are now, or None while one is not complete."""
        rows = []
        for form in self.forms:
            if form.is_bound:
                if not form.is_valid():
                    return None
                rows.append(form.row)
            else:
                try:
                    parse_criterion(form.before)
                except ValueError:
                    return None
                rows.append(form.before)
        return rows

    @property
    def menu(self):
        return [(editor, sentence.name) for editor, sentence in SENTENCES.items()]


def made(prefix, row, data=None, **kwargs):
    return CriterionForm(data, prefix=prefix, row=row, use_required_attribute=False, **kwargs)


def received(prefix, data):
    """The row as it was when the page was drawn; what is forged is left out of it."""
    try:
        row = json.loads(data.get(f"{prefix}-raw") or "{}")
    except ValueError:
        row = {}
    editor = data.get(f"{prefix}-editor", "")
    sentence = SENTENCES.get(editor)
    if not isinstance(row, dict) or not isinstance(row.get("kind"), str):
        row = {"kind": (sentence and sentence.kind) or editor or "text"}
    if sentence:
        row = {**row, "kind": sentence.kind or editor, **sentence.fixed}
        params = {param.name: param for param in sentence.params}
        row = {k: v for k, v in row.items() if k not in params or v is None or params[k].fits(v)}
    row = {k: v for k, v in row.items() if k not in WORDS or isinstance(v, str)}
    return {**row, "key": str(row.get("key") or data.get(f"{prefix}-key") or prefix)}
