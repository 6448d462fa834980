import csv
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from crm.models import Departement
from reporting.management.arguments import add_territory, territory_of
from reporting.models import IndustrialJobs

HEADINGS = ("code", "annee", "emplois", "source")


class Command(BaseCommand):
    help = (
        "Charge les emplois industriels des lieux d’un territoire : un CSV « code;annee;emplois;"
        "source », où le code est le SIREN d’un EPCI ou le numéro d’un département."
    )

    def add_arguments(self, parser):
        add_territory(parser)
        parser.add_argument("file", type=Path, help="fichier .csv, UTF-8, « ; »")

    @transaction.atomic
    def handle(self, *args, **options):
        territory = territory_of(options)
        epcis = {epci.pk: epci for epci in territory.epcis.all()}
        inside = Departement.objects.filter(communes__epci__territories=territory).distinct()
        departements = {one.pk: one for one in inside}
        try:
            text = options["file"].read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"Ce fichier ne se lit pas : {error}") from None
        rows = csv.DictReader(text.splitlines(), delimiter=";")
        if set(HEADINGS) - set(rows.fieldnames or ()):
            raise CommandError(f"Colonnes attendues : {', '.join(HEADINGS)}.")
        count = 0
        for line, row in enumerate(rows, start=2):
            code = row["code"].strip()
            place = {"epci": epcis.get(code), "departement": departements.get(code)}
            if not any(place.values()):
                raise CommandError(f"Ligne {line} : « {code} » n’est pas un lieu du territoire.")
            try:
                self.keep(territory, place, row)
            except (ValueError, ValidationError) as error:
                raise CommandError(f"Ligne {line} : {' '.join(messages(error))}") from None
            count += 1
        self.stdout.write(f"{count} lieux : emplois industriels chargés, {territory.name}.")

    def keep(self, territory, place, row):
        known = {"territory": territory, **place, "year": int(row["annee"])}
        one = IndustrialJobs.objects.filter(**known).first() or IndustrialJobs(**known)
        one.jobs, one.source = int(row["emplois"]), row["source"].strip()
        one.noted_at = timezone.now()
        one.full_clean(exclude=["territory", "epci", "departement", "noted_by"])
        one.version += 1 if one.pk else 0
        one.save()


def messages(error):
    if isinstance(error, ValidationError):
        return error.messages
    return ["l’année et les emplois sont des nombres entiers."]
