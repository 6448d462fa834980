"""The aid ledger: what a firm and those linked to it received, and the room that is left."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.forms import DateField, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.models import EditConflict
from crm.decorators import allow, check, takes
from crm.htmx import is_fragment, render_page
from crm.imports import refusals
from crm.imports.wording import size
from crm.models import Organisation
from crm.perms import can_edit
from crm.query import row_id
from crm.templatetags.french import plural
from funding import ledger_imports
from funding.appraisal.calendar import YEARS
from funding.filters import ReceivedAidFilter
from funding.forms.ledger import DeclaredForm, FirmForm, LedgerUploadForm, ReceivedAidForm
from funding.ledger import Position
from funding.matching import REPAYABLE
from funding.models import LedgerImport, ReceivedAid, UndertakingFirm
from funding.models.ledger import firms_of, relink_firm, undertaking_of, unlink_firm

PER_PAGE = 50


@allow(can_edit)
@require_safe
def aid_list(request):
    aids = ReceivedAid.objects.visible_to(request.user).filter(territory=request.territory)
    filterset = ReceivedAidFilter(request.GET, queryset=aids.for_list(), request=request)
    context = {
        "filterset": filterset,
        "page": Paginator(filterset.qs, PER_PAGE).get_page(request.GET.get("page")),
        "totals": filterset.qs.totals(),
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(request, "funding/aid_list.html", "funding/_aid_rows.html", context, status)


def find(request, pk):
    """An organisation whose ledger the person keeps."""
    organisations = Organisation.objects.visible_to(request.user).select_related("territory")
    organisation = get_object_or_404(organisations, pk=pk)
    check(can_edit, request.user, organisation.territory)
    return organisation


def asked_day(request):
    """The day the position is drawn for: « ?au=2026-11-22 », today by default."""
    if not (text := request.GET.get("au", "")):
        return timezone.localdate()
    try:
        day = DateField(input_formats=["%Y-%m-%d", "%d/%m/%Y"]).clean(text)
    except ValidationError:
        raise BadRequest(f"La date «\u00a0{text[:30]}\u00a0» n’existe pas.") from None
    if day.year not in YEARS:
        raise BadRequest(f"La date «\u00a0{text[:30]}\u00a0» est hors des années 2000 à 2100.")
    return day


@require_safe
def ledger(request, pk):
    organisation = find(request, pk)
    context = {
        "organisation": organisation,
        "position": Position(organisation, asked_day(request)),
        "declared": DeclaredForm(initial={"source": organisation.name}),
    }
    return render(request, "funding/ledger.html", context)


@require_safe
def ledger_panel(request, pk):
    organisation = find(request, pk)
    if not is_fragment(request):
        return redirect("funding:ledger", pk)
    context = {
        "organisation": organisation,
        "position": Position(organisation, timezone.localdate()),
    }
    return render(request, "funding/_ledger_panel.html", context)


@require_http_methods(["GET", "POST"])
def aid_new(request, pk):
    organisation = find(request, pk)
    if not organisation.siren:
        messages.warning(request, "Notez d’abord le SIREN : le registre se tient par SIREN.")
        return redirect(organisation)
    aid = ReceivedAid(
        territory=organisation.territory,
        organisation=organisation,
        siren=organisation.siren,
        firm=organisation.name,
    )
    if asked := row_id(request.GET.get("dossier")):
        unrecorded = Position(organisation, timezone.localdate()).unrecorded
        for row in unrecorded:
            if row.application.pk == asked:
                fill_in(aid, row)
    form = ReceivedAidForm(request.POST or None, instance=aid)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "L’aide est au registre.")
        return redirect("funding:ledger", organisation.pk)
    return form_page(request, form, organisation, "Inscrire une aide reçue")


def fill_in(aid, unrecorded):
    """What the granted file tells of the aid; a loan does not tell its gross grant equivalent."""
    file = unrecorded.application
    aid.application, aid.project, aid.regulation = file, file.project, unrecorded.regulation
    is_lent = bool(REPAYABLE & set(file.program.instruments))
    aid.granted_on, aid.amount = file.decided_on, None if is_lent else file.amount_granted
    aid.funder, aid.purpose = str(file.program.funder), file.program.name
    aid.evidence = file.reference


def form_page(request, form, organisation, title, *, conflict=False, aid=None):
    context = {
        "form": form,
        "organisation": organisation,
        "title": title,
        "conflict": conflict,
        "aid": aid,
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "funding/aid_form.html", context, status=status)


def find_aid(request, pk):
    aids = ReceivedAid.objects.visible_to(request.user).select_related("territory", "organisation")
    aid = get_object_or_404(aids, pk=pk)
    check(can_edit, request.user, aid.territory)
    return aid


def back_to(aid):
    if aid.organisation_id:
        return redirect("funding:ledger", aid.organisation_id)
    return redirect("funding:aid_list")


@require_http_methods(["GET", "POST"])
def received_aid(request, pk):
    aid = find_aid(request, pk)
    form = ReceivedAidForm(request.POST or None, instance=aid)
    conflict = False
    if request.method == "POST" and form.is_valid():
        if form.save_if_unchanged():
            messages.success(request, "L’aide est à jour.")
            return back_to(aid)
        conflict = True
    return form_page(
        request, form, aid.organisation, "Modifier une aide reçue", conflict=conflict, aid=aid
    )


@require_POST
def aid_remove(request, pk):
    aid = find_aid(request, pk)
    trace = aid.remove()
    undo = reverse("funding:aid_restore", args=[trace.history_id])
    messages.success(request, f"L’aide du {aid.granted_on:%d/%m/%Y} est retirée.", extra_tags=undo)
    return back_to(aid)


@require_POST
def aid_restore(request, history):
    trace = get_object_or_404(
        ReceivedAid.history.filter(
            history_type="-", territory__in=[territory for territory, _ in request.user.grants]
        ),
        history_id=history,
    )
    check(can_edit, request.user, trace.instance.territory)
    try:
        with transaction.atomic():
            ReceivedAid.restore(trace)
    except IntegrityError:  # its file gave another aid meanwhile
        messages.warning(request, "Une autre aide du registre vient déjà de ce dossier.")
    else:
        messages.success(request, "L’aide est de nouveau au registre.")
    return back_to(trace.instance)


# ── The firms that count as one ──


@require_http_methods(["GET", "POST"])
def firm_new(request, pk):
    organisation = find(request, pk)
    if not organisation.siren:
        messages.warning(request, "Notez d’abord le SIREN de l’organisation.")
        return redirect(organisation)
    form = FirmForm(request.POST or None, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        form.save()
        name = form.cleaned_data["name"]
        messages.success(request, f"«\u00a0{name}\u00a0» compte désormais avec elle.")
        return redirect("funding:ledger", organisation.pk)
    return form_page(request, form, organisation, "Ajouter une entreprise liée")


@require_POST
def firm_remove(request, pk, firm):
    organisation = find(request, pk)
    undertaking, _ = firms_of(organisation)
    row = get_object_or_404(
        UndertakingFirm.objects.visible_to(request.user), pk=firm, undertaking=undertaking
    )
    if row.siren == organisation.siren:
        messages.warning(request, "Elle ne peut pas être retirée de sa propre liste.")
        return redirect("funding:ledger", organisation.pk)
    trace = unlink_firm(row)
    messages.success(
        request,
        f"«\u00a0{row.name}\u00a0» ne compte plus avec elle.",
        extra_tags=reverse("funding:firm_restore", args=[pk, trace.history_id]),
    )
    return redirect("funding:ledger", organisation.pk)


@require_POST
def firm_restore(request, pk, history):
    organisation = find(request, pk)
    undertaking, _ = firms_of(organisation)
    traces = UndertakingFirm.history.filter(history_type="-", territory=organisation.territory_id)
    trace = get_object_or_404(traces, history_id=history)
    try:
        if undertaking is None or trace.undertaking_id != undertaking.pk:
            raise IntegrityError
        with transaction.atomic():
            relink_firm(trace)
    except IntegrityError:
        messages.warning(request, "La liste a changé depuis\u00a0: ajoutez l’entreprise à la main.")
    else:
        messages.success(request, f"«\u00a0{trace.name}\u00a0» compte de nouveau avec elle.")
    return redirect("funding:ledger", organisation.pk)


@require_POST
def undertaking_declared(request, pk):
    """The firm says that the list is whole, be it of itself alone."""
    organisation = find(request, pk)
    form = DeclaredForm(request.POST)
    if not organisation.siren or not form.is_valid():
        context = {
            "organisation": organisation,
            "position": Position(organisation, timezone.localdate()),
            "declared": form,
        }
        return render(request, "funding/ledger.html", context, status=422)
    with transaction.atomic():
        said = form.cleaned_data
        undertaking_of(organisation).declare(said["declared_on"], said["source"])
    messages.success(request, "La liste des entreprises liées est déclarée complète.")
    return redirect("funding:ledger", organisation.pk)


# ── Import ──


def batches(request):
    return LedgerImport.objects.visible_to(request.user).filter(territory=request.territory)


@allow(can_edit)
@require_http_methods(["GET", "POST"])
@takes()
def ledger_imports_page(request):
    posted = request.method == "POST"
    form = LedgerUploadForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        territory=request.territory,
        by=request.user,
    )
    if posted and form.is_valid():
        form.batch.save()
        return redirect("funding:ledger_import", form.batch.token)
    context = {
        "form": form,
        "batches": batches(request).defer("rows").select_related("created_by")[:20],
        "columns": ledger_imports.COLUMNS.values(),
        "max_size": size(settings.IMPORT_MAX_BYTES),
        "max_rows": ledger_imports.MAX_ROWS,
    }
    return render(request, "funding/ledger_imports.html", context, status=422 if posted else 200)


@allow(can_edit)
@require_http_methods(["GET", "POST"])
def ledger_import(request, token):
    """The preview of a batch, then what it did."""
    batch = get_object_or_404(batches(request), token=token)
    if request.method == "POST" and batch.committed_at:
        return redirect("funding:ledger_import", token)
    plan = None if batch.committed_at else ledger_imports.Plan(batch)
    if request.method == "POST" and plan and not plan.missing:
        try:
            plan = ledger_imports.commit(batch)
            said = [plural(plan.fates["created"], "aide inscrite,aides inscrites")]
            if completed := plan.fates["completed"]:
                said.append(plural(completed, "montant complété,montants complétés"))
            messages.success(
                request,
                f"{', '.join(said)}.",
                extra_tags=reverse("funding:ledger_import_undo", args=[token]),
            )
        except ledger_imports.AlreadyDone:
            pass
        except EditConflict:
            messages.warning(request, "Une aide a changé entre-temps\u00a0: relisez l’aperçu.")
        return redirect("funding:ledger_import", token)
    rows = plan.rows if plan else batch.rows
    context = {
        "batch": batch,
        "plan": plan,
        "can_undo": batch.can_be_undone(),
        "counts": plan.counts if plan else batch.counts,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "funding/ledger_import.html", context, status=status)


@allow(can_edit)
@require_POST
def ledger_import_undo(request, token):
    batch = get_object_or_404(batches(request), token=token)
    try:
        kept = ledger_imports.undo(batch)
    except ledger_imports.TooLate:
        messages.warning(request, "Cet import ne peut plus être annulé.")
    else:
        said = "Import annulé, sauf ce qui a été modifié depuis." if kept else "Import annulé."
        messages.success(request, said)
    return redirect("funding:ledger_import", token)


@allow(can_edit)
@require_safe
def ledger_import_refused(request, token):
    batch = get_object_or_404(batches(request), token=token)
    if batch.committed_at:
        rows = [(line, cells) for line, cells, _ in batch.rows]
        reasons = {line: why for line, _, why in batch.rows}
    else:
        refused = [r for r in ledger_imports.Plan(batch).rows if r.fate == "refused"]
        rows, reasons = [(r.line, r.cells) for r in refused], {r.line: r.reasons for r in refused}
    content = refusals.write(batch.header, rows, reasons)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    stem = batch.file_name.rpartition(".")[0] or batch.file_name
    response.headers["Content-Disposition"] = content_disposition_header(True, f"refus-{stem}.csv")
    return response
