"""How far the plan of actions has come, by local priority."""

from decimal import Decimal

from django.db.models import Avg, Count, Q, Sum

from actions.models import Action
from crm.models import LocalPriority
from reporting.dashboards import rows as behind
from reporting.dashboards.chart import Cell, Chart, Head, Line

KEY = "plan"
BUDGETS = {"planned": "Budget prévu", "spent": "Dépensé"}


def chart(board):
    """Fiches of the plan in force, sub-actions within their fiche as in every budget."""
    sums = {
        "count": Count("pk"),
        "mean": Avg("progress"),
        "progress_unknown": Count("pk", filter=Q(progress=None)),
        "done": Count("pk", filter=Q(status=Action.Status.DONE)),
    }
    for name in BUDGETS:
        sums[name] = Sum(f"budget_{name}")
        sums[f"{name}_unknown"] = Count("pk", filter=Q(**{f"budget_{name}": None}))
    fiches = counted(board).order_by()
    found = {row["priority"]: row for row in fiches.values("priority").annotate(**sums)}
    names = LocalPriority.objects.filter(pk__in=found)
    lines = [Line(one.pk, one.short, cells(board, one.pk, found[one.pk])) for one in names]
    return Chart(
        KEY,
        "Avancement du plan d’actions",
        "Action prioritaire",
        f"Au {board.today:%d/%m/%Y}\u00a0: fiches du plan en vigueur, les sous-actions dans leur "
        "fiche.",
        (
            Head("count", "Fiches", width=9),
            Head("done", "Terminées", width=10),
            Head("progress", "Avancement moyen", "percent", drawn=True, asks=True, width=12),
            Head("planned", "Budget prévu", "money", drawn=True, asks=True, width=16),
            Head("spent", "Dépensé", "money", drawn=True, asks=True, width=16),
        ),
        lines,
        Line("total", "Total", cells(board, "total", fiches.aggregate(**sums))),
        notes=("L’avancement moyen est celui des fiches qui le disent, chacune pour une.",),
        empty="" if lines else "Aucune fiche à montrer.",
    )


def counted(board):
    """The fiches of the filters without the joins, each euro once."""
    return Action.objects.filter(pk__in=board.actions.order_by().values("pk")).once()


def cells(board, code, row):
    def cell(name, value=None, to_ask=0):
        known = row[name] if value is None else value
        return Cell(
            known,
            board.opened(KEY, code, name) if known else "",
            to_ask,
            board.opened(KEY, code, f"{name}_unknown") if to_ask else "",
        )

    progress = row["mean"]
    return {
        "count": cell("count"),
        "done": cell("done"),
        "progress": Cell(
            None if progress is None else Decimal(progress).quantize(Decimal("0.1")),
            board.opened(KEY, code, "progress") if progress is not None else "",
            row["progress_unknown"],
            board.opened(KEY, code, "progress_unknown") if row["progress_unknown"] else "",
        ),
    } | {name: cell(name, to_ask=row[f"{name}_unknown"]) for name in BUDGETS}


def rows(board, line, figure):
    found = counted(board)
    if line != "total":
        found = found.filter(priority=line)
    name = figure.removesuffix("_unknown")
    if name in ("count", "done"):
        if name == "done":
            found = found.filter(status=Action.Status.DONE)
        return behind.of_actions(found, "Avancement (%)", "progress", "integer", "count")
    column = name if name == "progress" else f"budget_{name}"
    form = "integer" if name == "progress" else "money"
    label = "Avancement (%)" if name == "progress" else BUDGETS[name]
    if name != figure:
        found = found.filter(**{column: None})
        return behind.of_actions(found, label, column, form, "count")
    found = found.exclude(**{column: None})
    how = "mean" if name == "progress" else "sum"
    return behind.of_actions(found, label, column, form, how)
