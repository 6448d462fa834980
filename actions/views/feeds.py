"""The calendar of the bodies as a subscription: one’s own secret addresses, and what they give."""

import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.calendar import calendar
from actions.events import event_of
from actions.feed_forms import FeedForm
from actions.models import AgendaItem, CalendarLink, Meeting
from crm.htmx import is_fragment, render_page
from crm.models import User

# What was held lately stays in the diary that one reads.
SINCE = datetime.timedelta(days=365)
SAME_CLICK = datetime.timedelta(minutes=1)
FRAGMENT = "actions/_feeds.html"


@login_not_required
@never_cache
@require_safe
def feed(request, secret):
    """The meetings of all the territories of its owner, with the points that they may read."""
    link = CalendarLink.objects.find(secret)
    if link is None:
        raise Http404
    link.touch()
    meetings = Meeting.objects.visible_to(link.user).from_day(timezone.localdate() - SINCE)
    points = AgendaItem.objects.visible_to(link.user).filter(meeting__in=meetings.values("pk"))
    by_meeting = {}
    for item in points.order_by("position", "pk"):
        by_meeting.setdefault(item.meeting_id, []).append(item)
    site = request.build_absolute_uri("/").rstrip("/")
    events = [event_of(row, by_meeting.get(row.pk, []), site=site) for row in meetings]
    content = calendar(events, now=timezone.now(), name="Établi, instances")
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "POST"])
def feed_panel(request):
    """One’s own links; the secret of a new one is shown once."""
    form = FeedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        issue(request, form.cleaned_data["name"])
        if not is_fragment(request):
            return redirect("actions:feed_panel")
        form = FeedForm()
    secret = None if form.errors else request.session.pop("issued_feed", None)
    address = secret and request.build_absolute_uri(reverse("actions:feed", args=[secret]))
    context = {
        "form": form,
        "links": CalendarLink.objects.visible_to(request.user).live(),
        "address": address,
        "subscribe": address and f"webcal://{address.partition('://')[2]}",
        "fragment": FRAGMENT,
    }
    status = 422 if form.errors else 200
    return render_page(request, "actions/feeds.html", FRAGMENT, context, status)


@transaction.atomic
def issue(request, name):
    """Create the link and keep its secret for one display; a second click creates nothing."""
    User.objects.select_for_update().get(pk=request.user.pk)
    mine = CalendarLink.objects.visible_to(request.user).live()
    if mine.filter(name=name, created_at__gt=timezone.now() - SAME_CLICK).exists():
        return
    _, request.session["issued_feed"] = CalendarLink.objects.issue(request.user, name)
    request.session.save()  # before the lock is released


@require_POST
def feed_revoke(request, pk):
    link = get_object_or_404(CalendarLink.objects.visible_to(request.user), pk=pk)
    if link.revoke():
        messages.success(request, f"«\u00a0{link}\u00a0» ne reçoit plus rien.")
    return redirect("crm:account")
