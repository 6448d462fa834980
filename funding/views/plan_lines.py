"""The lines of a financing plan: added, edited in the grid or on a page, removed and put back."""

import json

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from actions.models import EditConflict
from crm.decorators import check
from crm.htmx import is_fragment
from crm.perms import can_edit
from crm.query import row_id
from crm.templatetags.french import amount, euros
from funding.catalogue import rules_of
from funding.forms.plans import (
    CostAmountForm,
    CostForm,
    SourceAmountForm,
    SourceForm,
    files_of,
)
from funding.models import AidScheme, CostLine, Program, SourceLine
from funding.plan_facts import proposed_source
from funding.views.plans import get_plan, page

KINDS = {"depense": CostLine, "ressource": SourceLine}
CELLS = {"depense": CostAmountForm, "ressource": SourceAmountForm}
WORDS = {"depense": "La dépense", "ressource": "La ressource"}


def model_of(kind):
    if kind not in KINDS:
        raise Http404
    return KINDS[kind]


def get_line(request, kind, pk):
    lines = model_of(kind).objects.visible_to(request.user).for_edit()
    line = get_object_or_404(lines, pk=pk)
    check(can_edit, request.user, line.plan.territory)
    return line


def line_form(request, kind, line, plan, initial=None):
    data = request.POST or None
    if kind == "depense":
        return CostForm(data, instance=line, initial=initial)
    return SourceForm(data, instance=line, initial=initial, viewer=request.user, plan=plan)


@require_http_methods(["GET", "POST"])
def line_new(request, pk, kind):
    plan = get_plan(request, pk, to_edit=True)
    form = line_form(request, kind, model_of(kind)(plan=plan), plan, proposed(request, kind, plan))
    if request.method == "POST" and form.is_valid():
        line = form.save()
        plan.touch()
        messages.success(
            request,
            f"{WORDS[kind]} « {line} » est ajoutée.",
            extra_tags=reverse("funding:line_remove", args=[kind, line.pk]),
        )
        return redirect(f"{plan.get_absolute_url()}#{kind}-{line.pk}")
    return render_line(request, form, plan, kind)


def proposed(request, kind, plan):
    """From a match: what the program, its file and the plan let one write already."""
    asked = row_id(request.GET.get("dispositif"))
    program = Program.objects.visible_to(request.user).for_list().filter(pk=asked).first()
    if kind != "ressource" or program is None:
        return None
    file = files_of(plan, request.user).filter(program=program).order_by("-pk").first()
    deadline = rules_of(program).window.next_deadline(timezone.localdate())
    return proposed_source(plan, program, file, deadline, list(AidScheme.objects.all()))


def render_line(request, form, plan, kind, *, conflict=False):
    context = {"form": form, "plan": plan, "kind": kind, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "funding/plan_line.html", context, status=status)


@require_http_methods(["GET", "POST"])
def line_edit(request, kind, pk):
    line = get_line(request, kind, pk)
    form = line_form(request, kind, line, line.plan)
    if request.method == "POST" and form.is_valid():
        try:
            form.save_over()
        except EditConflict:
            form.data = form.data.copy()
            form.data["version"] = model_of(kind).objects.get(pk=pk).version
            return render_line(request, form, line.plan, kind, conflict=True)
        line.plan.touch()
        messages.success(request, f"{WORDS[kind]} « {line} » est à jour.")
        return redirect(f"{line.plan.get_absolute_url()}#{kind}-{line.pk}")
    return render_line(request, form, line.plan, kind)


@require_POST
def line_amount(request, kind, pk):
    """One cell: htmx gets the cell, the balance and the checks; a browser, the page again."""
    line = get_line(request, kind, pk)
    form = CELLS[kind](request.POST, instance=line)
    status, refusal = 200, ""
    if not form.is_valid():
        status, refusal = 422, " ".join(m for errors in form.errors.values() for m in errors)
    else:
        try:
            form.save_over()
            line.plan.touch()
        except EditConflict:
            stands = model_of(kind).objects.get(pk=pk)
            status, line.version = 409, stands.version
            refusal = (
                f"Quelqu’un a noté {euros(stands.amount) or 'un montant à confirmer'} entre-temps. "
                "Validez de nouveau pour le remplacer."
            )
    return after_amount(request, kind, line, status, refusal)


def after_amount(request, kind, line, status, refusal):
    context = page(request, line.plan) | {
        "kind": kind,
        "line": line,
        "refusal": refusal,
        "typed": request.POST.get("amount", "") if refusal else None,
        "oob": True,
    }
    if is_fragment(request):
        response = render(request, "funding/_plan_edited.html", context, status=status)
        response.headers["HX-Trigger"] = json.dumps({"announce": said(context["reading"])})
        return response
    if not refusal:
        return redirect(f"{line.plan.get_absolute_url()}#{kind}-{line.pk}")
    return render(request, "funding/plan.html", context | {"oob": False}, status=status)


def said(reading):
    """The balance in a sentence, for those who do not see the bar."""
    balance = reading.balance
    if balance.is_balanced:
        return f"Plan équilibré à {euros(balance.uses)}."
    if balance.gap is None:
        return f"Équilibre à confirmer : {balance.unknown} montants inconnus."
    word = "Il manque" if balance.gap < 0 else "Excédent de"
    return f"{word} {amount(abs(balance.gap))}."


@require_POST
def line_remove(request, kind, pk):
    line = get_line(request, kind, pk)
    plan, trace = line.plan, line.remove()
    plan.touch()
    messages.success(
        request,
        f"{WORDS[kind]} « {line} » est retirée.",
        extra_tags=reverse("funding:line_restore", args=[kind, trace.pk]),
    )
    return redirect(plan)


@require_POST
def line_restore(request, kind, pk):
    model = model_of(kind)
    trace = get_object_or_404(model.history.filter(history_type="-"), pk=pk)
    plan = get_plan(request, trace.plan_id, to_edit=True)
    line = model.restore(trace)
    plan.touch()
    messages.success(request, f"{WORDS[kind]} « {line} » est rétablie.")
    return redirect(f"{plan.get_absolute_url()}#{kind}-{line.pk}")
