"""What an import will do, row by row. The preview shows a plan; the commit writes the same one."""

import hashlib
from collections import Counter

from django.utils import timezone

from crm.imports.drafts import Draft, OrganisationDraft, Register
from crm.imports.lookups import CodeLists, Places
from crm.imports.rows import NO_NAME, RowReader
from crm.models import Contact, Organisation, Site
from crm.search import normalise

CREATED, UPDATED, UNCHANGED, REFUSED = "created", "updated", "unchanged", "refused"
FATES = {
    CREATED: "créée,créées",
    UPDATED: "mise à jour,mises à jour",
    UNCHANGED: "inchangée,inchangées",
    REFUSED: "refusée,refusées",
}
# What locates a site without saying anything else of it.
LOCATORS = {"siret", "commune", "postal_code"}


class Refusal(Exception):
    """The row cannot be placed; the message is the reason."""


def build(territory, header, rows, mapping, *, accepts_outside=False, today=None):
    """Read every row against what `territory` knows. Queries do not depend on the rows."""
    lists, places = CodeLists(territory), Places(territory, accepts_outside=accepts_outside)
    reader = RowReader(header, mapping, lists, places, today or timezone.localdate())
    return Plan(Register(territory), [reader.read(line, cells) for line, cells in rows])


class Plan:
    def __init__(self, register, rows):
        self.register = register
        self.rows = rows
        self.sirets = {}
        self.touched = {}  # an ordered set of drafts
        ordered = sorted(rows, key=certainty)
        lend_names(ordered)
        for row in ordered:
            self._settle(row)
        self.fates = Counter(row.fate for row in rows)

    @property
    def counts(self):
        return {"read": len(self.rows), **{fate: self.fates[fate] for fate in FATES}}

    @property
    def kept(self):
        """How many rows the commit takes in."""
        return len(self.rows) - self.fates[REFUSED]

    @property
    def digest(self):
        """Changes when anything the reader was shown does."""
        seen = hashlib.sha256()
        for row in self.rows:
            seen.update(repr((row.line, row.fate, row.reasons, row.changes)).encode())
        return seen.hexdigest()

    def new(self, model):
        return [draft for draft in self._written(model) if draft.is_new]

    def updated(self, model):
        return [draft for draft in self._written(model) if not draft.is_new]

    def _written(self, model):
        return [draft for draft in self.touched if isinstance(draft.instance, model)]

    def _settle(self, row):
        if not row.reasons:
            try:
                self._place(row)
            except Refusal as refusal:
                row.refuse(str(refusal))
        if row.reasons:
            row.fate, row.changes = REFUSED, []

    def _place(self, row):
        """Decide everything before the first change: a refused row leaves no trace."""
        if not row.values:
            raise Refusal("Aucune des colonnes retenues n’est remplie.")
        if self._is_repeated(row):
            organisation, _ = self.register.by_siret[row.values["siret"]]
            self._write_contact(row, organisation)
            row.fate = UPDATED if row.changes else UNCHANGED
            return
        facts = facts_of(row)
        organisation = self._find_organisation(row)
        site = self._find_site(row, organisation)
        self._write(row, organisation, site)
        if siret := row.values.get("siret"):
            self.sirets[siret] = (row.line, facts)

    # ── Which organisation, which site ──

    def _is_repeated(self, row):
        """The same SIRET again: the same facts are one company, other facts are a question."""
        siret = row.values.get("siret")
        if siret not in self.sirets:
            return False
        line, first = self.sirets[siret]
        if facts_of(row) != first:
            raise Refusal(f"Le SIRET {siret} est déjà à la ligne {line}, avec d’autres valeurs.")
        row.say(f"Même établissement qu’à la ligne {line}.")
        return True

    def _find_organisation(self, row):
        """By SIRET, then SIREN, then exact name and commune; None when it is a new one."""
        register, siret = self.register, row.values.get("siret")
        siren = siren_of(row)
        found = register.by_siren.get(siren)
        if siret in register.by_siret:
            holder = register.by_siret[siret][0]
            if (found or holder) is not holder or holder.instance.siren not in {None, siren}:
                raise Refusal(
                    f"Le SIRET {siret} est déjà celui d’un établissement de "
                    f"« {holder.instance.name} », qui a un autre SIREN."
                )
            found = holder
        if found is None:
            found = self._by_name(row, siren)
        if found is None and "name" not in row.values:
            raise Refusal("Le nom manque, et cette entreprise n’est pas encore connue.")
        if siren:
            row.values["siren"] = siren
        return found

    def _by_name(self, row, siren):
        """Those of the commune, else those of no known commune; with a SIREN, who has none yet.

        With a SIREN nothing is ambiguous: among several namesakes, none is taken for it.
        """
        namesakes = self.register.by_name.get(normalise(row.values.get("name", "")), [])
        if siren:
            namesakes = [draft for draft in namesakes if not draft.instance.siren]
        commune = row.values.get("commune")
        if commune or siren:
            there = [draft for draft in namesakes if commune and draft.in_commune(commune)]
            namesakes = there or [draft for draft in namesakes if not draft.communes()]
        if len(namesakes) > 1 and siren:
            row.say(f"{len(namesakes)} entreprises sans SIREN portent déjà ce nom.")
            return None
        if len(namesakes) > 1:
            clue = "le SIREN" if commune else "le SIREN ou la commune"
            raise Refusal(f"{len(namesakes)} entreprises portent ce nom : donnez {clue}.")
        return namesakes[0] if namesakes else None

    def _find_site(self, row, organisation):
        """The site the row speaks of; None when it is a new one, or when it speaks of none."""
        said = row.of("site")
        if organisation is None or not said:
            return None
        siret, commune = row.values.get("siret"), row.values.get("commune")
        if siret in self.register.by_siret:
            return self.register.by_siret[siret][1]
        sites = [site for site in organisation.sites if not (siret and site.instance.siret)]
        nowhere = [site for site in sites if not site.instance.commune_id]
        if commune:
            there = [site for site in sites if site.instance.commune_id == commune.pk]
            sites = there or (nowhere if len(nowhere) == 1 else [])
        elif siret:
            sites = nowhere
        elif len(sites) > 1:
            sites = [site for site in sites if site.instance.is_head_office] or sites
        if len(sites) > 1 and siret:
            return None
        if len(sites) > 1:
            if said.keys() - LOCATORS:
                where = f" à {commune.name}" if commune else ""
                raise Refusal(f"{len(sites)} établissements{where} : donnez le SIRET.")
            for name in LOCATORS:  # the place was a clue, not news of one of them
                row.values.pop(name, None)
            return None
        return sites[0] if sites else None

    # ── What it changes ──

    def _write(self, row, organisation, site):
        register = self.register
        is_new = organisation is None
        if is_new:
            organisation = OrganisationDraft(Organisation(territory=register.territory, name=""))
        old_key = None if is_new else organisation.key
        self._propose(organisation, row.of("organisation"), row)
        if is_new:
            register.add(organisation)
        else:
            register.rename(organisation, old_key)
            if organisation.instance.siren:
                register.by_siren[organisation.instance.siren] = organisation
        opened = self._write_site(row, organisation, site)
        self._write_contact(row, organisation)
        if opened and not is_new:
            row.say(f"Nouvel établissement de {organisation.instance.name}.")
        row.title = row.title or organisation.instance.name
        row.fate = CREATED if is_new or opened else UPDATED if row.changes else UNCHANGED

    def _write_site(self, row, organisation, site):
        """Whether the row opens a site that was not known."""
        said = row.of("site")
        if not said:
            return False
        opened = site is None
        if opened:
            site = Draft(Site(organisation=organisation.instance))
        band = site.instance.workforce_band_id
        self._propose(site, said, row)
        if band != site.instance.workforce_band_id and "workforce_year" not in said:
            site.forget("workforce_year")
        if opened:
            self.register.add_site(organisation, site)
        elif siret := site.instance.siret:
            self.register.by_siret.setdefault(siret, (organisation, site))
        return opened

    def _write_contact(self, row, organisation):
        said = row.of("contact")
        if not said:
            return
        contact = find_contact(organisation.contacts, said)
        if contact is None:
            contact = Draft(Contact(organisation=organisation.instance))
            organisation.contacts.append(contact)
        elif contact.instance.last_name != NO_NAME:
            said = {part: said[part] for part in said.keys() - {"first_name", "last_name"}}
        self._propose(contact, said, row)
        if contact.instance.last_name == NO_NAME:
            contact.said_on.pop("last_name", None)  # whoever has a name may take the place

    def _propose(self, draft, said, row):
        before = len(row.changes)
        for field, (value, year) in said.items():
            if field == "sectors":
                draft.add_sectors(value, row)
            else:
                draft.propose(field, value, year, row)
        if draft.is_new or len(row.changes) > before:
            self.touched[draft] = True


