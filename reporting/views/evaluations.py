"""Evaluations of conventions as files: drafts drawn now, sheets as they were frozen."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from actions.evaluating import content
from actions.models import EditConflict, EvaluationFile, EvaluationSheet
from actions.views.evaluations import draft, editable
from crm.query import row_id
from reporting.evaluations import DRAFT, HasChanged, forms, freeze, name_of
from reporting.exports import attachment
from reporting.workbook import XLSX

TYPES = {EvaluationFile.Kind.PDF: "application/pdf", EvaluationFile.Kind.XLSX: XLSX}


@require_safe
def evaluation_draft(request, pk, kind):
    if kind not in TYPES:
        raise Http404
    evaluation, today = editable(request, pk), timezone.localdate()
    drawn = forms(content(evaluation, request.user, today=today), DRAFT)[kind]
    name = f"brouillon-{name_of(evaluation, today, kind)}"
    return HttpResponse(drawn, content_type=TYPES[kind], headers=attachment(name))


@require_POST
def evaluation_freeze(request, pk):
    """Only what was shown is frozen, once it was discussed."""
    evaluation, today = editable(request, pk), timezone.localdate()
    if not evaluation.is_open:
        messages.info(request, "Cette évaluation est déjà figée.")
        return redirect(evaluation)
    if waits := evaluation.why_it_waits(today=today):
        return draft(request, evaluation, status=409, conflict=waits)
    seen = {
        "seen": request.POST.get("digest", ""),
        "version": row_id(request.POST.get("version")),
    }
    try:
        sheet = freeze(evaluation, request.user, today=today, **seen)
    except (HasChanged, EditConflict):
        said = (
            "Le plan ou le texte a changé depuis que vous avez ouvert cette page : relisez la "
            "fiche telle qu’elle est maintenant, puis figez-la."
        )
        return draft(request, editable(request, pk), status=409, conflict=said)
    messages.success(request, f"«\u00a0{sheet}\u00a0» est figée : elle ne changera plus.")
    return redirect(sheet)


@require_safe
def evaluation_file(request, pk, kind):
    """The bytes that were frozen, whatever happened to the plan since."""
    sheets = EvaluationSheet.objects.visible_to(request.user)
    file = get_object_or_404(EvaluationFile, sheet=get_object_or_404(sheets, pk=pk), kind=kind)
    headers = attachment(file.name)
    return HttpResponse(bytes(file.content), content_type=TYPES[file.kind], headers=headers)
