"""Drafts of the committee pack, and its editions: what was issued is shown from frozen rows."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from actions.models import Meeting
from crm.decorators import allow, takes
from crm.htmx import render_page
from crm.perms import can_edit, can_report
from crm.query import row_id
from reporting import perimeters
from reporting.committee import DRAFT
from reporting.edition_reading import Reading
from reporting.editions import COMMITTEE, NumberTaken, between, build, file_name, issue
from reporting.exports import attachment
from reporting.filters import EditionFilter
from reporting.forms import EditionForm, PackForm
from reporting.models import Edition, EditionFile, Readers
from reporting.workbook import XLSX

PER_PAGE = 25
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
TYPES = {
    EditionFile.Kind.XLSX: XLSX,
    EditionFile.Kind.PDF: "application/pdf",
    EditionFile.Kind.PPTX: PPTX,
}


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
    others = Edition.objects.visible_to(request.user).alike(edition)
    context = {
        "edition": edition,
        "reading": Reading(edition.content),
        "files": edition.files.all(),
        "earlier": others.filter(number__lt=edition.number).defer("content"),
        "later": others.filter(number__gt=edition.number).defer("content").last(),
        "can_report": can_report(request.user, edition.territory),
        "can_edit": can_edit(request.user, edition.territory),
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
    editions = Edition.objects.visible_to(request.user)
    earlier = editions.alike(edition).filter(number__lt=edition.number)
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


CHOICE = ("reunion", "lecteurs", "epci")
NOT_HERE = "Cette réunion, ces lecteurs ou cet EPCI n’existent pas ici."


def choices_of(request):
    """Among what a pack is chosen."""
    meetings = Meeting.objects.visible_to(request.user).filter(territory=request.territory)
    return {"meetings": list(meetings), "epcis": list(perimeters.choices(request.territory))}


def chosen_in(data, choices):
    """The choice of a pack, or a 400: nobody gets another pack than the one they asked for."""
    chosen = PackForm(data, **choices)
    if not chosen.is_valid():
        raise BadRequest(NOT_HERE)
    return chosen


def asked_by(request, choices):
    """What the address says, over the next committee and its elected."""
    following = Meeting.objects.next_committee(request.territory)
    asked = request.GET.copy()
    asked.setdefault("reunion", following.pk if following else "")
    asked.setdefault("lecteurs", Readers.ELECTED)
    return chosen_in(asked, choices)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(can_edit)
@takes(*CHOICE)
def edition_new(request):
    """The draft of a pack, as its readers would read it today; sent, it becomes an edition."""
    choices = choices_of(request)
    if request.method != "POST":
        return draft(request, asked_by(request, choices), choices)
    form = EditionForm(request.POST, **choices)
    if form.is_valid():
        return freeze(request, form, choices)
    return draft(request, chosen_in(request.POST, choices), choices, form=form, status=422)


@require_safe
@allow(can_edit)
@takes(*CHOICE)
def draft_file(request, kind):
    """One form of the draft, which says that it is one on each of its pages."""
    if kind not in EditionFile.Kind.values:
        raise Http404
    said = asked_by(request, choices_of(request)).cleaned_data
    pack = build(
        request.territory, said["lecteurs"], meeting=said["reunion"], epcis=said["epci"]
    )  # fmt: skip
    kind = EditionFile.Kind(kind)
    content = pack.form(kind, title=title_of(said["reunion"]), stamp=DRAFT)
    what = f"document-de-travail-{said['lecteurs'].value}"
    name = file_name(request.territory, what, pack.drawn_on, kind)
    return HttpResponse(content, content_type=TYPES[kind], headers=attachment(name))


def title_of(meeting):
    return f"Dossier, {meeting or 'comité de pilotage'}"


def draft(request, chosen, choices, *, form=None, status=200, conflict=None):
    said = chosen.cleaned_data
    meeting, readers, epcis = said["reunion"], said["lecteurs"], said["epci"]
    pack = build(request.territory, readers, meeting=meeting, epcis=epcis)
    number = Edition.objects.next_number(request.territory, COMMITTEE)
    initial = {
        "reunion": meeting.pk if meeting else "",
        "lecteurs": readers,
        "epci": [epci.pk for epci in epcis],
        "number": number,
        "title": title_of(meeting),
    }
    query = {name: initial[name] for name in CHOICE}
    context = {
        "choice": chosen,
        "form": form or EditionForm(initial=initial, **choices),
        "number": number,
        "readers": readers,
        "meeting": meeting,
        "reading": pack.reading,
        "drawn_on": pack.drawn_on,
        "conflict": conflict,
        "kinds": EditionFile.Kind,
        "query": urlencode(query, doseq=True),
        "can_edit": True,
    }
    return render(request, "reporting/edition_draft.html", context, status=status)


def freeze(request, form, choices):
    said = form.cleaned_data
    try:
        edition = issue(
            request.territory,
            said["lecteurs"],
            meeting=said["reunion"],
            epcis=said["epci"],
            by=request.user,
            title=said["title"],
            number=said["number"],
            today=timezone.localdate(),
        )
    except NumberTaken:
        editions = Edition.objects.filter(territory=request.territory, report=COMMITTEE)
        last = editions.visible_to(request.user).for_list().order_by("-number").first()
        chosen = chosen_in(request.POST, choices)
        return draft(request, chosen, choices, status=409, conflict=last)
    messages.success(request, f"«\u00a0{edition}\u00a0» est émise\u00a0: elle ne changera plus.")
    return redirect(edition)
