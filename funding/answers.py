"""Answers given on the page of a project or of an action: where each is written, taken back and
put back.

An answer lives in a field of the holder, of the site, of the project or of the action, or else in
a DeclaredFact of one of them. What belongs to the holder or to the site is true of all that the
organisation carries, and taking it back concerns it all. The holder of an action is its pilot.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from crm.models import Organisation, Site
from crm.templatetags.french import day, decimal
from funding import action_facts
from funding.eligibility import Judgement, Question
from funding.facts import HOLDER_FACTS, HOLDER_FIELDS, NO_OTHER_FIRM, PROJECT_FIELDS, typed
from funding.models import DeclaredFact
from funding.models.subjects import about, is_action, row_of

NO_PILOT = "Cette réponse concerne le pilote\u00a0: désignez-le d’abord en modifiant la fiche."
BY_LINES = "Ce montant est le total des lignes de budget de la fiche\u00a0: complétez-les."
FIELDS = {*HOLDER_FIELDS, *PROJECT_FIELDS, "site_headcount"}


class AnswerChanged(Exception):
    """What was to be taken back or put back is no longer as it was read."""


@dataclass
class Given:
    """One answer noted on the page; `owner` is what it is about."""

    fact: str
    value: Any
    noted_on: dt.date | None
    owner: models.Model
    question: Question | None = field(default=None)

    @property
    def seen(self):
        """What the page showed: taking it back fails when it is something else by then."""
        return str(self.value)

    @property
    def said(self):
        """The answer as a person says it."""
        asked = self.question.input if self.question else ""
        if isinstance(self.value, Judgement):
            return "Oui" if self.value.is_met else "Non"
        if asked == "date" and isinstance(self.value, bool):
            return "Faite, date inconnue" if self.value else "Pas faite"
        if isinstance(self.value, bool):
            return "Oui" if self.value else "Non"
        if isinstance(self.value, dt.date):
            return day(self.value)
        if isinstance(self.value, (Decimal, int)):
            unit = self.question.unit if self.question else ""
            return f"{decimal(self.value)}\u00a0{unit}" if unit else decimal(self.value)
        return dict(self.question.choices if self.question else ()).get(self.value, self.value)

    @property
    def whose(self):
        """Whom taking it back concerns beside this project; nothing for an answer of its own."""
        if isinstance(self.owner, Organisation):
            return f"Vaut pour tout ce que porte {self.owner}"
        if isinstance(self.owner, Site):
            return f"Vaut pour tout ce que porte cet établissement de {self.owner.organisation}"
        return ""


def given(subject):
    """The answers about a subject, then those about its holder, in a fixed number of queries."""
    declared = DeclaredFact.objects.filter(_about(subject)).select_related("organisation")
    # Said on the page of the size, with the firms that count, and taken back there.
    declared = declared.exclude(key=NO_OTHER_FIRM)
    answers = [
        Given(row.key, typed(row.value), row.observed_on, row.organisation or row_of(subject))
        for row in declared
    ]
    for fact in sorted(FIELDS):
        record, name = place_of(subject, fact)
        known = record.provenance.get(name, {}) if record else {}
        if known.get("answered") and (value := getattr(record, name)) not in (None, ""):
            answers.append(Given(fact, value, _date(known["as_of"]), record))
    return sorted(answers, key=lambda answer: (answer.whose, answer.fact))


@dataclass(frozen=True)
class Said:
    """One judgement on a plain-text condition, or its withdrawal, as the history keeps it."""

    value: Judgement | bool
    by: Any
    on: dt.date
    is_withdrawn: bool
    is_outdated: bool = False  # the text is not the one that was read

    def read_today(self, criterion):
        """The same, saying whether the text of today is the one that was judged."""
        is_read = isinstance(self.value, Judgement) and self.value.text != criterion.digest
        return replace(self, is_outdated=is_read)

    @property
    def is_met(self):
        return self.value.is_met if isinstance(self.value, Judgement) else self.value is True

    @property
    def version(self):
        return self.value.version if isinstance(self.value, Judgement) else None


def judgements(*ids, of="project"):
    """{(project id or action id, fact): what was judged, the latest first}, in one query: it is
    never rewritten, a new judgement or a withdrawal adds a row."""
    rows = (
        DeclaredFact.history.filter(**{f"{of}__in": ids}, key__startswith="judgement:")
        .select_related("by", "history_user")
        .order_by("-history_id")
    )
    said = {}
    for row in rows:
        gone = row.history_type == "-"
        one = Said(
            typed(row.value),
            row.history_user if gone else row.by,
            timezone.localdate(row.history_date) if gone else row.observed_on,
            gone,
        )
        said.setdefault((getattr(row, f"{of}_id"), row.key), []).append(one)
    return said


def place_of(subject, fact):
    """The record and the field that hold a fact; None where a DeclaredFact does, and where the
    record is not known."""
    if fact in HOLDER_FIELDS:
        return subject.holder, fact
    if fact in fields_of(subject):
        return row_of(subject), fields_of(subject)[fact]
    if fact == "site_headcount":
        site = subject.site or (subject.holder and subject.holder.sites.first())
        return site, "headcount"
    return None, fact


def fields_of(subject):
    """{fact: the field of the project, or of the fiche of the action, that tells it}"""
    if is_action(subject):
        return action_facts.FIELDS
    return {name: name for name in PROJECT_FIELDS}


def is_kept(subject, fact):
    """Whether a field holds it: a fiche has fewer fields than a project."""
    return fact in HOLDER_FIELDS or fact == "site_headcount" or fact in fields_of(subject)


def record(subject, fact, value, *, by, today):
    """Write an answer where it belongs. Who answered and the day are kept as its source.

    Raises ValidationError when the record cannot hold it, such as a start after its end."""
    if not is_kept(subject, fact):
        return _declare(subject, fact, value, by=by, today=today)
    target, name = _locked(subject, fact)
    if told_by_lines(target, name):
        raise ValidationError(BY_LINES)
    setattr(target, name, value)
    target.clean_fields(exclude={field.name for field in target._meta.fields} - {name})
    target.validate_constraints()
    target.note_source([name], f"saisi par {by}", today)
    target.provenance[name]["answered"] = True
    return _save(target, name)


def withdraw(subject, fact, seen):
    """Take an answer back, if it still is what the page showed; return the sentence to say."""
    answer = next((row for row in given(subject) if row.fact == fact), None)
    if answer is None or answer.seen != seen:
        raise AnswerChanged("Cette réponse a changé entre-temps\u00a0: rien n’est retiré.")
    if not is_kept(subject, fact):
        DeclaredFact.objects.get(_about(subject), key=fact).delete()
    else:
        target, name = _locked(subject, fact)
        if str(getattr(target, name)) != seen:
            raise AnswerChanged("Cette réponse a changé entre-temps\u00a0: rien n’est retiré.")
        setattr(target, name, target._meta.get_field(name).get_default())
        target.provenance.pop(name, None)
        _save(target, name)
    concerned = f" {answer.whose}." if answer.whose else ""
    return "La réponse est retirée." + concerned.replace("Vaut", "Cela vaut")


def restore(subject, fact):
    """Put back the last answer taken back, as its history tells it, if nobody answered since."""
    gone = AnswerChanged("Il n’y a plus rien à remettre\u00a0: une réponse a été donnée depuis.")
    if not is_kept(subject, fact):
        last = DeclaredFact.history.filter(_about(subject), key=fact).order_by("-history_id")
        if (past := last.first()) is None or past.history_type != "-":
            raise gone
        DeclaredFact.objects.create(
            project_id=past.project_id, organisation_id=past.organisation_id,
            action_id=past.action_id, key=fact, value=past.value, by_id=past.by_id,
            observed_on=past.observed_on,
        )  # fmt: skip
        return
    target, name = _locked(subject, fact)
    if told_by_lines(target, name) or getattr(target, name) not in (None, ""):
        raise gone
    for past in target.history.order_by("-history_id")[:20]:
        if past.provenance.get(name, {}).get("answered"):
            setattr(target, name, getattr(past, name))
            target.provenance[name] = past.provenance[name]
            target.validate_constraints()
            _save(target, name)
            return
    raise gone


def told_by_lines(target, name):
    """Whether the field is a total of the budget lines of a fiche, which they alone change."""
    return name in (getattr(target, "typed_budget", None) or ())


def _about(subject):
    of_subject = models.Q(**about(subject))
    if subject.holder_id is None:
        return of_subject
    return of_subject | models.Q(organisation=subject.holder_id)


def _locked(subject, fact):
    """The record of a field as it is now, held until the end of the transaction."""
    target, name = place_of(subject, fact)
    if target is None and subject.holder is None:
        raise ValidationError(NO_PILOT)
    if target is None:
        raise ValidationError("Aucun établissement n’est connu pour noter cet effectif.")
    return type(target).objects.select_for_update().get(pk=target.pk), name


def _save(target, name):
    # Only what was answered: the rest of what was read may have changed since.
    written = [name, "provenance"]
    if hasattr(target, "updated_at"):
        written.append("updated_at")
    if hasattr(target, "version"):
        target.version += 1  # whoever edits it meanwhile is told
        written.append("version")
    target.save(update_fields=written)
    return target


def _declare(subject, fact, value, *, by, today):
    owner = {"organisation": subject.holder} if fact in HOLDER_FACTS else about(subject)
    if None in owner.values():
        raise ValidationError(NO_PILOT)
    said = {"value": _kept(value), "by": by, "observed_on": today}
    if already := DeclaredFact.objects.filter(key=fact, **owner, **said).first():
        return already  # a form sent twice
    declared, _ = DeclaredFact.objects.update_or_create(key=fact, **owner, defaults=said)
    return declared


def _kept(value):
    """What `funding.facts.typed` reads again."""
    if isinstance(value, Judgement):
        return {"met": value.is_met, "text": value.text, "version": value.version}
    return value if isinstance(value, bool) else str(value)


def _date(text):
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
