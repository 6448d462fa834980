"""The action plan: its fiches with milestones, indicators, evidence, and who takes part."""

import datetime as dt

from actions.models import (
    Action,
    ActionPlan,
    FrameworkCode,
    Indicator,
    IndicatorValue,
    Milestone,
    ProgressNote,
    Referent,
)
from config.demo.files import link, read, values_of
from config.demo.projects import remember
from crm.models import Role

FIELDS = (
    "code",
    "title",
    "context",
    "objectives",
    "beneficiaries",
    "status",
    "progress",
    "blockers",
    "unblocked_by",
    "importance",
    "maturity",
    "budget_planned",
    "budget_committed",
    "budget_spent",
)


def load(world):
    """Write the current plan; return its fiches by code."""
    file = read("plan")
    plan = ActionPlan.objects.open_for(world.territory)
    plan.title = file["plan"]["title"]
    # The period of the programme is a fact, not a part of the fiction: it does not move.
    plan.starts_on = dt.date.fromisoformat(file["plan"]["starts_on"])
    plan.ends_on = dt.date.fromisoformat(file["plan"]["ends_on"])
    plan.adopted_on = world.clock.day(file["plan"]["adopted_on"])
    plan.save()
    rows = file["actions"]
    actions = {row["code"]: fiche(plan, row, world) for row in rows}
    links(rows, actions, world)
    milestones = [
        Milestone(
            action=actions[row["code"]],
            label=milestone["label"],
            due_on=world.clock.day(milestone["due_on"]),
            done_on=world.clock.day(milestone.get("done_on")),
        )
        for row in rows
        for milestone in row["milestones"]
    ]
    Milestone.objects.bulk_create(milestones)
    load_indicators(rows, actions, world)
    for row in rows:
        load_follow_up(actions[row["code"]], row, world)
    return actions


def load_follow_up(action, row, world):
    """Who answers for the fiche, where else it is counted, its notes and its sub-actions."""
    for role, who in zip((Role.ELECTED, Role.INDUSTRIALIST), row["referents"], strict=True):
        if who:
            Referent.objects.create(action=action, role=role, **referent(who, world))
    for framework, code, title in row["frameworks"]:
        FrameworkCode.objects.create(action=action, framework_id=framework, code=code, title=title)
    ProgressNote.objects.bulk_create(
        ProgressNote(action=action, noted_on=world.clock.day(day), text=text, by=action.owner)
        for day, text in row["notes"]
    )
    for part in row["parts"]:
        whole = {"priority": action.priority_id, "health": None}
        fiche(action.plan, whole | part, world, parent=action)


def referent(who, world):
    """An account of the pair by its short name, or a contact by its organisation and its name."""
    if isinstance(who, str):
        return {"user": world.people[who]}
    return {"contact": world.contacts[tuple(who)]}


def fiche(plan, row, world, parent=None):
    action = Action(
        plan=plan,
        parent=parent,
        priority_id=row["priority"],
        pilot=world.organisations.get(row["pilot"]),
        owner=world.people.get(row["owner"]),
        health_id=row["health"],
        to_alert=world.organisations.get(row.get("to_alert")),
        starts_on=world.clock.day(row["starts_on"]),
        ends_on=world.clock.day(row["ends_on"]),
        **values_of(Action, row, FIELDS),
    )
    written_on = max(row["starts_on"] - 30, -660) if row["starts_on"] < 0 else -90
    remember(action, world.clock.at(written_on, 9, 30), action.owner)
    return action


def links(rows, actions, world):
    def pairs(name, found):
        return [(actions[row["code"]].pk, found(key)) for row in rows for key in row[name]]

    link(Action.national_priorities, pairs("national_priorities", str))
    link(Action.epcis, pairs("epcis", str))
    link(Action.partners, pairs("partners", lambda key: world.organisations[key].pk))
    link(
        Action.financial_partners,
        pairs("financial_partners", lambda key: world.organisations[key].pk),
    )
    link(Action.organisations, pairs("organisations", lambda key: world.organisations[key].pk))
    link(Action.projects, pairs("projects", lambda key: world.projects[key].pk))


def load_indicators(rows, actions, world):
    listed = [(row, indicator) for row in rows for indicator in row["indicators"]]
    indicators = [
        Indicator(
            action=actions[row["code"]],
            baseline_on=world.clock.day(indicator["baseline_on"]),
            target_on=world.clock.day(indicator["target_on"]),
            **values_of(
                Indicator, indicator, ("label", "unit", "direction", "method", "baseline", "target")
            ),
        )
        for row, indicator in listed
    ]
    Indicator.objects.bulk_create(indicators)
    values = [
        IndicatorValue(
            indicator=indicator,
            observed_on=world.clock.day(value["on"]),
            by=actions[row["code"]].owner,
            **values_of(IndicatorValue, value, ("value", "evidence")),
        )
        for (row, described), indicator in zip(listed, indicators, strict=True)
        for value in described["values"]
    ]
    IndicatorValue.objects.bulk_create(values)
