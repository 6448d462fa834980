from pathlib import Path

from django.core.management.base import BaseCommand

from reporting import committee, readings
from reporting.management.arguments import add_territory, territory_of


class Command(BaseCommand):
    help = "Écrit le classeur du comité local d’un territoire, lisible jusqu’au niveau « binôme »."

    def add_arguments(self, parser):
        add_territory(parser)
        parser.add_argument("--out", required=True, type=Path, help="fichier .xlsx à écrire")
        parser.add_argument("--level", choices=readings.LEVELS, default=readings.COMMITTEE)

    def handle(self, *args, **options):
        territory = territory_of(options)
        content = committee.workbook(readings.reading(options["level"], territory))
        options["out"].write_bytes(content)
        self.stdout.write(f"{options['out']} : classeur du comité, {territory.name}.")
