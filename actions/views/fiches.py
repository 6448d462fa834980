from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from actions import changes, charts, indicators
from actions.forms import ActionForm, IndicatorValueForm, MilestoneForm
from actions.models import Action, ActionPlan, AgendaItem, EditConflict
from actions.views import removal
from crm.decorators import allow, check
from crm.models import LocalPriority
from crm.perms import can_edit


@require_safe
def action(request, pk):
    action = get_object_or_404(readable(request), pk=pk)
    may_edit = can_edit(request.user, action.plan.territory)
    points = AgendaItem.objects.visible_to(request.user)
    context = {
        "action": action,
        "themes": action.themes.all(),
        "milestones": action.milestones.all(),
        "indicators": [follow(indicator) for indicator in action.indicators.all()],
        "partners": action.partners.all(),
        "organisations": action.organisations.all(),
        "projects": action.projects.visible_to(request.user).select_related("holder", "stage"),
        "points": points.filter(action=action).for_list(request.user),
        "log": changes.recent(action.history),
        "can_edit": may_edit,
        "removed": removal.of_action(action) if may_edit else [],
        "milestone_form": MilestoneForm(auto_id="jalon_%s"),
    }
    return render(request, "actions/action.html", context)


def readable(request):
    """The fiches the person may read, with all that their page displays."""
    fiches = Action.objects.visible_to(request.user).for_list()
    return fiches.prefetch_related("epcis", "milestones", "indicators__values__by")


def follow(indicator):
    """An indicator as its panel shows it: last value, distance to the target, chart, form."""
    goal = indicators.Goal(
        indicator.baseline,
        indicator.target,
        indicator.direction,
        indicator.baseline_on,
        indicator.target_on,
    )
    values = list(indicator.values.all())
    # Of two values of the same day, the later one corrects the first.
    kept = {value.observed_on: value for value in values}
    latest = indicator.latest
    value, on = (latest.value, latest.observed_on) if latest else (None, None)
    return {
        "indicator": indicator,
        "values": [(row, kept[row.observed_on] is row) for row in values],
        "latest": latest,
        "percent": indicators.percent(indicators.progress(goal, value)),
        "standing": indicators.standing(goal, value, on),
        "chart": charts.draw(goal, [(day, row.value) for day, row in kept.items()]),
        "form": IndicatorValueForm(auto_id=f"valeur{indicator.pk}_%s"),
    }


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def action_new(request):
    """A new fiche of the current plan, which is opened with its first fiche."""
    priorities = LocalPriority.objects.of(request.territory)
    plans = ActionPlan.objects.visible_to(request.user)
    plan = plans.filter(territory=request.territory).current().first()
    if request.method == "GET" and not plan:
        return redirect("actions:plan")
    plan = plan or ActionPlan.objects.open_for(request.territory)
    wanted = priorities.filter(pk=request.GET.get("priorite", "")).first()
    form = ActionForm(
        request.POST or None,
        instance=Action(plan=plan),
        initial={"priority": wanted and wanted.pk, "owner": request.user.pk},
        viewer=request.user,
    )
    if request.method == "POST" and form.is_valid() and form.save_once():
        messages.success(request, f"La fiche {form.instance.code} est créée.")
        return redirect(form.instance)
    context = {"form": form, "action": None, "was": "", "conflict": None}
    return render(request, "actions/action_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def action_edit(request, pk):
    action = get_object_or_404(readable(request), pk=pk)
    check(can_edit, request.user, action.plan.territory)
    was = f"{action.code} · {action.title}"
    form = ActionForm(request.POST or None, instance=action, viewer=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            if form.save_once():
                messages.success(request, f"La fiche {action.code} est à jour.")
                return redirect(action)
        except EditConflict:
            return conflict(request, pk, read=form.cleaned_data["version"])
    context = {"form": form, "action": action, "was": was, "conflict": None}
    return render(request, "actions/action_form.html", context, status=422 if form.errors else 200)


def over(request, row):
    """What was typed, kept, to be saved over `row` as it is now."""
    typed = request.POST.copy()
    typed["version"] = row.version
    return typed


def missed(row, read, *, called):
    """Who changed what in `row` since the version that was read."""
    saves = min(max(row.version - (read or 0), 1), 10)
    return {"log": changes.recent(row.history, saves), "called": called}


def conflict(request, pk, *, read):
    """Say who changed what in the meantime; saving again, knowingly, replaces it."""
    action = get_object_or_404(readable(request), pk=pk)
    context = {
        "form": ActionForm(over(request, action), instance=action, viewer=request.user),
        "action": action,
        "was": f"{action.code} · {action.title}",
        "conflict": missed(action, read, called="cette fiche"),
    }
    return render(request, "actions/action_form.html", context, status=409)
