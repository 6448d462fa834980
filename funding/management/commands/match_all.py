import csv
import datetime as dt
import sys
from collections import Counter, defaultdict
from contextlib import nullcontext
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.models import Project, Territory
from funding import bulk
from funding.eligibility import Verdict
from funding.models import Program

SUMMARY = ("code", "dispositif", "éligibles", "à confirmer", "non éligibles", "premier frein")
PAIRS = ("territoire", "projet", "dispositif", "verdict", "premier critère")


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
        found = list(bulk.by_territory(projects, Program.objects.all(), today))
        programs = programs_of(found)
        rows = pairs(programs) if options["pairs"] else summary(programs, found)
        with opened(options["out"]) as target:
            writer = csv.writer(target, delimiter=";")
            writer.writerow(PAIRS if options["pairs"] else SUMMARY)
            writer.writerows(rows)
        self.stderr.write(
            f"{sum(len(one.projects) for one in found)} projets, {len(programs)} dispositifs, "
            f"{sum(map(len, found))} verdicts, le {today}"
        )


def opened(out):
    if out is None:
        return nullcontext(sys.stdout)
    try:
        return out.open("w", newline="", encoding="utf-8-sig")
    except OSError as error:
        said = f"«\u00a0{out}\u00a0» ne s’écrit pas\u00a0: {error.strerror}."
        raise CommandError(said) from error


def programs_of(found):
    """{program: the verdicts of each territory where it applies}, in the order of the catalogue."""
    applied = {}
    for here in found:
        for program in here.programs:
            applied.setdefault(program, []).append(here)
    return {program: applied[program] for program in Program.objects.all() if program in applied}


def summary(programs, found):
    totals = defaultdict(Counter)
    for here in found:
        for pk, counts in here.counts_by_program().items():
            totals[pk].update(counts)
    for program, applied in programs.items():
        counts, limits = totals[program.pk], Counter()
        for here in applied:
            for criterion, count in here.limits_by_program(program.pk):
                limits[criterion.rule] += count
        yield (
            program.code,
            program.name,
            counts[Verdict.ELIGIBLE],
            counts[Verdict.TO_CONFIRM],
            counts[Verdict.NOT_ELIGIBLE],
            "{} ({})".format(*limits.most_common(1)[0]) if limits else "",
        )


def pairs(programs):
    rows = Project.objects.open().values_list("pk", "territory__code", "reference")
    named = {pk: (territory, reference) for pk, territory, reference in rows}
    for program, found in programs.items():
        for here in found:
            for project in here.projects_of(program.pk, Verdict.ELIGIBLE, Verdict.TO_CONFIRM):
                criterion = here.limiting(project, program.pk)
                yield (
                    *named[project],
                    program.code,
                    here.verdict(project, program.pk).label,
                    criterion.rule if criterion else "",
                )
