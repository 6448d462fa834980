"""On the page of a collective action: the programs that may fund it, and what is missing."""

from django.views.decorators.http import require_safe

from crm.htmx import render_panel
from crm.perms import can_edit
from funding import ranking
from funding.action_facts import matches_of_action
from funding.portfolio import Informations, Line, sentence
from funding.views.plans import get_action, territory_of

SHOWN = 6
QUESTIONS = 5


@require_safe
def action_panel(request, pk):
    action = get_action(request, pk)
    lines = [Line(match) for match in matches_of_action(action, request.user)]
    live = [line for line in lines if not line.match.is_excluded]
    informations = Informations.of([line.match for line in live])
    shown = informations.first(QUESTIONS)
    context = {
        "action": action,
        "project": action,
        "rows": live[:SHOWN],
        "others": live[SHOWN:],
        "live": len(live),
        "eligible": sum(line.match.is_eligible for line in live),
        "excluded": [line.match for line in lines if line.match.is_excluded],
        "questions": [(one, sentence(one)) for one in shown],
        "applied": set(action.applications.values_list("program_id", flat=True)),
        "decision": None,
        "may_edit": can_edit(request.user, territory_of(action)),
        "rule_version": ranking.RULE_VERSION,
    }
    return render_panel(request, "funding/_action_panel.html", context)
