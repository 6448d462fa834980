from django.core.management.base import BaseCommand, CommandError

from funding import catalogue, watch


class Command(BaseCommand):
    help = "Load the funding programs shipped with the product. Safe to run again."

    def handle(self, *args, **options):
        try:
            counts = catalogue.load()
        except ValueError as error:
            raise CommandError(str(error)) from error
        watch.catch_up()
        self.stdout.write(
            f"Dispositifs : {counts['created']} créés, {counts['updated']} mis à jour, "
            f"{counts['unchanged']} inchangés."
        )
