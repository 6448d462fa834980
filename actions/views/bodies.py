"""The bodies of the territory: their members, their quorum, and who was there."""

import uuid

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions import changes
from actions.body_forms import AttendanceForm, BodyForm, SeatForm
from actions.models import Attendance, Body, EditConflict, Seat, Sheet
from actions.views import removal
from actions.views.fiches import missed, over
from actions.views.invitations import editable_meeting
from crm.decorators import allow, check
from crm.models import MeetingKind
from crm.perms import can_edit
from crm.query import row_id
from crm.templatetags.french import plural


@require_safe
@allow(can_edit)
def body_list(request):
    """Each kind of meeting with its members and its rule, described or not."""
    territory = request.territory
    bodies = Body.objects.visible_to(request.user).filter(territory=territory)
    described = {body.kind_id: body for body in bodies}
    seats = Seat.objects.visible_to(request.user).filter(body__territory=territory)
    counts = seats.counted(timezone.localdate())
    rows = [
        {"kind": kind, "body": described.get(kind.pk), "counts": counts.get(kind.pk, (0, 0))}
        for kind in MeetingKind.objects.of(territory)
    ]
    return render(request, "actions/body_list.html", {"rows": rows})


def find(request, kind):
    """The body of the current territory, described or not yet; someone else’s kind is a 404."""
    kinds = MeetingKind.objects.visible_to(request.user)
    kinds = kinds.filter(Q(territory=None) | Q(territory=request.territory))
    return Body.objects.of(request.territory, get_object_or_404(kinds, pk=kind))


@require_safe
@allow(can_edit)
def body(request, kind):
    body = find(request, kind)
    today = timezone.localdate()
    seats = Seat.objects.visible_to(request.user).filter(body=body.pk)
    context = {
        "body": body,
        "seats": seats.on(today).for_list(),
        "former": seats.exclude(pk__in=seats.on(today).values("pk")).for_list(),
        "log": changes.recent(body.history) if body.pk else [],
        "removed": removal.of_body(body) if body.pk else [],
    }
    return render(request, "actions/body.html", context)


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def body_edit(request, kind):
    body = find(request, kind)
    form = BodyForm(request.POST or None, instance=body)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            now = find(request, kind)
            conflict = missed(now, form.cleaned_data["version"], called="cette instance")
            form = BodyForm(over(request, now), instance=now)
        else:
            messages.success(request, f"La règle de «\u00a0{body}\u00a0» est à jour.")
            return redirect(body)
    context = {"form": form, "body": body, "conflict": conflict}
    return render(request, "actions/body_form.html", context, status=status_of(form, conflict))


def status_of(form, conflict):
    return 409 if conflict else 422 if form.errors else 200


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def seat_new(request, kind):
    body = find(request, kind)
    form = SeatForm(request.POST or None, instance=Seat(body=body), viewer=request.user)
    if request.method == "POST" and form.is_valid() and form.save_once():
        messages.success(request, f"{form.instance} siège à «\u00a0{body}\u00a0».")
        return redirect(body)
    context = {"form": form, "body": body, "seat": None, "conflict": None}
    return render(request, "actions/seat_form.html", context, status=status_of(form, None))


@require_http_methods(["GET", "POST"])
def seat_edit(request, pk):
    seats = Seat.objects.visible_to(request.user).select_related("body__territory", "body__kind")
    seat = get_object_or_404(seats.select_related("contact__organisation", "user"), pk=pk)
    check(can_edit, request.user, seat.body.territory)
    form = SeatForm(request.POST or None, instance=seat, viewer=request.user)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            if form.save_once():
                messages.success(request, f"{seat}\u00a0: enregistré.")
                return redirect(seat.body)
        except EditConflict:
            now = seats.get(pk=pk)
            conflict = missed(now, form.cleaned_data["version"], called="ce membre")
            form = SeatForm(over(request, now), instance=now, viewer=request.user)
    context = {"form": form, "body": seat.body, "seat": seat, "conflict": conflict}
    return render(request, "actions/seat_form.html", context, status=status_of(form, conflict))


@require_http_methods(["GET", "POST"])
def attendance(request, pk):
    """Who was there: a line for each member of the body on that day."""
    meeting = editable_meeting(request, pk)
    form = AttendanceForm(request.POST or None, sheet=Sheet(meeting))
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            Sheet(meeting).save_over(form.lines, form.cleaned_data["version"])
        except EditConflict:
            now = editable_meeting(request, pk)
            conflict = missed(now, form.cleaned_data["version"], called="cette réunion")
            form = AttendanceForm(over(request, now), sheet=Sheet(now))
        else:
            messages.success(
                request, f"La feuille de présence de «\u00a0{meeting}\u00a0» est notée."
            )
            return redirect(meeting)
    context = {"form": form, "meeting": meeting, "conflict": conflict}
    return render(
        request, "actions/attendance_form.html", context, status=status_of(form, conflict)
    )


@require_http_methods(["GET", "POST"])
def sheet_remove(request, pk):
    """The whole sheet, to be noted anew; one click puts it back."""
    meeting = editable_meeting(request, pk)
    sheet = Sheet(meeting)
    if not sheet.is_recorded:
        messages.info(request, "La feuille de présence n’est pas encore notée.")
        return redirect(meeting)
    if request.method == "POST":
        key = uuid.uuid4()
        try:
            sheet.remove(reason_of(key), row_id(request.POST.get("version")))
        except EditConflict:
            messages.warning(request, "La réunion a changé entre-temps\u00a0: rien n’est effacé.")
            return redirect("actions:sheet_remove", pk)
        undo = reverse("actions:sheet_restore", args=[pk, key])
        messages.success(request, "La feuille de présence est effacée.", extra_tags=undo)
        return redirect(meeting)
    return render(request, "actions/sheet_remove.html", {"meeting": meeting, "sheet": sheet})


def reason_of(key):
    return f"feuille {key}"


@require_POST
def sheet_restore(request, pk, key):
    meeting = editable_meeting(request, pk)
    removed = Attendance.history.filter(meeting=pk, history_change_reason=reason_of(key))
    traces = list(removed.order_by("history_id"))
    if not traces:
        raise Http404
    try:
        Sheet(meeting).restore(traces)
    except IntegrityError:
        messages.warning(request, "Une feuille a été notée depuis\u00a0: l’ancienne reste effacée.")
        return redirect(meeting)
    said = plural(len(traces), "ligne est remise,lignes sont remises")
    messages.success(request, f"La feuille de présence est de retour\u00a0: {said}.")
    return redirect(meeting)
