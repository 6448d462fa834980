"""The returns of the demonstration: adapted grids, what was sent, and what the figures are told
against. Recipients, amounts and numbers of jobs are fictitious."""

from django.db import transaction

from config.demo.editions import RolledBack, put_back
from crm.models import Project
from funding.models import Application
from reporting.models import IndustrialJobs, ReturnMapping
from reporting.returns import grids, grids_in_force, sending

Attribution = Project.Attribution
FICTITIOUS = "chiffre fictif de démonstration"
# SIREN of an EPCI → industrial jobs; the other EPCI stay unknown, as they would be.
JOBS = {"200023620": 1480, "200042372": 960, "200066322": 3120, "243200391": 2240}
SENDINGS = [
    ("nationale", 1, -140, "Direction du programme (fictif)", "Premier semestre."),
    ("region", 1, -95, "Service économie de la Région (fictif)", ""),
    ("nationale", 2, -45, "Direction du programme (fictif)", "Compléments demandés en septembre."),
]


def load(world):
    attribute(world)
    note_jobs(world)
    adapt_grids(world)
    for row in SENDINGS:
        sent(world, *row)


def attribute(world):
    """What the team did, as far as its files tell; a few projects are still to say."""
    projects = Project.objects.filter(territory=world.territory)
    files = Application.objects.filter(project__in=projects)
    granted = files.filter(status=Application.Status.ACCEPTED)
    for said, rows in (
        (Attribution.DETECTED, projects.filter(stage="detecte")),
        (Attribution.REFERRED, projects.filter(stage__in=["qualifie", "reoriente"])),
        (Attribution.ASSEMBLED, projects.filter(pk__in=files.values("project"))),
        (Attribution.OBTAINED, projects.filter(pk__in=granted.values("project"))),
    ):
        rows.update(attribution=said)


def note_jobs(world):
    year = world.clock.today.year - 3
    for siren, jobs in JOBS.items():
        IndustrialJobs.objects.create(
            territory=world.territory,
            epci_id=siren,
            year=year,
            jobs=jobs,
            source=FICTITIOUS,
            noted_by=world.people["gestion"],
            noted_at=world.clock.at(-60, 10),
        )


def adapt_grids(world):
    """The COT grid in its second version here, and one of the Région being written."""
    manager = world.people["gestion"]
    own = copied(world, "cot")
    grid = own.current.content
    words = {"label": "Pilote de l’action", "name": "pilote_action", "required": True}
    grid = grids.with_changed_column(grid, "actions", "pilote", **words)
    grid = grids.with_moved_column(grid, "actions", "avancement", -1)
    own.publish(
        grid,
        by=manager,
        seen=own.version,
        applies_from=world.clock.day(-30),
        note="Libellés repris de l’échange avec l’ADEME (fictif).",
        is_official=False,
    )
    region = copied(world, "region")
    draft = grids.with_changed_column(
        region.current.content, "projets", "besoin", label="Résumé du projet"
    )
    region.write_draft(draft, by=manager, seen=region.version)


def copied(world, code):
    shared = ReturnMapping.objects.get(territory=None, code=code)
    own = ReturnMapping.objects.create(
        territory=world.territory,
        code=code,
        name=shared.name,
        recipient=shared.recipient,
        position=shared.position,
    )
    own.versions.create(
        number=1,
        content=shared.current.content,
        applies_from=world.clock.day(-250),
        note="Reprise de la grille partagée.",
        published_by=world.people["gestion"],
        publisher=str(world.people["gestion"]),
        published_at=world.clock.at(-250, 15),
    )
    return own


def sent(world, code, number, day, sent_to, note):
    """From the territory as it stood that day, as the editions are."""
    on = world.clock.day(day)
    version = grids_in_force.of(world.territory, code)
    ready = None
    try:
        with transaction.atomic():
            put_back(world.territory, on)
            ready = sending.prepare(version, world.territory, number=number, sent_on=on, today=on)
            raise RolledBack
    except RolledBack:
        sending.keep(
            ready,
            world.territory,
            by=world.people["agent"],
            sent_to=sent_to,
            note=note,
            at=world.clock.at(day, 16, 40),
        )
