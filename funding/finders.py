"""What the search box finds here: the catalogue, and the files by their reference."""

from django.db.models import Q

from crm.finders import SHOWN, Finder
from crm.search import normalise
from funding.models import Application, Program


def programs(viewer, territory, text):
    found = Program.objects.visible_to(viewer).search(text)
    return found.count(), found.for_list()[:SHOWN]


def applications(viewer, territory, text):
    """By reference or by program; each word is in one or the other."""
    found = Application.objects.visible_to(viewer).in_territory(territory)
    for word in normalise(text).split():
        found = found.filter(Q(reference__icontains=word) | Q(program__search__contains=word))
    return found.count(), found.for_list()[:SHOWN]


FINDERS = [
    Finder(
        "program", "Dispositifs", "funding/_search_programs.html", programs, "funding:program_list"
    ),
    Finder("application", "Dossiers", "funding/_search_applications.html", applications),
]
