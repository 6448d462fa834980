"""The breakdowns of a pack as it keeps them: the bars as they are drawn, and their table."""

from crm.templatetags.french import plural
from reporting import charts
from reporting.columns import Column
from reporting.followed import followed
from reporting.frozen import frozen, heads
from reporting.views.reports import (
    FUNDERS,
    PRIORITIES,
    STAGES,
    funder_bar,
    overlap,
    priority_lines,
    project_bar,
    stage_lines,
)

STATUSES = [
    Column("Statut", lambda line: line.label),
    Column("Fiches", lambda line: line.count, "integer"),
    Column("Budget prévu", lambda line: line.planned, "money"),
    Column("Dépensé", lambda line: line.spent, "money"),
    Column("Budget à confirmer", lambda line: line.unknown, "integer"),
]
FOLLOWED = [
    Column("Indicateur", lambda one: one.indicator.label, "text", 34),
    Column("Fiche", lambda one: one.action.code, "text", 10),
    Column("Valeur", lambda one: one.value, "number", 11),
    Column("Cible", lambda one: one.goal.target, "number", 11),
    Column("Chemin parcouru", lambda one: one.share, "percent", 10),
    Column("Situation", lambda one: one.standing, "text", 17),
]


def chart_rows(tables):
    figures = tables.figures
    stages, priorities = stage_lines(figures), priority_lines(figures)
    funders = [(line, "") for line in figures.by_funder]
    statuses = [(line, "") for line in figures.by_status]
    watched = [(one, "") for one in followed(tables.plan_rows)]
    total = [(figures.total, "")]
    return [
        drawn("stages", "Projets et investissement prévu par étape", STAGES, stages, project_bar),
        drawn(
            "priorities", "Investissement prévu par axe national", PRIORITIES, priorities,
            project_bar, total=total, foot=overlap(figures),
        ),
        drawn("funders", "Aides demandées par financeur", FUNDERS, funders, funder_bar),
        drawn("plan", "Fiches du plan par statut", STATUSES, statuses, status_bar),
        drawn(
            "indicators", "Indicateurs, chemin parcouru vers la cible", FOLLOWED, watched,
            followed_bar,
            foot="De la valeur de départ à la cible\u00a0; hachuré, ce qui est à confirmer.",
        ),
    ]  # fmt: skip


def drawn(kind, title, columns, lines, bar, *, total=(), foot=""):
    return {
        "kind": kind,
        "title": title,
        "foot": foot,
        "bars": [[one[0], frozen(one[1]), *one[2:]] for one in map(bar, lines)],
        "columns": heads(columns),
        "rows": [
            [frozen(column.value(line)) for column in columns] for line, _ in (*lines, *total)
        ],
        "has_total": bool(total),
    }


def status_bar(item):
    line, _ = item
    text = f"{plural(line.count, 'fiche,fiches')} · {charts.known(line.planned, line.unknown)}"
    return line.label, line.count, text, 0


def followed_bar(item):
    """Between nothing and the whole way: past the target, the bar is full."""
    one, _ = item
    share = one.share
    text = f"{share}\u00a0% · {one.told}" if share is not None else one.told
    shown = None if share is None else min(max(share, 0), 100)
    return one.indicator.label, shown, text, int(share is None)
