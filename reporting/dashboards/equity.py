"""What each EPCI receives: visits, projects, aid, and per 1,000 industrial jobs where known."""

from dataclasses import replace

from django.db.models import Count, Q, Sum

from crm.models import Epci, Project
from funding.aid_filters import NONE, in_epci
from reporting.dashboards import rows as behind
from reporting.dashboards.board import PLACE_EPCI
from reporting.dashboards.chart import Cell, Chart, Head, Line
from reporting.dashboards.money import files_behind
from reporting.dashboards.visits import CLOSED, NO_AXIS
from reporting.models import IndustrialJobs

KEY = "epci"
PER = ("visits", "projects", "granted")  # what is told per 1,000 industrial jobs
FORMATS = {"visits": "number", "projects": "number", "granted": "money"}
LABELS = {"visits": "Visites", "projects": "Projets", "granted": "Aides accordées"}
HEADS = (
    Head("population", "Habitants", width=12),
    Head("visits", LABELS["visits"], drawn=True, width=10),
    Head("projects", LABELS["projects"], drawn=True, width=10),
    Head("investment", "Investissement prévu", "money", asks=True, width=18),
    Head("granted", LABELS["granted"], "money", drawn=True, asks=True, width=16),
    Head("jobs", "Emplois industriels", width=12),
    *(
        Head(f"{name}_per", f"{LABELS[name]} pour 1\u00a0000 emplois", FORMATS[name], width=16)
        for name in PER
    ),
)


def chart(board):
    epcis = {epci.pk: epci for epci in members(board)}
    found = gathered(board)
    others = [code for code in found if code not in epcis and code is not None]
    named = epcis | (Epci.objects.in_bulk(others) if others else {})
    if board.asked.epci:
        named = {pk: epci for pk, epci in named.items() if pk == board.asked.epci.pk}
    jobs = IndustrialJobs.objects.visible_to(board.viewer).latest(board.territory, "epci")
    lines = [
        Line(pk, epci.short_name, cells(board, pk, epci.population, found.get(pk), jobs.get(pk)))
        for pk, epci in named.items()
    ]
    if None in found and not board.asked.epci:
        lines.append(Line(NONE, "EPCI à confirmer", cells(board, NONE, None, found[None], None)))
    return Chart(
        KEY,
        "Équité entre EPCI",
        "EPCI",
        f"Projets, investissement et aides au {board.today:%d/%m/%Y}, visites {board.period}.",
        heads(board),
        lines,
        notes=tuple(notes(board, jobs, epcis)),
        empty="" if lines else "Aucun EPCI dans ce territoire.",
    )


def heads(board):
    """Without the bars of what this viewer does not read."""
    if board.reads_visits:
        return HEADS
    return tuple(replace(head, drawn=False) if head.key == "visits" else head for head in HEADS)


def members(board):
    return Epci.objects.filter(territories=board.territory)


def notes(board, jobs, epcis):
    yield (
        "Un projet est de l’EPCI de sa commune, une visite de celui du siège de l’organisation, un "
        "dossier de fiche action de chacun de ses EPCI\u00a0: il peut y compter deux fois."
    )
    yield (
        "Les aides sont celles de tous les dossiers, fiches actions comprises\u00a0; une remontée "
        "ne compte que celles de ses projets."
    )
    if not board.reads_visits:
        yield CLOSED
    elif board.asked.priority or board.asked.theme:
        yield NO_AXIS
    missing = [epci.short_name for pk, epci in epcis.items() if pk not in jobs]
    if jobs:
        years = sorted({one.year for one in jobs.values()})
        sources = sorted({one.source for one in jobs.values()})
        said = f"{', '.join(map(str, years))}, {' et '.join(sources)}"
        yield f"Emplois industriels\u00a0: {said}."
    if missing:
        yield (
            f"Emplois industriels inconnus pour {len(missing)} EPCI sur {len(epcis)}\u00a0: le "
            "rapport pour 1\u00a0000 emplois y est à confirmer, jamais supposé."
        )


def gathered(board):
    """{EPCI or None: figures}; None holds what has no place yet."""
    found = {}
    counted = Project.objects.filter(pk__in=board.counted.order_by().values("pk")).order_by()
    sums = {
        "projects": Count("pk"),
        "investment": Sum("planned_investment"),
        "investment_unknown": Count("pk", filter=Q(planned_investment=None)),
    }
    for row in counted.annotate(by=PLACE_EPCI).values("by").annotate(**sums):
        found.setdefault(row.pop("by"), {}).update(row)
    for line in board.funding.by_epci:
        row = {"granted": line.granted, "granted_unknown": line.granted_unknown}
        code = line.opens["epci"]
        found.setdefault(None if code == NONE else code, {}).update(row)
    for row in board.visits.order_by().values("place_epci").annotate(visits=Count("pk")):
        found.setdefault(row["place_epci"], {})["visits"] = row["visits"]
    return found


def cells(board, code, population, row, jobs):
    row = row or {}
    visits = row.get("visits", 0) if board.reads_visits else None
    projects, granted = row.get("projects", 0), row.get("granted")
    figures = {"visits": visits, "projects": projects, "granted": granted}
    return {
        "population": Cell(population),
        "visits": Cell(visits, board.opened(KEY, code, "visits") if visits else ""),
        "projects": Cell(projects, projects_url(board, code) if projects else ""),
        "investment": amount(board, code, row, "investment"),
        "granted": amount(board, code, row, "granted"),
        "jobs": Cell(jobs.jobs, note=str(jobs.year)) if jobs else Cell(unknown=1),
    } | {f"{name}_per": per_thousand(figures[name], jobs) for name in PER}


def projects_url(board, code):
    if code == NONE:
        return board.opened(KEY, code, "projects")
    return board.listed(epci=code, stage=board.counted_codes)


def amount(board, code, row, name):
    value, to_ask = row.get(name), row.get(f"{name}_unknown", 0)
    return Cell(
        value,
        board.opened(KEY, code, name) if value is not None else "",
        to_ask,
        board.opened(KEY, code, f"{name}_unknown") if to_ask else "",
    )


def per_thousand(value, jobs):
    """Of a known figure and known jobs only; to ask where nobody noted the jobs."""
    return Cell(jobs.per_thousand(value)) if jobs else Cell(unknown=1)


def rows(board, line, figure):
    code = None if line == NONE else line
    name = figure.removesuffix("_unknown")
    if name == "granted":
        return files_behind(board.applications.filter(in_epci(code)), figure)
    if name == "visits":
        return behind.of_visits(board.visits.filter(place_epci=code))
    found = board.counted.annotate(by=PLACE_EPCI).filter(by=code)
    if name == "projects":
        return behind.of_projects(found)
    if name != figure:
        return behind.of_projects(found.filter(planned_investment=None))
    return behind.of_projects(found.exclude(planned_investment=None), how="sum")
