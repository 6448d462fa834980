"""On the page of a project: the programs that fit, why, and what is missing to know."""

import json
from dataclasses import replace

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crm.decorators import check
from crm.htmx import is_fragment, render_panel
from crm.models import Project
from crm.perms import can_edit
from funding import facts, ranking
from funding.forms.answers import AnswerForm
from funding.matching import matches_of
from funding.models import DeclaredFact

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
    """What both fragments show: matches by verdict, questions, and which empty it is."""
    matches = matches_of(project, request.user)
    live = [match for match in matches if not match.is_excluded]
    wanted = request.GET.get("vue") == "non-eligibles"
    rows = [match for match in matches if match.is_excluded] if wanted else live
    return {
        "project": project,
        "can_edit": can_edit(request.user, project.territory),
        "rows": rows[:SHOWN],
        "others": rows[SHOWN:],
        "live": len(live),
        "eligible": sum(match.is_eligible for match in live),
        "excluded": len(matches) - len(live),
        "shows_excluded": wanted,
        "empty": kind_of_empty(matches, live),
        "closing": closing_soon(live),
        "questions": questions(project, live, refused),
        "answers": given(request, project, matches),
        "applied": set(project.applications.values_list("program_id", flat=True)),
        "rule_version": ranking.RULE_VERSION,
    }


def closing_soon(matches):
    """The nearest closing dates, none that is too far to act upon."""
    near = [
        match for match in matches if match.next_deadline and match.rank.days_left <= CLOSING_DAYS
    ]
    return sorted(near, key=lambda match: match.next_deadline)[:3]


def kind_of_empty(matches, live):
    """Which nothing it is: no catalogue, nothing here, nothing that fits; missing facts are not
    an empty list, they are « à confirmer »."""
    if live:
        return "data_missing" if all(not match.is_eligible for match in live) else ""
    if not matches:
        return "no_program"
    elsewhere = all(any(refusal.group == "lieu" for refusal in match.refusals) for match in matches)
    return "no_program_here" if elsewhere else "none_fits"


def questions(project, live, refused):
    missing = ranking.missing_facts(
        (match.program.pk, match.assessment, match.rank.aid) for match in live
    )
    return {
        "top": [
            {
                "missing": one,
                "form": refused
                if refused and refused.question.fact == one.fact
                else AnswerForm(question=one.question, auto_id=f"q-{number}-%s"),
                "number": number,
            }
            for number, one in enumerate(missing[:QUESTIONS], start=1)
        ],
        "programs": len({pk for one in missing[:QUESTIONS] for pk in one.programs}),
        "more": max(len(missing) - QUESTIONS, 0),
    }


def given(request, project, matches):
    """The answers noted on the project, each with the question that its rule asks."""
    declared = list(DeclaredFact.objects.visible_to(request.user).filter(project=project))
    wanted, asked = {answer.key for answer in declared}, {}
    for match in matches if wanted else []:
        known = match.assessment.facts
        for criterion in match.assessment.rules.criteria:
            for key in wanted.intersection(criterion.used(known)) - asked.keys():
                question = criterion.ask(key, known)
                asked[key] = replace(
                    question, sentence=criterion.custom_question or question.sentence
                )
    return [(answer, asked.get(answer.key), facts.typed(answer.value)) for answer in declared]


@require_POST
def answer(request, pk):
    project = get_project(request, pk)
    check(can_edit, request.user, project.territory)
    asked = {
        one.fact: one.question
        for one in ranking.missing_facts(
            (match.program.pk, match.assessment, match.rank.aid)
            for match in matches_of(project, request.user)
        )
    }
    question = asked.get(request.POST.get("fact", ""))
    if question is None or question.input == "record":
        return after_answer(request, project, "Cette information n’est plus demandée.", status=409)
    form = AnswerForm(request.POST, question=question)
    if not form.is_valid():
        return refuse(request, project, form)
    try:
        with transaction.atomic():
            facts.record(
                project,
                question.fact,
                form.cleaned_data["value"],
                by=request.user,
                today=timezone.localdate(),
            )
    except ValidationError as refusal:
        form.add_error("value", refusal.messages)
        return refuse(request, project, form)
    return after_answer(request, project, "C’est noté : les dispositifs sont recalculés.")


@require_POST
def forget(request, pk):
    declared = get_object_or_404(
        DeclaredFact.objects.visible_to(request.user).select_related("project__territory"),
        pk=pk,
        project__isnull=False,
    )
    check(can_edit, request.user, declared.project.territory)
    declared.delete()
    return after_answer(request, declared.project, "La réponse est retirée.")


def refuse(request, project, form):
    context = panel(request, project, refused=form)
    return render_panel(request, "funding/_question_panel.html", context, status=422)


def after_answer(request, project, message, status=200):
    """htmx gets both panels again; a browser goes back to the project."""
    if not is_fragment(request):
        messages.success(request, message)
        return redirect(f"{reverse('crm:project', args=[project.pk])}#financements")
    context = panel(request, project)
    html = render_to_string("funding/_question_panel.html", context, request)
    context["oob"] = True
    html += render_to_string("funding/_project_panel.html", context, request)
    return HttpResponse(
        html, status=status, headers={"HX-Trigger": json.dumps({"announce": message})}
    )
