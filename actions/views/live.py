"""The meeting as it goes: notes, decision, owner and date, point by point."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from actions.live_forms import Entry
from actions.models import AlreadyDecided, EditConflict, Meeting, Sheet
from actions.views.agenda import editable_item
from actions.views.fiches import missed, over
from actions.views.meetings import agenda_of
from crm.decorators import check
from crm.htmx import is_fragment
from crm.perms import can_edit

SETTLE = "consigner"


@require_safe
def live(request, pk):
    """From the day of the meeting on; before, there is nothing to note."""
    meetings = Meeting.objects.visible_to(request.user).select_related("kind", "territory")
    meeting = get_object_or_404(meetings, pk=pk)
    check(can_edit, request.user, meeting.territory)
    if not meeting.has_begun():
        messages.warning(request, "La séance s’ouvre le jour de la réunion.")
        return redirect(meeting)
    context = {
        "meeting": meeting,
        "sheet": Sheet(meeting),
        "entries": [Entry(item) for item in agenda_of(request, meeting)],
    }
    return render(request, "actions/live.html", context)


@require_POST
def live_point(request, pk):
    """Save the notes of one point and, if asked, record its decision; all of it or nothing."""
    item = editable_item(request, pk)
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user), pk=item.meeting_id)
    if not meeting.has_begun():
        raise BadRequest("La réunion n’a pas encore eu lieu\u00a0: rien ne s’y note.")
    settles = request.POST.get("geste") == SETTLE
    entry = Entry(item, request.POST, settles=settles)
    forms = [entry.notes, entry.decision] if settles and entry.decision else [entry.notes]
    if not all(form.is_valid() for form in forms):
        return answer(request, meeting, entry, 422)
    try:
        with transaction.atomic():
            entry.notes.save()
            if len(forms) == 2:
                item.decide(**entry.decision.values, by=request.user)
    except (AlreadyDecided, EditConflict):
        now = editable_item(request, pk)
        conflict = missed(now, entry.notes.cleaned_data["version"], called="ce point")
        return answer(request, meeting, Entry(now, over(request, now), conflict=conflict), 409)
    now = editable_item(request, pk)
    return answer(request, meeting, Entry(now, None if now.is_decided else over(request, now)))


def answer(request, meeting, entry, status=200):
    """The point alone for htmx; without script the page of the meeting, or the point alone while
    something that was typed is not written yet."""
    is_whole = status == 200 and not (entry.decision and request.POST.get("text"))
    if is_whole and not is_fragment(request):
        messages.success(request, f"Noté\u00a0: «\u00a0{entry.item}\u00a0».")
        return redirect(
            f"{reverse('actions:meeting_live', args=[meeting.pk])}#point-{entry.item.pk}"
        )
    context = {"entry": entry, "meeting": meeting, "is_saved": status == 200}
    template = "actions/_live_point.html" if is_fragment(request) else "actions/live_point.html"
    return render(request, template, context, status=status)
