from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.decorators import takes
from reporting.headlines import headlines
from reporting.today import Today
from reporting.views.reports import STAGES, stage_chart, stage_lines


@require_safe
@takes(qui=("equipe",))
def today(request):
    everyone = request.GET.get("qui") == "equipe"
    page = Today(request.user, request.territory, request.role, everyone=everyone)
    context = {"page": page, "today": page.on}
    if not page.in_team:
        context |= {
            "headlines": headlines(page.figures),
            "chart": stage_chart(page.figures),
            "columns": STAGES,
            "lines": stage_lines(page.figures),
        }
    return render(request, "reporting/today.html", context)
