"""Asking the members of a body to a meeting, by mail or by hand, and calling a meeting off."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from actions.agenda_forms import CancelForm
from actions.invitations import guests, send
from actions.models import EditConflict, Meeting
from actions.views.fiches import missed, over
from crm.decorators import check
from crm.perms import can_edit
from crm.templatetags.french import plural


def editable_meeting(request, pk):
    meetings = Meeting.objects.visible_to(request.user).select_related("kind", "territory")
    meeting = get_object_or_404(meetings, pk=pk)
    check(can_edit, request.user, meeting.territory)
    return meeting


@require_http_methods(["GET", "POST"])
def invitations(request, pk):
    meeting = editable_meeting(request, pk)
    rows = guests(meeting, request.user)
    if request.method == "POST":
        return invite(request, meeting, rows)
    context = {
        "meeting": meeting,
        "guests": [guest for guest in rows if guest.state],
        "to_tell": sum(guest.is_to_tell for guest in rows),
        "addresses": "; ".join(guest.email for guest in rows if guest.email and guest.state),
        "sends_mail": settings.SENDS_MAIL,
        "is_past": meeting.is_past(),
    }
    return render(request, "actions/invitations.html", context)


def invite(request, meeting, rows):
    if not settings.SENDS_MAIL:
        raise BadRequest("Cette installation n’envoie pas de courriel\u00a0: rien n’est parti.")
    if meeting.is_past():
        raise BadRequest("La réunion est passée\u00a0: il n’y a plus personne à inviter.")
    asked = set(request.POST.getlist("guest"))
    chosen = [guest for guest in rows if guest.key in asked and guest.email and guest.state]
    fresh = [guest for guest in chosen if guest.read == request.POST.get(f"read-{guest.key}", "")]
    counts = send(meeting, fresh, request.user)
    if counts.sent:
        said = plural(counts.sent, "message est parti,messages sont partis")
        messages.success(request, f"{said}.")
    if counts.refused:
        said = plural(counts.refused, "adresse est refusée,adresses sont refusées")
        messages.warning(request, f"{said} par le serveur de courriel\u00a0: corrigez, renvoyez.")
    if counts.left:
        said = plural(counts.left, "message n’est pas parti,messages ne sont pas partis")
        messages.warning(request, f"Le serveur de courriel ne répond plus\u00a0: {said}.")
    if not (counts.sent or counts.refused or counts.left):
        why = "quelqu’un vient de leur écrire" if chosen else "personne n’était à prévenir"
        messages.info(request, f"Rien n’est parti\u00a0: {why}.")
    return redirect("actions:invitations", meeting.pk)


@require_http_methods(["GET", "POST"])
def meeting_cancel(request, pk):
    meeting = editable_meeting(request, pk)
    if meeting.is_cancelled:
        return redirect(meeting)
    refusal, conflict = meeting.why_it_is_held(), None
    form = CancelForm(request.POST or None, initial={"version": meeting.version})
    if request.method == "POST" and not refusal and form.is_valid():
        try:
            meeting.cancel(form.cleaned_data["reason"], version=form.cleaned_data["version"])
        except EditConflict:
            meeting = editable_meeting(request, pk)
            conflict = missed(meeting, form.cleaned_data["version"], called="cette réunion")
            form = CancelForm(over(request, meeting))
        else:
            undo = reverse("actions:meeting_keep", args=[pk])
            messages.success(request, f"«\u00a0{meeting}\u00a0» est annulée.", extra_tags=undo)
            return redirect(meeting)
    context = {
        "meeting": meeting,
        "form": form,
        "refusal": refusal,
        "conflict": conflict,
        "asked": meeting.invitations.asked().count(),
    }
    is_refused = conflict or (refusal and request.method == "POST")
    status = 409 if is_refused else 422 if form.errors else 200
    return render(request, "actions/meeting_cancel.html", context, status=status)


@require_POST
def meeting_keep(request, pk):
    """The meeting is held after all; who was told the contrary must be told again."""
    meeting = editable_meeting(request, pk)
    if meeting.keep():
        messages.success(request, f"«\u00a0{meeting}\u00a0» est maintenue.")
    return redirect(meeting)


@require_POST
def meeting_release(request, pk):
    """The points of a meeting that is called off wait for another one."""
    meeting = editable_meeting(request, pk)
    if not meeting.is_cancelled:
        raise BadRequest("Cette réunion n’est pas annulée\u00a0: ses points y restent.")
    count = sum(item.put_on(None) for item in meeting.items.all())
    said = plural(count, "point attend,points attendent")
    messages.success(request, f"{said} une autre réunion.")
    return redirect("actions:meeting_list")
