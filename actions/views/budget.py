"""The budget lines of a fiche and the public contracts it pays for."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from actions.budget_forms import BudgetLineForm, PublicContractForm
from actions.models import BudgetLine, PublicContract
from actions.views.followup import edit_part, editable, editable_action, form_page


@require_http_methods(["GET", "POST"])
def budget_line_new(request, pk):
    action = editable_action(request, pk)
    line = BudgetLine(action=action)
    form = BudgetLineForm(request.POST or None, instance=line, viewer=request.user)
    return add(request, form, "budget", "Ajouter une ligne de budget", "La ligne est ajoutée.")


@require_http_methods(["GET", "POST"])
def budget_line_edit(request, pk):
    line = editable(request, BudgetLine.objects, pk)
    return edit_part(
        request,
        line,
        lambda data, row: BudgetLineForm(data, instance=row, viewer=request.user),
        title="Modifier la ligne de budget",
        called="cette ligne",
        done="La ligne de budget est à jour.",
        anchor="budget",
    )


@require_http_methods(["GET", "POST"])
def public_contract_new(request, pk):
    action = editable_action(request, pk)
    contract = PublicContract(action=action)
    form = PublicContractForm(request.POST or None, instance=contract, viewer=request.user)
    return add(request, form, "marche", "Ajouter un marché", "Le marché est ajouté.")


@require_http_methods(["GET", "POST"])
def public_contract_edit(request, pk):
    contract = editable(request, PublicContract.objects, pk)
    return edit_part(
        request,
        contract,
        lambda data, row: PublicContractForm(data, instance=row, viewer=request.user),
        title="Modifier le marché",
        called="ce marché",
        done="Le marché est à jour.",
        anchor="marche",
    )


def add(request, form, kind, title, done):
    """`kind` names the removal that undoes it, and the panel where the row is shown."""
    action = form.instance.action
    if request.method == "POST" and form.is_valid():
        row = form.save()
        action.touch()
        messages.success(request, done, extra_tags=reverse("actions:remove", args=[kind, row.pk]))
        return redirect(f"{action.get_absolute_url()}#{kind}")
    return form_page(request, action, form, title, "Ajouter")
