from django.core.management.base import BaseCommand

from crm.reference_data import load_all


class Command(BaseCommand):
    help = "Load communes, EPCI, NAF, code lists and the shipped territory. Safe to run again."

    def handle(self, *args, **options):
        counts = load_all()
        self.stdout.write(
            "Référentiels : " + ", ".join(f"{n} {name}" for name, n in list(counts.items())[:6])
        )
