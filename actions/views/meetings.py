from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from actions.forms import DecisionForm, MeetingForm
from actions.models import AgendaItem, EditConflict, Meeting
from actions.views import removal
from actions.views.fiches import missed, over
from crm.decorators import allow, check, takes
from crm.perms import can_edit, can_read_reviews, can_report, can_work_in_team

PAGE = 25


@require_safe
@takes("page")
def meeting_list(request):
    meetings = Meeting.objects.visible_to(request.user).filter(territory=request.territory)
    meetings = meetings.select_related("kind").with_points(request.user)
    upcoming = list(meetings.upcoming())
    following = upcoming[0] if upcoming else None
    context = {
        "next": following,
        "points": agenda_of(request, following)[:6] if following else [],
        "upcoming": upcoming[1:],
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
        "previous": previous(request, meeting),
        "can_read_notes": can_work_in_team(request.user, meeting.territory),
        "can_report": can_report(request.user, meeting.territory),
        **waiting(request, meeting.territory),
    }
    return render(request, "actions/meeting.html", context)


def agenda(request, meeting):
    """What the agenda shows, as a page and as the fragment that an order button swaps."""
    items = list(agenda_of(request, meeting))
    may_edit = can_edit(request.user, meeting.territory)
    may_sort = may_edit and not meeting.is_past()
    has_begun = meeting.held_on <= timezone.localdate()
    return {
        "meeting": meeting,
        "items": [
            {
                "item": item,
                "can_rise": may_sort and number > 1,
                "can_sink": may_sort and number < len(items),
                "form": decision_form(item) if may_edit and has_begun else None,
            }
            for number, item in enumerate(items, start=1)
        ],
        "to_decide": sum(item.is_to_decide for item in items),
        "decided": sum(item.is_decided for item in items),
        "unprepared": sum(item.is_to_decide and not item.recommendation for item in items),
        "is_past": meeting.is_past(),
        "can_edit": may_edit,
        "can_read_reviews": can_read_reviews(request.user, meeting.territory),
    }


def decision_form(item):
    """Only a point that calls for a decision and has none yet offers to record it."""
    return DecisionForm(item=item, auto_id=f"decision{item.pk}_%s") if item.is_to_decide else None


def previous(request, meeting):
    """The decisions of the meeting of the same kind before this one, where one follows them up."""
    before = meeting.previous()
    if not before:
        return None
    items = agenda_of(request, before).exclude(decision=None)
    return {"meeting": before, "items": items} if items else None


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
