from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.forms.imports import IDENTIFYING
from crm.imports.commit import commit, plan_of, receive
from crm.imports.plan import FATES, REFUSED
from crm.imports.reading import Unreadable
from crm.models import Territory
from crm.reference_data import PERIOD
from crm.templatetags.french import plural


class Command(BaseCommand):
    help = "Import a spreadsheet of companies, as the page does; --dry-run only says what would be."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--territory", required=True, metavar="CODE", help="e.g. ti-7611")
        parser.add_argument("--period", default=PERIOD)
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument(
            "--accept-outside", action="store_true", help="accept communes of elsewhere"
        )

    def handle(self, *args, file, territory, period, dry_run, accept_outside, **options):
        batch = self.receive(file, self.find_territory(territory, period))
        batch.accepts_outside = accept_outside
        if not IDENTIFYING & set(batch.mapping.values()):
            raise CommandError(f"« {file.name} » : ni nom, ni SIREN, ni SIRET parmi ses colonnes.")
        self.stdout.write(f"{file.name} : {', '.join(batch.reading['how'])}.")
        for warning in batch.reading["warnings"]:
            self.stdout.write(warning)
        if dry_run:
            plan = plan_of(batch)
        else:
            batch.save()
            plan = commit(batch)
        self.report(plan, dry_run)

    def find_territory(self, code, period):
        try:
            return Territory.objects.get(code=code, period=period)
        except Territory.DoesNotExist:
            raise CommandError(f"Aucun territoire {code} pour la période {period}.") from None

    def receive(self, file, territory):
        try:
            if file.stat().st_size > settings.IMPORT_MAX_BYTES:
                raise CommandError(f"« {file.name} » est trop gros pour être importé.")
            return receive(file.name, file.read_bytes(), territory)
        except OSError as error:
            raise CommandError(f"« {file} » ne peut pas être lu : {error.strerror}.") from error
        except Unreadable as refusal:
            raise CommandError(str(refusal)) from refusal

    def report(self, plan, dry_run):
        counts = plan.counts
        for row in plan.rows:
            if row.fate == REFUSED:
                self.stdout.write(f"Ligne {row.line} refusée : {' '.join(row.reasons)}")
        fates = ", ".join(plural(counts[fate], forms) for fate, forms in FATES.items())
        read = plural(counts["read"], "ligne lue,lignes lues")
        self.stdout.write(f"{read}\u00a0: {fates}.")
        if dry_run:
            self.stdout.write("Rien n’est écrit : c’était un essai.")
