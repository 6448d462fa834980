"""The parts of a convention, which are all written and edited alike."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from actions.contract_forms import AmendmentForm, CommitmentForm, PartyForm, PaymentForm
from actions.models import Amendment, Commitment, Contract, EditConflict, Party, Payment
from actions.views.contracts import form_page
from actions.views.fiches import missed, over
from crm.decorators import check
from crm.perms import can_edit


@dataclass(frozen=True)
class Part:
    model: type
    form: type
    anchor: str
    new: str
    edit: str
    called: str
    done: str


# By the name of the removal that takes a new row back.
PARTS = {
    "partie": Part(
        Party,
        PartyForm,
        "parties",
        "Ajouter une partie",
        "Modifier la partie",
        "cette partie",
        "La partie est notée.",
    ),
    "avenant": Part(
        Amendment,
        AmendmentForm,
        "avenants",
        "Ajouter un avenant",
        "Modifier l’avenant",
        "cet avenant",
        "L’avenant est noté.",
    ),
    "engagement": Part(
        Commitment,
        CommitmentForm,
        "engagements",
        "Ajouter un engagement",
        "Modifier l’engagement",
        "cet engagement",
        "L’engagement est noté.",
    ),
    "versement": Part(
        Payment,
        PaymentForm,
        "versements",
        "Ajouter un versement",
        "Modifier le versement",
        "ce versement",
        "Le versement est noté.",
    ),
}


def part_or_404(kind):
    if kind not in PARTS:
        raise Http404
    return PARTS[kind]


def editable_contract(request, pk):
    contracts = Contract.objects.visible_to(request.user).select_related("territory")
    contract = get_object_or_404(contracts, pk=pk)
    check(can_edit, request.user, contract.territory)
    return contract


@require_http_methods(["GET", "POST"])
def contract_part_new(request, pk, kind):
    part, contract = part_or_404(kind), editable_contract(request, pk)
    row = part.model(contract=contract)
    form = part.form(request.POST or None, instance=row, viewer=request.user)
    if request.method == "POST" and form.is_valid() and form.save_once():
        undo = reverse("actions:remove", args=[kind, form.instance.pk])
        messages.success(request, part.done, extra_tags=undo)
        return redirect(f"{contract.get_absolute_url()}#{part.anchor}")
    return form_page(request, form, part.new, "Ajouter", contract=contract)


@require_http_methods(["GET", "POST"])
def contract_part_edit(request, kind, pk):
    part = part_or_404(kind)
    rows = part.model.objects.visible_to(request.user).select_related("contract__territory")
    row = get_object_or_404(rows, pk=pk)
    contract = row.contract
    check(can_edit, request.user, contract.territory)
    form = part.form(request.POST or None, instance=row, viewer=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            if form.save_once():
                messages.success(request, part.done)
                return redirect(f"{contract.get_absolute_url()}#{part.anchor}")
        except EditConflict:
            row = rows.get(pk=pk)
            conflict = missed(row, form.cleaned_data["version"], called=part.called)
            form = part.form(over(request, row), instance=row, viewer=request.user)
            return form_page(request, form, part.edit, conflict=conflict, contract=contract)
    return form_page(request, form, part.edit, contract=contract)
