"""Visits month by month: how many, and to how many organisations."""

from django.db.models import Count
from django.db.models.functions import TruncMonth

from reporting.dashboards import months
from reporting.dashboards import rows as behind
from reporting.dashboards.chart import Cell, Chart, Head, Line

KEY = "visites"
CLOSED = "Les visites sont la mémoire de l’équipe\u00a0: votre lecture ne les montre pas."


def chart(board):
    found = {
        row["month"]: row
        for row in board.visits.order_by()
        .annotate(month=TruncMonth("happened_on"))
        .values("month")
        .annotate(visits=Count("pk"), organisations=Count("organisation", distinct=True))
    }
    lines = [
        Line(months.code(month), months.label(month), cells(board, month, found.get(month)))
        for month in months.of(board.since, board.until)
    ]
    whole = board.visits.order_by().aggregate(
        visits=Count("pk"), organisations=Count("organisation", distinct=True)
    )
    notes = ["Une organisation visitée deux mois compte dans chacun, et une fois dans le total."]
    if board.asked.priority or board.asked.theme:
        notes.append(NO_AXIS)
    empty = "" if whole["visits"] else "Aucune visite pendant cette période."
    return Chart(
        KEY,
        "Visites par mois",
        "Mois",
        f"Visites notées {board.period}.",
        (
            Head("visits", "Visites", drawn=True, width=10),
            Head("organisations", "Organisations visitées", width=14),
        ),
        lines if board.reads_visits else [],
        Line("total", "Total", cells(board, None, whole)) if board.reads_visits else None,
        kind="months",
        notes=tuple(notes),
        empty=empty if board.reads_visits else CLOSED,
    )


NO_AXIS = "Une visite n’a ni axe ni thème\u00a0: ces filtres ne la concernent pas."


def cells(board, month, row):
    code = months.code(month) if month else "total"
    row = row or {"visits": 0, "organisations": 0}
    return {
        name: Cell(row[name], board.opened(KEY, code, name) if row[name] else "")
        for name in ("visits", "organisations")
    }


def rows(board, line, figure):
    found = board.visits
    if line != "total":
        month = months.read(line)
        if month is None:
            return None
        found = found.filter(happened_on__range=(month, months.end_of(month)))
    if figure == "organisations":
        return behind.of_organisations(found)
    return behind.of_visits(found)
