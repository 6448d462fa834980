"""The register of decisions, and what was decided about one project."""

from django.core.paginator import Paginator
from django.db.models import F, Q
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from actions.decision_filters import DecisionFilter
from actions.models import AgendaItem, Decision
from actions.views.agenda import home
from crm.htmx import render_page
from crm.models import Organisation, Project
from crm.perms import can_edit

PAGE = 50
POINTS = "actions/_points_panel.html"
# What is on no agenda yet comes first.
LATEST = F("meeting__held_on").desc(nulls_first=True)


@require_safe
def decision_list(request):
    """Everything that was decided, whatever became of it, the latest meeting first."""
    rows = Decision.objects.visible_to(request.user).filter(item__territory=request.territory)
    rows = rows.with_state().for_list(request.user)
    filterset = DecisionFilter(request.GET, queryset=rows, request=request)
    found = filterset.qs
    context = {
        "filterset": filterset,
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "late": found.filter(state=Decision.State.LATE).count(),
        "can_edit": can_edit(request.user, request.territory),
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(
        request, "actions/decision_list.html", "actions/_decision_rows.html", context, status
    )


@require_safe
def decision(request, pk):
    """One address for each decision: its point, where it was taken."""
    decisions = Decision.objects.visible_to(request.user).select_related("item__meeting")
    return redirect(home(get_object_or_404(decisions, pk=pk).item))


@require_safe
def project_points(request, pk):
    """What was put to the bodies about a project, and what they decided."""
    projects = Project.objects.visible_to(request.user).select_related("territory")
    project = get_object_or_404(projects, pk=pk)
    return points_panel(request, project, {"project": project}, new=f"?projet={pk}")


@require_safe
def organisation_points(request, pk):
    """The same about the projects that an organisation holds and the fiches that it pilots."""
    organisations = Organisation.objects.visible_to(request.user).select_related("territory")
    organisation = get_object_or_404(organisations, pk=pk)
    return points_panel(
        request, organisation, {"project__holder": organisation, "action__pilot": organisation}
    )


def points_panel(request, subject, about, new=""):
    """The points of which any of `about` is true."""
    points = AgendaItem.objects.visible_to(request.user)
    points = points.filter(Q(*about.items(), _connector=Q.OR))
    context = {
        "subject": subject,
        "points": points.for_list(request.user).order_by(LATEST, "-pk"),
        "new_url": f"{reverse('actions:agenda_item_new')}{new}",
        "fragment": POINTS,
        "can_edit": can_edit(request.user, subject.territory),
    }
    return render_page(request, "actions/points_page.html", POINTS, context)
