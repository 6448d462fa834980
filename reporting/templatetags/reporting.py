from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe
from django.utils.text import Truncator

from crm.templatetags import french

register = template.Library()

NUMERIC = {"money", "integer", "number", "percent"}


@register.filter
def is_numeric(column):
    return column.format in NUMERIC


@register.simple_tag
def cell(column, row):
    """A value as its column formats it; a dash where the table counts the unknown elsewhere."""
    return figure(column.value(row), column.format)


@register.simple_tag
def shortened(column, row):
    """A cell of a wide table, on one line: the file has the whole text."""
    value = column.value(row)
    if isinstance(value, str):
        value = Truncator(value).chars(48)
    return figure(value, column.format)


@register.simple_tag
def frozen_total(column, line):
    """Under a column that adds up; nothing under the others, where a dash would say « unknown »."""
    value = column.value(line)
    return "" if value is None else figure(value, column.format)


@register.simple_tag
def frozen_rows(sheet):
    """The rows of a frozen list, written at once: a list of hundreds costs a template too much."""
    columns = [(column, ' class="num"' if column.format in NUMERIC else "")
               for column in sheet.columns]  # fmt: skip
    made = []
    for line, _ in sheet.lines:
        if line.code == "total":
            cells = "".join(
                f"<td{css}>{conditional_escape(frozen_total(column, line))}</td>"
                for column, css in columns[1:]
            )
            made.append(f'<tr class="is-total"><th scope="row">Total</th>{cells}</tr>')
            continue
        cells = "".join(
            f"<td{css}>{conditional_escape(figure(column.value(line), column.format))}</td>"
            for column, css in columns
        )
        made.append(f"<tr>{cells}</tr>")
    return mark_safe("".join(made))


@register.simple_tag
def figure(value, form, unknown=0):
    """A figure with its unit; unknown when rows that should say it do not, a dash when none do."""
    if value is None or value == "":
        return french.unknown() if unknown else "–"
    if form == "money":
        return french.euros(value)
    if form in NUMERIC:
        return french.decimal(value)
    return french.day(value) if form == "date" else value
