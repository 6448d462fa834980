from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from actions.decision_filters import DecisionFilter
from actions.models import Meeting
from reporting import exports, minutes, minutes_docx
from reporting.views.exports import export

KINDS = {
    "pdf": (minutes.pdf, "application/pdf"),
    "docx": (
        minutes_docx.docx,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
}


@require_safe
def minutes_of(request, pk, kind):
    """From the day of the meeting on; before, there is nothing to record."""
    if kind not in KINDS:
        raise Http404
    meetings = Meeting.objects.visible_to(request.user).select_related("kind", "territory")
    meeting = get_object_or_404(meetings, pk=pk)
    today = timezone.localdate()
    if not meeting.has_begun(today=today):
        messages.error(request, "Le relevé s’établit à partir du jour de la réunion.")
        return redirect(meeting)
    write, content_type = KINDS[kind]
    content = write(minutes.of(meeting, request.user, today=today))
    response = HttpResponse(content, content_type=content_type)
    name = f"releve-{slugify(meeting.title)[:60]}-{meeting.held_on:%Y-%m-%d}.{kind}"
    response.headers["Content-Disposition"] = content_disposition_header(True, name)
    return response


@require_safe
def decisions(request, kind):
    rows = exports.decisions(request.user, request.territory)
    return export(request, kind, DecisionFilter, rows, exports.DECISIONS, "decisions")
