"""What an import will do, row by row, in a fixed number of queries; nothing is written here."""

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import astuple, dataclass, field

from actions.models import Action, FrameworkCode
from actions.plan_imports import cells
from actions.plan_imports.columns import BY_CODE
from actions.snapshots import shown
from crm.imports import values
from crm.imports.wording import sentence, typeset
from crm.models import (
    Framework,
    Health,
    LocalPriority,
    NationalPriority,
    Organisation,
    Role,
    User,
)
from crm.search import normalise

CREATED, UPDATED, UNCHANGED, REFUSED = "created", "updated", "unchanged", "refused"
FATES = (CREATED, UPDATED, UNCHANGED, REFUSED)
LISTS = ("national_priorities", "partners", "financial_partners")
BUDGET = ("budget_planned", "budget_committed", "budget_spent")
SIZES = {"title": 200, "beneficiaries": 250}
KINDS = dict.fromkeys(BUDGET, "money") | dict.fromkeys(("starts_on", "ends_on"), "date")
KINDS |= {"progress": "percent"} | dict.fromkeys(("context", "objectives", "blockers"), "long")


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str


@dataclass
class Row:
    line: int
    cells: list
    values: dict = field(default_factory=dict)
    reasons: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    changes: list = field(default_factory=list)
    fate: str = CREATED
    action: Action | None = None
    parent_code: str = ""
    axis: LocalPriority | None = None  # the one its own cell names
    framework_codes: list = field(default_factory=list)  # (framework, code) still to write

    @property
    def code(self):
        return self.values.get("code") or (self.action.code if self.action else "")

    @property
    def title(self):
        return self.values.get("title") or (self.action.title if self.action else "")

    def refuse(self, text):
        self.reasons.append(sentence(typeset(text)))
        self.fate = REFUSED

    def note(self, text):
        self.notes.append(sentence(typeset(text)))


def by_name(rows, *names):
    """{folded name: [rows]} by any of these attributes."""
    found = defaultdict(list)
    for row in rows:
        for text in {normalise(str(getattr(row, name))) for name in names}:
            if text:
                found[text].append(row)
    return found


