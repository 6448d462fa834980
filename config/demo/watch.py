"""What the watch has to tell: a fictitious aid that narrows, another that opens and closes soon."""

from django.utils import timezone

from funding import catalogue, watch
from funding.models import Funder, ProgramVersion

SHARED = {
    "funder": "epci",
    "operator": "intercommunalité du projet",
    "scope_level": "ti",
    "scope_label": "Gers – Tarn-et-Garonne",
    "instruments": ["grant"],
    "state": "open",
    "confidence": "V",
}
COMPANY = {"kind": "beneficiary", "key": "beneficiary", "accepted": ["company"]}
EQUIPMENT = {
    **SHARED,
    "code": "exemple-equipement",
    "name": "Coup de pouce à l’équipement (exemple fictif)",
    "summary": "Pour une première machine numérique. Exemple de la démonstration.",
    "themes": ["inv", "num"],
    "rate_max": "25",
    "aid_max": "20000",
    "recurrence": "permanent",
    "criteria": [
        COMPANY,
        {"kind": "headcount", "key": "headcount", "min": 5},
        {"kind": "themes", "key": "themes", "any": ["inv", "num"]},
    ],
}
SOBRIETY = {
    **SHARED,
    "code": "exemple-sobriete",
    "name": "Appel à projets Sobriété des ateliers (exemple fictif)",
    "summary": "Pour consommer moins d’eau et d’énergie. Exemple de la démonstration.",
    "themes": ["deca", "eau"],
    "rate_max": "40",
    "aid_max": "50000",
    "recurrence": "call",
    "criteria": [
        COMPANY,
        {"kind": "headcount", "key": "headcount", "max": 249},
        {"kind": "themes", "key": "themes", "any": ["deca", "eau"]},
    ],
}


def load(world):
    if not Funder.objects.filter(pk=SHARED["funder"]).exists():
        return
    day, clock = world.clock.exact, world.clock
    shared = {"by": world.people["gestion"], "today": clock.today}
    local = {"territory": world.territory}
    before = {**EQUIPMENT, **local, "verified_on": day(-200)}
    program = catalogue.publish(
        None, before, source="délibération fictive n° 11", applies_from=day(-200), **shared
    ).program
    # All that stands so far is what the team began with.
    ProgramVersion.objects.unwatched().update(watched_at=timezone.now())
    narrower = [
        {**row, "min": 20} if row["kind"] == "headcount" else row for row in EQUIPMENT["criteria"]
    ]
    catalogue.publish(
        program,
        {"criteria": narrower, "verified_on": day(-1)},
        source="délibération fictive n° 12",
        applies_from=day(-1),
        note="L’aide est recentrée sur les ateliers de vingt salariés et plus.",
        **shared,
    )
    dates = {"opens_on": day(-1), "closes_on": day(41), "verified_on": day(-1)}
    catalogue.publish(
        None,
        {**SOBRIETY, **local, **dates},
        source="délibération fictive n° 13",
        applies_from=day(-1),
        **shared,
    )
    watch.catch_up(today=clock.today, now=clock.at(-1, 18))
