"""The filters that all the dashboards share: a place, an axis, a theme and a period."""

import django_filters
from django import forms
from django.utils import timezone

from crm.filters import FilterSet
from crm.filters.projects import scoped
from crm.models import Epci, NationalPriority, Project, Theme
from reporting.dashboards import places
from reporting.dashboards.board import Asked

LONGEST = 3660  # days: ten years of months are as many as a drawing holds


def epcis(request):
    """Those of the territory on screen: the figures are of no other."""
    territory = getattr(request, "territory", None)
    return Epci.objects.filter(territories=territory) if territory else Epci.objects.none()


class BoardFilter(FilterSet):
    """`asked` is what it says; the rows are narrowed by the board, never here."""

    epci = django_filters.ModelChoiceFilter(label="EPCI", queryset=epcis, method="later")
    priority = django_filters.ModelChoiceFilter(
        label="Axe national", queryset=scoped(NationalPriority), method="later"
    )
    theme = django_filters.ModelChoiceFilter(label="Thème", queryset=scoped(Theme), method="later")
    since = django_filters.DateFilter(label="Du", method="later")
    until = django_filters.DateFilter(label="Au", method="later")

    HIDDEN = ()

    class Meta:
        model = Project
        fields = []

    def later(self, rows, name, value):
        return rows

    def is_valid(self):
        if not super().is_valid():
            return False
        data, today = self.form.cleaned_data, timezone.localdate()
        since, until = data.get("since"), data.get("until")
        end = min(until or today, today)
        if since and since > end:
            self.form.add_error("since", "La période commence après sa fin.")
        elif since and (end - since).days > LONGEST:
            self.form.add_error("since", "Une période tient en dix ans.")
        elif until and until.year < 1990:
            self.form.add_error("until", "Cette date est trop ancienne.")
        return self.form.is_valid()

    @property
    def asked(self):
        if not self.is_valid():
            return Asked()
        data = self.form.cleaned_data
        return Asked(*(data.get(name) for name in ("epci", "priority", "theme", "since", "until")))

    @property
    def tags(self):
        """Without what the page itself shows: which figure, which level."""
        return [tag for tag in super().tags if tag.name not in self.HIDDEN]


def hidden(label):
    return django_filters.CharFilter(label=label, widget=forms.HiddenInput, method="later")


class RowsFilter(BoardFilter):
    """Which figure the rows are behind."""

    line, figure = hidden("Ligne"), hidden("Chiffre")
    HIDDEN = ("line", "figure")


class MapFilter(BoardFilter):
    """What the map colours, and by what."""

    measure = django_filters.ChoiceFilter(
        label="Chiffre",
        choices=list(places.MEASURES.items()),
        widget=forms.HiddenInput,
        method="later",
    )
    level = django_filters.ChoiceFilter(
        label="Maille",
        choices=[(places.COMMUNES, "Communes"), (places.EPCIS, "EPCI")],
        widget=forms.HiddenInput,
        method="later",
    )
    HIDDEN = ("measure", "level")
