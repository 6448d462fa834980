from django import template

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
def frozen_total(column, line):
    """Under a column that adds up; nothing under the others, where a dash would say « unknown »."""
    value = column.value(line)
    return "" if value is None else figure(value, column.format)


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
