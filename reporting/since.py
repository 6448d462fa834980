"""What changed between two editions, from their frozen rows alone: no Django, no database.

A trace is the part of an edition that identifies its rows:
- projects: id, reference, title, holder, stage, position, kind (pipeline, paused, closed), is_done,
  stage_since, warn_after (days in the stage, or None), next_step, next_step_on, investment;
- files: id, reference, title, program, is_accepted, granted, paid;
- promises (milestones of the plan, decisions with a date): id, reference, title, due_on, done_on,
  is_live.
Dates are ISO text and amounts decimal text, as JSON keeps them; the unknown is None.
"""

import datetime
from dataclasses import asdict, dataclass, field
from decimal import Decimal

PIPELINE, PAUSED, CLOSED = "pipeline", "paused", "closed"

MEANINGS = {
    "entered": "projets ouverts depuis, ou devenus lisibles à ce niveau",
    "left": "projets qui ne se lisent plus à ce niveau",
    "moved": "projets passés à une étape plus avancée, réalisés compris",
    "back": "projets revenus à une étape antérieure, ou repris après une clôture",
    "paused": "projets mis en pause ou bloqués depuis",
    "stalled": "projets restés dans la même étape au-delà de l’ancienneté à surveiller",
    "abandoned": "projets clos depuis\u00a0: abandonnés, perdus, sans suite ou réorientés",
    "won": "aides des dossiers acceptés depuis",
    "paid": "versements notés depuis, corrections comprises",
    "kept": "jalons du plan et suites des décisions, faits depuis",
    "late": "jalons, suites des décisions et prochaines étapes dont la date est passée",
}
LABELS = {
    "entered": "Entrés",
    "left": "Sortis",
    "moved": "Avancés",
    "back": "Reculés",
    "paused": "Suspendus",
    "stalled": "Immobiles",
    "abandoned": "Abandonnés",
    "won": "Aides gagnées",
    "paid": "Aides versées",
    "kept": "Promesses tenues",
    "late": "Promesses en retard",
}
# What says nothing when it is nought; the others show their nought.
ONLY_IF_ANY = {"left", "back", "paused"}
MONEY = {"entered", "won", "paid"}


@dataclass
class Row:
    reference: str
    title: str
    detail: str = ""
    amount: str | None = None


@dataclass
class Change:
    key: str
    rows: list = field(default_factory=list)

    def as_json(self):
        amounts = [row.amount for row in self.rows]
        known = [Decimal(amount) for amount in amounts if amount is not None]
        has_money = self.key in MONEY
        return {
            "key": self.key,
            "label": LABELS[self.key],
            "meaning": MEANINGS[self.key],
            "count": len(self.rows),
            "amount": str(sum(known)) if has_money and known else None,
            "unknown": amounts.count(None) if has_money else 0,
            "rows": [asdict(row) for row in self.rows],
        }


def compare(before, after, *, on):
    """The changes from one trace to a later one, drawn on the day `on`, in their order."""
    then = {row["id"]: row for row in before["projects"]}
    now = {row["id"]: row for row in after["projects"]}
    found = {key: Change(key) for key in LABELS}
    for key, row in now.items():
        old = then.get(key)
        if old is None:
            found["entered"].rows.append(of_project(row, row["stage"], row["investment"]))
        elif kind := change_of(old, row, on):
            detail = row["stage"] if kind == "stalled" else f"{old['stage']} → {row['stage']}"
            if kind == "stalled":
                detail += f", {days_in_stage(row, on)}\u00a0jours"
            found[kind].rows.append(of_project(row, detail))
        if is_late(row, on):
            detail = f"{row['next_step'] or 'Prochaine étape'}, pour le {day(row['next_step_on'])}"
            found["late"].rows.append(of_project(row, detail))
    found["left"].rows += [of_project(row, row["stage"]) for key, row in then.items()
                           if key not in now]  # fmt: skip
    follow_money(before, after, found)
    follow_promises(before, after, found, on)
    return [
        change.as_json() for key, change in found.items() if change.rows or key not in ONLY_IF_ANY
    ]


def of_project(row, detail, amount=None):
    return Row(row["reference"], f"{row['holder']}, {row['title']}", detail, amount)


def change_of(old, new, on):
    """The one word for what became of a project, or nothing."""
    if new["kind"] != old["kind"]:
        if new["kind"] == CLOSED:
            return "abandoned"
        if new["kind"] == PAUSED:
            return "paused"
        if old["kind"] == CLOSED:
            return "back"
    if new["kind"] != PIPELINE:
        return None
    if new["position"] != old["position"] and old["kind"] == PIPELINE:
        return "moved" if new["position"] > old["position"] else "back"
    limit = new["warn_after"]
    if new["stage"] == old["stage"] and not new["is_done"] and limit is not None:
        return "stalled" if days_in_stage(new, on) >= limit else None
    return None


def days_in_stage(row, on):
    return (on - datetime.date.fromisoformat(row["stage_since"])).days


def is_late(row, on):
    due = row["next_step_on"]
    is_active = row["kind"] == PIPELINE and not row["is_done"]
    return bool(is_active and due) and datetime.date.fromisoformat(due) < on


def follow_money(before, after, found):
    then = {row["id"]: row for row in before["files"]}
    for row in after["files"]:
        old = then.get(row["id"], {"is_accepted": False, "paid": None})
        said = row["reference"], row["title"], row["program"]
        if row["is_accepted"] and not old["is_accepted"]:
            found["won"].rows.append(Row(*said, row["granted"]))
        if row["paid"] != old["paid"] and row["paid"] is not None:
            more = Decimal(row["paid"]) - Decimal(old["paid"] or 0)
            if more:
                found["paid"].rows.append(Row(*said, str(more)))


def follow_promises(before, after, found, on):
    done = {row["id"] for row in before["promises"] if row["done_on"]}
    for row in after["promises"]:
        if row["done_on"]:
            if row["id"] not in done:
                detail = f"fait le {day(row['done_on'])}"
                found["kept"].rows.append(Row(row["reference"], row["title"], detail))
        elif row["is_live"] and datetime.date.fromisoformat(row["due_on"]) < on:
            detail = f"pour le {day(row['due_on'])}"
            found["late"].rows.append(Row(row["reference"], row["title"], detail))


def day(text):
    return f"{datetime.date.fromisoformat(text):%d/%m/%Y}"
