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
        "applied": set(Application.objects.of(subject).values_list("program_id", flat=True)),
        "plan": FinancingPlan.objects.of(subject).chosen().first(),
        "rule_version": ranking.RULE_VERSION,
    }


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


def part_of(request, found, of_excluded):
    lines = found.excluded if of_excluded else found.to_study
    size = EXCLUDED_SHOWN if of_excluded else SHOWN
    since = request.GET.get("depuis")
    if since is None:
        count = size if of_excluded else max(size - len(found.retained), LEAST_SHOWN)
        return Part(lines[:count], 0, size, len(lines))
    if not (since.isascii() and since.isdecimal() and len(since) < 7):
        raise BadRequest(f"Début de liste inconnu\u00a0: «\u00a0{since}\u00a0».")
    start = int(since)
    return Part(lines[start : start + size], start, size, len(lines))


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
                question = criterion.ask(key, known)
                asked[key] = replace(
                    question, sentence=criterion.custom_question or question.sentence
                )
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
