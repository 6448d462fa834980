"""Set a program aside for a project or an action, or keep it on the shortlist; each can be
undone."""

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.decorators import check
from crm.perms import can_edit
from crm.query import row_id
from funding.forms.answers import DismissalForm
from funding.models import DecisionChanged, MatchDecision, Program
from funding.views.matches import after_decision
from funding.views.subjects import get_subject

Kind = MatchDecision.Kind
UNKNOWN = "Ce dispositif n’est pas au catalogue\u00a0: rien n’a changé."
STEPS = {"monter": -1, "descendre": 1}


@require_POST
def retain(request, pk, kind):
    subject, program = find(request, kind, pk)
    if program is None:
        return after_decision(request, subject, UNKNOWN, status=422)
    decided = MatchDecision.objects.decide(subject, program, Kind.RETAINED, by=request.user)
    return after_decision(
        request,
        subject,
        f"«\u00a0{program}\u00a0» est retenu.",
        undo=undo_of(decided),
        done=decided,
    )


@require_POST
def dismiss(request, pk, kind):
    subject, program = find(request, kind, pk)
    if program is None:
        return after_decision(request, subject, UNKNOWN, status=422)
    form = DismissalForm(request.POST)
    if not form.is_valid():
        said = " ".join(text for errors in form.errors.values() for text in errors)
        return after_decision(request, subject, said, status=422)
    decided = MatchDecision.objects.decide(
        subject, program, Kind.DISMISSED, by=request.user, **form.cleaned_data
    )
    said = f"«\u00a0{program}\u00a0» est écarté\u00a0: {decided.why.lower()}."
    if decided.reason == MatchDecision.Reason.EXPIRED:
        said += " Il est signalé à qui tient le catalogue."
    return after_decision(request, subject, said, undo=undo_of(decided), done=decided)


@require_POST
def undo(request, pk):
    """Take the decision back, and make the one it replaced count again."""
    decision = get_decision(request, pk)
    return attempt(
        request,
        decision,
        lambda: decision.revoke(request.user, put_back=True),
        f"La décision sur «\u00a0{decision.program}\u00a0» est annulée.",
    )


@require_POST
def revoke(request, pk):
    decision = get_decision(request, pk)
    said = "n’est plus retenu" if decision.is_retained else "revient parmi les dispositifs"
    return attempt(
        request,
        decision,
        lambda: decision.revoke(request.user),
        f"«\u00a0{decision.program}\u00a0» {said}.",
        reverse("funding:decision_renew", args=[pk]),
    )


@require_POST
def renew(request, pk):
    decision = get_decision(request, pk)
    said = decision.get_kind_display().lower()
    return attempt(
        request,
        decision,
        decision.renew,
        f"«\u00a0{decision.program}\u00a0» est de nouveau {said}.",
    )


@require_POST
def move(request, pk, way):
    decision = get_decision(request, pk)
    said = f"«\u00a0{decision.program}\u00a0» est déplacé dans la présélection."
    return attempt(request, decision, lambda: decision.move(STEPS[way]), said)


def attempt(request, decision, act, said, undo=""):
    try:
        act()
    except DecisionChanged as changed:
        return after_decision(request, decision.subject, str(changed), status=409)
    return after_decision(request, decision.subject, said, undo=undo, done=decision)


def find(request, kind, pk):
    """The subject, and the program that was sent or None: it may have left the catalogue."""
    subject = get_subject(request, kind, pk)
    check(can_edit, request.user, subject.territory)
    programs = Program.objects.visible_to(request.user)
    return subject, programs.filter(pk=row_id(request.POST.get("program"))).first()


def get_decision(request, pk):
    decisions = MatchDecision.objects.visible_to(request.user)
    decision = get_object_or_404(
        decisions.select_related(
            *("project__territory", "project__holder", "action__plan__territory", "action__pilot"),
            *("program", "replaces"),
        ),
        pk=pk,
    )
    check(can_edit, request.user, decision.subject.territory)
    return decision


def undo_of(decision):
    return reverse("funding:decision_undo", args=[decision.pk])
