"""Who is concerned when the catalogue changes, and what closes soon."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Max
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crm.decorators import allow, check
from crm.htmx import render_page, render_panel
from crm.perms import can_edit
from crm.query import row_id
from crm.templatetags.french import plural
from funding import watch
from funding.models import DigestSubscription, Program, WatchNotice
from funding.models.subjects import is_action
from funding.views.subjects import get_subject
from funding.watch_filters import ClosingFilter, WatchFilter

PER_PAGE = 50
SHOWN = 6


@require_safe
def watch_list(request):
    notices = watch.notices(request.user, request.territory)
    filterset = WatchFilter(request.GET, queryset=notices.for_list(), request=request)
    found = filterset.qs
    # Of a program, of a project or of an action that somebody chose, every line is told.
    is_folded = not {"program", "project", "action"} & request.GET.keys()
    page = Paginator(found.telling() if is_folded else found, PER_PAGE)
    context = {
        "filterset": filterset,
        "page": page.get_page(request.GET.get("page")),
        "vague": list(found.vague_by_program()) if is_folded else [],
        "total": found.count(),
        "unseen": found.unseen().count(),
        "newest": found.aggregate(last=Max("pk"))["last"] or 0,
        "can_edit": can_edit(request.user, request.territory),
        "wants_digest": wants_digest(request.user),
        "sends_mail": settings.SENDS_MAIL,
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(
        request, "funding/watch_list.html", "funding/_watch_rows.html", context, status
    )


@require_safe
def watch_closing(request):
    """One row for each project or action that could still ask a program that closes soon."""
    filterset = ClosingFilter(request.GET, queryset=Program.objects.all(), request=request)
    rows = filterset.closings(request.user, request.territory)
    pairs = [(closing, candidate) for closing in rows for candidate in closing.candidates]
    context = {
        "filterset": filterset,
        "page": Paginator(pairs, PER_PAGE).get_page(request.GET.get("page")),
        "programs": len(rows),
        "today": timezone.localdate(),
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(
        request, "funding/watch_closing.html", "funding/_watch_closing_rows.html", context, status
    )


@require_safe
def panel(request, pk, kind):
    """What changed for one project or action, on its page."""
    subject = get_subject(request, kind, pk)
    rows = watch.notices(request.user, subject.territory).of(subject).for_list()
    context = {
        "project": subject,
        "is_action": is_action(subject),
        "notices": rows.order_by("-noticed_at", "-pk")[:SHOWN],
    }
    return render_panel(request, "funding/_watch_panel.html", context)


@allow(can_edit)
@require_POST
def seen(request):
    """One notice, a program’s, or all those that the filters of the address leave: those that the
    page knew of, not those that came since."""
    rows = watch.notices(request.user, request.territory).unseen()
    if notice := request.POST.get("notice"):
        rows = rows.filter(pk=row_id(notice))
    elif program := request.POST.get("program"):
        rows = rows.filter(program=row_id(program))
        if request.POST.get("vague"):
            rows = rows.vague()
    elif request.GET:
        found = WatchFilter(request.GET, queryset=rows.for_list(), request=request).qs
        rows = WatchNotice.objects.filter(pk__in=found.order_by().values("pk"))
    if newest := row_id(request.POST.get("newest")):
        rows = rows.filter(pk__lte=newest)
    mark = uuid.uuid4()
    pks = list(rows.values_list("pk", flat=True))
    unseen = WatchNotice.objects.filter(pk__in=pks, seen_at=None)
    count = unseen.update(seen_at=timezone.now(), seen_by=request.user, seen_mark=mark)
    if count:
        said = plural(count, "changement marqué comme vu,changements marqués comme vus")
        undo = reverse("funding:watch_unseen", args=[mark])
        messages.success(request, f"{said}.", extra_tags=undo)
    else:
        messages.info(request, "Il n’y avait plus rien à marquer comme vu.")
    return back(request)


@require_POST
def unseen(request, mark):
    """Take back one click of « vu », whoever of the team made it."""
    rows = WatchNotice.objects.visible_to(request.user).filter(seen_mark=mark)
    first = rows.select_related("project__territory", "action__plan__territory")[:1]
    check(can_edit, request.user, get_object_or_404(first).subject.territory)
    pks = list(rows.values_list("pk", flat=True))
    again = WatchNotice.objects.filter(pk__in=pks)
    count = again.update(seen_at=None, seen_by=None, seen_mark=None)
    said = plural(count, "changement est de nouveau à voir,changements sont de nouveau à voir")
    messages.success(request, f"{said}.")
    return back(request)


def back(request):
    """To the home page when it asked, else to the list with its filters."""
    if request.POST.get("page") == "accueil":
        return redirect("reporting:today")
    query = request.GET.urlencode()
    return redirect(f"{reverse('funding:watch_list')}{'?' if query else ''}{query}")


@allow(can_edit)
@require_POST
def digest(request):
    """Take or leave the weekly mail, where mail is sent."""
    if not settings.SENDS_MAIL:
        raise BadRequest("Cette installation n’envoie pas de courriel.")
    is_wanted = request.POST.get("wanted") == "1"
    DigestSubscription.objects.update_or_create(
        user=request.user, defaults={"is_wanted": is_wanted}
    )
    said = "Vous recevrez" if is_wanted else "Vous ne recevrez plus"
    messages.success(request, f"{said} le résumé de la semaine par courriel.")
    return redirect("funding:watch_list")


def wants_digest(user):
    kept = DigestSubscription.objects.filter(user=user).first()
    return kept is None or kept.is_wanted
