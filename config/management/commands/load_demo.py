from django.core.management.base import BaseCommand, CommandError

from config import demo
from config.demo.people import ACCOUNTS, PASSWORD, address
from crm.models import Role


class Command(BaseCommand):
    help = "Fill the shipped territory with a fictitious life, for a demonstration (DEBUG only)."

    def add_arguments(self, parser):
        parser.add_argument(
            "--empty", action="store_true", help="the territory and the accounts, nothing else"
        )

    def handle(self, *args, empty, **options):
        try:
            if empty:
                demo.load_empty()
                self.stdout.write("Territoire vide : les comptes de démonstration sont prêts.")
            elif demo.load():
                self.stdout.write("Démonstration chargée : toutes les données sont fictives.")
            else:
                self.stdout.write("La démonstration est déjà là : rien n’a été changé.")
        except demo.Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        except demo.AtWork as notice:
            # Not an error: « make run » must still open what someone is working on.
            self.stdout.write(str(notice))
        for name, (first_name, last_name, role) in ACCOUNTS.items():
            who = f"{first_name} {last_name}, {Role(role).label.lower()}"
            self.stdout.write(f"  {address(name):<24} {PASSWORD}   {who}")
