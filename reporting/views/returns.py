"""The returns of a territory: as they would leave today, what they lack, what was sent."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from crm.decorators import allow, takes
from crm.perms import can_edit, can_manage, can_report
from crm.query import row_id
from reporting.committee import file_name
from reporting.editions import NumberTaken
from reporting.exports import attachment
from reporting.models import ReturnMapping, Sending
from reporting.returns import grids_in_force, sending
from reporting.returns.checks import Check
from reporting.returns.forms import SendingForm
from reporting.returns.shipped import NOTICE
from reporting.workbook import XLSX

SAMPLE = 5
RECORDS_A_PAGE = 40


def version_of(request, code):
    try:
        return grids_in_force.of(request.territory, code)
    except ReturnMapping.DoesNotExist:
        raise Http404 from None


def sent(request, code):
    return Sending.objects.visible_to(request.user).of(request.territory, code)


@allow(can_report)
@require_safe
def return_list(request):
    last = {}
    sendings = Sending.objects.visible_to(request.user).filter(territory=request.territory)
    for one in sendings.for_list().order_by("number"):
        last[one.code] = one
    rows = [
        (mapping, mapping.current, last.get(mapping.code))
        for mapping in grids_in_force.mappings(request.territory)
    ]
    context = {
        "rows": rows,
        "several": len(request.user.grants) > 1,
        "can_manage": can_manage(request.user, request.territory),
    }
    return render(request, "reporting/return_list.html", context)


@allow(can_report)
@require_safe
def return_page(request, code):
    version = version_of(request, code)
    shown = sending.drawn(version, request.territory)
    check = Check(shown)
    content = {"sheets": [sending.sheet_of(sheet) for sheet in shown.sheets]}
    last = sent(request, code).order_by("-number").first()
    context = {
        "version": version,
        "mapping": version.mapping,
        "notice": "" if version.is_official else NOTICE,
        "figures": shown.figures,
        "check": check,
        "sheets": sending.read_sheets(content, SAMPLE),
        "sample": SAMPLE,
        "last": last,
        "changes": sending.between(last, content["sheets"]) if last else [],
        "sendings": sent(request, code).for_list(),
        "can_edit": can_edit(request.user, request.territory),
        "can_manage": can_manage(request.user, request.territory),
    }
    return render(request, "reporting/return.html", context)


@allow(can_report)
@require_safe
@takes("page", "champ")
def return_check(request, code):
    """Every missing or inconsistent cell, by record, with where it is filled."""
    version = version_of(request, code)
    check = Check(sending.drawn(version, request.territory))
    fields = check.by_field()
    wanted = request.GET.get("champ", "")
    if wanted and wanted not in {name for _, name, _ in fields}:
        raise BadRequest("Cette information ne manque nulle part.")
    records = [
        (lacking, [one for one in lacking.findings if wanted in {"", one.field}])
        for lacking in check.records
    ]
    records = [(lacking, found) for lacking, found in records if found]
    context = {
        "version": version,
        "mapping": version.mapping,
        "check": check,
        "fields": fields,
        "wanted": wanted,
        "page": Paginator(records, RECORDS_A_PAGE).get_page(request.GET.get("page")),
        "can_edit": can_edit(request.user, request.territory),
        "can_manage": can_manage(request.user, request.territory),
    }
    return render(request, "reporting/return_check.html", context)


@allow(can_report)
@require_safe
@takes()
def return_file(request, code):
    """The workbook as it would leave today, which says on each sheet that it did not."""
    version = version_of(request, code)
    content = sending.workbook(version, request.territory)
    name = file_name(request.territory, f"brouillon-remontee-{code}", timezone.localdate(), "xlsx")
    return HttpResponse(content, content_type=XLSX, headers=attachment(name))


@require_http_methods(["GET", "HEAD", "POST"])
@allow(can_edit)
def return_send(request, code):
    """Mark it as sent: what left is frozen, and the next one is compared with it."""
    version = version_of(request, code)
    number = Sending.objects.next_number(request.territory, code)
    posted = request.method == "POST"
    initial = {"number": number, "version": version.pk, "sent_on": timezone.localdate()}
    form = SendingForm(request.POST if posted else None, initial=initial, version=version)
    conflict = None
    if posted and form.is_valid():
        said = form.cleaned_data
        try:
            one = sending.send(
                version, request.territory, by=request.user, number=said["number"],
                sent_on=said["sent_on"], sent_to=said["sent_to"], note=said["note"],
            )  # fmt: skip
            messages.success(request, f"«\u00a0{one}\u00a0» est noté\u00a0: il ne changera plus.")
            return redirect(one)
        except NumberTaken:
            conflict = sent(request, code).for_list().order_by("-number").first()
            form = SendingForm(
                request.POST.dict() | {"number": number}, initial=initial, version=version
            )
    context = {
        "version": version,
        "mapping": version.mapping,
        "form": form,
        "number": number,
        "conflict": conflict,
        "check": Check(sending.drawn(version, request.territory)),
    }
    status = 409 if conflict else 422 if posted else 200
    return render(request, "reporting/return_send.html", context, status=status)


def find(request, pk):
    sendings = Sending.objects.visible_to(request.user)
    return get_object_or_404(sendings.select_related("territory", "mapping_version"), pk=pk)


@require_safe
def sending_page(request, pk):
    one = find(request, pk)
    others = Sending.objects.visible_to(request.user).of(one.territory, one.code)
    context = {
        "sending": one,
        "files": one.files.all(),
        "sheets": sending.read_sheets(one.content, SAMPLE * 4),
        "sample": SAMPLE * 4,
        "earlier": others.filter(number__lt=one.number).defer("content").order_by("-number"),
        "later": others.filter(number__gt=one.number).defer("content").order_by("number").last(),
    }
    return render(request, "reporting/return_sending.html", context)


@require_safe
def sending_file(request, pk):
    """The bytes that were sent, whatever happened to the data since."""
    file = get_object_or_404(find(request, pk).files)
    return HttpResponse(bytes(file.content), content_type=XLSX, headers=attachment(file.name))


@require_safe
@takes("avec")
def sending_compare(request, pk):
    """What changed from an earlier sending to this one, from their frozen rows."""
    one = find(request, pk)
    earlier = Sending.objects.visible_to(request.user).of(one.territory, one.code)
    earlier = earlier.filter(number__lt=one.number).order_by("-number")
    asked = request.GET.get("avec", "")
    other = earlier.filter(pk=row_id(asked)).first() if asked else earlier.first()
    if asked and other is None:
        raise BadRequest("Choisissez un envoi antérieur de la même remontée.")
    context = {
        "sending": one,
        "other": other,
        "earlier": earlier.defer("content"),
        "changes": sending.between(other, one.content["sheets"]) if other else [],
    }
    return render(request, "reporting/return_compare.html", context)
