"""How each figure is counted: definition, method, evidence, and the rows behind it."""

from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.decorators import allow, takes
from crm.perms import can_report
from reporting import readings
from reporting.columns import Column
from reporting.figures import Figures
from reporting.returns.proofs import proof_of, proofs

ROWS_A_PAGE = 50
ATTRIBUTIONS = [
    Column("Notre part", lambda line: line.label),
    Column("Projets", lambda line: line.count, "integer"),
    Column("Investissement prévu", lambda line: line.investment, "money"),
    Column("À confirmer", lambda line: line.unknown, "integer"),
    Column("Aides demandées", lambda line: line.requested, "money"),
    Column("Aides accordées", lambda line: line.granted, "money"),
    Column("Emplois créés, prévus", lambda line: line.jobs_created_planned, "number"),
    Column("Emplois créés, constatés", lambda line: line.jobs_created_observed, "number"),
]


def asked(request):
    """(levels, the one asked for): the partners’, as in the returns, unless another is."""
    levels = readings.open_to(request.user, request.territory)
    code = request.GET.get("lecture") or readings.PARTNERS
    chosen = next((one for one in levels if one.code == code), None)
    if chosen is None:
        raise BadRequest("Ces lecteurs n’existent pas : choisissez un niveau de lecture.")
    return levels, chosen


@allow(can_report)
@require_safe
@takes("lecture")
def proof_list(request):
    levels, chosen = asked(request)
    figures = Figures(chosen, request.territory)
    context = {
        "levels": levels,
        "chosen": chosen,
        "figures": figures,
        "proofs": proofs(figures),
        "columns": ATTRIBUTIONS,
        "lines": [(line, "") for line in [*figures.by_attribution, figures.total]],
    }
    return render(request, "reporting/proof_list.html", context)


@allow(can_report)
@require_safe
@takes("lecture", "page")
def proof(request, key):
    levels, chosen = asked(request)
    found = proof_of(Figures(chosen, request.territory), key)
    if found is None:
        raise Http404
    context = {
        "levels": levels,
        "chosen": chosen,
        "proof": found,
        "page": Paginator(found.rows, ROWS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "reporting/proof.html", context)
