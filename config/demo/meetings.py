"""Committees with their points and decisions, and the questions put to the pair."""

import datetime as dt

from actions.models import AgendaItem, AgendaOption, Body, Decision, Meeting, Seat, Sheet
from config.demo.files import read, values_of
from crm.models import FollowUp, Review, ReviewRequest
from funding.models import Application, ApplicationPoint

PAIR = {"elected": "elue", "industrialist": "industriel"}


def load(world):
    seats = {row["kind"]: load_body(row, world) for row in read("bodies")}
    decisions = {}
    for row in read("meetings"):
        meeting = load_meeting(row, world, decisions)
        if "sheet" in row:
            fill_sheet(meeting, row["sheet"], seats[row["kind"]])
    for row in read("reviews"):
        load_review(row, world)


def load_body(row, world):
    """Who sits in a body; {seat: short name of whoever sits}."""
    body = Body.objects.create(
        territory=world.territory,
        kind_id=row["kind"],
        **values_of(Body, row, ("quorum", "rule_source")),
    )
    names = {}
    for member in row["members"]:
        values = values_of(Seat, member, ("quality", "has_voice"))
        if "user" in member:
            person = {"user": world.people[member["user"]]}
        else:
            person = {"contact": world.organisations[member["organisation"]].contacts.first()}
        seat = Seat.objects.create(body=body, **person, **values)
        names[seat.pk] = member.get("user") or member["organisation"]
    return names


def fill_sheet(meeting, row, names):
    """Whoever the file does not name was there."""
    status = {name: word for word in ("excuse", "absent") for name in row[word]}
    status |= dict.fromkeys(row["represente"], "represente")
    sheet = Sheet(meeting)
    lines = sheet.every_line()
    for line in lines:
        name = names[line.seat_id]
        line.status = status.get(name, "present")
        line.represented_by = row["represente"].get(name, "")
    sheet.save_over(lines, meeting.version)


def load_meeting(row, world, decisions):
    meeting = Meeting.objects.create(
        territory=world.territory,
        kind_id=row["kind"],
        title=row["title"],
        held_on=world.clock.day(row["day"]),
        starts_at=dt.time.fromisoformat(row["starts_at"]),
        ends_at=dt.time.fromisoformat(row["ends_at"]) if "ends_at" in row else None,
        place=row["place"],
        attendance=row["attendance"],
        notes=row["notes"],
    )
    if cancelled := row.get("cancelled"):
        at = world.clock.at(cancelled["day"], 15)
        meeting.cancel(cancelled["because"], version=meeting.version, now=at)
    for number, point in enumerate(row["items"], start=1):
        item = AgendaItem.objects.create(
            territory=world.territory,
            meeting=meeting,
            project=world.projects.get(point.get("project")),
            action=world.actions.get(point.get("action")),
            position=number * AgendaItem.STEP,
            revisits=decisions.get(point.get("revisits")),
            **values_of(
                AgendaItem,
                point,
                ("kind", "title", "question", "recommendation", "amount", "concerned"),
            ),
        )
        for option in point.get("options", []):
            values = values_of(AgendaOption, option, ("label", "amount", "is_recommended"))
            AgendaOption.objects.create(item=item, **values)
        if "dossier" in point:
            file = Application.objects.get(project=item.project, program__code=point["dossier"])
            ApplicationPoint.objects.attach(item, file)
        # A point is written a fortnight before, or just now for a meeting to come.
        written = world.clock.at(min(row["day"] - 14, -2), 9)
        AgendaItem.objects.filter(pk=item.pk).update(created_at=written)
        if decision := point.get("decision"):
            taken = decide(item, decision, row["day"], world, decisions)
            if "key" in decision:
                decisions[decision["key"]] = taken
    return meeting


def decide(item, row, day, world, decisions):
    """Decided in the meeting, with the follow-up that a date brings, done or not since then."""
    decision = item.decide(
        row["text"],
        by=world.people["agent"],
        responsible=row["responsible"],
        due_on=world.clock.day(row.get("due_on")),
        supersedes=decisions.get(row.get("supersedes")),
    )
    at = world.clock.at(day, 16)
    Decision.objects.filter(pk=decision.pk).update(at=at)
    follow_up = decision.follow_up
    if follow_up is None:
        return decision
    FollowUp.objects.filter(pk=follow_up.pk).update(created_at=at)
    if "done_on" in row:
        follow_up.mark_done(by=world.people["agent"], at=world.clock.at(row["done_on"], 15))
    return decision


def load_review(row, world):
    request = ReviewRequest.objects.create(
        project=world.projects[row["project"]],
        question=row["question"],
        context=row["context"],
        proposal=row["proposal"],
        due_on=world.clock.day(row["due_on"]),
        asked_by=world.people["agent"],
        asked_at=world.clock.at(row["asked_on"], 9, 40),
    )
    for answer in row["answers"]:
        review = request.answer(
            by=world.people[PAIR[answer["role"]]],
            role=answer["role"],
            answer=answer["answer"],
            comment=answer["comment"],
        )
        Review.objects.filter(pk=review.pk).update(at=world.clock.at(answer["day"], 20, 15))
    put_dispute(request, world)


def put_dispute(request, world):
    """On the committee to come by the clock of the demonstration: the signal read the wall’s."""
    item = AgendaItem.objects.raise_dispute(request, today=world.clock.today)
    committee = Meeting.objects.next_committee(world.territory, today=world.clock.today)
    if item and item.meeting_id != committee.pk:
        item.put_on(committee)
