from django import template

from reporting.dashboards import chart as charts

register = template.Library()


@register.filter
def written(value, form):
    """A figure with its unit; nothing for None."""
    return charts.written(value, form)


@register.filter
def board_rows(chart):
    """(line, [(head, cell)…]) of each row of the table, the total last."""
    return [(line, [(head, line.cells[head.key]) for head in chart.heads]) for line in chart.rows]
