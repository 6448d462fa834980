"""On the page of a project or of an action: the programs that fit, why, what is missing to know."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from actions.models import Action
from crm.decorators import check
from crm.htmx import is_fragment, render_panel
from crm.perms import can_edit
from funding import answers, ranking
from funding.eligibility import Judgement, Question
from funding.forms.answers import AnswerForm
from funding.models import Application, FinancingPlan, MatchDecision
from funding.models.subjects import is_action, kind_of
from funding.portfolio import Informations, found_for, sentence
from funding.views.subjects import address, addresses, get_subject, record_address


class Panel(NamedTuple):
    template: str
    target: str


MATCH_PANEL = Panel("funding/_project_panel.html", "#panel-funding")
QUESTION_PANEL = Panel("funding/_question_panel.html", "#panel-questions")
# A match with its criteria weighs 8 kB: so many are sent at once, the shortlist among them.
SHOWN, LEAST_SHOWN = 10, 5
EXCLUDED_SHOWN = 50
MOST_SHOWN = 200
QUESTIONS = 5
CLOSING_DAYS = 60


@require_safe
def subject_panel(request, pk, kind):
    subject = get_subject(request, kind, pk)
    following = "depuis" in request.GET
    template = "funding/_match_rows.html" if following else "funding/_project_panel.html"
    return render_panel(request, template, panel(request, subject))


@require_safe
def question_panel(request, pk, kind):
    subject = get_subject(request, kind, pk)
    return render_panel(request, "funding/_question_panel.html", panel(request, subject))


def panel(request, subject, refused=None):
    """What both fragments show: matches by decision and verdict, questions, and which empty it
    is."""
    found = found_for(subject, request.user)
    wanted = request.GET.get("vue") == "non-eligibles"
    part = part_of(request, found, wanted)
    here = [line.match.program.pk for line in (*found.retained, *part.rows)]
    return {
        "project": subject,
        "is_action": is_action(subject),
        "over": over(subject),
        # Nothing is offered any more to what is over, unless somebody asks.
        "is_folded": subject.is_over and request.method == "GET" and "vue" not in request.GET,
        "to": addresses(subject),
        "can_edit": can_edit(request.user, subject.territory),
        "retained": found.retained,
        "part": part,
        "rows": part.rows,
        "here": here,
        "dismissed": found.dismissed,
        "reasons": MatchDecision.Reason.choices[:-1],
        "live": len(found.retained) + len(found.to_study),
        "eligible": sum(match.is_eligible for match in found.live),
        "excluded": len(found.excluded),
        "shows_excluded": wanted,
        "empty": found.empty,
        "nearest": found.nearest if found.empty == "none_fits" else [],
        "closing": closing_soon(found.live),
        "questions": questions(found.live, refused),
        "answers": with_questions(answers.given(subject), found.matches),
        "applied": applied(subject),
        "plan": FinancingPlan.objects.of(subject).chosen().first(),
        "rule_version": ranking.RULE_VERSION,
    }


def over(subject):
    """How what is over ended, in a sentence to go on with; nothing of what is under way."""
    if not subject.is_over:
        return ""
    if is_action(subject):
        is_dropped = subject.action.status == Action.Status.DROPPED
        return f"Cette action est {'abandonnée' if is_dropped else 'terminée'}"
    return f"Ce projet est {'clos' if subject.is_closed else 'réalisé'}"


def applied(subject):
    """What the programs that have a file are filed as."""
    files = Application.objects.of(subject).select_related("program")
    return {file.program.filed_as for file in files}


class Part(NamedTuple):
    """Some of the matches, from `start` on; the following ones are sent when they are asked for."""

    rows: list
    start: int
    size: int
    total: int

    @property
    def first(self):
        return self.start + 1

    @property
    def last(self):
        return self.start + len(self.rows)

    @property
    def left(self):
        return self.total - self.last

    @property
    def following(self):
        return min(self.left, self.size)

    @property
    def reached(self):
        """How many are shown once the following ones are."""
        return self.last + self.following


def part_of(request, found, of_excluded):
    lines = found.excluded if of_excluded else found.to_study
    size = EXCLUDED_SHOWN if of_excluded else SHOWN
    start = place_in(request, "depuis")
    if start is None:
        count = size if of_excluded else max(size - len(found.retained), LEAST_SHOWN)
        # Whoever comes back finds again the lines that were asked for.
        count = max(count, min(place_in(request, "jusqua") or 0, MOST_SHOWN))
        return Part(lines[:count], 0, size, len(lines))
    return Part(lines[start : start + size], start, size, len(lines))


def place_in(request, name):
    """The place in the list that the address says; None when it says none."""
    said = request.GET.get(name)
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) < 7):
        raise BadRequest(f"Début de liste inconnu\u00a0: «\u00a0{said}\u00a0».")
    return int(said)


def closing_soon(matches):
    """The nearest closing dates, none that is too far to act upon."""
    near = [
        match for match in matches if match.next_deadline and match.rank.days_left <= CLOSING_DAYS
    ]
    return sorted(near, key=lambda match: match.next_deadline)[:3]


def questions(matches, refused):
    """The questions to ask first, and how many programs their answers settle together."""
    informations = Informations.of(matches)
    shown = informations.first(QUESTIONS)
    return {
        "top": [card(one, number, refused=refused) for number, one in enumerate(shown, start=1)],
        "settled": informations.settled(shown),
        "more": max(len(informations.missing) - len(shown), 0),
    }


def card(asked, number, *, route="answer", words="dispositif,dispositifs", refused=None):
    """A question with its form; `number` tells it apart on the page."""
    form = refused
    if refused is None or refused.question.fact != asked.fact:
        form = AnswerForm(question=asked.question, auto_id=f"q-{number}-%s")
    return {
        "one": asked,
        "gain": sentence(asked, words),
        "form": form,
        "number": number,
        "url": address(asked.subject, route),
        "record_url": record_address(asked),
    }


def with_questions(given, matches):
    """The answers noted, each with the question that a rule asks today."""
    wanted, asked = {answer.fact for answer in given}, {}
    for match in matches if wanted else []:
        known = match.assessment.facts
        for criterion in match.assessment.rules.criteria:
            for key in wanted.intersection(criterion.used(known)) - asked.keys():
                asked[key] = criterion.asked(key, known)
    for answer in given:
        answer.question = asked.get(answer.fact)
    return given


@require_POST
def answer(request, pk, kind):
    subject = get_subject(request, kind, pk)
    check(can_edit, request.user, subject.territory)
    form, said = note(request, subject)
    if said:
        return after_answer(request, subject, said, status=409)
    if form.errors:
        return refuse(request, subject, form)
    return after_answer(
        request, again(request, subject), "C’est noté\u00a0: les dispositifs sont recalculés."
    )


def note(request, subject):
    """Write the answer that was sent: (its form, maybe refused, else None, why nothing was)."""
    matches = found_for(subject, request.user).matches
    asked = {one.fact: one for one in Informations.of(matches).asked_each}
    judged = judgeable(matches)
    fact = request.POST.get("fact", "")
    source = asked.get(fact) or judged.get(fact)
    if source is None or source.question.input == "record":
        return None, "Cette information n’est plus demandée."
    if fact in asked and asked[fact].waits_for_a_pilot:
        return None, answers.NO_PILOT
    question = source.question
    form = AnswerForm(request.POST, question=question)
    if form.is_valid():
        value = form.cleaned_data["value"]
        if fact in judged:
            read = request.POST.get("text")
            if read and read != judged[fact].text:
                return None, "Le texte de ce critère a changé entre-temps\u00a0: relisez-le."
            value = replace(judged[fact].judgement, is_met=value)
        try:
            with transaction.atomic():
                answers.record(subject, fact, value, by=request.user, today=timezone.localdate())
        except ValidationError as refusal:
            form.add_error("value", refusal.messages)
    return form, ""


@dataclass(frozen=True)
class Judgeable:
    """A plain-text condition that a person may judge, again or for the first time."""

    question: Question
    judgement: Judgement

    @property
    def text(self):
        return self.judgement.text


def judgeable(matches):
    """{fact: the condition as it reads today}"""
    return {
        criterion.fact: Judgeable(
            criterion.ask(criterion.fact, {}),
            Judgement(False, criterion.digest, match.program.version),
        )
        for match in matches
        for criterion in match.assessment.rules.criteria
        if criterion.kind == "text" and not criterion.is_uncertain
    }


@require_POST
def forget(request, pk, kind):
    subject = get_subject(request, kind, pk)
    check(can_edit, request.user, subject.territory)
    fact = request.POST.get("fact", "")
    try:
        with transaction.atomic():
            said = answers.withdraw(subject, fact, request.POST.get("seen", ""))
    except answers.AnswerChanged as changed:
        return after_answer(request, subject, str(changed), status=409)
    undo = address(subject, "restore", fact)
    return after_answer(request, again(request, subject), said, undo=undo)


@require_POST
def restore(request, pk, fact, kind):
    subject = get_subject(request, kind, pk)
    check(can_edit, request.user, subject.territory)
    try:
        with transaction.atomic():
            answers.restore(subject, fact)
    except (answers.AnswerChanged, ValidationError) as refusal:
        said = " ".join(getattr(refusal, "messages", [str(refusal)]))
        return after_answer(request, subject, said, status=409)
    return after_answer(request, again(request, subject), "La réponse est remise.")


def again(request, subject):
    """The same, read again after a write."""
    return get_subject(request, kind_of(subject), subject.pk)


def refuse(request, subject, form):
    context = panel(request, subject, refused=form)
    return render_panel(request, "funding/_question_panel.html", context, status=422)


def after_answer(request, subject, message, *, status=200, undo=""):
    """htmx gets both panels again, the questions first; a browser goes back to the page."""
    return after(request, subject, message, QUESTION_PANEL, status=status, undo=undo)


def after_decision(request, subject, message, *, status=200, undo="", done=None):
    """The same, the programs first, where the focus stays."""
    return after(request, subject, message, MATCH_PANEL, status=status, undo=undo, done=done)


def after(request, subject, message, first, *, status, undo, done=None):
    if not is_fragment(request):
        level = messages.SUCCESS if status == 200 else messages.WARNING
        messages.add_message(request, level, message, extra_tags=undo)
        return redirect(f"{subject.get_absolute_url()}#financements")
    said = {"said": message, "undo": undo, "refused": status != 200, "target": first.target}
    context = panel(request, subject) | said | {"done": done}
    html = render_to_string(first.template, context, request)
    context["oob"] = True
    [other] = {MATCH_PANEL, QUESTION_PANEL} - {first}
    html += render_to_string(other.template, context, request)
    html += render_to_string("funding/_answer_said.html", context, request)
    response = HttpResponse(html, status=status)
    return trigger_client_event(response, "announce", {"value": message})
