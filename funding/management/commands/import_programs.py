import datetime as dt
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.imports.reading import Unreadable
from crm.templatetags.french import plural
from funding.catalogue_imports.api import Client, Unreachable
from funding.catalogue_imports.commit import batch_of, commit, receive
from funding.catalogue_imports.plan import CREATE, FATES, REFUSED, SIMILAR, Plan
from funding.catalogue_imports.reading import SOURCES


class Command(BaseCommand):
    help = "Import a catalogue of programs, as the page does; --dry-run only says what would be."

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--format", choices=["auto", *SOURCES], default="auto")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument(
            "--published-on", type=dt.date.fromisoformat, metavar="AAAA-MM-JJ", default=None
        )
        parser.add_argument(
            "--create-similar",
            action="store_true",
            help="create the programs that resemble one of ours; without it they are left aside",
        )
        parser.add_argument(
            "--flag-vanished",
            action="store_true",
            help="mark « to check » the programs that the catalogue no longer has",
        )
        parser.add_argument(
            "--aides-territoires", action="store_true", help="read the API instead of a file"
        )
        parser.add_argument("--perimeter", default="", help="number of a perimeter, for the API")

    def handle(self, *args, dry_run, create_similar, flag_vanished, **options):
        batch = self.batch(**options)
        self.stdout.write(f"{batch.file_name}\u00a0: {', '.join(batch.reading['how'])}.")
        for warning in batch.reading["warnings"]:
            self.stdout.write(warning)
        if create_similar:
            batch.choices = {entry["id"]: CREATE for entry in batch.entries}
        if dry_run:
            plan, counts = Plan(batch), None
        else:
            batch.save()
            plan, counts = commit(batch, flag_vanished=flag_vanished), batch.counts
        self.report(plan, counts or plan.counts)
        if dry_run:
            self.stdout.write("Rien n’est écrit\u00a0: c’était un essai.")

    def batch(self, *, file, aides_territoires, perimeter, published_on, **options):
        wanted = "" if options["format"] == "auto" else options["format"]
        if bool(file) == aides_territoires:
            raise CommandError("Donnez un fichier, ou bien --aides-territoires.")
        if perimeter and not aides_territoires:
            raise CommandError("--perimeter ne s’emploie qu’avec --aides-territoires.")
        try:
            if aides_territoires:
                found = Client().catalogue(perimeter=perimeter)
                return batch_of(found, "API Aides-territoires", published_on=published_on)
            if file.stat().st_size > settings.IMPORT_MAX_BYTES:
                raise CommandError(f"«\u00a0{file.name}\u00a0» est trop gros pour être importé.")
            data = file.read_bytes()
            return receive(file.name, data, wanted=wanted, published_on=published_on)
        except OSError as error:
            raise CommandError(
                f"«\u00a0{file}\u00a0» ne peut pas être lu\u00a0: {error.strerror}."
            ) from error
        except (Unreadable, Unreachable) as refusal:
            raise CommandError(str(refusal)) from refusal

    def report(self, plan, counts):
        for row in plan.rows:
            if row.fate == REFUSED:
                name = f" («\u00a0{row.title}\u00a0»)" if row.title else ""
                self.stdout.write(f"N° {row.line}{name} refusé\u00a0: {' '.join(row.reasons)}")
            elif row.fate == SIMILAR:
                self.stdout.write(
                    f"N° {row.line} («\u00a0{row.title}\u00a0») ressemble à "
                    f"«\u00a0{row.twin}\u00a0» ({row.twin.code})\u00a0: laissé de côté."
                )
            for change in row.kept:
                self.stdout.write(
                    f"N° {row.line} («\u00a0{row.title}\u00a0»)\u00a0: {change.label}, "
                    "corrigé par vous, conservé."
                )
        for program in plan.vanished:
            self.stdout.write(f"Absent du catalogue\u00a0: «\u00a0{program}\u00a0».")
        fates = ", ".join(plural(counts[fate], forms) for fate, forms in FATES.items())
        read = plural(counts["read"], "dispositif lu,dispositifs lus")
        self.stdout.write(f"{read}\u00a0: {fates}.")
