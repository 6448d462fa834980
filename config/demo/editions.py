"""Packs issued in the past, from the territory as it stood on their day.

The files of the demonstration say how things are today: for each past pack the rows are put back,
within a savepoint, as their dates say they were; what was built is kept, the rest is rolled back.
"""

from django.db import transaction
from django.db.models import Case, Q, Value, When

from actions.models import AgendaItem, Decision, Meeting, Milestone
from config.demo.files import read
from crm.models import FollowUp, Project, Review, ReviewRequest, StageChange, Territory
from funding.models import Application
from reporting import editions
from reporting.models import Readers

STATUS = Application.Status


class RolledBack(Exception):
    pass


def load(world):
    for row in read("editions"):
        day = world.clock.day(row["day"])
        territory, readers = world.territory, Readers(row["readers"])
        meeting = Meeting.objects.filter(territory=territory, title=row.get("meeting")).first()
        epcis = territory.epcis.filter(name__endswith=row["epci"]) if "epci" in row else []
        stamp = editions.stamp_of(row["number"], day)
        pack = forms = None
        try:
            with transaction.atomic():
                put_back(territory, day)
                pack = editions.build(
                    territory, readers, meeting=meeting, epcis=list(epcis), today=day
                )
                forms = pack.forms(title=row["title"], stamp=stamp)
                raise RolledBack
        except RolledBack:
            editions.keep(
                pack,
                forms,
                territory=territory,
                readers=readers,
                meeting=meeting,
                title=row["title"],
                number=row["number"],
                issued_by=world.people["agent"],
                issued_at=world.clock.at(row["day"], 17, 20),
            )


def put_back(territory, day):
    """The territory as it stood at the end of `day`, as far as its dates tell."""
    elsewhere = Territory.objects.create(code="avant", name="Pas encore")
    projects = Project.objects.filter(territory=territory)
    projects.filter(opened_on__gt=day).update(territory=elsewhere)
    changes = StageChange.objects.filter(project__in=projects, at__date__gt=day)
    put_back_stages(changes, day)
    # Of a promise of today, nobody knows whether it was the one of that day.
    projects.update(next_step="", next_step_on=None)
    put_back_files(Application.objects.in_territory(territory), day)
    Milestone.objects.filter(done_on__gt=day).update(done_on=None)
    Decision.objects.filter(item__territory=territory, at__date__gt=day).delete()
    FollowUp.objects.filter(done_at__date__gt=day).update(done_at=None)
    Review.objects.filter(at__date__gt=day).delete()
    ReviewRequest.objects.filter(asked_at__date__gt=day).delete()
    AgendaItem.objects.filter(territory=territory, created_at__date__gt=day).update(
        territory=elsewhere, meeting=None
    )


def put_back_stages(changes, day):
    """To the stage that the first move after that day left."""
    first = {}
    for change in changes.order_by("-at", "-pk").select_related("project"):
        first[change.project_id] = change
    for pk, change in first.items():
        before = StageChange.objects.filter(project=pk, at__date__lte=day).first()
        since = before.at.date() if before else change.project.opened_on
        paused_from = before.from_stage_id if before and change.from_stage.needs_reason else None
        Project.objects.filter(pk=pk).update(
            stage=change.from_stage, stage_since=since, paused_from=paused_from
        )


def put_back_files(files, day):
    for file in files.filter(amount_paid__isnull=False).prefetch_related("tranches"):
        paid = [
            row.amount_paid or 0
            for row in file.tranches.all()
            if row.paid_on and row.paid_on <= day
        ]
        Application.objects.filter(pk=file.pk).update(amount_paid=sum(paid) if paid else None)
    later = Q(decided_on__gt=day)
    files.filter(later).update(
        amount_granted=None,
        amount_committed=None,
        decided_on=None,
        status=Case(
            When(filed_on__lte=day, then=Value(STATUS.APPRAISAL)), default=Value(STATUS.TO_FILE)
        ),
    )
    not_yet = files.filter(filed_on__gt=day)
    not_yet.update(status=STATUS.TO_FILE, filed_on=None, received_on=None)
