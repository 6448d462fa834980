"""Visits, calls, meetings and e-mails of the last year, and what was promised there."""

from config.demo.files import link, read
from crm.models import FollowUp, Interaction


def load(world):
    """Write the exchanges and the follow-ups; return the exchanges by (organisation, day)."""
    rows = read("exchanges")
    exchanges = [
        Interaction(
            organisation=world.organisations[row["organisation"]],
            project=world.projects.get(row.get("project")),
            kind=row["kind"],
            happened_on=world.clock.day(row["day"]),
            summary=row["summary"],
            by=world.people[row.get("by", "agent")],
        )
        for row in rows
    ]
    Interaction.objects.bulk_create(exchanges)
    for row, exchange in zip(rows, exchanges, strict=True):
        exchange.created_at = world.clock.at(row["day"], 18, 5)
    Interaction.objects.bulk_update(exchanges, ["created_at"])
    pairs = list(zip(rows, exchanges, strict=True))
    link(Interaction.needs, [(x.pk, code) for row, x in pairs for code in row.get("needs", [])])
    link(Interaction.contacts, [(x.pk, pk) for row, x in pairs for pk in people_of(row, world)])
    found = {(row["organisation"], row["day"]): exchange for row, exchange in pairs}
    load_follow_ups(world, found)
    return found


def people_of(row, world):
    """The contacts named by their last name; an institution’s only contact when none is named."""
    ours = {
        name: contact.pk
        for (key, name), contact in world.contacts.items()
        if key == row["organisation"]
    }
    if "contacts" in row:
        return [
            next(pk for name, pk in ours.items() if name.endswith(last)) for last in row["contacts"]
        ]
    return [] if world.organisations[row["organisation"]].is_company else ours.values()


def load_follow_ups(world, exchanges):
    rows = read("follow_ups")
    follow_ups = []
    for row in rows:
        owner = world.people[row.get("owner", "agent")]
        done = row.get("done_on")
        follow_ups.append(
            FollowUp(
                territory=world.territory,
                organisation=world.organisations.get(row.get("organisation")),
                project=world.projects.get(row.get("project")),
                interaction=exchanges.get((row.get("organisation"), row.get("exchange_day"))),
                title=row["title"],
                due_on=world.clock.day(row["due_on"]),
                owner=owner,
                done_at=None if done is None else world.clock.at(done, 11, 45),
                done_by=None if done is None else owner,
            )
        )
    FollowUp.objects.bulk_create(follow_ups)
    for row, follow_up in zip(rows, follow_ups, strict=True):
        start = row.get("exchange_day", min(row["due_on"], row.get("done_on", 0), 0) - 10)
        follow_up.created_at = world.clock.at(start, 18, 10)
    FollowUp.objects.bulk_update(follow_ups, ["created_at"])