def facts_of(row):
    """All a row says but its contact: a file may give each contact of a company its own line."""
    return {name: said for name, said in row.values.items() if not name.startswith("contact_")}


def siren_of(row):
    return row.values.get("siren") or row.values.get("siret", "")[:9] or None


def lend_names(rows):
    """A line without a name takes the one that another line gives to its SIREN."""
    sound = [row for row in rows if not row.reasons and siren_of(row)]
    names = {}
    for row in sound:
        if "name" in row.values:
            names.setdefault(siren_of(row), row.values["name"])
    for row in sound:
        if siren_of(row) in names:
            row.values.setdefault("name", names[siren_of(row)])


def certainty(row):
    """The best identified rows first, so that the others find them whatever the order."""
    held = row.values.keys()
    return ("siret" not in held, "siren" not in held, "commune" not in held, row.line)


def find_contact(contacts, said):
    """The same name with no contradicting e-mail; the same e-mail when one of them has no name."""
    email = said.get("email", ("", ""))[0].casefold()
    name = words(*(said.get(part, ("", ""))[0] for part in ("first_name", "last_name")))
    named = [draft for draft in contacts if name_of(draft) == name]
    mailed = [draft for draft in contacts if email and draft.instance.email.casefold() == email]
    nameless = [draft for draft in mailed if words(NO_NAME) in (name, name_of(draft))]
    compatible = [draft for draft in named if not (email and draft.instance.email)]
    found = [*(draft for draft in mailed if draft in named), *nameless, *compatible]
    return found[0] if found else None


def name_of(draft):
    return words(draft.instance.first_name, draft.instance.last_name)


def words(*names):
    """« Sylvie Lafforgue » and « LAFFORGUE Sylvie » are one person."""
    return sorted(normalise(" ".join(names)).split())
