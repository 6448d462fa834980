import datetime as dt
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from funding import zone_lists
from funding.eligibility import wording


class Command(BaseCommand):
    help = (
        "Load the communes of a zone (afr, zfrr, qpv) from a CSV file. A commune that no list "
        "names is unknown, unless --covers says that the list is complete for its département."
    )

    def add_arguments(self, parser):
        parser.add_argument("code", choices=list(wording.ZONES))
        parser.add_argument("file", type=Path)
        parser.add_argument("--valid-from", required=True, type=dt.date.fromisoformat)
        parser.add_argument("--valid-until", type=dt.date.fromisoformat)
        parser.add_argument("--source", required=True, help="« Décret 2022-968, annexe 1 »")
        parser.add_argument("--covers", nargs="*", default=(), metavar="DEPARTEMENT")

    def handle(self, *args, **options):
        try:
            found, strangers = zone_lists.load(
                options["code"],
                options["file"].read_bytes(),
                source=options["source"],
                valid_from=options["valid_from"],
                valid_until=options["valid_until"],
                covers=options["covers"],
            )
        except OSError as error:
            raise CommandError(f"Fichier illisible : {error}") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{found}\u00a0: {len(found.communes)} communes.")
        if strangers:
            shown = ", ".join(strangers[: zone_lists.SHOWN])
            self.stdout.write(f"Codes sans commune, ignorés ({len(strangers)})\u00a0: {shown}…")
