from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.decorators import allow, takes
from crm.forms.imports import ColumnsForm, CommitForm, UploadForm
from crm.imports import refusals
from crm.imports.columns import BY_CODE, TARGETS
from crm.imports.commit import AlreadyDone, Outdated, commit
from crm.imports.plan import FATES
from crm.imports.previews import last_shown, lines, plan_afresh
from crm.imports.undo import TooLate, undo
from crm.imports.wording import size
from crm.models import ImportBatch
from crm.perms import can_edit
from crm.templatetags.french import plural

LINES_A_PAGE = 50
BATCHES_A_PAGE = 20


def batches(request):
    return ImportBatch.objects.visible_to(request.user).filter(territory=request.territory)


def find(request, token):
    return get_object_or_404(batches(request).select_related("territory"), token=token)


@allow(can_edit)
@require_http_methods(["GET", "HEAD", "POST"])
@takes("page")
def import_list(request):
    posted = request.method == "POST"
    form = UploadForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        territory=request.territory,
        by=request.user,
    )
    if posted and form.is_valid():
        form.batch.save()
        return redirect("crm:import_columns", form.batch.token)
    page = Paginator(batches(request).for_list(), BATCHES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "max_size": size(settings.IMPORT_MAX_BYTES),
        "max_rows": settings.IMPORT_MAX_ROWS,
    }
    return render(request, "crm/import_list.html", context, status=422 if posted else 200)


@allow(can_edit)
@require_safe
def import_model(request):
    """An empty table with every heading that is understood."""
    headings = [target.label for target in TARGETS]
    return download("modele-entreprises.csv", refusals.spreadsheet([headings]))


@allow(can_edit)
@require_http_methods(["GET", "HEAD", "POST"])
def import_columns(request, token):
    batch = find(request, token)
    if batch.committed_at:
        return redirect("crm:import_preview", token)
    posted = request.method == "POST"
    form = ColumnsForm(request.POST if posted else None, batch=batch)
    if posted and form.is_valid():
        form.save()
        return redirect("crm:import_preview", token)
    context = {"batch": batch, "form": form}
    return render(request, "crm/import_columns.html", context, status=422 if posted else 200)


@allow(can_edit)
@require_safe
def import_preview(request, token):
    batch = find(request, token)
    if batch.committed_at:
        return done(request, batch)
    return preview(request, batch)


def done(request, batch, *, is_too_late=False):
    """What an import has done, and whether it can still be taken back."""
    page = Paginator(batch.refusals, LINES_A_PAGE).get_page(request.GET.get("page"))
    context = {"batch": batch, "fates": batch.counts, "page": page, "is_too_late": is_too_late}
    status = 409 if is_too_late else 200
    return render(request, "crm/import_done.html", context, status=status)


def preview(request, batch, *, form=None, status=200):
    """The plan of the moment, or its other pages. After a refused commit, what has changed."""
    wanted = request.GET.get("lignes", "")
    if wanted and wanted not in FATES:
        raise BadRequest(f"Filtre inconnu : « {wanted} ».")
    plan = last_shown(batch) if request.GET or status == 422 else plan_afresh(batch)
    page = Paginator(plan.of_fate(wanted), LINES_A_PAGE).get_page(request.GET.get("page"))
    if form is None or status == 409:
        source = form.cleaned_data["source"] if form else batch.source
        form = CommitForm(initial={"source": source, "digest": plan.digest})
    context = {
        "batch": batch,
        "plan": plan,
        "form": form,
        "wanted": wanted,
        "columns": [
            (h, BY_CODE.get(batch.mapping.get(str(i)))) for i, h in enumerate(batch.header)
        ],
        "page": page,
        "rows": lines(page),
        "is_outdated": status == 409,
    }
    return render(request, "crm/import_preview.html", context, status=status)


@allow(can_edit)
@require_POST
def import_commit(request, token):
    lean = batches(request).select_related("territory").defer("preview")
    batch = get_object_or_404(lean, token=token)
    form = CommitForm(request.POST)
    if not batch.committed_at and not form.is_valid():
        return preview(request, batch, form=form, status=422)
    try:
        if not batch.committed_at:
            batch.source = form.cleaned_data["source"]
            plan = commit(batch, by=request.user, expected=form.cleaned_data["digest"])
            messages.success(
                request,
                f"{plural(plan.kept, 'ligne importée,lignes importées')}.",
                extra_tags=reverse("crm:import_undo", args=[token]),
            )
    except Outdated:
        return preview(request, batch, form=form, status=409)
    except AlreadyDone:
        pass  # a double click: the page of the first one says it all
    return redirect("crm:import_preview", token)


@allow(can_edit)
@require_safe
def import_refused(request, token):
    batch = find(request, token)
    if batch.committed_at:
        reasons = {line: sentences for line, *_, sentences in batch.refusals}
        rows = batch.rows
    else:
        reasons = last_shown(batch).reasons()
        rows = [(line, cells) for line, cells in batch.rows if line in reasons]
    stem = batch.file_name.rpartition(".")[0] or batch.file_name
    return download(f"refus-{stem}.csv", refusals.write(batch.header, rows, reasons))


@allow(can_edit)
@require_POST
def import_undo(request, token):
    batch = find(request, token)
    try:
        kept = undo(batch, by=request.user)
    except TooLate:
        return done(request, batch, is_too_late=True)
    messages.success(
        request,
        "Import annulé, sauf ce qui a servi depuis." if kept else "Import annulé.",
    )
    return redirect("crm:import_preview", token)


@allow(can_edit)
@require_POST
def import_discard(request, token):
    """Forget a file that was never imported: its cells may hold personal data."""
    batch = find(request, token)
    with transaction.atomic():
        forgotten, _ = batches(request).filter(pk=batch.pk, committed_at=None).delete()
    if not forgotten:
        return redirect("crm:import_preview", token)
    messages.success(request, f"« {batch.file_name} » est oublié, rien n’a été importé.")
    return redirect("crm:import_list")


def download(name, content):
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition_header(True, name)
    return response
