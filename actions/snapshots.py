"""The plan of one day as plain JSON, and what changed between two of them. No query but to draw it.

A version that was voted and the plan of today are the same shape, so that they compare.
"""

import datetime
from dataclasses import dataclass, field

from django.db.models import Prefetch

from actions.models import Action, BudgetLine, Indicator
from actions.models.budget import BUDGETS
from crm.models import LocalPriority, Role
from crm.templatetags.french import day, decimal, euros

MONEY, DATE, TEXT, LONG, LIST, PERCENT = "money", "date", "text", "long", "list", "percent"
# Of a fiche, in the order of its page: what is said of a change, and how it is written.
FIELDS = {
    "code": ("code", TEXT),
    "title": ("intitulé", TEXT),
    "priority": ("axe", TEXT),
    "part_of": ("sous-action de", TEXT),
    "national_priorities": ("axes nationaux", LIST),
    "status": ("statut", TEXT),
    "progress": ("avancement", PERCENT),
    "health": ("météo", TEXT),
    "importance": ("niveau de priorité", TEXT),
    "maturity": ("maturité", TEXT),
    "pilot": ("pilote", TEXT),
    "owner": ("suivie par", TEXT),
    "elected": ("référent élu", TEXT),
    "industrialist": ("référent industriel", TEXT),
    "partners": ("partenaires techniques", LIST),
    "funders": ("partenaires financiers", LIST),
    "beneficiaries": ("bénéficiaires", TEXT),
    "epcis": ("périmètre", LIST),
    "starts_on": ("début", DATE),
    "ends_on": ("fin", DATE),
    "planned": ("budget prévu", MONEY),
    "committed": ("budget engagé", MONEY),
    "spent": ("budget dépensé", MONEY),
    "frameworks": ("cadres", LIST),
    "context": ("contexte", LONG),
    "objectives": ("objectifs", LONG),
    "blockers": ("freins", LONG),
    "unblocked_by": ("ce qui lèverait le frein", LONG),
    "to_alert": ("à alerter", TEXT),
}
TEXTS = ("context", "objectives", "blockers", "unblocked_by", "beneficiaries")
NOTHING = "vide"


def written(value):
    """As JSON keeps it without losing a cent, whatever the database: None stays None."""
    if value is None or isinstance(value, int | str):
        return value
    if isinstance(value, datetime.date):
        return value.isoformat()
    return f"{value.normalize():f}"


def name(row):
    return str(row) if row else ""


def snapshot(plan):
    """The plan as it stands, in a fixed number of queries. A contact is told by its organisation:
    what is frozen is read by those who do not read the contacts."""
    actions = (
        plan.actions.select_related("priority", "health", "pilot", "owner", "parent", "to_alert")
        .prefetch_related(
            "national_priorities",
            "partners",
            "financial_partners",
            "epcis",
            "milestones",
            "framework_codes__framework",
            "referents__user",
            "referents__contact__organisation",
            Prefetch("budget_lines", BudgetLine.objects.select_related("funder")),
            Prefetch("indicators", Indicator.objects.prefetch_related("targets")),
        )
        .order_by("priority__position", "code", "pk")
    )
    territory = plan.territory
    totals = plan.actions.totals()
    return {
        "territory": {
            "name": territory.name,
            "code": territory.code,
            "period": territory.period,
            "is_demo": territory.is_demo,
        },
        "plan": {
            "title": plan.title,
            "starts_on": written(plan.starts_on),
            "ends_on": written(plan.ends_on),
        },
        "totals": {key: written(totals[key]) for key in ("count", "sub_count", *BUDGETS)}
        | {f"{key}_unknown": totals[f"{key}_unknown"] for key in BUDGETS},
        "priorities": [row.label for row in LocalPriority.objects.of(territory)],
        "fiches": [fiche(action) for action in actions],
    }


