"""Conventions: the list, the page of one, and what is typed of them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from actions import budgets, changes
from actions.contract_dates import timeline
from actions.contract_forms import ContractForm
from actions.documents import documents_of
from actions.models import Contract, EditConflict, Evaluation, EvaluationSheet
from actions.views import removal
from actions.views.fiches import missed, over
from crm.decorators import allow, check, takes
from crm.models import Framework
from crm.perms import can_edit

PAGE = 25


@require_safe
@takes("page")
def contract_list(request):
    mine = Contract.objects.visible_to(request.user).filter(territory=request.territory)
    page = Paginator(mine.for_list(), PAGE).get_page(request.GET.get("page"))
    may_edit = can_edit(request.user, request.territory)
    context = {
        "page": page,
        "frameworks": Framework.objects.in_bulk({code for row in page for code in row.frameworks}),
        "today": timezone.localdate(),
        "can_edit": may_edit,
        "removed": removal.contracts_of(request.territory) if may_edit else [],
    }
    return render(request, "actions/contract_list.html", context)


def readable(request):
    """The conventions the person may read, with all that their page displays."""
    sheets = EvaluationSheet.objects.defer("content")
    evaluations = Evaluation.objects.select_related("meeting")
    return (
        Contract.objects.visible_to(request.user)
        .select_related("territory")
        .prefetch_related(
            "parties__organisation",
            "amendments",
            "commitments__organisation",
            "commitments__action",
            "payments__funder",
            Prefetch("evaluations", evaluations.prefetch_related(Prefetch("sheets", sheets))),
        )
    )


@require_safe
def contract(request, pk):
    contract = get_object_or_404(readable(request), pk=pk)
    may_edit = can_edit(request.user, contract.territory)
    evaluations, today = list(contract.evaluations.all()), timezone.localdate()
    payments = list(contract.payments.all())
    told = {one.year for one in evaluations}
    context = {
        "contract": contract,
        "frameworks": contract.counted_in,
        "parties": contract.parties.all(),
        "amendments": contract.amendments.all(),
        "commitments": contract.commitments.all(),
        "payments": [(row, evaluation_for(row, evaluations)) for row in payments],
        "payment_sums": [
            budgets.total([getattr(row, f"amount_{name}") for row in payments])
            for name in ("planned", "asked", "received")
        ],
        "evaluations": evaluations,
        "to_evaluate": [year for year in contract.years(today=today) if year not in told],
        "events": timeline(contract, evaluations, today=today),
        "today": today,
        "log": changes.recent(contract.history),
        "can_edit": may_edit,
        "removed": removal.of_contract(contract) if may_edit else [],
        **documents_of(request, contract),
    }
    return render(request, "actions/contract.html", context)


def evaluation_for(payment, evaluations):
    """The evaluation that a payment hangs on, once someone has begun it."""
    return next((one for one in evaluations if one.year == payment.evaluation_year), None)


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def contract_new(request):
    form = ContractForm(request.POST or None, instance=Contract(territory=request.territory))
    if request.method == "POST" and form.is_valid():
        contract = form.save()
        messages.success(request, f"La convention «\u00a0{contract}\u00a0» est créée.")
        return redirect(contract)
    return form_page(request, form, "Nouvelle convention", "Créer la convention")


@require_http_methods(["GET", "POST"])
def contract_edit(request, pk):
    contract = get_object_or_404(readable(request), pk=pk)
    check(can_edit, request.user, contract.territory)
    form = ContractForm(request.POST or None, instance=contract)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            contract = get_object_or_404(readable(request), pk=pk)
            conflict = missed(contract, form.cleaned_data["version"], called="cette convention")
            form = ContractForm(over(request, contract), instance=contract)
            return form_page(request, form, "Modifier la convention", conflict=conflict)
        messages.success(request, "La convention est à jour.")
        return redirect(contract)
    return form_page(request, form, "Modifier la convention")


def form_page(request, form, title, submit="Enregistrer", conflict=None, contract=None):
    """Of a convention, or of a part of it: then `contract` is what it belongs to."""
    if contract is None and form.instance.pk:
        contract = form.instance
    context = {
        "contract": contract,
        "form": form,
        "title": title,
        "submit": submit,
        "conflict": conflict,
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "actions/contract_form.html", context, status=status)
