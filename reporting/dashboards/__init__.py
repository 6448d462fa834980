"""The dashboards: charts as data, drawn by the page, written in a sheet, taken into a pack.

    from reporting import dashboards
    board = dashboards.Board(viewer, territory)           # a user, or a `readings.Reading`
    board = dashboards.Board(viewer, territory, dashboards.Asked(epci=…, since=…), today=…)
    for chart in dashboards.every(board):                  # or dashboards.one("etapes", board)

A `Chart` (see `reporting.dashboards.chart`) tells:
    .key, .title, .said (what is counted, and when), .notes (what bites), .empty (instead of bars)
    .labels and .series: [(label, format, values)], for a native chart of a workbook or of slides
    .bars: [(label, value, text, number unknown)], what `reporting.charts.bars(title, …)` draws
    .columns and .rows: the table, as `reporting.exports.as_xlsx(columns, rows, name)` writes it
    .kind: « bars » or « months »; .common: whether the series share one scale
A value that nobody knows is None. Every figure begins with `visible_to(viewer)`; the cost in
queries does not depend on the number of rows. `rows(chart, board, line, figure)` are the rows
behind a figure (`Rows`, or None when it has none): their `value` is the figure.
"""

from reporting.dashboards import conversion, equity, money, places, plan, stages, trend, visits
from reporting.dashboards.board import Asked, Board
from reporting.dashboards.chart import Cell, Chart, Head, Line

__all__ = [
    "CHARTS",
    "KEYS",
    "Asked",
    "Board",
    "Cell",
    "Chart",
    "Head",
    "Line",
    "every",
    "one",
    "rows",
]

# {key: (chart of a board, rows behind a figure)}, in the order of the page.
CHARTS = {
    stages.KEY: (stages.pipeline, None),
    trend.KEY: (trend.chart, trend.rows),
    stages.TIMES: (stages.times, stages.rows),
    conversion.KEY: (conversion.chart, conversion.rows),
    money.INVESTMENT: (money.investment, money.investment_rows),
    money.AID: (money.aid, money.aid_rows),
    money.JOBS: (money.jobs, money.jobs_rows),
    plan.KEY: (plan.chart, plan.rows),
    visits.KEY: (visits.chart, visits.rows),
    equity.KEY: (equity.chart, equity.rows),
}
MAPS = {
    places.COMMUNES: (places.communes, places.rows(places.COMMUNES)),
    places.EPCIS: (places.epcis, places.rows(places.EPCIS)),
}
KEYS = [*CHARTS, *MAPS]


def one(key, board):
    return (CHARTS | MAPS)[key][0](board)


def every(board):
    return [draw(board) for draw, _ in CHARTS.values()]


def rows(found, board, line, figure):
    """The rows behind a figure of a chart; None when this figure has no rows to show."""
    read = (CHARTS | MAPS)[found.key][1]
    heads = {head.key: head for head in found.heads}
    shown = next((one for one in found.rows if one.code == line), None)
    head = heads.get(figure.removesuffix("_unknown"))
    if read is None or shown is None or head is None:
        return None
    return read(board, line, figure)
