"""The filters that the list of files and the figures of funding share."""

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, OuterRef, Q

from actions.models import Action
from crm import search
from crm.filters import FilterSet
from crm.filters.projects import epcis, scoped
from crm.models import NationalPriority, Project
from funding.aid_counts import AMONG
from funding.models import Application, Funder

NONE = "null"  # what a list calls « none » in its address


class YearFilter(django_filters.NumberFilter):
    """A whole year, of those a file may bear."""

    field_class = forms.IntegerField

    def __init__(self, **options):
        bounds = [
            MinValueValidator(1900, "L’année va de 1900 à 2200."),
            MaxValueValidator(2200, "L’année va de 1900 à 2200."),
        ]
        super().__init__(lookup_expr="year", validators=bounds, **options)


class AidFilter(FilterSet):
    q = django_filters.CharFilter(label="Recherche", method="search")
    filed_in = YearFilter(field_name="filed_on", label="Déposé en")
    decided_in = YearFilter(field_name="decided_on", label="Décidé en")
    funder = django_filters.ModelMultipleChoiceFilter(
        label="Financeur", field_name="program__funder", queryset=Funder.objects.all()
    )
    epci = django_filters.ModelChoiceFilter(
        label="EPCI", queryset=epcis, null_label="À confirmer", method="by_epci"
    )
    priority = django_filters.ModelChoiceFilter(
        label="Axe national",
        queryset=scoped(NationalPriority),
        null_label="Sans axe",
        method="by_priority",
    )

    class Meta:
        model = Application
        fields = []

    def search(self, files, name, value):
        """Each word in the project or in the action."""
        for word in search.normalise(value).split():
            files = files.filter(
                Q(project__search__contains=word) | Q(action__search__contains=word)
            )
        return files

    def by_epci(self, files, name, value):
        value = None if value == NONE else value
        return files.filter(in_epci(value))

    def by_priority(self, files, name, value):
        return files.filter(of_priority(None if value == NONE else value))


def in_epci(epci):
    """Files about an EPCI, or none: the commune of the project or of its site, the perimeter of
    the action."""
    theirs = Action.epcis.through.objects.filter(action=OuterRef("action"))
    perimeter = ~Exists(theirs) if epci is None else Exists(theirs.filter(epci=epci))
    return (
        Q(project__commune__isnull=False, project__commune__epci=epci)
        | Q(project__isnull=False, project__commune=None, project__site__commune__epci=epci)
        | Q(perimeter, action__isnull=False)
    )


def of_priority(priority):
    """Files whose project or action has this national priority, or none."""
    theirs = (
        Project.priorities.through.objects.filter(project=OuterRef("project")),
        Action.national_priorities.through.objects.filter(action=OuterRef("action")),
    )
    if priority is None:
        return ~Exists(theirs[0]) & ~Exists(theirs[1])
    return Exists(theirs[0].filter(nationalpriority=priority)) | Exists(
        theirs[1].filter(nationalpriority=priority)
    )


class AmongFilter(django_filters.MultipleChoiceFilter):
    """Only the files that a figure counts, as its link says; the form carries it unseen."""

    def __init__(self, **options):
        choices = [(code, words) for code, (words, _) in AMONG.items()]
        super().__init__(choices=choices, widget=forms.MultipleHiddenInput, **options)

    def filter(self, files, value):
        for code in value:
            files = files.filter(AMONG[code][1])
        return files
