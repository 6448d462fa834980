"""For whom a report is drawn: a level of confidentiality that stands where a user would."""

from dataclasses import dataclass
from functools import cached_property

from crm.models import PAIR, READABLE, Role, Territory, User
from crm.perms import role_in


@dataclass(frozen=True)
class Reading:
    """`visible_to(reading)` works as `visible_to(user)` does, for one territory and one level."""

    code: str
    short: str
    label: str
    note: str
    role: str
    territory: Territory

    pk = None
    is_authenticated = True

    @property
    def grants(self):
        return [(self.territory.pk, self.role)]

    def territories_as(self, *roles):
        return [self.territory.pk] if self.role in roles else []

    @cached_property
    def stands_for(self):
        """Those who will read it together: neither may see there what is hidden from them."""
        if self.role not in PAIR:
            return []
        pair = User.objects.filter(
            memberships__territory=self.territory, memberships__role__in=PAIR
        )
        return list(pair.order_by("pk"))


COMMITTEE = "comite"
PARTNERS = "partenaires"
LEVELS = {
    COMMITTEE: (
        "Comité",
        "Pour le comité",
        "projets de confidentialité « binôme », « partenaires » et « public », et avis du binôme ; "
        "les projets « interne » n’y figurent pas",
        Role.ELECTED,
    ),
    PARTNERS: (
        "Partenaires",
        "Pour les partenaires",
        "projets de confidentialité « partenaires » et « public » seulement, sans les avis du "
        "binôme",
        Role.READER,
    ),
}


def reading(code, territory):
    return Reading(code, *LEVELS[code], territory)


def open_to(user, territory):
    """The levels a person may draw: never more than what they may read themselves."""
    mine = READABLE.get(role_in(user, territory.pk), set())
    return [reading(code, territory) for code in LEVELS if READABLE[LEVELS[code][-1]] <= mine]
