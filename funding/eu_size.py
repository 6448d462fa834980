"""The European size of an organisation: what is recorded of it and of the firms tied to it, added
up by the pure rules of `funding.eligibility.eu_size`, and the size that was kept from it."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from django.db import transaction

from crm.models import Organisation
from funding.eligibility import eu_size
from funding.eligibility.eu_size import LINKED, MEASURES, OWN, PARTNER, UNKNOWN, Firm
from funding.eligibility.holder import INSEE_SIZES
from funding.facts import NO_OTHER_FIRM
from funding.models import CountedFirm, DeclaredFact
from funding.models.ledger import firms_of

Size = Organisation.EuSize
TITLES = {
    "headcount": "Effectif (UTA)",
    "turnover": "Chiffre d’affaires",
    "balance_sheet": "Total du bilan",
}
OFFERED = 5
COMPUTED = "calculée sur les comptes"
CLOSED = "comptes clos"


class SizeChanged(Exception):
    """What was to be kept, or taken back, is no longer what the page showed."""


def offered_years(today):
    """The closing years one may enter, the latest first; this one too, when closed early."""
    return range(today.year, today.year - OFFERED, -1)


@dataclass
class Row:
    """A firm of the sum: its record here if it has one, and where its accounts come from."""

    firm: Firm
    siren: str = ""
    record: CountedFirm | None = None
    is_in_ledger: bool = False
    organisation: Organisation | None = None
    borrowed: set = field(default_factory=set)  # years read on the page of `organisation`

    @property
    def tie(self):
        return CountedFirm.Tie(self.firm.tie).label

    @property
    def is_own(self):
        return self.firm.tie == OWN

    @property
    def is_public(self):
        return self.firm.tie == eu_size.PUBLIC


class Reading:
    """The size of one organisation on a day, as far as the viewer may know. Seven queries or eight,
    whatever the number of firms.

    Whoever has no firm tied to it says so: until then the size is to confirm."""

    def __init__(self, organisation, viewer, today):
        self.organisation, self.viewer, self.today = organisation, viewer, today

    @cached_property
    def records(self):
        firms = CountedFirm.objects.visible_to(self.viewer).filter(organisation=self.organisation)
        return list(firms.prefetch_related("accounts"))

    @cached_property
    def own(self):
        """The record of the organisation itself; None until its accounts are entered."""
        return next((row for row in self.records if row.tie == OWN), None)

    @cached_property
    def ledger_firms(self):
        """{SIREN: name} of the firms that the aid ledger already counts as one with it."""
        _, firms = firms_of(self.organisation)
        return {siren: name for siren, name in firms if siren != self.organisation.siren}

    @cached_property
    def rows(self):
        """The organisation, then those linked to it, its partners, and public bodies."""
        own = Firm(self.organisation.name, OWN, accounts=figures_of(self.own))
        rows = [Row(own, self.organisation.siren or "", self.own)]
        recorded = set()
        for record in self.records:
            if record.tie != OWN:
                recorded.add(record.siren)
                rows.append(self._row(record))
        for siren, name in self.ledger_firms.items():
            if siren not in recorded:
                rows.append(Row(Firm(name, LINKED), siren, is_in_ledger=True))
        self._borrow(rows)
        return sorted(rows, key=lambda row: list(CountedFirm.Tie).index(row.firm.tie))

    def _row(self, record):
        in_ledger = record.siren in self.ledger_firms
        firm = Firm(
            record.name,
            LINKED if in_ledger else record.tie,
            record.share,
            record.is_excepted,
            figures_of(record),
        )
        return Row(firm, record.siren, record, in_ledger)

    def _borrow(self, rows):
        """A firm that the territory knows brings the accounts that its own page holds."""
        sirens = [row.siren for row in rows if row.siren and not row.is_own]
        known = {
            one.siren: one
            for one in Organisation.objects.visible_to(self.viewer).filter(
                territory=self.organisation.territory_id, siren__in=sirens
            )
        }
        theirs = CountedFirm.objects.visible_to(self.viewer).filter(
            organisation__in=known.values(), tie=OWN
        )
        accounts = {
            record.organisation_id: figures_of(record)
            for record in theirs.prefetch_related("accounts")
        }
        for row in rows:
            if row.is_own or row.siren not in known:
                continue
            row.organisation = known[row.siren]
            there = accounts.get(row.organisation.pk, {})
            row.borrowed = set(there) - set(row.firm.accounts)
            row.firm = replace(row.firm, accounts={**there, **row.firm.accounts})

    @cached_property
    def firms(self):
        return [row.firm for row in self.rows]

    @cached_property
    def last(self):
        """The last closed year whose accounts are entered; else the last that may be closed."""
        known = [year for year, one in self.rows[0].firm.accounts.items() if one != UNKNOWN]
        return max(known, default=self.today.year - 1)

    @property
    def has_accounts(self):
        return bool(self.rows[0].firm.accounts)

    @property
    def is_old(self):
        """Later accounts should be approved by now: six months after the end of their year."""
        return self.has_accounts and self.last < self.today.year - (
            1 if self.today.month > 6 else 2
        )

    @cached_property
    def shares(self):
        return eu_size.shares_on(self.today)

    @cached_property
    def limits(self):
        return eu_size.limits_on(self.today)

    @cached_property
    def assessment(self):
        return self._assess(self.firms)

    def _assess(self, firms):
        since = self.organisation.created_on
        return eu_size.assess(firms, self.last, self.today, since.year if since else None)

    @cached_property
    def declared_alone(self):
        """Who said that no firm is tied to it, and when; None when nobody did."""
        said = DeclaredFact.objects.filter(organisation=self.organisation, key=NO_OTHER_FIRM)
        return said.select_related("by").first()

    @cached_property
    def has_ties(self):
        return any(row.firm.tie in {LINKED, PARTNER} for row in self.rows)

    @property
    def waits_for_ties(self):
        """Nobody said which firms are tied to it, nor that none is: any size may still grow."""
        return not (self.has_ties or self.declared_alone)

    @property
    def size(self):
        """The size that the figures prove; None is « à confirmer »."""
        found = self.assessment.size
        return None if self.waits_for_ties and found != Size.LARGE else found

    @property
    def awaits_only_ties(self):
        """The accounts alone would tell the size."""
        return bool(self.assessment.size and not self.size)

    @property
    def label(self):
        return Size(self.size).label if self.size else ""

    @property
    def by_itself(self):
        """The size of the organisation counted without anyone else; nothing when unknown."""
        size = self._assess(self.firms[:1]).size
        return Size(size).label if size else ""

    @property
    def possible(self):
        return [Size(size).label for size in self.assessment.possible]

    @property
    def alone(self):
        return Size(self.assessment.alone).label if self.assessment.alone else ""

    @property
    def sums(self):
        """(measure, year, arithmetic) of the years that make the size, the latest first."""
        return [
            (
                TITLES[measure],
                [
                    (year, eu_size.arithmetic(self.firms, year, measure, self.shares))
                    for year in self.assessment.years[:2]
                ],
            )
            for measure in MEASURES
        ]

    @property
    def lines(self):
        """What the table shows: each row with its figures of the last year, and what counts."""
        for row in self.rows:
            figures = row.firm.figures(self.last)
            low, high = row.firm.weight(self.shares)
            yield {
                "row": row,
                "figures": [figures[measure] for measure in MEASURES],
                "counts": eu_size.percent(low) if low == high else "à confirmer",
                "is_borrowed": self.last in row.borrowed,
            }

    @property
    def not_in_ledger(self):
        """Linked here and not in the aid ledger, whose « entreprise unique » is nearly the same."""
        return [
            row.firm.name
            for row in self.rows
            if row.firm.tie == LINKED and not row.is_in_ledger and not row.is_own
        ]

    # ── Beside what is held ──

    @property
    def held(self):
        return self.organisation.eu_size

    @property
    def differs(self):
        """The figures prove a size that is not the one that verdicts and plans read."""
        return bool(self.size and self.held and self.size != self.held)

    @property
    def is_adopted(self):
        return bool(self.size) and self.size == self.held and is_computed(self.organisation)

    @property
    def insee_differs(self):
        sizes = INSEE_SIZES.get(self.organisation.insee_category)
        return bool(sizes and self.size and self.size not in sizes)


def figures_of(record):
    return {row.year: row.figures for row in record.accounts.all()} if record else {}


def is_computed(organisation):
    """Whether the size on record is one that was kept from here."""
    return organisation.provenance.get("eu_size", {}).get("source", "").startswith(COMPUTED)


@transaction.atomic
def tell_record(organisation):
    """The last closed amounts go to the record of the organisation, which verdicts read: where it
    says nothing, or where it says what the accounts said before."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    own = CountedFirm.objects.filter(organisation=organisation, tie=OWN).first()
    changed = []
    for name in ("turnover", "balance_sheet"):
        held, source = getattr(organisation, name), organisation.provenance.get(name, {})
        if held is not None and source.get("source") != CLOSED:
            continue
        told = {year: one[name] for year, one in figures_of(own).items() if one[name] is not None}
        year = max(told, default=None)
        if told.get(year) != held:
            setattr(organisation, name, told.get(year))
            organisation.note_source([name], CLOSED, year)
            changed.append(name)
    if changed:
        organisation.save(update_fields=[*changed, "provenance"])


