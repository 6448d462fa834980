"""What happens where: projects, investment, companies and visits by commune or by EPCI."""

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils.http import urlencode

from crm.models import Commune, Epci, Organisation, Project, Site
from funding.aid_filters import NONE
from reporting.dashboards import rows as behind
from reporting.dashboards.board import PLACE, PLACE_EPCI
from reporting.dashboards.chart import Cell, Chart, Head, Line
from reporting.dashboards.visits import CLOSED, NO_AXIS

COMMUNES, EPCIS = "communes", "epcis"
# What each level groups by: a project, a visit, a site.
BY = {
    COMMUNES: (PLACE, "place", "commune"),
    EPCIS: (PLACE_EPCI, "place_epci", "commune__epci"),
}
HEADS = (
    Head("projects", "Projets", drawn=True, width=10),
    Head("investment", "Investissement prévu", "money", asks=True, width=18),
    Head("companies", "Entreprises", width=12),
    Head("visits", "Visites", width=10),
)
MEASURES = {head.key: head.label for head in HEADS}


def communes(board):
    names = {one.pk: one.name for one in in_territory(board)}
    return chart(board, COMMUNES, names, Commune, "Commune", lambda one: one.name)


def epcis(board):
    names = {one.pk: one.short_name for one in Epci.objects.filter(territories=board.territory)}
    return chart(board, EPCIS, names, Epci, "EPCI", lambda one: one.short_name)


def in_territory(board):
    found = board.territory.communes
    return found.filter(epci=board.asked.epci) if board.asked.epci else found


def chart(board, level, names, model, by, name_of):
    """A line for each place that has something; a place without anything is only drawn."""
    found = gathered(board, level)
    elsewhere = model.objects.in_bulk([code for code in found if code and code not in names])
    names = names | {pk: name_of(one) for pk, one in elsewhere.items()}
    lines = [
        Line(code, names[code], cells(board, level, code, found[code]))
        for code in names
        if code in found
    ]
    if None in found:
        lines.append(Line(NONE, f"{by} à confirmer", cells(board, level, NONE, found[None])))
    notes = [
        "Un projet est de sa commune, sinon de celle de son établissement\u00a0; une entreprise "
        "compte dans chaque lieu où elle a un établissement, une visite au siège."
    ]
    if not board.reads_visits:
        notes.append(CLOSED)
    if board.asked.priority or board.asked.theme:
        notes.append(NO_AXIS.replace("Une visite n’a", "Une entreprise ou une visite n’a").replace(
            "ne la concernent", "ne les concernent"))  # fmt: skip
    return Chart(
        level,
        "Par commune" if level == COMMUNES else "Par EPCI",
        by,
        f"Au {board.today:%d/%m/%Y}\u00a0; les visites {board.period}.",
        HEADS,
        lines,
        notes=tuple(notes),
        empty="" if lines else "Rien à placer sur la carte avec ces filtres.",
    )


def gathered(board, level):
    """{code or None: figures}"""
    of_project, of_visit, of_site = BY[level]
    found = {}
    counted = Project.objects.filter(pk__in=board.counted.order_by().values("pk")).order_by()
    sums = {
        "projects": Count("pk"),
        "investment": Sum("planned_investment"),
        "investment_unknown": Count("pk", filter=Q(planned_investment=None)),
    }
    for row in counted.annotate(by=of_project).values("by").annotate(**sums):
        found.setdefault(row.pop("by"), {}).update(row)
    for row in sites(board).values(of_site).annotate(n=Count("organisation", distinct=True)):
        found.setdefault(row[of_site], {})["companies"] = row["n"]
    if nowhere := unplaced(board).count():
        found.setdefault(None, {})["companies"] = nowhere
    for row in board.visits.order_by().values(of_visit).annotate(n=Count("pk")):
        found.setdefault(row[of_visit], {})["visits"] = row["n"]
    return found


def companies(board):
    return Organisation.objects.visible_to(board.viewer).filter(
        territory=board.territory, kind=Organisation.Kind.COMPANY
    )


def sites(board):
    """The sites of companies whose commune, with an EPCI for the maps of EPCI, is known."""
    found = Site.objects.filter(
        organisation__in=companies(board).order_by().values("pk"), commune__epci__isnull=False
    ).order_by()
    return found.filter(commune__epci=board.asked.epci) if board.asked.epci else found


def unplaced(board):
    """Companies without a site whose place is known; none of them under a filter of EPCI."""
    if board.asked.epci:
        return Organisation.objects.none()
    return companies(board).exclude(pk__in=sites(board).values("organisation"))


def cells(board, level, code, row):
    def opened(name):
        return board.opened(level, code, name)

    projects, investment = row.get("projects", 0), row.get("investment")
    to_ask, firms = row.get("investment_unknown", 0), row.get("companies", 0)
    visits = row.get("visits", 0) if board.reads_visits else None
    return {
        "projects": Cell(projects, projects_url(board, level, code) if projects else ""),
        "investment": Cell(
            investment,
            opened("investment") if investment is not None else "",
            to_ask,
            opened("investment_unknown") if to_ask else "",
        ),
        "companies": Cell(firms, companies_url(board, level, code) if firms else ""),
        "visits": Cell(visits, opened("visits") if visits else ""),
    }


def projects_url(board, level, code):
    if code == NONE:
        return board.opened(level, code, "projects")
    name = "commune" if level == COMMUNES else "epci"
    return board.listed(**{name: code, "stage": board.counted_codes})


def companies_url(board, level, code):
    if code == NONE:
        return board.opened(level, code, "companies")
    name = "commune" if level == COMMUNES else "epci"
    query = urlencode({"kind": Organisation.Kind.COMPANY.value, name: code})
    return f"{reverse('crm:organisation_list')}?{query}"


def rows(level):
    """The function that gives the rows of a level."""

    def read(board, line, figure):
        of_project, of_visit, _ = BY[level]
        code = None if line == NONE else line
        if figure == "visits":
            return behind.of_visits(board.visits.filter(**{of_visit: code}))
        if figure == "companies":
            return behind.of_companies(unplaced(board))
        found = board.counted.annotate(by=of_project).filter(by=code)
        if figure == "projects":
            return behind.of_projects(found)
        if figure == "investment_unknown":
            return behind.of_projects(found.filter(planned_investment=None))
        return behind.of_projects(found.exclude(planned_investment=None), how="sum")

    return read
