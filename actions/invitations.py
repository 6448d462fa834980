"""Who is asked to a meeting by mail, and who must be told that it has changed or is called off.

Each member gets a message of their own: nobody reads the addresses of the others. What it says of
the agenda is what anybody may read.
"""

import smtplib
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.core import mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from actions.calendar import CANCEL, REQUEST, Person, calendar
from actions.events import event_of, numbered
from actions.models import AgendaItem, Invitation, Seat

METHODS = {Invitation.Method.REQUEST: REQUEST, Invitation.Method.CANCEL: CANCEL}
SUBJECTS = {"asked": "Invitation", "moved": "Changement", "off": "Annulation"}


@dataclass(frozen=True)
class Guest:
    """One member, or one person who was asked and sits there no more; `kept` is what they know."""

    name: str
    quality: str
    email: str
    seat: Seat | None
    kept: Invitation | None
    told: str  # the meeting as it stands
    is_expected: bool

    @property
    def key(self):
        return f"m{self.seat.pk}" if self.seat else f"i{self.kept.pk}"

    @property
    def read(self):
        """What the page showed: a message that left since then is not sent again."""
        return self.kept.sent_at.isoformat() if self.kept else ""

    @property
    def is_asked(self):
        return self.kept is not None and self.kept.method == Invitation.Method.REQUEST

    @property
    def state(self):
        """unreachable, to_ask, asked, to_move, to_cancel, cancelled, or nothing to say."""
        if not self.is_expected:
            return "to_cancel" if self.is_asked else "cancelled" if self.kept else ""
        if not self.email:
            return "unreachable"
        if not self.is_asked:
            return "to_ask"
        return "asked" if self.kept.told == self.told else "to_move"

    @property
    def is_to_tell(self):
        return self.state in {"to_ask", "to_move", "to_cancel"}


def told_of(meeting):
    """What a change of must be told; a word more on the agenda is no reason to write."""
    facts = [meeting.held_on, meeting.starts_at, meeting.ends_at, meeting.place, meeting.title]
    return "\n".join("" if fact is None else str(fact) for fact in facts)


def guests(meeting, viewer):
    """The members on that day, then those who were asked and are expected no more; two queries."""
    seats = Seat.objects.visible_to(viewer).filter(
        body__territory=meeting.territory_id, body__kind=meeting.kind_id
    )
    kept = {row.email: row for row in meeting.invitations.select_related("seat")}
    told, found, seen = told_of(meeting), [], set()
    for seat in seats.on(meeting.held_on).for_list():
        if seat.email in seen:  # one address, one message
            continue
        row, is_expected = kept.pop(seat.email, None), not meeting.is_cancelled
        found.append(Guest(seat.name, seat.quality, seat.email, seat, row, told, is_expected))
        seen |= {seat.email} if seat.email else set()
    gone = [Guest(row.name, "", row.email, None, row, told, False) for row in kept.values()]
    return found + gone


@dataclass
class Sent:
    sent: int = 0
    refused: int = 0  # the server does not want this address
    left: int = 0  # the server no longer answers


def send(meeting, chosen, by, *, now=None):
    """Write to the guests chosen, one message each; a server that fails is not tried again.

    A message is claimed before it leaves, so that two clicks send one; a failure gives it back.
    """
    now = now or timezone.now()
    items = list(AgendaItem.objects.open_to_all().filter(meeting=meeting))
    organizer = organizer_of(meeting, by)
    counts, connection = Sent(), mail.get_connection()
    for number, guest in enumerate(chosen):
        row, before = claim(meeting, guest, organizer, by, now)
        if row is None:
            continue
        try:
            message_of(meeting, guest, row, items, organizer, now, connection).send()
            counts.sent += 1
        except smtplib.SMTPRecipientsRefused:
            give_back(row, before)
            counts.refused += 1
        except (OSError, smtplib.SMTPException):
            give_back(row, before)
            counts.left = len(chosen) - number
            break
    return counts


def organizer_of(meeting, by):
    """Whoever wrote first goes on calling the meeting: their mailbox gets the answers."""
    first = meeting.invitations.first()
    house = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return Person(str(meeting.territory), first.organizer if first else by.email or house)


FIELDS = ("name", "seat", "method", "told", "sequence", "organizer", "sent_at", "sent_by")


def claim(meeting, guest, organizer, by, now):
    """(the row, what it was or None); (None, None) when someone else has just written to them."""
    method = Invitation.Method.REQUEST if guest.is_expected else Invitation.Method.CANCEL
    values = {
        "name": guest.name,
        "seat": guest.seat,
        "method": method,
        "told": guest.told,
        "sequence": meeting.version - 1,
        "organizer": organizer.email,
        "sent_at": now,
        "sent_by": by,
    }
    if guest.kept is None:
        try:
            with transaction.atomic():
                return meeting.invitations.create(email=guest.email, **values), None
        except IntegrityError:
            return None, None
    before = {name: getattr(guest.kept, name) for name in FIELDS}
    rows = Invitation.objects.filter(pk=guest.kept.pk, sent_at=before["sent_at"])
    if not rows.update(**values):
        return None, None
    return Invitation.objects.get(pk=guest.kept.pk), before


def give_back(row, before):
    if before is None:
        row.delete()
    else:
        Invitation.objects.filter(pk=row.pk).update(**before)


def message_of(meeting, guest, row, items, organizer, now, connection):
    word = "off" if not guest.is_expected else "moved" if guest.is_asked else "asked"
    event = event_of(
        meeting,
        items,
        site=settings.SITE_URL if guest.seat and guest.seat.user_id else None,
        organizer=organizer,
        attendee=Person(guest.name, guest.email),
    )
    method = METHODS[row.method]
    content = calendar([event], now=now, method=method)
    context = {
        "meeting": meeting,
        "word": word,
        "points": numbered(items),
        "site": settings.SITE_URL,
        "has_account": bool(guest.seat and guest.seat.user_id),
    }
    title = " ".join(meeting.title.split())
    message = mail.EmailMultiAlternatives(
        f"{SUBJECTS[word]}\u00a0: {title}, {meeting.held_on:%d/%m/%Y}",
        render_to_string("actions/invitation.txt", context),
        to=[guest.email],
        reply_to=[organizer.email],
        connection=connection,
    )
    message.attach_alternative(content.decode(), f"text/calendar; method={method}")
    message.attach("reunion.ics", content, "application/ics")
    return message
