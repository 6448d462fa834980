"""How the plan draws its states: always an icon and a word."""

from django import template

from actions.models import Action, AgendaItem
from crm.templatetags.french import mark

register = template.Library()

STATUS = {
    Action.Status.UPCOMING: ("", "clock"),
    Action.Status.ONGOING: ("", "arrow"),
    Action.Status.LATE: ("bad", "warn"),
    Action.Status.PAUSED: ("warn", "pause"),
    Action.Status.BLOCKED: ("bad", "no"),
    Action.Status.DROPPED: ("", "ban"),
    Action.Status.DONE: ("ok", "ok"),
}
WEATHER = {"ok": "sun", "warn": "cloudsun", "bad": "storm"}
STANDING = {
    "reached": ("cible atteinte", "ok", "ok"),
    "on_path": ("sur le chemin", "ok", "ok"),
    "off_path": ("en retard sur le chemin", "warn", "warn"),
    "unknown": ("chemin à préciser", "unknown", "ask"),
}
# The same in a word, for the table by year.
HELD = {"reached": "atteint", "on_path": "tenu", "off_path": "en retard", "unknown": "à préciser"}
KIND = {
    AgendaItem.Kind.DECISION: "gavel",
    AgendaItem.Kind.OPINION: "talk",
    AgendaItem.Kind.INFORMATION: "info",
}
ANSWER = {"agree": ("ok", "check"), "disagree": ("bad", "x"), "discuss": ("warn", "talk")}


@register.simple_tag
def action_status(action):
    tone, icon = STATUS[action.status]
    return mark(action.get_status_display(), tone, icon)


@register.simple_tag
def weather(health):
    if health is None:
        return mark("À renseigner", "unknown")
    return mark(health.label, health.tone, WEATHER[health.tone])


@register.simple_tag
def standing(word):
    return mark(*STANDING[word])


@register.simple_tag
def held(word):
    _, tone, icon = STANDING[word]
    return mark(HELD[word], tone, icon)


@register.inclusion_tag("actions/_point_kind.html")
def point_kind(item):
    return {"item": item, "icon_name": KIND[item.kind]}


@register.inclusion_tag("actions/_review_mark.html")
def review_mark(review):
    tone, icon_name = ANSWER[review.answer]
    return {"review": review, "tone": tone, "icon_name": icon_name}
