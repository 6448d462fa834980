from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.filters import ActionFilter
from actions.forms import PlanForm
from actions.models import Action, ActionPlan, EditConflict, Milestone
from actions.plan_forms import BulkForm
from actions.views.fiches import missed, over
from crm.decorators import allow
from crm.htmx import render_page
from crm.models import LocalPriority
from crm.perms import can_edit

PAGE = 50
# What heads the table: label, what it sorts on, class.
COLUMNS = [
    ("Fiche", "code", "is-pin"),
    ("Action prioritaire", "priority", ""),
    ("Statut", "status", ""),
    ("Météo", "", ""),
    ("Avancement", "progress", "num"),
    ("Budget prévu", "budget_planned", "num"),
    ("Engagé", "", "num"),
    ("Dépensé", "budget_spent", "num"),
    ("Pilote", "pilot", ""),
    ("Suivie par", "", ""),
    ("Début", "starts_on", ""),
    ("Fin", "ends_on", ""),
    ("Prochain jalon", "next_milestone", ""),
    ("Entreprises", "", "num"),
    ("Projets", "", "num"),
]


@require_safe
def plan(request):
    """The sheet: each priority action of the territory with its fiches."""
    current, filterset = filtered(request)
    if not current:
        return no_plan(request)
    actions = filterset.qs.order_by("priority__position", "code", "pk")
    context = summary(request, current, filterset) | {
        "sections": sections(request.territory, actions, is_filtered=is_filtered(filterset))
    }
    return answer(request, "actions/plan.html", "actions/_sheet.html", context)


@require_safe
def action_list(request):
    """The table: the same fiches, in a row each, sorted as one likes."""
    current, filterset = filtered(request)
    if not current:
        return no_plan(request)
    page = Paginator(filterset.qs, PAGE).get_page(request.GET.get("page"))
    context = summary(request, current, filterset) | {
        "page": page,
        "bulk_form": BulkForm(
            territory=request.territory, actions=Action.objects.none(), auto_id="lot_%s"
        ),
        "columns": [heading(*column, request.GET.get("order", "")) for column in COLUMNS],
    }
    return answer(request, "actions/action_list.html", "actions/_table.html", context)


def heading(label, name, css, order):
    """A second click on a head turns the order round."""
    direction = {name: "ascending", f"-{name}": "descending"}.get(order, "") if name else ""
    then = f"-{name}" if direction == "ascending" else name
    return {"label": label, "css": css, "order": then, "direction": direction}


def no_plan(request):
    context = {"can_edit": can_edit(request.user, request.territory)}
    return render(request, "actions/no_plan.html", context)


def filtered(request, query=None):
    """The current plan and its fiches, by the filters of `query` or of the address."""
    plans = ActionPlan.objects.visible_to(request.user).filter(territory=request.territory)
    current = plans.current().first()
    actions = Action.objects.visible_to(request.user).filter(plan=current)
    rows = actions.for_list().with_links(request.user)
    asked = request.GET if query is None else query
    return current, ActionFilter(asked, queryset=rows, request=request)


def summary(request, current, filterset):
    """What both views say above their rows, about exactly the rows they show."""
    late = Milestone.objects.late().filter(action__in=filterset.qs.order_by().values("pk"))
    return {
        "plan": current,
        "filterset": filterset,
        "totals": filterset.qs.totals(),
        "late_milestones": late.count(),
        "query": request.GET.urlencode(),
        "can_edit": can_edit(request.user, request.territory),
    }


def is_filtered(filterset):
    return bool(filterset.tags) or not filterset.is_valid()


def sections(territory, actions, *, is_filtered):
    """Each priority with its fiches and their sums; an empty one only shows without a filter."""
    fiches = {}
    for action in nested(actions):
        fiches.setdefault(action.priority, []).append(action)
    totals = actions.totals_by_priority()
    offered = [] if is_filtered else list(LocalPriority.objects.of(territory))
    every = sorted({*offered, *fiches}, key=lambda priority: (priority.position, priority.label))
    return [(priority, fiches.get(priority, []), totals.get(priority.pk)) for priority in every]


def nested(actions):
    """Each fiche, then its sub-actions; one whose fiche is not here stands on its own."""
    rows = list(actions)
    here, parts = {action.pk for action in rows}, {}
    for action in rows:
        if action.parent_id in here:
            parts.setdefault(action.parent_id, []).append(action)
    whole = [action for action in rows if action.parent_id not in here]
    return [row for action in whole for row in (action, *parts.get(action.pk, []))]


def answer(request, page, fragment, context):
    """A refused filter shows no row and says why, with a 400."""
    status = 200 if context["filterset"].is_valid() else 400
    return render_page(request, page, fragment, context, status=status)


@require_POST
@allow(can_edit)
def plan_new(request):
    ActionPlan.objects.open_for(request.territory)
    messages.success(request, "Le plan d’actions est ouvert : créez sa première fiche.")
    return redirect("actions:plan")


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def plan_edit(request):
    plans = ActionPlan.objects.visible_to(request.user).filter(territory=request.territory)
    current = get_object_or_404(plans.current())
    form = PlanForm(request.POST or None, instance=current)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            now = plans.current().get()
            conflict = missed(now, form.cleaned_data["version"], called="ce plan")
            form = PlanForm(over(request, now), instance=now)
        else:
            messages.success(request, "Le plan est à jour.")
            return redirect("actions:plan")
    status = 409 if conflict else 422 if form.errors else 200
    context = {"form": form, "conflict": conflict}
    return render(request, "actions/plan_form.html", context, status=status)