def fiche(action):
    referents = {row.role: row for row in action.referents.all()}
    return {
        "id": action.pk,
        "code": action.code,
        "title": action.title,
        "priority": action.priority.label,
        "part_of": action.parent.code if action.parent else "",
        "national_priorities": [row.short for row in action.national_priorities.all()],
        "status": action.get_status_display(),
        "progress": action.progress,
        "health": action.health.label if action.health else "",
        "importance": action.get_importance_display(),
        "maturity": action.get_maturity_display(),
        "pilot": name(action.pilot),
        "owner": name(action.owner),
        "elected": referent(referents.get(Role.ELECTED)),
        "industrialist": referent(referents.get(Role.INDUSTRIALIST)),
        "partners": [row.name for row in action.partners.all()],
        "funders": [row.name for row in action.financial_partners.all()],
        "epcis": [row.short_name for row in action.epcis.all()],
        "starts_on": written(action.starts_on),
        "ends_on": written(action.ends_on),
        "frameworks": [str(row) for row in action.framework_codes.all()],
        "to_alert": name(action.to_alert),
        **{key: written(getattr(action, f"budget_{key}")) for key in BUDGETS},
        **{key: getattr(action, key) for key in TEXTS},
        "milestones": [
            {
                "id": row.pk,
                "label": row.label,
                "due_on": written(row.due_on),
                "done_on": written(row.done_on),
            }
            for row in action.milestones.all()
        ],
        "indicators": [indicator(row) for row in action.indicators.all()],
        "lines": [line(row) for row in action.budget_lines.all()],
    }


def referent(row):
    """Who answers for the fiche: an account by its name, a contact by its organisation."""
    if row is None:
        return ""
    return str(row.user) if row.user_id else f"contact de {row.contact.organisation}"


def indicator(row):
    return {
        "id": row.pk,
        "label": row.label,
        "unit": row.unit,
        "baseline": written(row.baseline),
        "baseline_on": written(row.baseline_on),
        "target": written(row.target),
        "target_on": written(row.target_on),
        "targets": {str(target.year): written(target.value) for target in row.targets.all()},
    }


def line(row):
    return {
        "id": row.pk,
        "label": str(row) + (f", {row.label}" if row.label else ""),
        "unit": row.unit,
        **{key: written(getattr(row, key)) for key in BUDGETS},
    }


# What changed ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str


@dataclass
class Changed:
    """A fiche that is in both; `fields` replace a value, `parts` say what came, left or moved."""

    fiche: dict
    fields: list = field(default_factory=list)
    parts: list = field(default_factory=list)


@dataclass
class Comparison:
    entered: list
    left: list
    changed: list
    totals: list
    same: int

    @property
    def is_empty(self):
        return not (self.entered or self.left or self.changed or self.totals)


def compare(before, after):
    """From one snapshot to a later one; a fiche is the same one whatever its code became."""
    old = {row["id"]: row for row in before["fiches"]}
    new = {row["id"]: row for row in after["fiches"]}
    both = [differences(old[key], row) for key, row in new.items() if key in old]
    changed = [one for one in both if one.fields or one.parts]
    return Comparison(
        entered=[row for key, row in new.items() if key not in old],
        left=[row for key, row in old.items() if key not in new],
        changed=changed,
        totals=total_changes(before["totals"], after["totals"]),
        same=len(both) - len(changed),
    )


def total_changes(before, after):
    told = [Change("Fiches", str(before["count"]), str(after["count"]))]
    labels = {"planned": "Budget prévu", "committed": "Budget engagé", "spent": "Budget dépensé"}
    told += [
        Change(label, sum_of(before, key), sum_of(after, key)) for key, label in labels.items()
    ]
    return [change for change in told if change.old != change.new]


def sum_of(totals, key):
    known = euros(totals[key]) or "à confirmer"
    lacks = totals[f"{key}_unknown"]
    return f"{known} (+ {lacks} à confirmer)" if lacks and totals[key] is not None else known


def differences(before, after):
    found = Changed(after)
    for key, (label, kind) in FIELDS.items():
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        if kind == LIST:
            found.parts += list_changes(label, was or [], now or [])
        else:
            found.fields.append(Change(label, shown(was, kind), shown(now, kind)))
    found.parts += milestone_changes(before["milestones"], after["milestones"])
    found.parts += indicator_changes(before["indicators"], after["indicators"])
    found.parts += line_changes(before["lines"], after["lines"])
    return found


