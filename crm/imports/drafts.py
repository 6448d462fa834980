"""Organisations, sites and contacts as the file would leave them; nothing here writes."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from crm.imports.wording import NBSP
from crm.models import Contact, Organisation, Site
from crm.search import normalise
from crm.templatetags.french import day, euros, number

BLANKS = (None, "")
LOOSE = {"name", "address", "last_name", "first_name", "position"}


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


def shown(value):
    """A value as the page writes it; an empty string for the unknown."""
    if value in BLANKS:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, Decimal):
        return euros(value)
    if isinstance(value, datetime.date):
        return day(value)
    if isinstance(value, int):
        return number(value)
    return str(value)


def same(field, one, other):
    """Names that differ by case or accents only are the same: a register writes in capitals."""
    if field in LOOSE:
        return normalise(one or "") == normalise(other or "")
    if field == "email":
        return (one or "").casefold() == (other or "").casefold()
    return one == other


class Draft:
    """A row of the database, or one to come; `before` holds what the file replaces in it."""

    added_sectors = ()

    def __init__(self, instance):
        self.instance = instance
        self.before = {}
        self.said_on = {}
        self.years = {}

    @property
    def is_new(self):
        return self.instance.pk is None

    def propose(self, field, value, year, row):
        """Take `value` unless it is known already or an earlier line says otherwise."""
        meta = self.instance._meta.get_field(field)
        current = getattr(self.instance, field)
        if same(field, current, value):
            self.said_on.setdefault(field, row.line)
            return
        label = f"{meta.verbose_name[:1].upper()}{meta.verbose_name[1:]}"
        if field in self.said_on:
            row.say(
                f"{label} « {shown(value)} » non repris : "
                f"la ligne {self.said_on[field]} dit « {shown(current)} »."
            )
            return
        self.said_on[field] = row.line
        self.before.setdefault(field, current)
        self.years[field] = year
        setattr(self.instance, field, value)
        row.changes.append(Change(label, self._shown(meta, current), self._shown(meta, value)))

    def forget(self, field):
        """Empty what the change of another field made false."""
        self.before.setdefault(field, getattr(self.instance, field))
        setattr(self.instance, field, None)

    def _shown(self, meta, value):
        if meta.choices:
            return str(dict(meta.flatchoices).get(value, value))
        if meta.name == "workforce_year":
            return str(value or "")
        if meta.name == "phone":
            return value.replace(" ", NBSP)
        return shown(value)


class OrganisationDraft(Draft):
    def __init__(self, instance, sectors=()):
        super().__init__(instance)
        self.sites = []
        self.contacts = []
        self.sectors = set(sectors)
        self.added_sectors = []

    @property
    def key(self):
        return normalise(self.instance.name)

    def in_commune(self, commune):
        return [site for site in self.sites if site.instance.commune_id == commune.pk]

    def communes(self):
        return {site.instance.commune_id for site in self.sites} - {None}

    def add_sectors(self, sectors, row):
        added = [sector for sector in sectors if sector.pk not in self.sectors]
        if added:
            self.sectors |= {sector.pk for sector in added}
            self.added_sectors += added
            row.changes.append(Change("Filières", "", ", ".join(map(str, added))))


class Register:
    """What the territory knows already, in four queries, and finds by any of its names."""

    def __init__(self, territory):
        self.territory = territory
        self.organisations, self.by_siren, self.by_siret = [], {}, {}
        self.by_name = defaultdict(list)
        mine = Organisation.objects.filter(territory=territory)
        sectors = defaultdict(set)
        through = Organisation.sectors.through.objects.filter(organisation__territory=territory)
        for organisation, sector in through.values_list("organisation_id", "sector_id"):
            sectors[organisation].add(sector)
        known = {}
        for organisation in mine.order_by("pk"):
            known[organisation.pk] = self.add(
                OrganisationDraft(organisation, sectors[organisation.pk])
            )
        sites = Site.objects.filter(organisation__territory=territory)
        for site in sites.select_related("commune", "workforce_band").order_by("pk"):
            self.add_site(known[site.organisation_id], Draft(site))
        for contact in Contact.objects.filter(organisation__territory=territory).order_by("pk"):
            known[contact.organisation_id].contacts.append(Draft(contact))

    def add(self, draft):
        self.organisations.append(draft)
        self.by_name[draft.key].append(draft)
        if draft.instance.siren:
            self.by_siren[draft.instance.siren] = draft
        return draft

    def add_site(self, organisation, draft):
        organisation.sites.append(draft)
        if draft.instance.siret:
            self.by_siret.setdefault(draft.instance.siret, (organisation, draft))
        return draft

    def rename(self, draft, old_key):
        if draft.key != old_key:
            self.by_name[old_key].remove(draft)
            self.by_name[draft.key].append(draft)
