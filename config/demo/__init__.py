"""The fictitious life of the shipped territory: companies, projects, exchanges, money, meetings."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from config.demo import (
    applications,
    brand,
    budget,
    catalogue,
    catalogue_import,
    contracts,
    decisions,
    ecology,
    editions,
    envelopes,
    exchanges,
    firms,
    interests,
    ledger,
    meetings,
    organisations,
    plan,
    plans,
    projects,
    returns,
    watch,
)
from config.demo.clock import Clock
from config.demo.people import AtWork, Refused, check_debug, create_accounts
from crm.models import Organisation, Project, Territory
from crm.reference_data import PERIOD
from funding.models import Program

CODE = "ti-7611"


@dataclass
class World:
    """What has been written so far, by the short names that the files use."""

    territory: Territory
    clock: Clock
    people: dict


@transaction.atomic
def load(*, today=None):
    """Fill the territory; False when it was filled before, and then nothing changes.

    Raises Refused outside DEBUG or before the reference files, AtWork where someone works already.
    """
    territory = territory_ready()
    if territory.is_demo:
        create_accounts(territory)
        return False
    if has_data(territory):
        raise AtWork(
            f"« {territory} » contient déjà des organisations ou des projets : la démonstration "
            "n’y est pas ajoutée."
        )
    if not Program.objects.exists():
        raise Refused("Le catalogue manque : lancez d’abord « manage.py load_catalogue ».")
    clock = Clock(today or timezone.localdate())
    world = World(territory, clock, create_accounts(territory))
    world.organisations, world.sites, world.contacts = organisations.load(world)
    world.projects = projects.load(world)
    world.exchanges = exchanges.load(world)
    world.actions = plan.load(world)
    applications.load(world)
    plans.load(world)
    envelopes.load(world)
    decisions.load(world)
    meetings.load(world)
    interests.load(world)
    budget.load(world)
    ecology.load(world)
    ledger.load(world)
    firms.load(world)
    catalogue.load(world)
    catalogue_import.load(world)
    watch.load(world)
    territory.is_demo = True
    territory.save(update_fields=["is_demo"])
    brand.load(world)
    editions.load(world)  # what is frozen says that it is fictitious
    returns.load(world)
    contracts.load(world)
    contracts.load_version(world)
    return True


@transaction.atomic
def load_empty():
    """The accounts alone, on a territory that holds nothing fictitious."""
    territory = territory_ready()
    if territory.is_demo:
        raise Refused(
            f"« {territory} » contient déjà la démonstration : supprimez la base pour repartir "
            "d’un territoire vide."
        )
    create_accounts(territory)


def territory_ready():
    check_debug()
    territory = Territory.objects.filter(code=CODE, period=PERIOD).first()
    if territory is None:
        raise Refused("Le territoire manque : lancez d’abord « manage.py load_reference ».")
    return territory


def has_data(territory):
    return (
        Organisation.objects.filter(territory=territory).exists()
        or Project.objects.filter(territory=territory).exists()
    )
