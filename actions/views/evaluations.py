"""The yearly evaluation of a convention: its draft for the team, its frozen sheets for all."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.contract_forms import EvaluationForm, EvaluationStartForm, ReopenForm
from actions.evaluating import content, figures_of
from actions.models import EditConflict, Evaluation, EvaluationSheet
from actions.views.contract_parts import editable_contract
from actions.views.contracts import form_page
from actions.views.fiches import missed, over
from crm.decorators import check
from crm.freezing import fingerprint
from crm.perms import can_edit


@require_http_methods(["GET", "POST"])
def evaluation_new(request, pk):
    contract = editable_contract(request, pk)
    evaluation = Evaluation(contract=contract)
    form = EvaluationStartForm(request.POST or None, instance=evaluation, viewer=request.user)
    if request.method == "POST" and form.is_valid() and form.save_once():
        return redirect(form.instance)
    return form_page(request, form, "Préparer une évaluation", "Commencer", contract=contract)


def editable(request, pk):
    """An evaluation of the team: its draft is read by nobody else."""
    rows = Evaluation.objects.visible_to(request.user).select_related(
        "contract__territory", "meeting"
    )
    rows = rows.prefetch_related(
        "contract__parties__organisation",
        "contract__amendments",
        "contract__commitments__organisation",
        "contract__commitments__action",
        "contract__payments__funder",
    )
    evaluation = get_object_or_404(rows, pk=pk)
    check(can_edit, request.user, evaluation.contract.territory)
    return evaluation


@require_safe
def evaluation(request, pk):
    """The draft as it would be frozen today; once frozen, the way to its sheets."""
    evaluation = editable(request, pk)
    return draft(request, evaluation)


def draft(request, evaluation, *, form=None, status=200, conflict=""):
    today = timezone.localdate()
    drawn = content(evaluation, request.user, today=today)
    context = {
        "evaluation": evaluation,
        "contract": evaluation.contract,
        "content": drawn,
        "digest": fingerprint(drawn),
        "waits": evaluation.why_it_waits(today=today),
        "lacks": lacking(evaluation),
        "sheets": evaluation.sheets.defer("content"),
        "reopen_form": form or ReopenForm(initial={"version": evaluation.version}),
        "conflict": conflict,
    }
    return render(request, "actions/evaluation.html", context, status=status)


def lacking(evaluation):
    """What nobody wrote yet; it may be frozen so, knowingly."""
    words = ("went_well", "difficulties", "adjustments")
    return [
        evaluation._meta.get_field(name).verbose_name
        for name in words
        if not getattr(evaluation, name).strip()
    ]


@require_http_methods(["GET", "POST"])
def evaluation_edit(request, pk):
    evaluation = editable(request, pk)
    if not evaluation.is_open:
        messages.error(request, "Cette évaluation est figée : rouvrez-la pour la rectifier.")
        return redirect(evaluation)
    drawn = content(evaluation, request.user, today=timezone.localdate())
    figures = figures_of(drawn)

    def form_of(data, row):
        return EvaluationForm(data, instance=row, viewer=request.user, figures=figures)

    form, conflict = form_of(request.POST or None, evaluation), None
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
            messages.success(request, "L’évaluation est à jour.")
            return redirect(evaluation)
        except EditConflict:
            evaluation = editable(request, pk)
            read = form.cleaned_data["version"]
            conflict = missed(evaluation, read, called="cette évaluation")
            form = form_of(over(request, evaluation), evaluation)
    context = {
        "form": form,
        "evaluation": evaluation,
        "contract": evaluation.contract,
        "groups": [
            (group["title"], [(row, form[f"comment-{row['key']}"]) for row in group["figures"]])
            for group in drawn["groups"]
        ],
        "conflict": conflict,
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "actions/evaluation_form.html", context, status=status)


@require_POST
def evaluation_reopen(request, pk):
    """A frozen evaluation opens again to be corrected; what was frozen stays."""
    evaluation = editable(request, pk)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return draft(request, evaluation, form=form, status=422)
    try:
        evaluation.reopen(form.cleaned_data["reason"], form.cleaned_data["version"])
    except EditConflict:
        messages.error(request, "Quelqu’un l’a rouverte entre-temps.")
        return redirect(evaluation)
    messages.success(request, "L’évaluation est rouverte : sa prochaine fiche dira pourquoi.")
    return redirect(evaluation)


@require_safe
def evaluation_sheet(request, pk):
    """What was frozen, drawn from its own content."""
    sheets = EvaluationSheet.objects.visible_to(request.user)
    sheet = get_object_or_404(sheets.select_related("evaluation__contract__territory"), pk=pk)
    others = EvaluationSheet.objects.filter(evaluation=sheet.evaluation_id).defer("content")
    context = {
        "sheet": sheet,
        "content": sheet.content,
        "contract": sheet.evaluation.contract,
        "files": sheet.files.defer("content"),
        "later": others.filter(number__gt=sheet.number).first(),
        "can_edit": can_edit(request.user, sheet.evaluation.contract.territory),
    }
    return render(request, "actions/evaluation_sheet.html", context)
