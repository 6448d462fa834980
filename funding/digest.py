"""The weekly mail: what the catalogue changed and what closes soon, for who works on it.

Each person gets what they may read, once: what was noticed since their last mail and nobody of
the team has seen. Nothing new, no mail. The subject names no project; no log names anyone.
"""

import datetime as dt
import smtplib
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from crm.models import Role, Territory, User
from crm.templatetags.french import plural
from funding import watch
from funding.models import DigestSubscription
from funding.models.subjects import key_of

TEAM = (Role.OFFICER, Role.MANAGER)
WEEK = dt.timedelta(days=7)
# A scheduler that runs an hour early one week must not skip a person.
AT_LEAST = dt.timedelta(days=6)
LAST_CALL = 14  # days: a closing is told when it comes in sight, then once more
SHOWN = 15  # programs told in one mail, as projects in its templates; the lists have them all


@dataclass(frozen=True)
class Chapter:
    """What is new in one territory."""

    territory: Territory
    told: list
    closings: list

    @property
    def changes(self):
        return sum(len(told.notices) for told in self.told)

    @property
    def first(self):
        return self.told[:SHOWN]

    @property
    def more(self):
        return len(self.told) - len(self.first)

    @property
    def sure(self):
        """The closings that an eligible project could ask: the others are a line and a link."""
        return [closing for closing in self.closings if closing.eligible]

    @property
    def other_closings(self):
        return len(self.closings) - len(self.sure)


class Digest:
    """What one person has not been told yet.

    `told` is what their last mails told of the closings: {"territory:program": [the day, the mark
    that it had passed, the projects and actions it was told for]}. `telling` is what it becomes
    with this mail."""

    def __init__(self, user, since, now, told=None):
        self.user, self.since, self.now = user, since, now
        self.today = timezone.localdate(now)
        self.told = told or {}
        self.telling = {
            key: row for key, row in self.told.items() if row[0] >= self.today.isoformat()
        }

    @cached_property
    def chapters(self):
        territories = Territory.objects.filter(pk__in=self.user.territories_as(*TEAM))
        found = [
            Chapter(territory, self._told(territory), self._closings(territory))
            for territory in territories
        ]
        return [chapter for chapter in found if chapter.told or chapter.closings]

    def _told(self, territory):
        rows = watch.notices(self.user, territory).unseen()
        if self.since:
            rows = rows.filter(noticed_at__gt=self.since)
        return watch.by_program(rows.for_list())

    def _closings(self, territory):
        """Those in sight that no mail told: for that day, for one of their projects, or as a last
        call."""
        fresh = []
        for closing in watch.closing(self.user, territory, today=self.today):
            key, on = f"{territory.pk}:{closing.program.pk}", closing.on.isoformat()
            mark = LAST_CALL if (closing.on - self.today).days <= LAST_CALL else watch.WITHIN
            subjects = {f"{kind}-{pk}" for kind, pk in map(key_of, closing.subjects)}
            day, last_mark, known = self.told.get(key, ("", 0, ()))
            if day != on or mark < last_mark or not subjects <= set(known):
                fresh.append(closing)
            said_before = known if day == on else ()
            self.telling[key] = [on, mark, sorted({*said_before, *subjects})]
        return fresh

    @property
    def changes(self):
        return sum(chapter.changes for chapter in self.chapters)

    @property
    def closing_count(self):
        return sum(len(chapter.closings) for chapter in self.chapters)

    @property
    def subject(self):
        parts = []
        if self.changes:
            parts.append(plural(self.changes, "changement,changements"))
        if self.closing_count:
            parts.append(plural(self.closing_count, "clôture proche,clôtures proches"))
        return f"Veille des financements\u00a0: {', '.join(parts)}"

    def message(self):
        context = {"digest": self, "site": settings.SITE_URL, "today": self.today}
        mail = EmailMultiAlternatives(
            self.subject,
            render_to_string("funding/digest.txt", context),
            to=[self.user.email],
            headers={"Auto-Submitted": "auto-generated"},
        )
        mail.attach_alternative(render_to_string("funding/digest.html", context), "text/html")
        return mail


def due(now):
    """(person, subscription or None) of who wants the mail and had none these days."""
    people = User.objects.filter(is_active=True, memberships__role__in=TEAM).exclude(email="")
    kept = {row.user_id: row for row in DigestSubscription.objects.all()}
    for user in people.distinct().order_by("pk"):
        row = kept.get(user.pk)
        if row is None or (row.is_wanted and (row.sent_at or now - WEEK) <= now - AT_LEAST):
            yield user, row


@dataclass
class Sent:
    sent: int = 0
    nothing_new: int = 0
    failed: int = 0


def send_all(*, now=None, dry_run=False, show=None):
    """Write to each person due. `show` gets each message instead of the mail server on a dry run.

    A mail that the server refuses is tried again the next time; the others leave."""
    now = now or timezone.now()
    counts = Sent()
    for user, row in due(now):
        digest = Digest(user, row and row.sent_at, now, row and row.told)
        if not digest.chapters:
            counts.nothing_new += 1
        elif dry_run:
            counts.sent += 1
            if show:
                show(digest.message())
        elif send(digest, row):
            counts.sent += 1
        else:
            counts.failed += 1
    return counts


def send(digest, row):
    """Claim the sending first, so that two schedulers write once; give it back on a failure."""
    if row is None:
        row, _ = DigestSubscription.objects.get_or_create(user=digest.user)
    last = DigestSubscription.objects.filter(pk=row.pk, sent_at=row.sent_at, is_wanted=True)
    if not last.update(sent_at=digest.now, told=digest.telling):
        return True
    try:
        digest.message().send()
    except (OSError, smtplib.SMTPException):
        DigestSubscription.objects.filter(pk=row.pk).update(sent_at=row.sent_at, told=row.told)
        return False
    return True
