from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from actions.agenda_forms import DecisionForm, MeetingForm
from actions.calendar import calendar
from actions.documents import documents_of
from actions.events import event_of
from actions.models import AgendaItem, Decision, EditConflict, Meeting, Sheet
from actions.views import removal
from actions.views.fiches import missed, over
from crm.decorators import allow, check, takes
from crm.perms import can_edit, can_read_reviews, can_report, can_work_in_team

PAGE = 25


@require_safe
@takes("page")
def meeting_list(request):
    meetings = Meeting.objects.visible_to(request.user).filter(territory=request.territory)
    points = AgendaItem.objects.visible_to(request.user)
    meetings = meetings.select_related("kind").with_points(points)
    upcoming = list(meetings.upcoming())
    following = upcoming[0] if upcoming else None
    context = {
        "next": following,
        "points": agenda_of(request, following)[:6] if following else [],
        "upcoming": upcoming[1:],
        "cancelled": meetings.called_off().from_day(timezone.localdate()),
        "page": Paginator(meetings.past(), PAGE).get_page(request.GET.get("page")),
        **waiting(request, request.territory),
    }
    return render(request, "actions/meeting_list.html", context)


def agenda_of(request, meeting):
    """The points of a meeting that the person may read, in order."""
    items = AgendaItem.objects.visible_to(request.user).filter(meeting=meeting)
    return items.for_list(request.user)


def waiting(request, territory):
    """The points on no agenda, and the committee that one click puts them on."""
    items = AgendaItem.objects.visible_to(request.user).filter(territory=territory)
    may_edit = can_edit(request.user, territory)
    return {
        "waiting": items.waiting().for_list(request.user).order_by("created_at", "pk"),
        "committee": Meeting.objects.next_committee(territory),
        "can_edit": may_edit,
        "removed": removal.of_territory(territory) if may_edit else [],
    }


@require_safe
def meeting(request, pk):
    meetings = Meeting.objects.visible_to(request.user).select_related("kind", "territory")
    meeting = get_object_or_404(meetings, pk=pk)
    context = agenda(request, meeting) | {
        "sheet": Sheet(meeting),
        "previous": previous(request, meeting),
        "can_read_notes": can_work_in_team(request.user, meeting.territory),
        "can_report": can_report(request.user, meeting.territory),
        "is_to_tell": meeting.is_cancelled and meeting.invitations.asked().exists(),
        **waiting(request, meeting.territory),
        **documents_of(request, meeting),
    }
    return render(request, "actions/meeting.html", context)


def agenda(request, meeting):
    """What the agenda shows, as a page and as the fragment that an order button swaps."""
    items = list(agenda_of(request, meeting))
    may_edit = can_edit(request.user, meeting.territory)
    may_sort = may_edit and not meeting.is_past()
    has_begun = meeting.has_begun()
    return {
        "meeting": meeting,
        "items": [
            {
                "item": item,
                "can_rise": may_sort and number > 1,
                "can_sink": may_sort and number < len(items),
                "form": decision_form(item) if may_edit and has_begun else None,
                "can_decide": may_edit and has_begun and item.is_to_decide,
            }
            for number, item in enumerate(items, start=1)
        ],
        "to_decide": sum(item.is_to_decide for item in items),
        "decided": sum(item.is_decided for item in items),
        "unprepared": sum(item.is_to_decide and not item.is_prepared for item in items),
        "is_past": meeting.is_past(),
        "has_begun": has_begun,
        "can_edit": may_edit,
        "can_read_reviews": can_read_reviews(request.user, meeting.territory),
    }


def decision_form(item):
    """Only a point that calls for a decision and has none yet offers to record it here; one that
    revisits a decision has a page, where it says what becomes of the older one."""
    if not item.is_to_decide or item.revisits_id:
        return None
    return DecisionForm(item=item, auto_id=f"decision{item.pk}_%s")


def previous(request, meeting):
    """The decisions of the meeting of the same kind before this one, where one follows them up."""
    before = meeting.previous()
    if not before:
        return None
    rows = Decision.objects.visible_to(request.user).filter(item__meeting=before)
    decisions = rows.with_state().for_list(request.user)
    return {"meeting": before, "decisions": decisions} if decisions else None


@require_safe
def meeting_calendar(request, pk):
    """The meeting for one’s own diary, with the points that one may read."""
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user), pk=pk)
    site = request.build_absolute_uri("/").rstrip("/")
    event = event_of(meeting, agenda_of(request, meeting), site=site)
    content = calendar([event], now=timezone.now())
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    name = f"{slugify(meeting.title)[:60] or 'reunion'}.ics"
    response.headers["Content-Disposition"] = content_disposition_header(True, name)
    return response


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def meeting_new(request):
    form = MeetingForm(
        request.POST or None,
        instance=Meeting(territory=request.territory),
        initial={"kind": Meeting.COMMITTEE},
    )
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"« {form.instance} » est créé : composez l’ordre du jour.")
        return redirect(form.instance)
    context = {"form": form, "meeting": None, "was": "", "conflict": None}
    return render(request, "actions/meeting_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def meeting_edit(request, pk):
    meetings = Meeting.objects.visible_to(request.user).select_related("territory")
    meeting = get_object_or_404(meetings, pk=pk)
    check(can_edit, request.user, meeting.territory)
    was = str(meeting)
    form = MeetingForm(request.POST or None, instance=meeting)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            return conflict(request, meetings.get(pk=pk), read=form.cleaned_data["version"])
        messages.success(request, f"« {meeting} » est à jour.")
        return redirect(meeting)
    context = {"form": form, "meeting": meeting, "was": was, "conflict": None}
    return render(request, "actions/meeting_form.html", context, status=422 if form.errors else 200)


def conflict(request, meeting, *, read):
    context = {
        "form": MeetingForm(over(request, meeting), instance=meeting),
        "meeting": meeting,
        "was": str(meeting),
        "conflict": missed(meeting, read, called="cette réunion"),
    }
    return render(request, "actions/meeting_form.html", context, status=409)
