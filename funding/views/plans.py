"""Financing plans of a project or of a collective action: the page, its scenarios, the panel."""

import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.models import Action, EditConflict
from crm.decorators import check
from crm.htmx import render_page, render_panel
from crm.models import Project
from crm.perms import can_edit
from crm.query import row_id
from funding.forms.plans import PlanForm, ScenarioForm
from funding.models import Application, CostLine, FinancingPlan, SourceLine
from funding.plan_facts import PlanReader, compared
from funding.plan_filters import PlanFilter
from funding.portfolio import found_for

PER_PAGE = 50
FIRST = "Plan de base"
SAME_GESTURE = datetime.timedelta(seconds=5)


@require_safe
def plan_list(request):
    filterset = filtered(request)
    page = Paginator(filterset.qs, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "filterset": filterset,
        "page": page,
        "rows": sums_of(page.object_list, request.user),
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(
        request, "funding/plan_list.html", "funding/_plan_rows.html", context, status
    )


def filtered(request):
    """The chosen plans of the territory as the address filters them."""
    plans = (
        FinancingPlan.objects.visible_to(request.user)
        .in_territory(request.territory)
        .chosen()
        .with_lines()
        .order_by("-updated_at", "-pk")
    )
    return PlanFilter(request.GET, queryset=plans, request=request)


def sums_of(plans, viewer):
    """What a list says of each plan, in order."""
    return [PlanReader(plan.subject, viewer).sums(plan) for plan in plans]


@require_safe
def plan_panel(request, pk):
    return panel(request, get_project(request, pk))


@require_safe
def action_plan_panel(request, pk):
    return panel(request, get_action(request, pk))


def panel(request, subject):
    """The chosen plan in brief; for the page of a file, its sources with the line of that file."""
    scenarios = PlanReader(subject, request.user).scenarios
    reading = next(iter(scenarios), None)
    files = Application.objects.visible_to(request.user).of(subject)
    file = files.filter(pk=row_id(request.GET.get("dossier"))).first()
    context = {
        "subject": subject,
        "project": subject,
        "is_action": isinstance(subject, Action),
        "scenarios": scenarios,
        "reading": reading,
        "file": file,
        "mine": reading.plan.lines_of(file) if reading and file else [],
        "can_edit": can_edit(request.user, territory_of(subject)),
    }
    return render_panel(request, "funding/_plan_panel.html", context)


def get_project(request, pk):
    projects = Project.objects.visible_to(request.user).select_related("territory", "holder")
    return get_object_or_404(projects, pk=pk)


def get_action(request, pk):
    actions = Action.objects.visible_to(request.user).select_related("plan__territory", "pilot")
    return get_object_or_404(actions, pk=pk)


def territory_of(subject):
    return subject.plan.territory if isinstance(subject, Action) else subject.territory


def get_plan(request, pk, *, to_edit=False):
    plan = get_object_or_404(FinancingPlan.objects.visible_to(request.user).with_lines(), pk=pk)
    if to_edit:
        check(can_edit, request.user, plan.territory)
    return plan


@require_http_methods(["GET", "POST"])
def plan_new(request, pk):
    project = get_project(request, pk)
    return begin(request, FinancingPlan(project=project))


@require_http_methods(["GET", "POST"])
def action_plan_new(request, pk):
    action = get_action(request, pk)
    return begin(request, FinancingPlan(action=action))


def begin(request, plan):
    """The first scenario of a subject is the chosen one; the others wait to be."""
    check(can_edit, request.user, plan.territory)
    form = PlanForm(request.POST or None, instance=plan, initial={"name": FIRST})
    if request.method == "POST" and form.is_valid():
        plan.created_by = request.user
        with transaction.atomic():
            type(plan.subject).objects.select_for_update().get(pk=plan.subject.pk)
            saved = form.save()
            if not saved.siblings.chosen().exists():
                saved.choose()
        messages.success(request, f"Le scénario « {saved} » est ouvert.")
        return redirect(saved)
    return render_form(request, form, plan, "Nouveau plan de financement", "Ouvrir le plan")


def render_form(request, form, plan, title, verb, *, conflict=False):
    context = {"form": form, "plan": plan, "title": title, "verb": verb, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "funding/plan_form.html", context, status=status)


@require_safe
def plan(request, pk):
    found = get_plan(request, pk)
    return render(request, "funding/plan.html", page(request, found))


def page(request, found):
    """What the page and the fragments of an edit show."""
    scenarios = PlanReader(found.subject, request.user).scenarios
    reading = next(one for one in scenarios if one.plan.pk == found.pk)
    return {
        "plan": reading.plan,
        "subject": found.subject,
        "reading": reading,
        "scenarios": scenarios,
        "compared": compared(scenarios),
        "can_edit": can_edit(request.user, found.territory),
        "author": found.history.select_related("history_user").first(),
    }


@require_http_methods(["GET", "POST"])
def plan_edit(request, pk):
    found = get_plan(request, pk, to_edit=True)
    form = PlanForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        try:
            form.save_over()
        except EditConflict:
            return again(request, form, found)
        except ValidationError:  # fourteen digits with VAT
            form.add_error("vat_basis", "Un montant converti serait trop grand.")
            return render_form(request, form, found, "Modifier le plan", "Enregistrer")
        messages.success(request, said_of_basis(form, found))
        return redirect(found)
    return render_form(request, form, found, "Modifier le plan", "Enregistrer")


def said_of_basis(form, found):
    """What became of the amounts, and whether going back gives the same cents."""
    now = found.get_vat_basis_display()
    if not form.changes_basis:
        return "Le plan est à jour."
    if not form.converts:
        return f"Le plan est {now}\u00a0: les montants n’ont pas été convertis."
    before = next(label for label in found.VatBasis.labels if label != now)
    if form.off_by_a_cent:
        named = ", ".join(f"«\u00a0{line}\u00a0»" for line in form.off_by_a_cent)
        back = f"revenir en {before} changerait d’un centime {named}"
    else:
        back = f"revenir en {before} rendra les mêmes centimes"
    return (
        f"Les dépenses sont converties en {now}, pas les ressources ni leurs assiettes\u00a0: "
        f"vérifiez l’équilibre. {back[:1].upper()}{back[1:]}."
    )


def again(request, form, found):
    """What was typed stays, with the version that stands now."""
    latest = type(found).objects.get(pk=found.pk)
    form.data = form.data.copy()
    form.data["version"] = latest.version
    return render_form(request, form, found, "Modifier le plan", "Enregistrer", conflict=True)


@require_http_methods(["GET", "POST"])
def plan_duplicate(request, pk):
    found = get_plan(request, pk, to_edit=True)
    form = ScenarioForm(request.POST or None, plan=found)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        if twin := found.siblings.filter(name__iexact=name).first():
            messages.success(request, f"Le scénario « {twin} » existe : le voici.")
            return redirect(twin)
        refused = {source.pk for source in form.cleaned_data["refused"]}
        copy = found.duplicate(name, by=request.user, refused=refused)
        messages.success(
            request,
            f"Le scénario « {copy} » est ouvert.",
            extra_tags=reverse("funding:plan_remove", args=[copy.pk]),
        )
        return redirect(copy)
    return render_form(request, form, found, "Nouveau scénario", "Ouvrir le scénario")


@require_POST
def plan_choose(request, pk):
    found = get_plan(request, pk, to_edit=True)
    before = found.choose()
    undo = reverse("funding:plan_choose", args=[before.pk]) if before else ""
    messages.success(request, f"« {found} » est le scénario choisi.", extra_tags=undo)
    return redirect(found)


@require_POST
def plan_remove(request, pk):
    found = get_plan(request, pk, to_edit=True)
    subject = found.subject
    trace = found.remove()
    messages.success(
        request,
        f"Le scénario « {found} » est retiré.",
        extra_tags=reverse("funding:plan_restore", args=[trace.pk]),
    )
    left = FinancingPlan.objects.of(subject).order_by("-is_chosen", "pk").first()
    return redirect(left or subject)


@require_POST
def plan_restore(request, pk):
    """Put a scenario back with the lines that went with it."""
    trace = get_object_or_404(FinancingPlan.history.filter(history_type="-"), pk=pk)
    subject = (
        get_project(request, trace.project_id)
        if trace.project_id
        else get_action(request, trace.action_id)
    )
    check(can_edit, request.user, territory_of(subject))
    # Another scenario may have been chosen meanwhile: it stays so.
    if FinancingPlan.objects.of(subject).chosen().exists():
        trace.is_chosen = False
    found = FinancingPlan.restore(trace)
    for model in (CostLine, SourceLine):
        restore_lines(model, found, trace)
    messages.success(request, f"Le scénario « {found} » est rétabli.")
    return redirect(found)


def restore_lines(model, plan, trace):
    """The lines removed by the same gesture, and not those taken out one by one before."""
    gone = model.history.filter(
        plan=plan.pk, history_type="-", history_date__gte=trace.history_date - SAME_GESTURE
    )
    for line in gone:
        model.restore(line)


@require_safe
def plan_programs(request, pk):
    """The programs that may fund the project or the action, to add one as a source."""
    found = get_plan(request, pk, to_edit=True)
    taken = {source.program_id for source in found.sources.all()}
    live = found_for(found.subject, request.user).live
    context = {
        "plan": found,
        "subject": found.subject,
        "matches": [match for match in live if match.program.pk not in taken],
        "taken": len([match for match in live if match.program.pk in taken]),
    }
    return render(request, "funding/plan_programs.html", context)