class Plan:
    """The rows of a batch against the plan in force of its territory."""

    def __init__(self, batch, plan):
        self.plan, self.territory = plan, plan.territory
        self.columns = {code: int(index) for index, code in batch.mapping.items()}
        self.lacks = [] if {"code", "title"} & {*self.columns} else ["Code ou Intitulé"]
        self._look_up()
        self.rows, self.sections = [], []
        seen = {}
        for line, row in batch.rows if not self.lacks else []:
            if found := self._read(line, row, seen):
                self.rows.append(found)
        self._settle()
        self.fates = Counter(row.fate for row in self.rows)

    def _look_up(self):
        territory = self.territory
        actions = Action.objects.filter(plan=self.plan.pk or 0)
        actions = actions.select_related("priority", "pilot", "health", "owner", "parent")
        actions = actions.prefetch_related(*LISTS, "framework_codes__framework", "sub_actions")
        self.actions = {normalise(one.code): one for one in actions}
        self.titles = by_name(self.actions.values(), "title")
        organisations = Organisation.objects.filter(territory=territory).order_by("pk")
        named = by_name(organisations.only("name", "territory"), "name")
        team = User.objects.filter(
            memberships__territory=territory, memberships__role__in=[Role.OFFICER, Role.MANAGER]
        ).distinct()
        self.frameworks = by_name(Framework.objects.of(territory), "short", "label", "pk")
        unknown = "cet organisme n’est pas connu du territoire : ajoutez-le d’abord"
        references = ("label", "short", "pk")
        self.parsers = {
            "code": cells.code,
            "title": cells.words(SIZES["title"]),
            "priority": cells.one_of(
                by_name(LocalPriority.objects.of(territory), *references),
                "ce n’est pas une action prioritaire du territoire",
            ),
            "national_priorities": cells.some_of(
                by_name(NationalPriority.objects.of(territory), *references),
                "ce n’est pas un axe national",
            ),
            "status": cells.status,
            "health": cells.one_of(
                by_name(Health.objects.of(territory), *references), "cette météo n’existe pas"
            ),
            "importance": cells.choice(Action.Importance.choices),
            "maturity": cells.choice(Action.Maturity.choices),
            "progress": cells.progress,
            **dict.fromkeys(BUDGET, cells.amount),
            "pilot": cells.one_of(named, unknown),
            "partners": cells.some_of(named, unknown),
            "financial_partners": cells.some_of(named, unknown),
            "beneficiaries": cells.words(SIZES["beneficiaries"]),
            "owner": cells.one_of(
                {normalise(str(one)): [one] for one in team},
                "cette personne n’est pas de l’équipe",
            ),
            "starts_on": cells.date,
            "ends_on": cells.date,
            **dict.fromkeys(("context", "objectives", "blockers"), cells.prose),
        }

    # Reading ----------------------------------------------------------------------------------

    def _text(self, row, code):
        index = self.columns.get(code)
        return values.clean(row[index]) if index is not None and index < len(row) else ""

    def _read(self, line, cells_of, seen):
        filled = [text for cell in cells_of if (text := values.clean(cell))]
        if len(filled) == 1 and (section := self._section(filled[0])):
            self.sections.append((line, section))
            return None
        row = Row(line, cells_of)
        row.action = self._match(cells_of)
        for code, parse in self.parsers.items():
            self._cell(row, code, parse, self._text(cells_of, code))
        row.parent_code = self._text(cells_of, "parent")
        self._frameworks(row, self._text(cells_of, "frameworks"))
        self._once(row, seen)
        return row

    def _section(self, text):
        """A line that holds an axis alone heads the fiches below it."""
        try:
            return self.parsers["priority"](text, lambda said: None)
        except ValueError:
            return None

    def _match(self, cells_of):
        """By its code; without one, by the title that a single fiche has."""
        if code := self._text(cells_of, "code"):
            return self.actions.get(normalise(code))
        titled = self.titles.get(normalise(self._text(cells_of, "title")), [])
        return titled[0] if len(titled) == 1 else None

    def _cell(self, row, code, parse, text):
        if not text:
            return
        if row.action and text == values.clean(exported(row.action, code)):
            row.axis = row.action.priority if code == "priority" else row.axis
            return  # what our own file says of it: nothing to read
        try:
            value = parse(text, row.note)
        except ValueError as error:
            row.refuse(f"{BY_CODE[code].label} « {text[:60]} » : {error}")
            return
        if value is not None:
            row.values[code] = value
        if code == "priority":
            row.axis = value

    def _frameworks(self, row, text):
        """« CRTE 2.3 ; LEADER 1.2 »: what is missing is added, nothing is taken away."""
        if not text or (row.action and text == values.clean(exported(row.action, "frameworks"))):
            return
        held = set()
        if row.action:
            held = {
                (one.framework_id, normalise(one.code)) for one in row.action.framework_codes.all()
            }
        longest = FrameworkCode._meta.get_field("code").max_length
        for token in cells.tokens(text):
            framework, code = self._framework(token)
            if framework is None or len(code) > longest:
                row.refuse(f"Cadres « {token} » : écrivez le cadre puis le code, « CRTE 2.3 »")
            elif (framework.pk, normalise(code)) not in held:
                row.framework_codes.append((framework, code))

    def _framework(self, token):
        """(the framework, its code) of « CRTE 2.3 »; the name of one may hold a space."""
        parts = token.split(" ")
        for at in range(1, len(parts)):
            found = self.frameworks.get(normalise(" ".join(parts[:at])), [])
            if len(found) == 1:
                return found[0], " ".join(parts[at:])
        return None, ""

    def _once(self, row, seen):
        key = normalise(row.code) or f"title:{normalise(row.title)}"
        if (first := seen.setdefault(key, row.line)) != row.line:
            row.refuse(f"la fiche « {row.code or row.title} » est déjà à la ligne {first}")

    # Settling ---------------------------------------------------------------------------------

    def _settle(self):
        """What one row owes to the others: its parent, its axis; then what it changes."""
        self.by_code = {normalise(row.code): row for row in self.rows if row.fate != REFUSED}
        for row in self.rows:
            if row.fate == REFUSED:
                continue
            if row.action is None:
                self._complete(row)
            self._parent(row)
            self._dates(row)
            self._budget(row)
            if row.fate != REFUSED and row.action is not None:
                self._compare(row)
        self._orphans()

    def _complete(self, row):
        if not row.values.get("code"):
            row.refuse("le code manque : sans lui, la fiche ne se retrouverait pas ensuite")
        if not row.values.get("title"):
            row.refuse("l’intitulé manque")
        if "priority" not in row.values and not row.parent_code:
            above = self._axis_above(row)
            if above is None:
                row.refuse("l’action prioritaire manque : à quel axe appartient la fiche ?")
            else:
                line, row.values["priority"] = above
                row.note(f"Axe repris de la ligne {line}")

    def _axis_above(self, row):
        """Merged cells: the axis is written once, beside or above the fiches it holds."""
        told = [(one.line, one.axis) for one in self.rows if one.axis]
        above = [one for one in (*told, *self.sections) if one[0] < row.line]
        return max(above, key=lambda one: one[0], default=None)

    def _parent(self, row):
        if not row.parent_code:
            return
        if row.action and row.action.parent and same(row.parent_code, row.action.parent.code):
            return
        whole = self.actions.get(normalise(row.parent_code))
        above = self.by_code.get(normalise(row.parent_code))
        if whole is None and above is None:
            row.refuse(f"Sous-action de « {row.parent_code} » : cette fiche n’existe pas")
        elif same(row.parent_code, row.code):
            row.refuse("une fiche n’est pas sa propre sous-action")
        elif (whole and whole.parent_id) or (whole is None and above.parent_code):
            row.refuse(f"« {row.parent_code} » est déjà une sous-action : un seul niveau")
        elif row.action and row.action.sub_actions.all():
            row.refuse("cette fiche a des sous-actions : elle n’en est pas une")
        else:
            row.values["parent"] = whole or above
            row.values.pop("priority", None)

    def _dates(self, row):
        start, end = (
            row.values.get(name, getattr(row.action, name) if row.action else None)
            for name in ("starts_on", "ends_on")
        )
        if start and end and end < start:
            row.refuse("la fin de l’action précède son début")

    def _budget(self, row):
        """The totals of a fiche that has budget lines come from them."""
        if row.action and row.action.typed_budget is not None:
            told = [name for name in BUDGET if name in row.values]
            differ = [name for name in told if row.values.pop(name) != getattr(row.action, name)]
            if differ:
                row.note("Budget non repris : celui de la fiche est le total de ses lignes")

    def _compare(self, row):
        for name, value in list(row.values.items()):
            old = current(row.action, name)
            if value == old or (name == "parent" and value is row.action.parent):
                row.values.pop(name)
                continue
            row.changes.append(Change(BY_CODE[name].label, told(name, old), told(name, value)))
        for framework, code in row.framework_codes:
            row.changes.append(Change("Cadres", "vide", f"{framework.short} {code}"))
        row.fate = UPDATED if row.changes else UNCHANGED

    def _orphans(self):
        """A row refused leaves no part behind it."""
        for row in self.rows:
            parent = row.values.get("parent")
            if isinstance(parent, Row) and parent.fate == REFUSED and row.fate != REFUSED:
                row.refuse(f"sa fiche, ligne {parent.line}, est refusée")

    # Told -------------------------------------------------------------------------------------

    @property
    def counts(self):
        return {"read": len(self.rows), **{fate: self.fates[fate] for fate in FATES}}

    @property
    def refused(self):
        return [row for row in self.rows if row.fate == REFUSED]

    @property
    def digest(self):
        """What the reader was shown: the same rows must do the same when they are written."""
        said = [
            [row.line, row.fate, row.code, row.title, [astuple(one) for one in row.changes]]
            for row in self.rows
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def same(one, other):
    return normalise(one) == normalise(other)


def current(action, name):
    return list(getattr(action, name).all()) if name in LISTS else getattr(action, name)


def told(name, value):
    if name in LISTS:
        return ", ".join(str(getattr(one, "name", one)) for one in value) or "vide"
    if name in ("status", "importance", "maturity"):
        labels = dict(Action._meta.get_field(name).choices)
        return labels.get(value, value) or "vide"
    if name == "parent":
        return getattr(value, "code", "") or "vide"
    return shown(
        value if name not in KINDS or value is None else plain(value), KINDS.get(name, "text")
    )


def plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def exported(action, code):
    """What our own workbook writes in that column of the fiche."""
    if code in LISTS:
        short = code == "national_priorities"
        return ", ".join(one.short if short else one.name for one in getattr(action, code).all())
    if code == "frameworks":
        return "\u00a0; ".join(str(one) for one in action.framework_codes.all())
    if code in ("status", "importance", "maturity"):
        return getattr(action, f"get_{code}_display")()
    value = getattr(action, code)
    return str(value) if value else ""
