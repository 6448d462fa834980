"""Milestones and indicators: what says whether a fiche moves."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from actions.following import Today
from actions.forms import MilestoneForm
from actions.indicator_forms import IndicatorForm, IndicatorTargetForm, IndicatorValueForm
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


@require_http_methods(["GET", "POST"])
def milestone_new(request, pk):
    action = editable_action(request, pk)
    form = MilestoneForm(request.POST or None, instance=Milestone(action=action))
    if request.method == "POST" and form.is_valid():
        form.save()
        action.touch()
        messages.success(request, "Le jalon est ajouté.")
        return redirect(action)
    return form_page(request, action, form, "Ajouter un jalon", "Ajouter le jalon")


@require_http_methods(["GET", "POST"])
def milestone_edit(request, pk):
    milestone = editable(request, Milestone.objects, pk)
    form = MilestoneForm(request.POST or None, instance=milestone)
    if request.method == "POST" and form.is_valid():
        form.save()
        milestone.action.touch()
        messages.success(request, "Le jalon est à jour.")
        return redirect(milestone.action)
    return form_page(request, milestone.action, form, "Modifier le jalon")


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
def indicator_new(request, pk):
    action = editable_action(request, pk)
    form = IndicatorForm(request.POST or None, instance=Indicator(action=action))
    if request.method == "POST" and form.is_valid():
        form.save()
        action.touch()
        messages.success(request, "L’indicateur est ajouté.")
        return redirect(action)
    return form_page(request, action, form, "Ajouter un indicateur", "Ajouter l’indicateur")


@require_http_methods(["GET", "POST"])
def indicator_edit(request, pk):
    return edit_part(
        request,
        editable(request, Indicator.objects, pk),
        lambda data, row: IndicatorForm(data, instance=row),
        title="Modifier l’indicateur",
        called="cet indicateur",
        done="L’indicateur est à jour.",
        anchor=f"indicateur-{pk}",
    )


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
        return redirect(f"{action.get_absolute_url()}#{anchor}")
    return form_page(request, action, form, title)
