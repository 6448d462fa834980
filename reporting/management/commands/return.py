from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from reporting.management.arguments import add_territory, territory_of
from reporting.models import ReturnMapping
from reporting.returns import grids_in_force, sending


class Command(BaseCommand):
    help = "Écrit une remontée d’un territoire, dans la grille en vigueur : un brouillon."

    def add_arguments(self, parser):
        add_territory(parser)
        parser.add_argument("--mapping", required=True, help="nationale, region, crte, cot, epci…")
        parser.add_argument("--out", required=True, type=Path, help="fichier .xlsx à écrire")

    def handle(self, *args, **options):
        territory = territory_of(options)
        try:
            version = grids_in_force.of(territory, options["mapping"])
        except ReturnMapping.DoesNotExist:
            known = ", ".join(one.code for one in ReturnMapping.objects.of(territory))
            asked = options["mapping"]
            raise CommandError(f"Remontée « {asked} » inconnue. Connues : {known}.") from None
        options["out"].write_bytes(sending.workbook(version, territory))
        self.stdout.write(f"{options['out']} : {version.mapping.name}, {territory.name}.")
