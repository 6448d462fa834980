"""A spreadsheet of aids received: read, planned row by row, written whole or not at all."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from crm.imports import values
from crm.imports.reading import Headings, read
from crm.imports.wording import sentence, typeset
from crm.models import Organisation
from crm.search import normalise
from funding.models.ledger import LedgerImport, ReceivedAid

MAX_ROWS = 5000
Regulation = ReceivedAid.Regulation

COLUMNS = {
    "siren": ("SIREN", ("siren", "siren beneficiaire", "siret", "siret beneficiaire")),
    "firm": (
        "Entreprise",
        ("entreprise", "raison sociale", "beneficiaire", "nom", "denomination", "societe"),
    ),
    "granted_on": (
        "Date d’octroi",
        ("date d'octroi", "date octroi", "octroyee le", "date de decision", "date d'attribution"),
    ),
    "amount": (
        "Équivalent-subvention brut",
        (
            "equivalent-subvention brut",
            "equivalent subvention brut",
            "esb",
            "montant",
            "montant de l'aide",
            "montant esb",
        ),
    ),
    "regulation": ("Règlement", ("reglement", "type d'aide", "base juridique", "de minimis")),
    "funder": (
        "Accordée par",
        ("accordee par", "organisme", "financeur", "autorite", "organisme d'octroi"),
    ),
    "purpose": ("Objet", ("objet", "intitule", "projet", "nature de l'aide")),
    "evidence": ("Preuve", ("preuve", "reference", "convention", "piece")),
}
REQUIRED = ("siren", "granted_on")
BY_HEADING = {heading: code for code, (_, headings) in COLUMNS.items() for heading in headings}


def recognise(heading):
    """The code of the column that a heading names, or an empty string."""
    return BY_HEADING.get(normalise(heading).removesuffix(" (€)").removesuffix(" en €"), "")


HEADINGS = Headings(recognise, "« SIREN », « Date d’octroi » ou « Montant »")
CREATED, UNCHANGED, REFUSED = "created", "unchanged", "refused"


@dataclass
class Row:
    line: int
    cells: list
    values: dict = field(default_factory=dict)
    reasons: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    fate: str = CREATED

    @property
    def siren(self):
        return self.values.get("siren") or ""

    @property
    def firm(self):
        return self.values.get("firm") or ""

    @property
    def granted_on(self):
        return self.values.get("granted_on")

    @property
    def amount(self):
        return self.values.get("amount")

    def refuse(self, text):
        self.reasons.append(sentence(typeset(text)))
        self.fate = REFUSED


def receive(name, data, territory, *, by):
    """A file → an unsaved batch; raises crm.imports.reading.Unreadable with a sentence."""
    table = read(name, data, max_rows=MAX_ROWS, headings=HEADINGS)
    return LedgerImport(
        territory=territory,
        file_name=name[:200],
        header=table.header,
        rows=[[line, cells] for line, cells in table.rows],
        created_by=by,
    )


class Plan:
    """What the import will do, row by row; four queries whatever the number of rows."""

    def __init__(self, batch, *, today=None):
        self.today = today or timezone.localdate()
        self.territory = batch.territory
        self.columns = {}
        for index, heading in enumerate(batch.header):
            self.columns.setdefault(recognise(heading), index)
        self.missing = [COLUMNS[code][0] for code in REQUIRED if code not in self.columns]
        organisations = Organisation.objects.filter(territory=batch.territory_id, siren__gt="")
        self.organisations = {one.siren: one for one in organisations.only("siren", "name")}
        known = ReceivedAid.objects.filter(territory=batch.territory_id)
        self.known = {key_of(vars(aid)) for aid in known.only(*KEY)}
        self.rows = [self._read(line, cells) for line, cells in batch.rows]
        self.fates = Counter(row.fate for row in self.rows)

    @property
    def counts(self):
        return {"read": len(self.rows), **{fate: self.fates[fate] for fate in FATES}}

    def _read(self, line, cells):
        row = Row(line, cells)
        for code, parse in PARSERS.items():
            text = values.clean(cells[self.columns[code]]) if code in self.columns else ""
            if not text:
                if code in REQUIRED:
                    row.refuse(f"{COLUMNS[code][0]} : la cellule est vide")
                continue
            try:
                row.values[code] = parse(text, row.notes.append, self.today)
            except ValueError as error:
                row.refuse(f"{COLUMNS[code][0]} « {text} » : {error}")
        if row.fate != REFUSED:
            self._settle(row)
        return row

    def _settle(self, row):
        found = self.organisations.get(row.values["siren"])
        row.values.setdefault("regulation", Regulation.GENERAL)
        if "firm" not in row.values:
            if found is None:
                row.refuse("le nom manque, et ce SIREN n’est pas celui d’une fiche du territoire")
                return
            row.values["firm"] = found.name
        row.values["organisation"] = found
        key = key_of(row.values)
        if key in self.known:
            row.fate = UNCHANGED
        self.known.add(key)


FATES = (CREATED, UNCHANGED, REFUSED)
KEY = ("siren", "granted_on", "amount", "regulation", "funder")


def key_of(said):
    """Two rows that agree on these are one aid: the same file twice changes nothing."""
    amount = said.get("amount")
    return (
        said["siren"],
        said["granted_on"],
        None if amount is None else Decimal(amount),
        said["regulation"],
        normalise(said.get("funder") or ""),
    )


def siren(text, say, today):
    digits = values.SPACES.sub("", text)
    if len(digits) == 14:
        return values.siret(text, say)[:9]
    return values.siren(text, say)


def granted_on(text, say, today):
    day = values.past_date(text, say, today)
    if day is None:
        raise ValueError("l’année seule ne dit pas le jour de l’octroi")
    return day


def regulation(text, say, today):
    folded = normalise(text)
    for code in Regulation.values:
        if code in folded:
            return code
    if "sieg" in folded:
        return Regulation.SIEG
    if "agri" in folded:
        return Regulation.AGRICULTURE
    if "peche" in folded:
        return Regulation.FISHING
    if "minimis" in folded:
        return Regulation.GENERAL
    if "sa." in folded or "regime" in folded or "exempt" in folded:
        return Regulation.EXEMPTED
    raise ValueError("écrivez « de minimis », « SIEG », « agricole », « pêche » ou le régime")


def words(size):
    def parse(text, say, today):
        text = " ".join(text.split())
        if len(text) > size:
            raise ValueError(f"{size} signes au plus")
        return text

    return parse


PARSERS = {
    "siren": siren,
    "firm": words(200),
    "granted_on": granted_on,
    "amount": lambda text, say, today: values.amount(text, say),
    "regulation": regulation,
    "funder": words(200),
    "purpose": words(250),
    "evidence": words(250),
}


class AlreadyDone(Exception):
    """A double click: the first one wrote everything."""


@transaction.atomic
def commit(batch):
    """Write the plan of the moment; returns it."""
    held = LedgerImport.objects.select_for_update().get(pk=batch.pk)
    if held.committed_at:
        raise AlreadyDone
    plan = Plan(held)
    aids = [
        ReceivedAid(territory_id=held.territory_id, batch=held, **row.values)
        for row in plan.rows
        if row.fate == CREATED
    ]
    for aid in aids:
        aid.derive()
    bulk_create_with_history(aids, ReceivedAid, batch_size=500, default_user=batch.created_by)
    held.counts = plan.counts
    held.rows = [[row.line, row.cells, row.reasons] for row in plan.rows if row.fate == REFUSED]
    held.committed_at = timezone.now()
    held.save()
    return plan


class TooLate(Exception):
    """The batch is not written, already taken back, or older than the delay."""


@transaction.atomic
def undo(batch):
    """Remove what the import wrote, but for what was edited since; returns how many stay."""
    held = LedgerImport.objects.select_for_update().get(pk=batch.pk)
    if not held.can_be_undone():
        raise TooLate
    untouched = held.aids.filter(version=1)
    for aid in untouched:
        aid.delete()
    held.undone_at = timezone.now()
    held.save(update_fields=["undone_at"])
    return held.aids.count()
