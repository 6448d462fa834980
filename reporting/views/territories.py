"""For who reads many territories: the same figures side by side, as each one reads its own."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.decorators import allow, takes
from crm.models import Role, Territory
from crm.perms import can_report
from reporting.exports import as_csv, as_xlsx
from reporting.returns.territories import COLUMNS, side_by_side

WRITERS = {"csv": as_csv, "xlsx": as_xlsx}


def sides(request):
    """The territories whose reports this person may draw."""
    mine = request.user.territories_as(Role.OFFICER, Role.MANAGER, Role.READER)
    if not mine:
        raise PermissionDenied
    territories = Territory.objects.visible_to(request.user).filter(pk__in=mine)
    return side_by_side(request.user, territories.order_by("name", "period"))


@allow(can_report)
@require_safe
@takes()
def territories(request):
    found = sides(request)
    context = {
        "columns": COLUMNS,
        "lines": [(side, "") for side in found],
        "count": len(found),
        "today": timezone.localdate(),
    }
    return render(request, "reporting/territories.html", context)


@allow(can_report)
@require_safe
@takes()
def territories_export(request, kind):
    if kind not in WRITERS:
        raise Http404
    name = f"etabli-territoires-{timezone.localdate().isoformat()}.{kind}"
    return WRITERS[kind](COLUMNS, sides(request), name)
