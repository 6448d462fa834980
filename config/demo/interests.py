"""What the pair of the demonstration declared: a company, its competitors by rule, a mandate."""

from crm.models import Interest

OWN = {"industriel": "lacassiere", "elue": "cc-deux-rives"}


def load(world):
    for member, organisation in OWN.items():
        Interest.objects.create(
            user=world.people[member],
            organisation=world.organisations[organisation],
            kind=Interest.Kind.OWN,
            declared_at=world.clock.at(-120, 18),
            declared_by=world.people[member],
        )
