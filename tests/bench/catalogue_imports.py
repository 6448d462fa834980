"""A catalogue imported for the first time, against the bare inserts of the rows that it writes."""

import random
import time

from django.db import transaction

PROGRAMS = 2_000
WORDS = "acier bois cuir drap encre fonte grain huile ivoire jonc laine marbre nacre osier pierre"


def measures():
    from funding import catalogue
    from funding.catalogue_imports.commit import commit, receive
    from funding.models import Program
    from tests.funding.catalogues import as_json, transition

    catalogue.load()
    batch = receive("bench.json", as_json(*(transition(**said) for said in programs())))
    batch.save()
    start = time.process_time()
    commit(batch)
    ours = time.process_time() - start
    made = Program.objects.filter(origin=batch.origin)
    assert made.count() == PROGRAMS, batch.counts
    bare = min(insert_again(made) for _ in range(3))
    yield f"import of {PROGRAMS} new programs / their rows inserted bare", ours / bare


def programs():
    """Names that resemble no other: a likeness would wait for a decision."""
    chance, words = random.Random(1), WORDS.split()
    for number in range(PROGRAMS):
        name = " ".join(f"{word}{chance.randrange(1000):03}" for word in chance.sample(words, 3))
        yield {"id": f"p{number}", "titre": name}


def insert_again(made):
    """Seconds of CPU to insert the programs, their versions and their history, then undone."""
    from funding.models import Program, ProgramVersion

    tables = [
        (Program, list(made.order_by("pk"))),
        (ProgramVersion, list(ProgramVersion.objects.filter(program__in=made))),
        (Program.history.model, list(Program.history.filter(id__in=made.values("pk")))),
    ]
    with transaction.atomic():
        made.delete()
        Program.history.filter(id__in=[row.pk for row in tables[0][1]]).delete()
        start = time.process_time()
        for model, rows in tables:
            model.objects.bulk_create(rows, batch_size=500)
        spent = time.process_time() - start
        transaction.set_rollback(True)
    return spent
