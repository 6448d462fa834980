"""What the search box finds here: the fiches of the current plan, and the meetings."""

from collections import defaultdict

from actions.models import Action, AgendaItem, AgendaOption, Meeting
from crm.finders import SHOWN, Finder, holds
from crm.perms import can_work_in_team
from crm.search import normalise


def actions(viewer, territory, text):
    mine = Action.objects.visible_to(viewer).filter(plan__territory=territory).current()
    found = mine.search(text)
    rows = found.select_related("priority", "pilot")
    return found.count(), rows[:SHOWN]


def meetings(viewer, territory, text):
    """By title, place, points, options and decisions; notes and attendance by the team only.

    A territory holds a few meetings a year: they are read here. A point that the viewer may not
    read says nothing of its meeting.
    """
    words = normalise(text).split()
    said = defaultdict(list)
    points = AgendaItem.objects.visible_to(viewer).filter(territory=territory)
    points = points.exclude(meeting=None)
    for meeting, *texts in points.with_readable_question(viewer).values_list(
        "meeting", "title", "readable_question", "recommendation", "concerned", "decision__text"
    ):
        said[meeting] += [line for line in texts if line]
    options = AgendaOption.objects.filter(item__in=points.values("pk"))
    for meeting, label in options.values_list("item__meeting", "label"):
        said[meeting].append(label)
    is_team = can_work_in_team(viewer, territory)
    mine = Meeting.objects.visible_to(viewer).filter(territory=territory).select_related("kind")
    found = [
        meeting
        for meeting in mine
        if holds(
            words,
            meeting.title,
            meeting.kind,
            meeting.place,
            *said[meeting.pk],
            *([meeting.notes, meeting.attendance] if is_team else []),
        )
    ]
    return len(found), found[:SHOWN]


FINDERS = [
    Finder(
        "action", "Plan d’actions", "actions/_search_actions.html", actions, "actions:action_list"
    ),
    Finder("meeting", "Instances", "actions/_search_meetings.html", meetings),
]
