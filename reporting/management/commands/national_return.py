from pathlib import Path

from django.core.management.base import BaseCommand

from reporting import national, readings
from reporting.management.arguments import add_territory, territory_of


class Command(BaseCommand):
    help = "Écrit la remontée nationale d’un territoire : projets « partenaires » et « public »."

    def add_arguments(self, parser):
        add_territory(parser)
        parser.add_argument("--out", required=True, type=Path, help="fichier .xlsx à écrire")

    def handle(self, *args, **options):
        territory = territory_of(options)
        content = national.workbook(readings.reading(readings.PARTNERS, territory))
        options["out"].write_bytes(content)
        self.stdout.write(f"{options['out']} : remontée nationale, {territory.name}.")
