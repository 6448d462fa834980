"""Drafts of the committee pack, and its editions: what was issued is shown from frozen rows."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from actions.models import Meeting
from crm.decorators import allow, takes
from crm.htmx import render_page
from crm.perms import can_edit, can_report
from crm.query import row_id
from reporting.editions import COMMITTEE, NumberTaken, Reading, between, build, issue
from reporting.exports import attachment
from reporting.filters import EditionFilter
from reporting.forms import EditionForm, PackForm
from reporting.models import Edition, EditionFile, Readers
from reporting.workbook import XLSX

PER_PAGE = 25
TYPES = {EditionFile.Kind.XLSX: XLSX, EditionFile.Kind.PDF: "application/pdf"}


@require_safe
def edition_list(request):
    editions = Edition.objects.visible_to(request.user).filter(territory=request.territory)
    filterset = EditionFilter(request.GET, queryset=editions.for_list(), request=request)
    context = {
        "filterset": filterset,
        "page": Paginator(filterset.qs, PER_PAGE).get_page(request.GET.get("page")),
        "can_edit": can_edit(request.user, request.territory),
        "can_report": can_report(request.user, request.territory),
    }
    status = 200 if filterset.is_valid() else 400
    return render(request, "reporting/edition_list.html", context, status=status)


def find(request, pk):
    editions = Edition.objects.visible_to(request.user).select_related("territory", "meeting")
    return get_object_or_404(editions, pk=pk)


@require_safe
def edition(request, pk):
    edition = find(request, pk)
    others = Edition.objects.visible_to(request.user).filter(
        territory=edition.territory, report=edition.report, readers=edition.readers
    )
    context = {
        "edition": edition,
        "reading": Reading(edition.content),
        "files": edition.files.all(),
        "earlier": others.filter(number__lt=edition.number).defer("content"),
        "later": others.filter(number__gt=edition.number).defer("content").last(),
        "can_report": can_report(request.user, edition.territory),
    }
    return render(request, "reporting/edition.html", context)


@require_safe
def file(request, pk, kind):
    """The bytes that were handed out, whatever happened to the data since."""
    file = get_object_or_404(EditionFile, edition=find(request, pk), kind=kind)
    kind, content = TYPES[file.kind], bytes(file.content)
    return HttpResponse(content, content_type=kind, headers=attachment(file.name))


@require_safe
@takes("avec")
def compare(request, pk):
    """What changed from an earlier edition for the same readers to this one."""
    edition = find(request, pk)
    earlier = Edition.objects.visible_to(request.user).filter(
        territory=edition.territory,
        report=edition.report,
        readers=edition.readers,
        number__lt=edition.number,
    )
    asked = request.GET.get("avec", "")
    other = earlier.filter(pk=row_id(asked)).first() if asked else earlier.first()
    if asked and other is None:
        raise BadRequest("Choisissez une édition antérieure, émise pour les mêmes lecteurs.")
    context = {
        "edition": edition,
        "other": other,
        "earlier": earlier.defer("content"),
        "since": between(other, edition) if other else None,
    }
    return render(request, "reporting/edition_compare.html", context)


@require_safe
def of_meeting(request, pk):
    """Beside the agenda: the editions of the pack of a meeting, and the way to its draft."""
    meetings = Meeting.objects.visible_to(request.user).select_related("territory")
    meeting = get_object_or_404(meetings, pk=pk)
    editions = Edition.objects.visible_to(request.user).filter(meeting=meeting)
    context = {
        "meeting": meeting,
        "editions": editions.for_list(),
        "can_edit": can_edit(request.user, meeting.territory),
    }
    page, fragment = "reporting/edition_panel.html", "reporting/_edition_panel.html"
    return render_page(request, page, fragment, context)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(can_edit)
@takes("reunion", "lecteurs")
def edition_new(request):
    """The draft of a pack, as its readers would read it today; sent, it becomes an edition."""
    meetings = list(
        Meeting.objects.visible_to(request.user).filter(territory=request.territory)
    )  # fmt: skip
    if request.method == "POST":
        form = EditionForm(request.POST, meetings=meetings)
        if form.is_valid():
            return freeze(request, form, meetings)
        chosen = PackForm(request.POST, meetings=meetings)
        if not chosen.is_valid():
            raise BadRequest("Cette réunion ou ces lecteurs n’existent pas ici.")
        return draft(request, chosen, meetings, form=form, status=422)
    following = Meeting.objects.next_committee(request.territory)
    asked = {"reunion": following.pk if following else "", "lecteurs": Readers.ELECTED}
    chosen = PackForm(asked | request.GET.dict(), meetings=meetings)
    if not chosen.is_valid():
        raise BadRequest("Cette réunion ou ces lecteurs n’existent pas ici.")
    return draft(request, chosen, meetings)


def draft(request, chosen, meetings, *, form=None, status=200, conflict=None):
    meeting, readers = chosen.cleaned_data["reunion"], chosen.cleaned_data["lecteurs"]
    pack = build(request.territory, readers, meeting=meeting)
    number = Edition.objects.next_number(request.territory, COMMITTEE)
    initial = {
        "reunion": meeting.pk if meeting else "",
        "lecteurs": readers,
        "number": number,
        "title": f"Dossier, {meeting or 'comité de pilotage'}",
    }
    context = {
        "choice": chosen,
        "form": form or EditionForm(initial=initial, meetings=meetings),
        "number": number,
        "readers": readers,
        "meeting": meeting,
        "reading": Reading(pack.content),
        "drawn_on": pack.drawn_on,
        "conflict": conflict,
        "level": readers.level,
    }
    return render(request, "reporting/edition_draft.html", context, status=status)


def freeze(request, form, meetings):
    said = form.cleaned_data
    try:
        edition = issue(
            request.territory,
            said["lecteurs"],
            meeting=said["reunion"],
            by=request.user,
            title=said["title"],
            number=said["number"],
            today=timezone.localdate(),
        )
    except NumberTaken:
        chosen = PackForm(request.POST, meetings=meetings)
        chosen.is_valid()
        editions = Edition.objects.filter(territory=request.territory, report=COMMITTEE)
        last = editions.visible_to(request.user).for_list().order_by("-number").first()
        return draft(request, chosen, meetings, status=409, conflict=last)
    messages.success(request, f"«\u00a0{edition}\u00a0» est émise\u00a0: elle ne changera plus.")
    return redirect(edition)
