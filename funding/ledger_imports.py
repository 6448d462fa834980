"""A spreadsheet of aids received: read, planned row by row, written whole or not at all."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from crm.imports import values
from crm.imports.reading import Headings, read
from crm.imports.wording import sentence, typeset
from crm.models import Organisation
from crm.search import normalise
from funding.financing import deminimis
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
            "equivalent-subvention",
            "esb",
            "montant esb",
            "montant",
            "montant de l'aide",
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
# What a heading names, and how well: of two columns, the first listed above is read.
BY_HEADING = {
    heading: (code, rank)
    for code, (_, headings) in COLUMNS.items()
    for rank, heading in enumerate(headings)
}
FACE_VALUES = {"montant", "montant de l'aide"}


def folded(heading):
    return normalise(heading).removesuffix(" (€)").removesuffix(" en €")


def recognise(heading):
    """The code of the column that a heading names, or an empty string."""
    return BY_HEADING.get(folded(heading), ("", 0))[0]


HEADINGS = Headings(recognise, "« SIREN », « Date d’octroi » ou « Montant »")
CREATED, COMPLETED, UNCHANGED, REFUSED = "created", "completed", "unchanged", "refused"
FATES = (CREATED, COMPLETED, UNCHANGED, REFUSED)


@dataclass
class Row:
    line: int
    cells: list
    values: dict = field(default_factory=dict)
    reasons: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    fate: str = CREATED
    # The aid of the ledger that this row says again, with the amount that was unknown.
    aid: ReceivedAid | None = None

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
    """What the import will do, row by row; three queries whatever the number of rows."""

    def __init__(self, batch, *, today=None):
        self.today = today or timezone.localdate()
        self.territory = batch.territory
        self.header = batch.header
        self.columns = {}
        for index in sorted(range(len(batch.header)), key=self._rank):
            self.columns.setdefault(recognise(batch.header[index]), index)
        self.missing = [COLUMNS[code][0] for code in REQUIRED if code not in self.columns]
        organisations = Organisation.objects.filter(territory=batch.territory_id, siren__gt="")
        self.organisations = {one.siren: one for one in organisations.only("siren", "name")}
        self.rows = [self._read(line, cells) for line, cells in batch.rows]
        self._match(ReceivedAid.objects.filter(territory=batch.territory_id).order_by("pk"))
        self.fates = Counter(row.fate for row in self.rows)

    def _rank(self, index):
        """The best known heading first, then the order of the file."""
        return BY_HEADING.get(folded(self.header[index]), ("", 0))[1], index

    @property
    def counts(self):
        return {"read": len(self.rows), **{fate: self.fates[fate] for fate in FATES}}

    @property
    def warnings(self):
        """What the reader should know of the columns before the rows."""
        index = self.columns.get("amount")
        if index is None or folded(self.header[index]) not in FACE_VALUES:
            return []
        return [
            typeset(
                f"La colonne « {self.header[index]} » est lue comme équivalent-subvention : c’est "
                "exact pour une subvention, non pour un prêt, une avance ou une garantie."
            )
        ]

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

    def _match(self, aids):
        """Each aid on record answers for one row: two rows that agree are two aids. Rows that say
        the same amount come first, then those that complete or repeat an aid without amount."""
        left = defaultdict(list)
        for aid in aids:
            left[key_of(vars(aid))].append(aid)
        rows = [row for row in self.rows if row.fate != REFUSED]
        for agrees in (has_same_amount, is_told_now, is_told_no_more):
            for row in rows:
                if row.aid is None and (aid := nearest(row, left[key_of(row.values)], agrees)):
                    left[key_of(row.values)].remove(aid)
                    row.aid = aid
                    row.fate = COMPLETED if agrees is is_told_now else UNCHANGED
        self._note_twins(row for row in rows if row.fate == CREATED)

    def _note_twins(self, rows):
        seen = {}
        for row in rows:
            said = (key_of(row.values), row.amount, purpose_of(row.values))
            if (first := seen.setdefault(said, row.line)) != row.line:
                row.notes.append(typeset(f"Identique à la ligne {first} : deux aides, ou une ?"))


def key_of(said):
    """Two rows that agree on these may be one aid."""
    return (
        said["siren"],
        said["granted_on"],
        said["regulation"],
        normalise(said.get("funder") or ""),
    )


def purpose_of(said):
    return normalise(said.get("purpose") or "")


def has_same_amount(row, aid):
    return row.amount == aid.amount


def is_told_now(row, aid):
    """The amount was unknown, and the object does not speak of another aid."""
    return aid.amount is None and may_be_one(row, aid)


def is_told_no_more(row, aid):
    return row.amount is None and may_be_one(row, aid)


def may_be_one(row, aid):
    said = {purpose_of(row.values), normalise(aid.purpose)} - {""}
    return len(said) < 2


def nearest(row, aids, agrees):
    """The first of these aids that agrees, preferably of the same object."""
    found = [aid for aid in aids if agrees(row, aid)]
    same = [aid for aid in found if normalise(aid.purpose) == purpose_of(row.values)]
    return next(iter(same or found), None)


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
    found = deminimis.regulation_named(normalise(text))
    if found is None:
        raise ValueError("écrivez « de minimis », « SIEG », « agricole », « pêche » ou le régime")
    return found


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
    """Write the plan of the moment; returns it. EditConflict when an aid changed meanwhile."""
    held = LedgerImport.objects.select_for_update().get(pk=batch.pk)
    if held.committed_at:
        raise AlreadyDone
    plan = Plan(held)
    aids = [
        ReceivedAid(territory_id=held.territory_id, batch=held, **row.values)
        for row in plan.rows
        if row.fate == CREATED
    ]
    held.completed = []
    for row in plan.rows:
        if row.fate == COMPLETED:
            row.aid.amount = row.amount
            row.aid.save_over(row.aid.version)
            held.completed.append([row.aid.pk, row.aid.version])
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
    """Take back what the import wrote, but for what was edited since; returns how many stay."""
    held = LedgerImport.objects.select_for_update().get(pk=batch.pk)
    if not held.can_be_undone():
        raise TooLate
    untouched = held.aids.filter(version=1)
    for aid in untouched:
        aid.delete()
    completed = dict(held.completed)
    filled = [
        aid
        for aid in ReceivedAid.objects.filter(pk__in=completed)
        if aid.version == completed[aid.pk]
    ]
    for aid in filled:
        aid.amount = None
        aid.save_over(aid.version)
    held.undone_at = timezone.now()
    held.save(update_fields=["undone_at"])
    return held.aids.count() + len(completed) - len(filled)