def declare_alone(organisation, viewer, today):
    """No firm is tied to it: who says so, and when. Raises SizeChanged when one is noted."""
    reading = Reading(organisation, viewer, today)
    if reading.has_ties:
        raise SizeChanged
    DeclaredFact.objects.get_or_create(
        organisation=organisation,
        key=NO_OTHER_FIRM,
        defaults={"value": True, "by": viewer, "observed_on": today},
    )


def withdraw_alone(organisation):
    """Nobody has said it any more: as when a firm tied to it is noted."""
    said = DeclaredFact.objects.filter(organisation=organisation, key=NO_OTHER_FIRM).first()
    if said:
        said.delete()


@transaction.atomic
def adopt(organisation, seen, held, viewer, today):
    """Make the computed size the one that verdicts and plans read; return the state before.

    Raises SizeChanged when it is no longer the size, or the answer, that the page showed."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    reading = Reading(organisation, viewer, today)
    if reading.size is None or reading.size != seen or organisation.eu_size != held:
        raise SizeChanged
    before = organisation.history.first()
    if before is None or before.eu_size != held:  # a bulk write left no trace of what it replaces
        organisation.save(update_fields=["updated_at"])
        before = organisation.history.first()
    organisation.eu_size = reading.size
    organisation.note_source(["eu_size"], f"{COMPUTED} {reading.last}", today)
    organisation.provenance["eu_size"]["answered"] = True
    organisation.save(update_fields=["eu_size", "provenance"])
    return before


@transaction.atomic
def take_back(organisation, before):
    """Put back the answer of `before`, a history row; SizeChanged when another one came since."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if not is_computed(organisation):
        raise SizeChanged
    organisation.eu_size = before.eu_size
    organisation.provenance.pop("eu_size", None)
    if "eu_size" in before.provenance:
        organisation.provenance["eu_size"] = before.provenance["eu_size"]
    organisation.save(update_fields=["eu_size", "provenance"])
