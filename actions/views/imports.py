"""A plan received as a spreadsheet: sent, its columns read, previewed, written, taken back."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.import_forms import PlanColumnsForm, PlanUploadForm
from actions.models import PlanImport
from actions.plan_imports import writing
from actions.plan_imports.columns import TARGETS
from crm.decorators import allow, takes
from crm.imports import refusals
from crm.imports.wording import size
from crm.perms import can_edit
from crm.templatetags.french import plural

PAGE = 50


def batches(request):
    return PlanImport.objects.visible_to(request.user).filter(territory=request.territory)


@allow(can_edit)
@require_http_methods(["GET", "POST"])
@takes()
def plan_imports(request):
    posted = request.method == "POST"
    sent = (request.POST, request.FILES) if posted else ()
    form = PlanUploadForm(*sent, territory=request.territory, by=request.user)
    if posted and form.is_valid():
        form.batch.save()
        return redirect("actions:plan_import_columns", form.batch.token)
    context = {
        "form": form,
        "batches": batches(request).defer("rows", "undo").select_related("created_by")[:20],
        "columns": TARGETS,
        "max_size": size(settings.IMPORT_MAX_BYTES),
        "max_rows": writing.MAX_ROWS,
    }
    return render(request, "actions/plan_imports.html", context, status=422 if posted else 200)


@allow(can_edit)
@require_http_methods(["GET", "POST"])
def plan_import_columns(request, token):
    batch = get_object_or_404(batches(request), token=token)
    if batch.committed_at:
        return redirect("actions:plan_import", token)
    form = PlanColumnsForm(request.POST if request.method == "POST" else None, batch=batch)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("actions:plan_import", token)
    context = {"batch": batch, "form": form}
    status = 422 if form.errors else 200
    return render(request, "actions/plan_import_columns.html", context, status=status)


@allow(can_edit)
@require_http_methods(["GET", "POST"])
@takes("page")
def plan_import(request, token):
    """The preview of a batch, then what it did."""
    batch = get_object_or_404(batches(request), token=token)
    if request.method == "GET":
        return preview(request, batch)
    try:
        plan = writing.commit(batch, by=request.user, expected=request.POST.get("digest", ""))
    except writing.AlreadyDone:
        return redirect("actions:plan_import", token)
    except writing.Outdated:
        return preview(request, batch, status=409, is_outdated=True)
    said = plural(plan.fates["created"], "fiche créée,fiches créées")
    said += f", {plural(plan.fates['updated'], 'fiche modifiée,fiches modifiées')}."
    undo = reverse("actions:plan_import_undo", args=[token])
    messages.success(request, said, extra_tags=undo)
    return redirect("actions:plan_import", token)


def preview(request, batch, *, status=200, is_outdated=False):
    plan = None if batch.committed_at else writing.plan_of(batch)
    context = {
        "batch": batch,
        "plan": plan,
        "counts": plan.counts if plan else batch.counts,
        "digest": plan.digest if plan else "",
        "is_outdated": is_outdated,
        "can_undo": batch.can_be_undone(),
        "page": Paginator(plan.rows if plan else batch.rows, PAGE).get_page(
            request.GET.get("page")
        ),
    }
    return render(request, "actions/plan_import.html", context, status=status)


@allow(can_edit)
@require_POST
def plan_import_undo(request, token):
    batch = get_object_or_404(batches(request), token=token)
    try:
        stay = writing.undo(batch)
    except writing.TooLate:
        messages.warning(request, "Cet import ne peut plus être annulé.")
    else:
        kept = plural(stay, "fiche modifiée depuis reste,fiches modifiées depuis restent")
        messages.success(request, f"Import annulé\u00a0; {kept}." if stay else "Import annulé.")
    return redirect("actions:plan_import", token)


@allow(can_edit)
@require_POST
def plan_import_discard(request, token):
    """A file that nobody wrote is dropped, with its rows."""
    batch = get_object_or_404(batches(request), token=token)
    if batch.committed_at:
        messages.warning(request, "Ce fichier est déjà importé : annulez l’import.")
        return redirect("actions:plan_import", token)
    batch.delete()
    messages.success(request, "Le fichier est abandonné : rien n’a été écrit.")
    return redirect("actions:plan_imports")


@allow(can_edit)
@require_safe
def plan_import_refused(request, token):
    """The refused rows as a file to mend and send again."""
    batch = get_object_or_404(batches(request), token=token)
    if batch.committed_at:
        found = [(line, cells, why) for line, cells, why in batch.rows]
    else:
        found = [(row.line, row.cells, row.reasons) for row in writing.plan_of(batch).refused]
    rows, reasons = [(line, cells) for line, cells, _ in found], {one[0]: one[2] for one in found}
    content = refusals.write(batch.header, rows, reasons)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    stem = batch.file_name.rpartition(".")[0] or batch.file_name
    response.headers["Content-Disposition"] = content_disposition_header(True, f"refus-{stem}.csv")
    return response
