"""For a program, the projects and companies of the territory it fits: a list to call or to mail."""

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.htmx import render_page
from crm.models import Organisation
from crm.perms import can_work_in_team
from funding.filters import TargetFilter
from funding.models import Program
from funding.targets import Targets

PER_PAGE = 50


@require_safe
def target_list(request, pk):
    program, filterset, found, rows = targets_of(request, pk)
    context = {
        "program": program,
        "filterset": filterset,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "eligible": sum(row.is_eligible for row in rows),
        "with_project": sum(row.project is not None for row in rows),
        "dismissed": len(found.dismissed) if found else 0,
        "applies": found is None or found.applies,
        "in_team": can_work_in_team(request.user, request.territory),
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(
        request, "funding/target_list.html", "funding/_target_rows.html", context, status
    )


def targets_of(request, pk):
    """(program, filters, all the targets, those the filters keep): the page and its export."""
    program = get_object_or_404(Program.objects.visible_to(request.user).for_list(), pk=pk)
    organisations = Organisation.objects.visible_to(request.user)
    filterset = TargetFilter(request.GET, organisations, request=request)
    if not filterset.is_valid():
        return program, filterset, None, []
    asked = filterset.form.cleaned_data
    today = timezone.localdate()
    found = Targets(program, request.user, request.territory, filterset.qs, today)
    rows = found.chosen(kind=asked["kind"], verdict=asked["verdict"], order=asked["order"])
    return program, filterset, found, rows
