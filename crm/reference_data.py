"""Load the committed reference files. Idempotent: the files own their rows, people own theirs."""

import csv
import json
from pathlib import Path

from django.apps import apps
from django.db import transaction

from crm.models import (
    Commune,
    Departement,
    Epci,
    FormerCommune,
    NafCode,
    Region,
    Territory,
    TerritoryEpci,
)
from crm.search import normalise

DATA = Path(__file__).parent / "data"
PERIOD = "2023-2027"


def read(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def upsert(model, rows, key, fields=None):
    """Insert or update in bulk; returns how many rows the file holds.

    `fields` are what the file owns of a row that exists; by default, all of it.
    """
    rows = list(rows)
    columns = [field.name for field in model._meta.concrete_fields if not field.primary_key]
    model.objects.bulk_create(
        rows,
        batch_size=2000,
        update_conflicts=True,
        unique_fields=key,
        update_fields=[name for name in fields or columns if name not in key],
    )
    return len(rows)


@transaction.atomic
def load_all():
    """Load geography, nomenclatures, code lists and the shipped territories; return the counts."""
    counts = {
        "régions": upsert(
            Region, (Region(code=r["code"], name=r["nom"]) for r in read("regions.csv")), ["code"]
        ),
        "départements": upsert(
            Departement,
            (
                Departement(code=r["code"], name=r["nom"], region_id=r["region"])
                for r in read("departements.csv")
            ),
            ["code"],
        ),
        "EPCI": upsert(Epci, epcis(), ["siren"]),
        "communes": upsert(Commune, communes(), ["code"]),
        "anciennes communes": upsert(FormerCommune, former_communes(), ["code", "commune"]),
        "codes NAF": upsert(NafCode, naf_codes(), ["vintage", "code"]),
    }
    for name, rows in json.loads((DATA / "references.json").read_text(encoding="utf-8")).items():
        counts[name] = load_references(apps.get_model("crm", name), rows)
    for row in json.loads((DATA / "territories.json").read_text(encoding="utf-8")):
        create_territory(**row)
    return counts


def epcis():
    for row in read("epci.csv"):
        population = row["population_municipale"]
        yield Epci(
            siren=row["siren"],
            name=row["nom"],
            kind=row["type"],
            population=int(population) if population else None,
        )


def communes():
    departements = set(Departement.objects.values_list("code", flat=True))
    for row in read("communes.csv"):
        if row["departement"] in departements:
            yield Commune(
                code=row["code"],
                name=row["nom"],
                departement_id=row["departement"],
                epci_id=row["siren_epci"] or None,
                postal_codes=row["codes_postaux"],
                population=int(row["population"]) if row["population"] else None,
                search=normalise(row["nom"]),
            )


def former_communes():
    current = set(Commune.objects.values_list("code", flat=True))
    for row in read("communes_deleguees_associees.csv"):
        if row["chef_lieu"] in current:
            yield FormerCommune(
                code=row["code"],
                name=row["nom"],
                commune_id=row["chef_lieu"],
                search=normalise(row["nom"]),
            )


def naf_codes():
    for row in read("naf_rev2.csv"):
        yield NafCode(
            code=row["code"],
            vintage=NafCode.Vintage.REV2,
            label=row["libelle"],
            level=row["niveau"],
            parent=row["parent"],
            section=row["section"],
        )


def load_references(model, rows):
    """The order of the file is the order of the list; a retired row stays retired."""
    owned = {name for row in rows for name in row} - {"code"}
    if any(field.name == "position" for field in model._meta.fields):
        rows = [{**row, "position": place * 10} for place, row in enumerate(rows, start=1)]
        owned.add("position")
    return upsert(model, (model(**row) for row in rows), ["code"], sorted(owned))


def create_territory(*, code, name, epcis, period=PERIOD, lead_body=""):
    """Create or update a territory from its EPCI: {siren: group} or a list of SIREN.

    Raises ValueError naming the SIREN that no EPCI carries. Communes follow from the EPCI alone.
    """
    groups = epcis if isinstance(epcis, dict) else dict.fromkeys(epcis, "")
    unknown = set(groups) - set(Epci.objects.filter(pk__in=groups).values_list("pk", flat=True))
    if unknown:
        raise ValueError(f"Aucun EPCI ne porte ce SIREN : {', '.join(sorted(unknown))}.")
    territory, _ = Territory.objects.update_or_create(
        code=code, period=period, defaults={"name": name, "lead_body": lead_body}
    )
    for siren, group in groups.items():
        TerritoryEpci.objects.update_or_create(
            territory=territory, epci_id=siren, defaults={"group": group}
        )
    territory.memberships_of_epci.exclude(epci__in=groups).delete()
    return territory
