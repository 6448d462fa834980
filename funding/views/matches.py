"""On the page of a project: the programs that fit, why, and what is missing to know."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from crm.decorators import check
from crm.htmx import is_fragment, render_panel
from crm.models import Project
from crm.perms import can_edit
from funding import answers, ranking
from funding.eligibility import Judgement, Question
from funding.forms.answers import AnswerForm
from funding.matching import matches_of
from funding.models import FinancingPlan, MatchDecision
from funding.portfolio import Informations, Sorted, sentence


class Panel(NamedTuple):
    template: str
    target: str


PROJECT_PANEL = Panel("funding/_project_panel.html", "#panel-funding")
QUESTION_PANEL = Panel("funding/_question_panel.html", "#panel-questions")
SHOWN = 8
QUESTIONS = 5
CLOSING_DAYS = 60


@require_safe
def project_panel(request, pk):
    project = get_project(request, pk)
    return render_panel(request, "funding/_project_panel.html", panel(request, project))


@require_safe
def question_panel(request, pk):
    project = get_project(request, pk)
    return render_panel(request, "funding/_question_panel.html", panel(request, project))


def get_project(request, pk):
    projects = Project.objects.visible_to(request.user).select_related("territory", "holder")
    return get_object_or_404(projects, pk=pk)


def panel(request, project, refused=None):
    """What both fragments show: matches by decision and verdict, questions, and which empty it
    is."""
    matches = matches_of(project, request.user)
    found = Sorted(project, matches)
    wanted = request.GET.get("vue") == "non-eligibles"
    rows = found.excluded if wanted else found.to_study
    return {
        "project": project,
        "can_edit": can_edit(request.user, project.territory),
        "retained": found.retained,
        "rows": rows[:SHOWN],
        "others": rows[SHOWN:],
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
        "answers": with_questions(answers.given(project), matches),
        "applied": set(project.applications.values_list("program_id", flat=True)),
        "plan": FinancingPlan.objects.of(project).chosen().first(),
        "rule_version": ranking.RULE_VERSION,
    }


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
        "top": [
            {
                "one": one,
                "gain": sentence(one),
                "form": refused
                if refused and refused.question.fact == one.fact
                else AnswerForm(question=one.question, auto_id=f"q-{number}-%s"),
                "number": number,
            }
            for number, one in enumerate(shown, start=1)
        ],
        "settled": informations.settled(shown),
        "more": max(len(informations.missing) - len(shown), 0),
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
def answer(request, pk):
    project = get_project(request, pk)
    check(can_edit, request.user, project.territory)
    form, said = note(request, project)
    if said:
        return after_answer(request, project, said, status=409)
    if form.errors:
        return refuse(request, project, form)
    return after_answer(request, project, "C’est noté\u00a0: les dispositifs sont recalculés.")


def note(request, project):
    """Write the answer that was sent: (its form, maybe refused, else None, why nothing was)."""
    matches = matches_of(project, request.user)
    asked = {one.fact: one.question for one in Informations.of(matches).asked_each}
    judged = judgeable(matches)
    fact = request.POST.get("fact", "")
    question = asked.get(fact) or (judged[fact].question if fact in judged else None)
    if question is None or question.input == "record":
        return None, "Cette information n’est plus demandée."
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
                answers.record(project, fact, value, by=request.user, today=timezone.localdate())
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
def forget(request, pk):
    project = get_project(request, pk)
    check(can_edit, request.user, project.territory)
    fact = request.POST.get("fact", "")
    try:
        with transaction.atomic():
            said = answers.withdraw(project, fact, request.POST.get("seen", ""))
    except answers.AnswerChanged as changed:
        return after_answer(request, project, str(changed), status=409)
    undo = reverse("funding:restore", args=[pk, fact])
    return after_answer(request, get_project(request, pk), said, undo=undo)


@require_POST
def restore(request, pk, fact):
    project = get_project(request, pk)
    check(can_edit, request.user, project.territory)
    try:
        with transaction.atomic():
            answers.restore(project, fact)
    except (answers.AnswerChanged, ValidationError) as refusal:
        said = " ".join(getattr(refusal, "messages", [str(refusal)]))
        return after_answer(request, project, said, status=409)
    return after_answer(request, get_project(request, pk), "La réponse est remise.")


def refuse(request, project, form):
    context = panel(request, project, refused=form)
    return render_panel(request, "funding/_question_panel.html", context, status=422)


def after_answer(request, project, message, *, status=200, undo=""):
    """htmx gets both panels again, the questions first; a browser goes back to the project."""
    return after(request, project, message, QUESTION_PANEL, status=status, undo=undo)


def after_decision(request, project, message, *, status=200, undo="", done=None):
    """The same, the programs first, where the focus stays."""
    return after(request, project, message, PROJECT_PANEL, status=status, undo=undo, done=done)


def after(request, project, message, first, *, status, undo, done=None):
    if not is_fragment(request):
        level = messages.SUCCESS if status == 200 else messages.WARNING
        messages.add_message(request, level, message, extra_tags=undo)
        return redirect(f"{reverse('crm:project', args=[project.pk])}#financements")
    said = {"said": message, "undo": undo, "refused": status != 200, "target": first.target}
    context = panel(request, project) | said | {"done": done}
    html = render_to_string(first.template, context, request)
    context["oob"] = True
    [other] = {PROJECT_PANEL, QUESTION_PANEL} - {first}
    html += render_to_string(other.template, context, request)
    html += render_to_string("funding/_answer_said.html", context, request)
    response = HttpResponse(html, status=status)
    return trigger_client_event(response, "announce", {"value": message})
