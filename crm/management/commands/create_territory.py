from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.reference_data import PERIOD, create_territory


class Command(BaseCommand):
    help = "Create a territory, or update its perimeter, from a list of EPCI SIREN."

    def add_arguments(self, parser):
        parser.add_argument("code", help="identifier in the national list, e.g. ti-7608")
        parser.add_argument("name")
        parser.add_argument("--epci", nargs="+", required=True, metavar="SIREN")
        parser.add_argument("--period", default=PERIOD)
        parser.add_argument("--lead-body", default="")

    @transaction.atomic
    def handle(self, *args, code, name, epci, period, lead_body, **options):
        try:
            territory = create_territory(
                code=code, name=name, epcis=epci, period=period, lead_body=lead_body
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{territory.code} ({territory.period}) : {territory.name}, "
            f"{territory.epcis.count()} EPCI, {territory.communes.count()} communes."
        )
