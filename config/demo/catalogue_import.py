"""A fictitious catalogue received three weeks ago, of which a manager then corrected an amount.

`catalogue_exemple.json` is what its source says today: importing it shows every fate at once.
"""

import json
from pathlib import Path

from django.utils import timezone

from funding import catalogue
from funding.catalogue_imports.commit import commit, receive
from funding.models import Program, ProgramVersion

FILE = Path(__file__).parent / "catalogue_exemple.json"
AMOUNT = "montant du financement"
# What the catalogue said then, where it was not what it says now.
THEN = {
    "exemple-diag-copeaux": {AMOUNT: "30 000 €"},
    "exemple-sechoir": {AMOUNT: "60 000 €"},
    "exemple-pret-scies": {},
}
GONE = {"id": "exemple-prime-rabots", "titre": "Prime Rabots (exemple fictif)"}
CORRECTED = {"external_id": "exemple-sechoir", "aid_max": "70000"}


def load(world):
    clock, by = world.clock, world.people["gestion"]
    now = {row["id"]: row for row in json.loads(FILE.read_text(encoding="utf-8"))}
    rows = [{**now[code], **said} for code, said in THEN.items()]
    rows.append({**now["exemple-pret-scies"], **GONE})
    # The catalogue that a team begins with is no news, and these are for another region.
    ProgramVersion.objects.unwatched().update(watched_at=timezone.now())
    batch = receive(
        FILE.name,
        json.dumps(rows, ensure_ascii=False).encode(),
        territory=world.territory,
        by=by,
        published_on=clock.exact(-25),
    )
    batch.save()
    commit(batch, by=by, now=clock.at(-21))
    catalogue.publish(
        Program.objects.get(origin=batch.origin, external_id=CORRECTED["external_id"]),
        {"aid_max": CORRECTED["aid_max"]},
        source="appel à l’agence fictive",
        applies_from=clock.exact(-9),
        by=by,
        today=clock.today,
    )
