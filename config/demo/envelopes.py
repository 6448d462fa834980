"""Two envelope scenarios to compare: what the DETR would pay, to share it or not."""

from config.demo.projects import remember
from funding.envelope_facts import FILE
from funding.models import Application, Envelope, Funder

SCENARIOS = [
    {
        "title": "DETR 2027",
        "amount": 1_200_000,
        "funder": "etat",
        "notes": "À discuter avec la sous-préfecture avant le vote du budget.",
        "projects": ["ateliers", "logements"],
        "amounts": {"ateliers": "600000.00"},
    },
    {
        "title": "DETR 2027, ateliers d’abord",
        "amount": 1_200_000,
        "funder": "etat",
        "notes": "",
        "projects": ["ateliers", "logements"],
        "amounts": {},
    },
]


def load(world):
    for scenario in SCENARIOS:
        envelope = Envelope(
            territory=world.territory,
            title=scenario["title"],
            amount=scenario["amount"],
            funder=Funder.objects.filter(code=scenario["funder"]).first(),
            notes=scenario["notes"],
            choices=list(choices(scenario, world)),
            created_by=world.people["agent"],
        )
        remember(envelope, world.clock.at(-9, 15), world.people["agent"])


def choices(scenario, world):
    for key in scenario["projects"]:
        files = Application.objects.filter(
            project=world.projects[key], program__funder=scenario["funder"]
        )
        for file in files:
            yield {"key": f"{FILE}-{file.pk}", "amount": scenario["amounts"].get(key)}
