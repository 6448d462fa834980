import csv
import datetime as dt
import sys
from contextlib import nullcontext
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.models import Project, Territory
from funding import bulk
from funding.eligibility import Verdict
from funding.models import Program

SUMMARY = ("code", "dispositif", "éligibles", "à confirmer", "non éligibles", "premier frein")
PAIRS = ("projet", "dispositif", "verdict", "premier critère")


class Command(BaseCommand):
    help = "Judge all the open projects for all the programs; a summary, or every pair, as CSV."

    def add_arguments(self, parser):
        parser.add_argument("--territory", nargs="*", metavar="CODE", help="all unless told")
        parser.add_argument("--on", type=dt.date.fromisoformat, help="the day, today unless told")
        parser.add_argument("--pairs", action="store_true", help="the pairs that are not excluded")
        parser.add_argument("--out", type=Path, help="a file instead of the standard output")

    def handle(self, *args, **options):
        today = options["on"] or timezone.localdate()
        projects = Project.objects.open()
        if options["territory"]:
            territories = Territory.objects.filter(code__in=options["territory"])
            known = set(territories.values_list("code", flat=True))
            if missing := sorted(set(options["territory"]) - known):
                raise CommandError(f"Territoire inconnu\u00a0: {', '.join(missing)}.")
            projects = projects.filter(territory__in=territories)
        found = bulk.verdicts(projects, Program.objects.all(), today)
        rows = pairs(found) if options["pairs"] else summary(found)
        out = options["out"]
        opened = out.open("w", newline="", encoding="utf-8-sig") if out else nullcontext(sys.stdout)
        with opened as target:
            writer = csv.writer(target, delimiter=";")
            writer.writerow(PAIRS if options["pairs"] else SUMMARY)
            writer.writerows(rows)
        self.stderr.write(
            f"{len(found.projects)} projets × {len(found.programs)} dispositifs, le {today}"
        )


def summary(found):
    counts = found.counts_by_program()
    for program in found.programs:
        limits = found.limits_by_program(program.pk)
        yield (
            program.code,
            program.name,
            counts[program.pk][Verdict.ELIGIBLE],
            counts[program.pk][Verdict.TO_CONFIRM],
            counts[program.pk][Verdict.NOT_ELIGIBLE],
            f"{limits[0][0].rule} ({limits[0][1]})" if limits else "",
        )


def pairs(found):
    references = dict(Project.objects.filter(pk__in=found.projects).values_list("pk", "reference"))
    for program in found.programs:
        for project in found.projects_of(program.pk, Verdict.ELIGIBLE, Verdict.TO_CONFIRM):
            criterion = found.limiting(project, program.pk)
            verdict = found.verdict(project, program.pk)
            yield (
                references[project],
                program.code,
                verdict.label,
                criterion.rule if criterion else "",
            )
