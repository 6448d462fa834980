from django.core.management.base import BaseCommand

from funding import watch
from funding.models import ProgramVersion


class Command(BaseCommand):
    help = (
        "Apply the announced versions of programs whose day has come, and tell whose projects they "
        "concern. Safe to run again, and to forget: the first page of the day does it too."
    )

    def handle(self, *args, **options):
        count = ProgramVersion.objects.apply_due()
        self.stdout.write(f"Versions de dispositifs appliquées\u00a0: {count}.")
        caught = watch.catch_up()
        self.stdout.write(f"Verdicts de projets qui changent\u00a0: {caught.notices}.")
