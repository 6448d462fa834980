"""Meetings as iCalendar (RFC 5545, and RFC 5546 for invitations): what any diary reads. No Django.

A file and a feed publish; an invitation asks one person, or tells them that it is called off.
"""

import datetime as dt
import unicodedata
from dataclasses import dataclass
from zoneinfo import ZoneInfo

EOL = "\r\n"
LONGEST = 75  # octets of a line, RFC 5545 § 3.1
ZONE = ZoneInfo("Europe/Paris")
PUBLISH, REQUEST, CANCEL = "PUBLISH", "REQUEST", "CANCEL"


@dataclass(frozen=True)
class Person:
    name: str
    email: str


@dataclass(frozen=True)
class Event:
    """Without a start it lasts the whole day; without an end, none is made up.

    `revision` never goes down: a diary ignores what is older than what it has.
    """

    uid: str
    on: dt.date
    title: str
    starts_at: dt.time | None = None
    ends_at: dt.time | None = None
    place: str = ""
    text: str = ""
    url: str = ""
    revision: int = 0
    is_cancelled: bool = False
    organizer: Person | None = None
    attendee: Person | None = None


def calendar(events, *, now, name="", method=PUBLISH):
    """The bytes of a calendar; `now` is an aware instant."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Établi//Instances//FR"]
    lines.append(f"METHOD:{method}")
    if name:
        lines.append(f"X-WR-CALNAME:{escaped(name)}")
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{event.uid}",
            f"DTSTAMP:{instant(now)}",
            f"SEQUENCE:{event.revision}",
            *times(event),
            f"SUMMARY:{escaped(event.title)}",
            *(f"{key}:{value}" for key, value in said(event, method) if value),
            *people(event, method),
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(folded(line) + EOL for line in lines).encode()


def times(event):
    if event.starts_at is None:
        yield f"DTSTART;VALUE=DATE:{event.on:%Y%m%d}"
        return
    yield f"DTSTART:{local(event.on, event.starts_at)}"
    if event.ends_at:
        yield f"DTEND:{local(event.on, event.ends_at)}"


def said(event, method):
    """Whoever is asked no more to a meeting that is held reads no status (RFC 5546 § 3.2.5)."""
    yield "LOCATION", escaped(event.place)
    yield "DESCRIPTION", escaped(event.text)
    yield "URL", event.url
    confirmed = "CONFIRMED" if method != CANCEL else ""
    yield "STATUS", "CANCELLED" if event.is_cancelled else confirmed


def people(event, method):
    """Who calls the meeting, and the one who is asked: nobody reads the addresses of the others."""
    if event.organizer:
        yield f"ORGANIZER;CN={quoted(event.organizer.name)}:mailto:{event.organizer.email}"
    if event.attendee:
        answer = ";PARTSTAT=NEEDS-ACTION;RSVP=TRUE" if method == REQUEST else ""
        who = f"CN={quoted(event.attendee.name)}:mailto:{event.attendee.email}"
        yield f"ATTENDEE;ROLE=REQ-PARTICIPANT{answer};{who}"


def local(day, time):
    """An hour of the territory, in universal time: no diary has to know its time zone."""
    return instant(dt.datetime.combine(day, time, tzinfo=ZONE))


def instant(when):
    return f"{when.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def escaped(text):
    """A value of type TEXT, § 3.3.11."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(plain(line) for line in text.splitlines())


def quoted(text):
    """The value of a parameter, § 3.2: no control, and no quotation mark within its own."""
    return '"' + plain(text).replace('"', "’") + '"'


def plain(text):
    """No control character, which § 3.1 allows nowhere: a strict diary refuses the whole file."""
    return "".join(" " if unicodedata.category(one) == "Cc" else one for one in text)


def folded(line):
    """Pieces of 75 octets at most, never within a character, the next ones after a space."""
    pieces, piece, size = [], "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > LONGEST:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + character, size + octets
    return EOL.join([*pieces, piece])
