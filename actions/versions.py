"""Voting the plan: what was shown is frozen, once."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from actions.models import PlanVersion
from actions.snapshots import snapshot
from crm.freezing import app_version, fingerprint


class HasChanged(Exception):
    """The plan is no longer what the person read before voting it."""


class AlreadyVoted(Exception):
    """A double click, or a colleague: this number is taken."""


def vote(plan, *, by, seen, number, title, voted_on, voted_by, meeting, decision, note):
    """Freeze the plan as it stands; it is adopted on the day of the vote."""
    try:
        with transaction.atomic():
            locked = type(plan).objects.select_for_update().get(pk=plan.pk)
            if number != PlanVersion.objects.next_number(plan):
                raise AlreadyVoted
            content = snapshot(locked)
            if fingerprint(content) != seen:
                raise HasChanged
            version = PlanVersion.objects.create(
                plan=locked,
                number=number,
                title=title,
                voted_on=voted_on,
                voted_by=voted_by,
                meeting=meeting,
                decision=decision,
                note=note,
                drawn_on=timezone.localdate(),
                issued_by=by,
                issuer=str(by),
                content=content,
                sha256=fingerprint(content),
                app_version=app_version(),
            )
            locked.adopted_on = voted_on
            locked.save(update_fields=["adopted_on"])
    except IntegrityError:
        raise AlreadyVoted from None
    return version
