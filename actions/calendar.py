"""Meetings as iCalendar (RFC 5545): what any diary imports. No Django."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

EOL = "\r\n"
LONGEST = 75  # octets of a line, RFC 5545 § 3.1
ZONE = ZoneInfo("Europe/Paris")


@dataclass(frozen=True)
class Event:
    """Without a start it lasts the whole day; without an end, none is made up."""

    uid: str
    on: dt.date
    title: str
    starts_at: dt.time | None = None
    ends_at: dt.time | None = None
    place: str = ""
    text: str = ""
    url: str = ""
    revision: int = 0


def calendar(events, *, now, name=""):
    """The bytes of a calendar; `now` is an aware instant."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Établi//Instances//FR", "METHOD:PUBLISH"]
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
            *(f"{key}:{value}" for key, value in said(event) if value),
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


def said(event):
    yield "LOCATION", escaped(event.place)
    yield "DESCRIPTION", escaped(event.text)
    yield "URL", event.url


def local(day, time):
    """An hour of the territory, in universal time: no diary has to know its time zone."""
    return instant(dt.datetime.combine(day, time, tzinfo=ZONE))


def instant(when):
    return f"{when.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def escaped(text):
    """A value of type TEXT, § 3.3.11."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(text.splitlines())


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