def shown(value, kind):
    if value is None or value == "":
        return NOTHING
    if kind == MONEY:
        return euros(value)
    if kind == DATE:
        return day(datetime.date.fromisoformat(value))
    if kind == PERCENT:
        return f"{value}\u00a0%"
    text = " ".join(str(value).split())
    return text if kind != LONG or len(text) <= 300 else f"{text[:299]}…"


def list_changes(label, before, after):
    came = [one for one in after if one not in before]
    left = [one for one in before if one not in after]
    if came:
        yield f"{label} : ajouté {', '.join(came)}"
    if left:
        yield f"{label} : retiré {', '.join(left)}"


def paired(before, after):
    """(came, left, both) of rows that carry their own key."""
    old, new = ({row["id"]: row for row in rows} for rows in (before, after))
    return (
        [row for key, row in new.items() if key not in old],
        [row for key, row in old.items() if key not in new],
        [(old[key], row) for key, row in new.items() if key in old],
    )


def milestone_changes(before, after):
    came, left, both = paired(before, after)
    for row in came:
        yield f"jalon ajouté : « {row['label']} », prévu le {shown(row['due_on'], DATE)}"
    for row in left:
        yield f"jalon retiré : « {row['label']} »"
    for was, now in both:
        called = f"jalon « {now['label']} »"
        if was["label"] != now["label"]:
            yield f"{called} : s’appelait « {was['label']} »"
        if was["due_on"] != now["due_on"]:
            moved = f"{shown(was['due_on'], DATE)} → {shown(now['due_on'], DATE)}"
            yield f"{called} : échéance {moved}"
        if was["done_on"] != now["done_on"]:
            reached = now["done_on"]
            yield (
                f"{called} : atteint le {shown(reached, DATE)}"
                if reached
                else f"{called} : rouvert"
            )


def indicator_changes(before, after):
    came, left, both = paired(before, after)
    for row in came:
        target = f", cible {amount(row['target'])} {row['unit']}" if row["target"] else ""
        yield f"indicateur ajouté : « {row['label']} »{target}"
    for row in left:
        yield f"indicateur retiré : « {row['label']} »"
    for was, now in both:
        called = f"indicateur « {now['label']} »"
        if was["label"] != now["label"]:
            yield f"{called} : s’appelait « {was['label']} »"
        for key, label in (("baseline", "départ"), ("target", "cible")):
            if was[key] != now[key]:
                yield f"{called} : {label} {amount(was[key])} → {amount(now[key])} {now['unit']}"
            if was[f"{key}_on"] != now[f"{key}_on"]:
                moved = [shown(one[f"{key}_on"], DATE) for one in (was, now)]
                yield f"{called} : date de {label} {moved[0]} → {moved[1]}"
        for year in sorted({*was["targets"], *now["targets"]}):
            old, new = was["targets"].get(year), now["targets"].get(year)
            if old != new:
                yield f"{called} : cible {year} {amount(old)} → {amount(new)} {now['unit']}"


def line_changes(before, after):
    came, left, both = paired(before, after)
    for row in came:
        yield f"ligne de budget ajoutée : {row['label']}, prévu {in_unit(row, 'planned')}"
    for row in left:
        yield f"ligne de budget retirée : {row['label']}, prévu {in_unit(row, 'planned')}"
    labels = {"planned": "prévu", "committed": "engagé", "spent": "dépensé"}
    for was, now in both:
        for key, label in labels.items():
            if was[key] != now[key]:
                moved = f"{in_unit(was, key)} → {in_unit(now, key)}"
                yield f"budget {now['label']} : {label} {moved}"


def in_unit(row, key):
    if row[key] is None:
        return NOTHING
    return euros(row[key]) if row["unit"] == "eur" else f"{decimal(row[key])}\u00a0ETP"


def amount(value):
    return NOTHING if value is None else decimal(value)


def sections(content):
    """Each axis with its fiches, as the sheet of the plan shows them."""
    found = {}
    for row in content["fiches"]:
        found.setdefault(row["priority"], []).append(row)
    order = [*content["priorities"], *found]
    return [(label, found[label]) for label in dict.fromkeys(order) if label in found]


def actions_there(content):
    """The fiches of a frozen version that are still to be opened: {id: address}; one query."""
    keys = [row["id"] for row in content["fiches"]]
    return {action.pk: action.get_absolute_url() for action in Action.objects.filter(pk__in=keys)}
