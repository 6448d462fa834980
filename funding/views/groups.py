"""Beside a collective project that was detected: the programs that fund a group."""

from django.core.exceptions import BadRequest
from django.views.decorators.http import require_safe

from crm.decorators import takes
from crm.htmx import render_page
from crm.models import Theme
from funding.groups import programs_for_groups

SHOWN = 12


@require_safe
@takes("theme")
def group_programs(request):
    """`?theme=emp&theme=form`; without one, every theme. A theme that was retired since is still
    that of what was heard."""
    asked = set(request.GET.getlist("theme"))
    known = dict(Theme.objects.visible_to(request.user).values_list("code", "label"))
    if asked - known.keys():
        raise BadRequest("Ce thème n’existe pas.")
    found = programs_for_groups(request.user, request.territory, asked or known.keys())
    context = {
        "found": found[:SHOWN],
        "more": max(len(found) - SHOWN, 0),
        "themes": [known[code] for code in sorted(asked)],
    }
    return render_page(
        request, "funding/group_programs.html", "funding/_group_programs.html", context
    )
