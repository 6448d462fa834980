"""A large file of companies, previewed then imported, against the least that could be done."""

import random
import time

from django.db import transaction

COMPANIES = 20_000
HEADING = (
    "Raison sociale;SIRET;Code NAF;Effectif;CA HT 2025;Adresse;Code postal;Commune;Contact;"
    "Fonction;Téléphone;Courriel;Observations"
)


def measures():
    from crm.imports.commit import commit, receive
    from crm.imports.previews import plan_afresh
    from crm.models import ImportBatch
    from crm.reference_data import load_all
    from tests.crm.factories import TerritoryFactory

    load_all()
    territory = TerritoryFactory(perimeter=True)
    batch = receive("banc.csv", spreadsheet(territory), territory)
    batch.save()
    batch = ImportBatch.objects.get(pk=batch.pk)
    shown, preview = spent(lambda: plan_afresh(batch))
    assert preview.counts["created"] == COMPANIES, preview.counts
    cleaned, _ = spent(lambda: bare_cleaning(batch.rows))
    sentence = f"preview of {COMPANIES} companies ({shown:.1f} s of CPU) / their cells cleaned"
    yield sentence, shown / cleaned
    written, _ = spent(lambda: commit(batch, expected=preview.digest))
    bare = min(insert_again(territory) for _ in range(2))
    sentence = (
        f"import of {COMPANIES} companies ({written:.1f} s of CPU) / their rows inserted bare"
    )
    yield sentence, written / bare


def spreadsheet(territory):
    from tests.crm.factories import siret

    chance, communes = random.Random(1), list(territory.communes)
    lines = [HEADING]
    for number in range(1, COMPANIES + 1):
        commune = chance.choice(communes)
        cells = (
            f"Atelier {number}",
            siret(number),
            chance.choice(["10.39A", "25.62B", "30.30Z", "20.42Z"]),
            chance.randrange(1, 400),
            f"{chance.randrange(1000)} {chance.randrange(100, 1000)},00 €",
            f"{chance.randrange(1, 90)} route de {commune.name}",
            commune.postal_codes.split("|")[0],
            commune.name,
            f"Mme NOM{number} Sylvie",
            "directrice",
            f"05 36 {number // 10000:02} {number // 100 % 100:02} {number % 100:02}",
            f"contact{number}@exemple.test",
            "Vue au salon",
        )
        lines.append(";".join(map(str, cells)))
    return "\n".join(lines).encode("cp1252")


def bare_cleaning(rows):
    from crm.imports.values import clean

    for _, cells in rows:
        for cell in cells:
            clean(cell)


def insert_again(territory):
    """Seconds of CPU to insert the same rows and their history, then undone."""
    from crm.models import Contact, Organisation, Site

    tables = []
    for model in (Contact, Site, Organisation):
        rows = [model.history.model.objects.all(), model.objects.all()]
        tables += [(queryset.model, list(queryset)) for queryset in rows]
    with transaction.atomic():
        for model, _ in tables:
            rows = model.objects.all()
            rows._raw_delete(rows.db)
        start = time.process_time()
        for model, rows in reversed(tables):
            model.objects.bulk_create(rows, batch_size=500)
        took = time.process_time() - start
        transaction.set_rollback(True)
    return took


def spent(work):
    start = time.process_time()
    result = work()
    return time.process_time() - start, result
