"""Import a catalogue published elsewhere: file, preview, import, undo."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.decorators import allow, takes
from crm.imports.undo import TooLate
from crm.imports.wording import size
from crm.perms import can_edit_catalogue
from crm.templatetags.french import plural
from funding.catalogue_imports.commit import AlreadyDone, Outdated, commit
from funding.catalogue_imports.plan import FATES, LEAVE, SIMILAR, WRITTEN, Plan
from funding.catalogue_imports.undo import undo
from funding.forms.catalogue_imports import (
    CatalogueChoiceForm,
    CatalogueCommitForm,
    CatalogueFetchForm,
    CatalogueUploadForm,
)
from funding.models import CatalogueImport

ROWS_A_PAGE = 50
BATCHES_A_PAGE = 20


def batches(request):
    return CatalogueImport.objects.visible_to(request.user)


def find(request, token):
    return get_object_or_404(batches(request), token=token)


@allow(can_edit_catalogue)
@require_http_methods(["GET", "HEAD", "POST"])
@takes("page")
def catalogue_import_list(request):
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = CatalogueUploadForm(*sent, territory=request.territory, by=request.user)
    return received(request, form)


@allow(can_edit_catalogue)
@require_POST
def catalogue_import_fetch(request):
    """Ask Aides-territoires itself, when the server has a token."""
    if not settings.AIDES_TERRITOIRES_TOKEN:
        raise BadRequest("Ce serveur n’a pas de jeton pour Aides-territoires.")
    form = CatalogueFetchForm(request.POST, territory=request.territory, by=request.user)
    return received(request, form)


def received(request, form):
    if form.is_bound and form.is_valid():
        form.batch.save()
        return redirect("funding:catalogue_import", form.batch.token)
    about = {"territory": request.territory, "by": request.user}
    is_fetch = isinstance(form, CatalogueFetchForm)
    page = Paginator(batches(request).for_list(), BATCHES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": CatalogueUploadForm(**about) if is_fetch else form,
        "fetch": form if is_fetch else CatalogueFetchForm(**about),
        "can_fetch": bool(settings.AIDES_TERRITOIRES_TOKEN),
        "page": page,
        "max_size": size(settings.IMPORT_MAX_BYTES),
    }
    status = 422 if form.is_bound else 200
    return render(request, "funding/catalogue_import_list.html", context, status=status)


@allow(can_edit_catalogue)
@require_safe
def catalogue_import(request, token):
    batch = find(request, token)
    return done(request, batch) if batch.committed_at else preview(request, batch)


def done(request, batch, *, is_too_late=False):
    """What an import has done, and whether it can still be taken back."""
    kept = Paginator(batch.outcome.get("kept", []), ROWS_A_PAGE)
    context = {
        "batch": batch,
        "page": kept.get_page(request.GET.get("page")),
        "is_too_late": is_too_late,
    }
    status = 409 if is_too_late else 200
    return render(request, "funding/catalogue_import_done.html", context, status=status)


def preview(request, batch, *, form=None, status=200):
    """The plan of the moment. After a refused commit it says what has changed since."""
    plan = Plan(batch)
    wanted = request.GET.get("lignes", "")
    if wanted and wanted not in FATES:
        raise BadRequest(f"Filtre inconnu\u00a0: «\u00a0{wanted}\u00a0».")
    rows = [row for row in plan.rows if not wanted or row.fate == wanted]
    if form is None or status == 409:
        form = CatalogueCommitForm(initial={"digest": plan.digest})
    context = {
        "batch": batch,
        "plan": plan,
        "form": form,
        "wanted": wanted,
        "page": Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "is_outdated": status == 409,
    }
    return render(request, "funding/catalogue_import_preview.html", context, status=status)


@allow(can_edit_catalogue)
@require_POST
def catalogue_import_choose(request, token):
    """Create, link to the one it resembles, or leave aside; all of them when none is named."""
    batch, form = find(request, token), CatalogueChoiceForm(request.POST)
    if not form.is_valid():
        raise BadRequest("Cette décision n’est pas comprise.")
    entry, choice = form.cleaned_data["entry"], form.cleaned_data["choice"]
    with transaction.atomic():
        batch = CatalogueImport.objects.select_for_update().get(pk=batch.pk)
        ids = {row["id"] for row in batch.entries}
        if entry and entry not in ids:
            raise BadRequest("Ce dispositif n’est pas dans le fichier.")
        chosen = [entry] if entry else similar_ids(batch)
        batch.choices |= dict.fromkeys(chosen, choice)
        batch.choices = {one: said for one, said in batch.choices.items() if said != LEAVE}
        batch.save(update_fields=["choices"])
    where = reverse("funding:catalogue_import", args=[token])
    return redirect(f"{where}?lignes={SIMILAR}" if request.POST.get("lignes") else where)


def similar_ids(batch):
    return [row.external_id for row in Plan(batch).rows if row.fate == SIMILAR]


@allow(can_edit_catalogue)
@require_POST
def catalogue_import_commit(request, token):
    batch = find(request, token)
    form = CatalogueCommitForm(request.POST)
    if not batch.committed_at and not form.is_valid():
        return preview(request, batch, form=form, status=422)
    try:
        if not batch.committed_at:
            said = form.cleaned_data
            commit(
                batch,
                by=request.user,
                expected=said["digest"],
                flag_vanished=said["flag_vanished"],
            )
            count = sum(batch.counts[fate] for fate in WRITTEN)
            messages.success(
                request,
                f"{plural(count, 'dispositif importé,dispositifs importés')}.",
                extra_tags=reverse("funding:catalogue_import_undo", args=[token]),
            )
    except Outdated:
        return preview(request, batch, form=form, status=409)
    except AlreadyDone:
        pass  # a double click: the page of the first one says it all
    return redirect("funding:catalogue_import", token)


@allow(can_edit_catalogue)
@require_POST
def catalogue_import_undo(request, token):
    batch = find(request, token)
    try:
        kept = undo(batch, by=request.user)
    except TooLate:
        return done(request, batch, is_too_late=True)
    messages.success(
        request,
        "Import annulé, sauf ce qui a servi depuis." if kept else "Import annulé.",
    )
    return redirect("funding:catalogue_import", token)


@allow(can_edit_catalogue)
@require_POST
def catalogue_import_discard(request, token):
    """Forget a file that was never imported."""
    batch = find(request, token)
    forgotten, _ = batches(request).filter(pk=batch.pk, committed_at=None).delete()
    if not forgotten:
        return redirect("funding:catalogue_import", token)
    messages.success(request, f"«\u00a0{batch.file_name}\u00a0» est oublié, rien n’a été importé.")
    return redirect("funding:catalogue_import_list")
