"""How the interface writes numbers, dates, icons and the unknown. Loaded in every template."""

import datetime
import re
from decimal import Decimal

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeData, mark_safe

from crm.search import normalise

register = template.Library()

NBSP = "\u00a0"
MINUS = "\u2212"
TIGHT = re.compile(r" (?=[:;?!%€»])|(?<=«) |(?<=\d) (?=\d{3}(?!\d))")


def number(value, places=0):
    """1234567.5 → « 1 234 567,50 » with no-break spaces and, below zero, a true minus."""
    text = f"{Decimal(value):,.{places}f}".replace("-", MINUS)
    return text.replace(",", NBSP).replace(".", ",")


@register.filter(is_safe=True)
def typeset(text):
    """What a person, a message or INSEE wrote, in the spaces and apostrophes of the interface."""
    text = str(text)
    if not isinstance(text, SafeData):  # markup needs its quotes
        text = text.replace("'", "’")
    return TIGHT.sub(NBSP, text)


@register.simple_tag
def icon(name, size="", part=""):
    """{% icon "check" %}; sizes « s » and « l »; `part` is the component’s own class."""
    css = " ".join(filter(None, ["icon", f"is-{size}" if size else "", part]))
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        css,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def unknown(text="à confirmer"):
    return format_html('<span class="unknown">{}</span>', text)


@register.filter
def euros(value):
    """An amount with its unit; cents only when there are some. Nothing for None."""
    if value is None or value == "":
        return ""
    value = Decimal(value)
    return f"{number(value, 0 if value == value.to_integral() else 2)}{NBSP}€"


@register.filter
def amount(value, missing="à confirmer"):
    """An amount, or the dashes that say it is not known."""
    return unknown(missing) if value is None or value == "" else euros(value)


@register.filter
def known(value, missing="à confirmer"):
    """Any value, or the dashes that say it is not known."""
    return unknown(missing) if value is None or value == "" else value


@register.filter
def decimal(value):
    """A count or a quantity: no useless zeros, nothing for None."""
    if value is None or value == "":
        return ""
    value = Decimal(value)
    return number(value, 0 if value == value.to_integral() else -value.normalize().as_tuple()[2])


@register.filter
def day(value):
    """22/11/2026, for a date or an instant; nothing for None."""
    if not value:
        return ""
    if isinstance(value, datetime.datetime):
        value = timezone.localtime(value)
    return f"{value:%d/%m/%Y}"


@register.filter
def days_until(value, today=None):
    return (value - (today or timezone.localdate())).days


@register.simple_tag
def jn(value, today=None):
    """« J-12 », brick when near, crimson when late; nothing without a date."""
    if not value:
        return ""
    days = days_until(value, today)
    tone = "is-late" if days < 0 else "is-now" if days <= 3 else "is-near" if days <= 7 else ""
    text = f"J-{days}" if days > 0 else "J" if days == 0 else f"{-days}{NBSP}j de retard"
    return format_html('<span class="jn {}" title="{}">{}</span>', tone, day(value), text)


@register.simple_tag
def mark(text, tone="", icon_name=""):
    """A state: always an icon and a word. Tones ok, warn, bad, ask, unknown."""
    icons = {"ok": "ok", "warn": "warn", "bad": "no", "ask": "bell", "unknown": "ask"}
    name = icon_name or icons.get(tone, "")
    return format_html(
        '<span class="mark{}">{}{}</span>',
        f" is-{tone}" if tone else "",
        icon(name) if name else mark_safe(""),
        text,
    )


@register.filter
def plural(count, forms):
    """{{ n|plural:"projet,projets" }} → « 3 projets »; French keeps zero and 1,5 singular."""
    one, many = forms.split(",")
    return f"{number(count)}{NBSP}{many if abs(count) >= 2 else one}"


@register.filter
def identifier(value):
    """A SIREN or a SIRET as people read it: « 123 456 789 00012 ». Nothing for None."""
    value = value or ""
    return NBSP.join(part for part in (value[:3], value[3:6], value[6:9], value[9:]) if part)


@register.filter
def around(text, searched, before=6, after=24):
    """The words of a long text around the first that was searched for."""
    words, wanted = str(text).split(), normalise(searched).split()
    hits = (at for at, word in enumerate(words) if any(part in normalise(word) for part in wanted))
    start = max(next(hits, 0) - before, 0)
    shown = " ".join(words[start : start + before + after])
    end = "…" if len(words) > start + before + after else ""
    return f"{'… ' if start else ''}{shown}{end}"
