"""Companies with their sites and contacts, and the institutions around them."""

import datetime as dt
import unicodedata

from stdnum import luhn

from config.demo.files import link, read, values_of
from crm.models import Contact, Organisation, Site

SIRENE = "SIRENE (fictif)"
ACCOUNTS = "comptes déposés (fictif)"
MONEY = ("turnover", "balance_sheet", "equity")
# Ranges that no operator assigns: numbers for fiction.
LANDLINE, MOBILE = "05 36 49 {:02d} {:02d}", "06 39 98 {:02d} {:02d}"


def siren(number):
    """A SIREN nobody can have: below 000 100 000, with its key."""
    base = f"{number:08d}"
    return base + luhn.calc_check_digit(base)


def siret(siren_text, number):
    base = f"{siren_text}{number:04d}"
    return base + luhn.calc_check_digit(base)


def load(world):
    """Write all of them; return organisations and head sites by short name, contacts by name."""
    institutions, companies = read("institutions"), read("companies")
    rows = institutions + companies
    built = [institution(row, world) for row in institutions]
    built += [company(row, n, world) for n, row in enumerate(companies, start=101)]
    Organisation.objects.bulk_create(built)
    organisations = dict(zip((row["key"] for row in rows), built, strict=True))
    link(
        Organisation.sectors,
        [(organisations[row["key"]].pk, code) for row in companies for code in row["sectors"]],
    )
    date_rows(world, rows, organisations)
    sites = load_sites(world, rows, organisations)
    return organisations, sites, load_contacts(rows, organisations)


def institution(row, world):
    organisation = Organisation(
        territory=world.territory,
        **values_of(Organisation, row, ("kind", "name", "siren", "legal_form", "notes")),
    )
    organisation.derive()
    return organisation


def company(row, number, world):
    organisation = Organisation(
        territory=world.territory,
        siren=siren(number),
        # A company was born when it was born: that date does not move with today.
        created_on=dt.date.fromisoformat(row["created"]),
        insee_category=row["category"],
        **values_of(Organisation, row, ("name", "legal_form", "notes", "eu_size", *MONEY)),
    )
    year = world.clock.today.year - row["band_age"]
    organisation.note_source(["siren", "legal_form", "created_on", "insee_category"], SIRENE, year)
    known = [name for name in MONEY if name in row]
    organisation.note_source(known, ACCOUNTS, world.clock.today.year - 1)
    if "eu_size" in row:
        organisation.note_source(["eu_size"], "déclarée par l’entreprise", year + 1)
    if headcount := row.get("headcount"):
        organisation.headcount = headcount["value"]
        organisation.note_source(["headcount"], *headcount_source(headcount, world))
    organisation.derive()
    return organisation


def headcount_source(headcount, world):
    if "visit" in headcount:
        return "visite", world.clock.day(headcount["visit"])
    return headcount["source"], world.clock.today.year - 1


def date_rows(world, rows, organisations):
    """Followed since some day of the last three years, not all since this very second."""
    for n, row in enumerate(rows):
        organisation = organisations[row["key"]]
        organisation.created_at = world.clock.at(-1060 + n * 3 % 540, 9, n % 60)
        organisation.updated_at = world.clock.at(-2 - n % 90, 16, n % 60)
    Organisation.objects.bulk_update(organisations.values(), ["created_at", "updated_at"])


def load_sites(world, rows, organisations):
    communes = {commune.pk: commune for commune in world.territory.communes}
    heads, others = {}, []
    for row in rows:
        if "commune" not in row:
            continue
        organisation, commune = organisations[row["key"]], communes[row["commune"]]
        heads[row["key"]] = site(world, organisation, commune, row, is_head_office=True)
        for other in row.get("other_sites", []):
            others.append(site(world, organisation, communes[other["commune"]], other))
    Site.objects.bulk_create([*heads.values(), *others])
    return heads


def site(world, organisation, commune, row, *, is_head_office=False):
    built = Site(
        organisation=organisation,
        commune=commune,
        postal_code=commune.postal_codes.split("|")[0],
        name=row["name"] if not is_head_office else "",
        address=row.get("address", ""),
        is_head_office=is_head_office,
        naf_rev2=row.get("naf", ""),
    )
    if not organisation.is_company:
        return built
    built.siret = siret(organisation.siren, row.get("nic", 1))
    year = world.clock.today.year - row.get("band_age", 2)
    if "band" in row:
        built.workforce_band_id, built.workforce_year = row["band"], year
        built.note_source(["workforce_band"], SIRENE, year)
    built.note_source(["siret", "address", "commune", "naf_rev2"], SIRENE, year)
    return built


def load_contacts(rows, organisations):
    """Contacts by (organisation, whole name). Here and there a number or an address is unknown."""
    contacts = {}
    for row in rows:
        organisation = organisations[row["key"]]
        for position, (name, job) in enumerate(row["contacts"]):
            n = len(contacts)
            first_name, last_name = name.split(" ", 1) if organisation.is_company else ("", name)
            place = MOBILE if n % 3 == 2 else LANDLINE
            contacts[row["key"], name] = Contact(
                organisation=organisation,
                first_name=first_name,
                last_name=last_name,
                position=job,
                email="" if n % 7 == 6 else address(name, organisation, row["key"]),
                phone="" if n % 5 == 4 else place.format(n // 100, n % 100),
                is_main=position == 0,
            )
    Contact.objects.bulk_create(contacts.values())
    return contacts


def address(name, organisation, key):
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()
    return f"{plain.replace(' ', '.') if organisation.is_company else key}@exemple.test"
