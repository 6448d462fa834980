"""The dashboards, the rows behind their figures, their tables as files, and the map."""

from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.decorators import allow
from crm.models import CommuneContour, Project
from crm.perms import can_edit, can_report
from reporting import dashboards
from reporting.committee import file_name
from reporting.dashboards import cartography, drawing, months, places
from reporting.dashboards.board import MONTHS
from reporting.dashboards.chart import written
from reporting.dashboards.filters import BoardFilter, MapFilter, RowsFilter
from reporting.views.exports import WRITERS

PER_PAGE = 100


def read(request, filters=BoardFilter):
    """(filters, board) as this person reads it; a refused filter leaves nothing to read."""
    filterset = filters(request.GET, queryset=Project.objects.none(), request=request)
    return filterset, dashboards.Board(request.user, request.territory, filterset.asked)


def drawn(chart):
    """(chart, its drawing, the same on a phone)"""
    if chart.empty:
        return chart, None, None
    if chart.kind == "months":
        return chart, drawing.months(chart), drawing.months(chart, drawing.NARROW)
    return chart, drawing.wide(chart), drawing.narrow(chart)


@allow(can_report)
@require_safe
def dashboard(request):
    filterset, board = read(request)
    is_valid = filterset.is_valid()
    context = {
        "filterset": filterset,
        "board": board,
        "charts": [drawn(chart) for chart in dashboards.every(board)] if is_valid else [],
        "periods": periods(board.today),
        "is_team": can_edit(request.user, request.territory),
    }
    return render(request, "reporting/dashboard.html", context, status=200 if is_valid else 400)


def periods(today):
    """(words, first day) of the periods that one click chooses; without a day, the usual one."""
    two_years = months.back(today, 2 * MONTHS)
    return [
        ("Douze mois", None),
        ("Vingt-quatre mois", two_years.isoformat()),
        (f"Depuis janvier {today.year}", today.replace(month=1, day=1).isoformat()),
    ]


def behind(request, key):
    """(filters, board, chart, rows behind the figure that the address names), or a refusal."""
    if key not in dashboards.KEYS:
        raise Http404
    filterset, board = read(request, RowsFilter)
    if not filterset.is_valid():
        raise BadRequest(" ".join(filterset.refusals))
    chart = dashboards.one(key, board)
    found = dashboards.rows(chart, board, *asked(request))
    if found is None:
        raise BadRequest("Ce chiffre n’existe pas dans ce tableau, ou plus sous ces filtres.")
    return filterset, board, chart, found


def asked(request):
    return [request.GET.get(name, "") for name in ("line", "figure")]


@allow(can_report)
@require_safe
def dashboard_rows(request, key):
    """The rows behind one figure of one chart, and the figure reckoned again from them."""
    back = reverse("reporting:dashboard_map" if key in dashboards.MAPS else "reporting:dashboard")
    line, figure = asked(request)
    if key in dashboards.KEYS and not line and not figure:
        return redirect(f"{back}#{key}")
    filterset, board, chart, found = behind(request, key)
    head = next(one for one in chart.heads if one.key == figure.removesuffix("_unknown"))
    context = {
        "filterset": filterset,
        "board": board,
        "chart": chart,
        "line": next(one for one in chart.rows if one.code == line),
        "head": head,
        "is_unknown": figure != head.key,
        "found": found,
        "value": written(found.value, head.format if found.how != "count" else "integer"),
        "page": Paginator(found.rows, PER_PAGE).get_page(request.GET.get("page")),
        "back": back,
    }
    return render(request, "reporting/dashboard_rows.html", context)


@allow(can_report)
@require_safe
def dashboard_rows_export(request, key, kind):
    """The same rows as a file, all of them."""
    if kind not in WRITERS:
        raise Http404
    _, board, _, found = behind(request, key)
    name = file_name(request.territory, f"lignes-{key}", board.today, kind)
    return WRITERS[kind](found.columns, found.rows, name)


@allow(can_report)
@require_safe
def dashboard_export(request, key, kind):
    """The table of a chart, as the page shows it."""
    if kind not in WRITERS or key not in dashboards.KEYS:
        raise Http404
    filterset, board = read(request)
    if not filterset.is_valid():
        return render(request, "reporting/refused.html", {"form": filterset.form}, status=400)
    chart = dashboards.one(key, board)
    name = file_name(request.territory, f"tableau-{key}", board.today, kind)
    return WRITERS[kind](chart.columns, chart.rows, name)


@allow(can_report)
@require_safe
def dashboard_map(request):
    filterset, board = read(request, MapFilter)
    is_valid = filterset.is_valid()
    data = filterset.form.cleaned_data if is_valid else {}
    level = data.get("level") or places.COMMUNES
    measure = data.get("measure") or cartography.DEFAULT
    context = {
        "filterset": filterset,
        "board": board,
        "level": level,
        "measure": measure,
        "measures": places.MEASURES.items(),
        "levels": [(places.COMMUNES, "Communes"), (places.EPCIS, "EPCI")],
        "atlas": cartography.atlas(board, level, measure) if is_valid else None,
        "has_contours": CommuneContour.objects.exists(),
        "is_team": can_edit(request.user, request.territory),
    }
    return render(request, "reporting/dashboard_map.html", context, status=200 if is_valid else 400)
