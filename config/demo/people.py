"""The five demonstration accounts. Outside DEBUG they cannot be made: their password is public."""

from django.conf import settings

from crm.models import Membership, Role, User

PASSWORD = "etabli-demo"
ACCOUNTS = {
    "agent": ("Inès", "Lacombe", Role.OFFICER),
    "gestion": ("Thomas", "Bérard", Role.MANAGER),
    "elue": ("Claire", "Montaut", Role.ELECTED),
    "industriel": ("Bernard", "Esquié", Role.INDUSTRIALIST),
    "lecture": ("Hélène", "Vasseur", Role.READER),
}


class Refused(Exception):
    """The demonstration may not be loaded here; the message is a sentence that says why."""


class AtWork(Exception):
    """The territory holds real work, which fiction must not join."""


def check_debug():
    if not settings.DEBUG:
        raise Refused(
            "Les comptes de démonstration ont un mot de passe public : ils ne peuvent pas être "
            "créés hors du mode DEBUG."
        )


def create_accounts(territory):
    """The accounts by short name; those that exist keep their password."""
    check_debug()
    people = {}
    for name, (first_name, last_name, role) in ACCOUNTS.items():
        email = address(name)
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(
                email, PASSWORD, first_name=first_name, last_name=last_name
            )
        Membership.objects.get_or_create(user=user, territory=territory, defaults={"role": role})
        people[name] = user
    return people


def address(name):
    return f"{name}@etabli.test"
