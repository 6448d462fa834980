"""A fictitious aid of the territory with a past, a present and an announced version."""

from funding import catalogue
from funding.models import Funder

AID = {
    "code": "exemple-immobilier",
    "name": "Aide locale à l’immobilier d’entreprise (exemple fictif)",
    "funder": "epci",
    "operator": "intercommunalité du projet",
    "instruments": ["grant"],
    "summary": "Pour construire ou agrandir un bâtiment industriel. Exemple de la démonstration.",
    "eligible_costs_note": "Construction, extension et réhabilitation de bâtiments.",
    "scope_level": "ti",
    "scope_label": "Gers – Tarn-et-Garonne",
    "themes": ["inv", "fon"],
    "rate_max": "20",
    "aid_max": "60000",
    "state": "open",
    "recurrence": "permanent",
    "incentive_effect": True,
    "confidence": "V",
    "criteria": [
        {"kind": "beneficiary", "key": "beneficiary", "accepted": ["company"]},
        {"kind": "headcount", "key": "headcount", "max": 49},
        {"kind": "themes", "key": "themes", "any": ["inv", "fon"]},
        {"kind": "not_started", "key": "not_started"},
        {"kind": "text", "key": "council", "text": "Accord de principe de l’intercommunalité."},
    ],
}
LARGER = [{**row, "max": 249} if row["kind"] == "headcount" else row for row in AID["criteria"]]


def load(world):
    day, by = world.clock.exact, world.people["gestion"]
    shared = {"by": by, "today": world.clock.today}
    if not Funder.objects.filter(pk=AID["funder"]).exists():
        return
    first = {**AID, "territory": world.territory, "verified_on": day(-300)}
    version = catalogue.publish(
        None, first, source="délibération fictive n° 1", applies_from=day(-300), **shared
    )
    program = version.program
    catalogue.publish(
        program,
        {"rate_max": "30", "criteria": LARGER, "verified_on": day(-60)},
        source="délibération fictive n° 2",
        applies_from=day(-60),
        note="L’aide s’ouvre aux moyennes entreprises.",
        **shared,
    )
    catalogue.publish(
        program,
        {"aid_max": "80000"},
        source="délibération fictive n° 3",
        applies_from=day(45),
        **shared,
    )
