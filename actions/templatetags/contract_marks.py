"""How conventions and their evaluations are drawn, live or from what was frozen."""

import datetime

from django import template

from actions.models import Commitment
from crm.templatetags.french import NBSP, day, decimal, euros, mark, unknown

register = template.Library()

COMMITMENT = {
    Commitment.State.TO_DO: ("", "clock"),
    Commitment.State.ONGOING: ("", "arrow"),
    Commitment.State.KEPT: ("ok", "ok"),
    Commitment.State.BROKEN: ("bad", "no"),
}
PAYMENT = {"ok": "ok", "warn": "arrow", "bad": "warn", "unknown": "clock"}


@register.simple_tag
def commitment_state(row):
    tone, icon = COMMITMENT[row.state]
    if row.is_late:
        return mark(f"{row.get_state_display()}, en retard", "bad", "warn")
    return mark(row.get_state_display(), tone, icon)


@register.simple_tag
def payment_state(row):
    word, tone = row.state
    return mark(word, "" if tone == "unknown" else tone, PAYMENT[tone])


@register.filter
def iso_day(text):
    """22/11/2026, of a date as JSON keeps it; nothing for None."""
    return day(datetime.date.fromisoformat(text)) if text else ""


def figure_text(figure):
    """A frozen figure in words; an empty string when it is not known."""
    value = figure["value"]
    if value is None:
        return ""
    if figure["format"] == "money":
        return euros(value)
    suffix = {"percent": f"{NBSP}%", "number": f"{NBSP}ETP"}.get(figure["format"], "")
    return f"{decimal(value)}{suffix}"


@register.filter
def figure_value(figure):
    return figure_text(figure) or unknown()


@register.filter
def said_of(comments, key):
    return comments.get(key, "") if comments else ""
