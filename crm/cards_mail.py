"""The weekly mail to the pair: at most three points, and a personal link to answer them.

The subject names no project, the body no amount. Nothing waits, no mail. No log names anyone.
"""

import datetime as dt
import smtplib
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import OuterRef, Q, Subquery
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from crm.cards import SHOWN, Cards
from crm.models import PAIR, CardsLink, CardsMail, Membership
from crm.templatetags.french import plural

# A scheduler that runs an hour early one week must not skip a person.
AT_LEAST = dt.timedelta(days=6)
# The team that clicks twice writes once.
AT_ONCE = dt.timedelta(minutes=10)


def is_possible():
    """Whether this installation sends mail at all."""
    return settings.SENDS_MAIL


def wanted(user, territory):
    """Whether this member receives the mail; nobody said otherwise: yes."""
    row = CardsMail.objects.filter(user=user, territory=territory).first()
    return row is None or row.is_wanted


def members(territory):
    """The pair of a territory, with `mail_sent_at` and `link_opened_at` of their last link."""
    last = CardsLink.objects.filter(user=OuterRef("user"), territory=OuterRef("territory"))
    return (
        Membership.objects.filter(territory=territory, role__in=PAIR, user__is_active=True)
        .select_related("user")
        .annotate(
            mail_sent_at=Subquery(last.values("created_at")[:1]),
            link_opened_at=Subquery(last.values("opened_at")[:1]),
        )
        .order_by("role", "pk")
    )


class CardsMessage:
    """The mail to one member; `cards` must wait for somebody to answer."""

    def __init__(self, cards, secret, now):
        self.cards, self.secret, self.now = cards, secret, now

    @property
    def subject(self):
        words = plural(self.cards.total, "point attend,points attendent")
        return f"{words} votre avis"

    def as_mail(self):
        context = {
            "cards": self.cards,
            "more": self.cards.total - len(self.cards.shown),
            "url": settings.SITE_URL + reverse("crm:cards_link", args=[self.secret]),
            "expires_at": self.now + dt.timedelta(days=CardsLink.DAYS),
            "shown": SHOWN,
        }
        mail = EmailMultiAlternatives(
            self.subject,
            render_to_string("crm/cards_mail.txt", context),
            to=[self.cards.user.email],
            headers={"Auto-Submitted": "auto-generated"},
        )
        mail.attach_alternative(render_to_string("crm/cards_mail.html", context), "text/html")
        return mail


@dataclass
class Sent:
    sent: int = 0
    nothing_waits: int = 0
    failed: int = 0


def send_all(*, territory=None, at_once=False, now=None, dry_run=False, show=None):
    """Write to each member of the pair for whom points wait, at most once a week.

    `at_once` does not wait for the week to pass: somebody of the team asked. `show` gets each
    message on a dry run. A mail that the server refuses is tried again the next time.
    """
    now = now or timezone.now()
    counts = Sent()
    for membership in due(now, territory=territory, at_once=at_once):
        cards = Cards(membership.user, membership.territory)
        if not cards.total:
            counts.nothing_waits += 1
        elif dry_run:
            counts.sent += 1
            if show:
                show(CardsMessage(cards, "lien-personnel", now).as_mail())
        else:
            became = send(cards, now)
            if became is not None:
                setattr(counts, became, getattr(counts, became) + 1)
    return counts


def due(now, *, territory=None, at_once=False):
    """The members of a pair who want the mail and had none these days."""
    rows = CardsMail.objects.filter(user=OuterRef("user"), territory=OuterRef("territory"))
    pair = Membership.objects.filter(role__in=PAIR, user__is_active=True).exclude(user__email="")
    if territory:
        pair = pair.filter(territory=territory)
    pair = pair.annotate(
        mail_wanted=Subquery(rows.values("is_wanted")[:1]),
        mail_sent_at=Subquery(rows.values("sent_at")[:1]),
    ).filter(Q(mail_wanted=None) | Q(mail_wanted=True))
    before = now - (AT_ONCE if at_once else AT_LEAST)
    pair = pair.filter(Q(mail_sent_at=None) | Q(mail_sent_at__lte=before))
    return pair.select_related("user", "territory").order_by("territory", "pk")


def send(cards, now):
    """« sent » or « failed »; None when another scheduler writes to them at this moment.

    The sending is claimed first, so that two write once, and given back on a failure.
    """
    row, _ = CardsMail.objects.get_or_create(user=cards.user, territory=cards.territory)
    before = row.sent_at
    if not CardsMail.objects.filter(pk=row.pk, sent_at=before).update(sent_at=now):
        return None
    link, secret = CardsLink.objects.issue(cards.user, cards.territory, now=now)
    try:
        CardsMessage(cards, secret, now).as_mail().send()
    except (OSError, smtplib.SMTPException):
        link.delete()
        CardsMail.objects.filter(pk=row.pk, sent_at=now).update(sent_at=before)
        return "failed"
    return "sent"
