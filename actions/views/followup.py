"""Milestones and indicators: what says whether a fiche moves."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from actions.following import Today
from actions.indicator_forms import IndicatorTargetForm, IndicatorValueForm
from actions.models import (
    Action,
    EditConflict,
    Indicator,
    IndicatorTarget,
    IndicatorValue,
    Milestone,
)
from actions.views.fiches import missed, over
from crm.decorators import check
from crm.perms import can_edit
from crm.templatetags.french import decimal


def editable_action(request, pk):
    actions = Action.objects.visible_to(request.user).select_related("plan__territory")
    action = get_object_or_404(actions, pk=pk)
    check(can_edit, request.user, action.plan.territory)
    return action


def editable(request, rows, pk):
    """A milestone or an indicator of a fiche that the person may edit."""
    rows = rows.visible_to(request.user).select_related("action__plan__territory")
    row = get_object_or_404(rows, pk=pk)
    check(can_edit, request.user, row.action.plan.territory)
    return row


def form_page(request, action, form, title, submit="Enregistrer", conflict=None):
    context = {
        "action": action,
        "form": form,
        "title": title,
        "submit": submit,
        "conflict": conflict,
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "actions/part_form.html", context, status=status)


@require_POST
def milestone_done(request, pk):
    milestone = editable(request, Milestone.objects, pk)
    if milestone.mark_reached():
        milestone.action.touch()
        undo = reverse("actions:milestone_reopen", args=[pk])
        messages.success(request, f"Jalon atteint : {milestone}.", extra_tags=undo)
    return redirect(milestone.action)


@require_POST
def milestone_reopen(request, pk):
    milestone = editable(request, Milestone.objects, pk)
    if milestone.reopen():
        milestone.action.touch()
        messages.success(request, f"Le jalon « {milestone} » est de nouveau à atteindre.")
    return redirect(milestone.action)


@require_http_methods(["GET", "POST"])
def indicator_value_new(request, pk):
    indicator = editable(request, Indicator.objects, pk)
    value = IndicatorValue(indicator=indicator, by=request.user)
    form = IndicatorValueForm(request.POST or None, instance=value)
    if request.method == "POST" and form.is_valid():
        form.save()
        indicator.action.touch()
        messages.success(request, f"La valeur de « {indicator} » est notée.")
        return redirect(home(indicator))
    return form_page(request, indicator.action, form, f"Noter une valeur : {indicator}")


@require_POST
def indicator_freeze(request, pk):
    """Keep today’s figure of the data as a dated value, with how many rows were behind it."""
    indicator = editable(request, Indicator.objects, pk)
    reading = Today(request.user, indicator.action.plan.territory).of(indicator)
    if reading is None:
        raise BadRequest("Cet indicateur n’est pas calculé : ses valeurs se saisissent.")
    value = indicator.freeze(reading, by=request.user)
    if value is None:
        messages.error(request, f"Rien à relever : les données ne disent pas « {indicator} ».")
        return redirect(home(indicator))
    indicator.action.touch()
    undo = reverse("actions:remove", args=["valeur", value.pk])
    said = f"{decimal(value.value)} {indicator.unit}, {value.evidence}"
    messages.success(request, f"« {indicator} » est relevé : {said}.", extra_tags=undo)
    return redirect(home(indicator))


@require_http_methods(["GET", "POST"])
def indicator_target_new(request, pk):
    indicator = editable(request, Indicator.objects, pk)
    form = IndicatorTargetForm(request.POST or None, instance=IndicatorTarget(indicator=indicator))
    if request.method == "POST" and form.is_valid():
        target = form.save()
        indicator.action.touch()
        undo = reverse("actions:remove", args=["cible", target.pk])
        messages.success(request, f"La cible de {target.year} est fixée.", extra_tags=undo)
        return redirect(home(indicator))
    title = f"Fixer une cible annuelle : {indicator}"
    return form_page(request, indicator.action, form, title, "Fixer la cible")


@require_http_methods(["GET", "POST"])
def indicator_target_edit(request, pk):
    targets = IndicatorTarget.objects.visible_to(request.user)
    target = get_object_or_404(targets.select_related("indicator__action__plan__territory"), pk=pk)
    check(can_edit, request.user, target.indicator.action.plan.territory)
    return edit_part(
        request,
        target,
        lambda data, row: IndicatorTargetForm(data, instance=row),
        title=f"Modifier la cible de {target.year}",
        called="cette cible",
        done="La cible est à jour.",
        anchor=f"indicateur-{target.indicator_id}",
    )


def home(indicator):
    return f"{indicator.action.get_absolute_url()}#indicateur-{indicator.pk}"


def add(request, form, *, title, submit, done, anchor, undone_by=""):
    """Add a part to its fiche; `undone_by` names the removal that takes it back."""
    action = form.instance.action
    if request.method == "POST" and form.is_valid():
        row = form.save()
        action.touch()
        undo = reverse("actions:remove", args=[undone_by, row.pk]) if undone_by else ""
        messages.success(request, done, extra_tags=undo)
        return redirect(shown(action, row, anchor))
    return form_page(request, action, form, title, submit)


def shown(action, row, anchor):
    return f"{action.get_absolute_url()}#{anchor.format(pk=row.pk)}"


def edit_part(request, row, form_of, *, title, called, done, anchor):
    """Edit a part of a fiche over the version that was read; `form_of(data, row)` is its form."""
    action = row.indicator.action if isinstance(row, IndicatorTarget) else row.action
    form = form_of(request.POST or None, row)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            row = type(row).objects.get(pk=row.pk)
            conflict = missed(row, form.cleaned_data["version"], called=called)
            form = form_of(over(request, row), row)
            return form_page(request, action, form, title, conflict=conflict)
        action.touch()
        messages.success(request, done)
        return redirect(shown(action, row, anchor))
    return form_page(request, action, form, title)
