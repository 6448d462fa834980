"""Milestones and indicators: what says whether a fiche moves."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from actions.forms import IndicatorForm, IndicatorValueForm, MilestoneForm
from actions.models import Action, Indicator, IndicatorValue, Milestone
from crm.decorators import check
from crm.perms import can_edit


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


def form_page(request, action, form, title, submit="Enregistrer"):
    context = {"action": action, "form": form, "title": title, "submit": submit}
    status = 422 if form.errors else 200
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
    indicator = editable(request, Indicator.objects, pk)
    form = IndicatorForm(request.POST or None, instance=indicator)
    if request.method == "POST" and form.is_valid():
        form.save()
        indicator.action.touch()
        messages.success(request, "L’indicateur est à jour.")
        return redirect(indicator.action)
    return form_page(request, indicator.action, form, "Modifier l’indicateur")


@require_http_methods(["GET", "POST"])
def indicator_value_new(request, pk):
    indicator = editable(request, Indicator.objects, pk)
    value = IndicatorValue(indicator=indicator, by=request.user)
    form = IndicatorValueForm(request.POST or None, instance=value)
    if request.method == "POST" and form.is_valid():
        form.save()
        indicator.action.touch()
        messages.success(request, f"La valeur de « {indicator} » est notée.")
        return redirect(indicator.action)
    return form_page(request, indicator.action, form, f"Noter une valeur : {indicator}")
