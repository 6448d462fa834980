"""Projects and fiches to other tools, and projects from them."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.decorators import allow, takes
from crm.forms.imports import UploadForm
from crm.imports import refusals
from crm.imports.wording import size
from crm.perms import can_edit, can_report
from crm.templatetags.french import plural
from reporting.committee import file_name
from reporting.exchange import export, imports, schema
from reporting.exports import attachment
from reporting.models import ProjectImport

LINES_A_PAGE = 50
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


class FileForm(UploadForm):
    def receive(self, file):
        return imports.receive(file.name, file.read(), self.territory, by=self.by)


@allow(can_report)
@require_safe
@takes()
def exchange(request):
    """What goes out, and what came in."""
    mine = ProjectImport.objects.visible_to(request.user).filter(territory=request.territory)
    context = {
        "version": schema.VERSION,
        "fields": schema.FIELDS,
        "batches": mine.select_related("created_by").defer("rows", "undo")[:20],
        "can_edit": can_edit(request.user, request.territory),
    }
    return render(request, "reporting/exchange.html", context)


@allow(can_report)
@require_safe
@takes()
def exchange_projects(request, kind):
    if kind not in TYPES:
        raise Http404
    rows = export.projects(request.territory)
    content = export.as_csv(rows) if kind == "csv" else export.as_json(rows)
    return download(request, content, "projets-de-collectivites", kind)


@allow(can_report)
@require_safe
@takes()
def exchange_fiches(request):
    content = export.as_json(export.fiches(request.territory))
    return download(request, content, "fiches-action", "json")


def download(request, content, what, kind):
    name = file_name(request.territory, what, timezone.localdate(), kind)
    return HttpResponse(content.encode(), content_type=TYPES[kind], headers=attachment(name))


@allow(can_edit)
@require_http_methods(["GET", "HEAD", "POST"])
def exchange_new(request):
    posted = request.method == "POST"
    form = FileForm(
        request.POST if posted else None, request.FILES if posted else None,
        territory=request.territory, by=request.user,
    )  # fmt: skip
    if posted and form.is_valid():
        form.batch.save()
        return redirect("reporting:exchange_import", form.batch.token)
    context = {
        "form": form,
        "fields": schema.FIELDS,
        "max_rows": imports.MAX_ROWS,
        "max_size": size(settings.IMPORT_MAX_BYTES),
    }
    return render(request, "reporting/exchange_new.html", context, status=422 if posted else 200)


def find(request, token):
    mine = ProjectImport.objects.visible_to(request.user).filter(territory=request.territory)
    return get_object_or_404(mine.select_related("territory"), token=token)


@allow(can_edit)
@require_http_methods(["GET", "HEAD", "POST"])
@takes("lignes", "page")
def exchange_import(request, token):
    """The plan of the file, row by row; sent, it is written. Then, what it has done."""
    batch = find(request, token)
    if request.method == "POST" and not batch.committed_at:
        try:
            plan = imports.commit(batch, by=request.user, expected=request.POST.get("digest", ""))
        except imports.Outdated:
            return preview(request, batch, is_outdated=True, status=409)
        except imports.AlreadyDone:
            return redirect("reporting:exchange_import", token)
        undo = reverse("reporting:exchange_undo", args=[token])
        said = plural(plan.kept, "projet repris,projets repris")
        messages.success(request, f"{said}.", extra_tags=undo)
        return redirect("reporting:exchange_import", token)
    if batch.committed_at:
        page = Paginator(batch.rows, LINES_A_PAGE).get_page(request.GET.get("page"))
        context = {"batch": batch, "page": page, "fates": batch.counts}
        return render(request, "reporting/exchange_done.html", context)
    return preview(request, batch)


def preview(request, batch, *, is_outdated=False, status=200):
    plan = imports.Plan(batch)
    wanted = request.GET.get("lignes", "")
    if wanted and wanted not in imports.FATES:
        raise BadRequest("Ce filtre de lignes n’existe pas.")
    context = {
        "batch": batch,
        "plan": plan,
        "wanted": wanted,
        "is_outdated": is_outdated,
        "page": Paginator(plan.of_fate(wanted), LINES_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "reporting/exchange_preview.html", context, status=status)


@allow(can_edit)
@require_POST
def exchange_undo(request, token):
    try:
        stay = imports.undo(find(request, token))
    except imports.TooLate:
        messages.error(request, "Cet import ne peut plus être annulé.")
    else:
        left = plural(stay, "projet a servi depuis et reste,projets ont servi depuis et restent")
        messages.success(request, f"Import annulé ; {left}." if stay else "Import annulé.")
    return redirect("reporting:exchange_import", token)


@allow(can_edit)
@require_safe
def exchange_refused(request, token):
    """The refused rows with their reasons, to mend and send again."""
    batch = find(request, token)
    if batch.committed_at:
        rows = [(line, cells) for line, cells, _ in batch.rows]
        reasons = {line: sentences for line, _, sentences in batch.rows}
    else:
        refused = imports.Plan(batch).of_fate(imports.REFUSED)
        rows = [(row.line, row.cells) for row in refused]
        reasons = {row.line: row.reasons for row in refused}
    content = refusals.write(batch.header, rows, reasons)
    name = file_name(request.territory, "refus-projets", timezone.localdate(), "csv")
    return HttpResponse(content, content_type=TYPES["csv"], headers=attachment(name))
