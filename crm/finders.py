"""What the one search box looks into. Each app registers the kinds of thing it owns:

    # actions/apps.py, in ready()
    finders.register(
        Finder("action", "Plan d’actions", "actions/_search_actions.html", actions, "actions:…")
    )

`find(viewer, territory, text)` begins with `visible_to(viewer)`, costs a fixed number of queries
and returns how many rows hold each word of `text`, and the first of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from crm.models import Contact, Interaction, Organisation, Project
from crm.search import normalise

SHOWN = 8


@dataclass(frozen=True)
class Finder:
    kind: str
    label: str
    template: str  # draws a `group`: its count, its first rows, the address of them all
    find: Callable
    list_name: str = ""  # the page that lists them all for the same words

    def group(self, viewer, territory, text):
        count, rows = self.find(viewer, territory, text)
        every = f"{reverse(self.list_name)}?{urlencode({'q': text})}" if self.list_name else ""
        return {
            "kind": self.kind,
            "label": self.label,
            "template": self.template,
            "count": count,
            "rows": rows,
            "all_url": every,
        }


_registry = {}


def register(*finders):
    _registry.update({finder.kind: finder for finder in finders})


def found(viewer, territory, text):
    """A group for each kind of thing that answers, in the order they were registered."""
    groups = [finder.group(viewer, territory, text) for finder in _registry.values()]
    return [group for group in groups if group["count"]]


def holds(words, *texts):
    """Whether `texts` hold each word: for what has no search column, and is read here."""
    folded = normalise(" ".join(map(str, texts)))
    return all(word in folded for word in words)


def organisations(viewer, territory, text):
    found = Organisation.objects.visible_to(viewer).filter(territory=territory).search(text)
    return found.count(), found.for_list(viewer)[:SHOWN]


def projects(viewer, territory, text):
    found = Project.objects.visible_to(viewer).filter(territory=territory).search(text)
    return found.count(), found.for_list()[:SHOWN]


def contacts(viewer, territory, text):
    """By name, position, e-mail or number: a few thousand rows at most, read here.

    They have no search column: personal data is not copied twice.
    """
    words, digits = normalise(text).split(), digits_of(text)
    mine = Contact.objects.visible_to(viewer).filter(organisation__territory=territory)
    people = [
        contact
        for contact in mine.select_related("organisation")
        if holds(words, contact, contact.position, contact.email)
        or (len(digits) >= 6 and digits in digits_of(contact.phone))
    ]
    return len(people), people


def digits_of(text):
    return "".join(filter(str.isdigit, text))


def interactions(viewer, territory, text):
    """By what was said; the name of the company helps, but is not enough alone.

    What people told us is not copied to a search column either: only its text is read here.
    """
    words = normalise(text).split()
    mine = Interaction.objects.visible_to(viewer).filter(organisation__territory=territory)
    keys = [
        pk
        for pk, summary, name in mine.values_list("pk", "summary", "organisation__name")
        if any(word in normalise(summary) for word in words) and holds(words, summary, name)
    ]
    return len(keys), mine.filter(pk__in=keys[:SHOWN]).select_related("organisation", "by")


register(
    Finder(
        "organisation",
        "Organisations",
        "crm/_search_organisations.html",
        organisations,
        "crm:organisation_list",
    ),
    Finder("project", "Projets", "crm/_search_projects.html", projects, "crm:project_list"),
    Finder("contact", "Contacts", "crm/_search_contacts.html", contacts),
    Finder("interaction", "Échanges", "crm/_search_interactions.html", interactions),
)
