import django_filters
from django import forms
from django.db.models import Q

from crm import measures
from crm.filters.base import OrderingFilter, SinceFilter
from crm.filters.measured import MeasureFilter
from crm.forms.communes import CommuneField
from crm.forms.identifiers import CodeField, clean_naf
from crm.models import Epci, NafCode, Organisation, Sector, Site, WorkforceBand


class CommuneFilter(django_filters.Filter):
    field_class = CommuneField


class NafFilter(django_filters.Filter):
    field_class = CodeField

    def __init__(self, *args, **kwargs):
        suggested = forms.TextInput({"list": "activites"})  # the datalist of the page
        super().__init__(*args, read=clean_naf, widget=suggested, **kwargs)


class OrganisationFilter(MeasureFilter):
    """What one may ask of the organisations: the page, the export and the API share it.

    It reads what `Organisation.objects.for_list(viewer)` annotates.
    """

    list_name = measures.ORGANISATION_LIST

    q = django_filters.CharFilter(label="Recherche", method="filter_text")
    kind = django_filters.ChoiceFilter(
        label="Nature", empty_label="Toutes", choices=Organisation.Kind.choices
    )
    epci = django_filters.ModelChoiceFilter(
        label="EPCI", queryset=Epci.objects.none(), method="filter_epci"
    )
    commune = CommuneFilter(label="Commune", method="filter_commune")
    naf = NafFilter(label="Activité (NAF)", method="filter_naf")
    workforce = django_filters.ModelChoiceFilter(
        label="Effectif", queryset=WorkforceBand.objects.all(), method="filter_workforce"
    )
    size = django_filters.ChoiceFilter(
        label="Taille européenne",
        field_name="eu_size",
        choices=Organisation.EuSize.choices,
        empty_label="Toutes",
    )
    sector = django_filters.ModelChoiceFilter(
        label="Filière", queryset=Sector.objects.none(), method="filter_sector"
    )
    updated_since = SinceFilter(label="Modifiée depuis")
    order = OrderingFilter(
        label="Trier par",
        empty_label="Nom",
        fields={
            "search": "name",
            "headcount_rank": "headcount",
            "place": "commune",
            "last_contact_on": "contact",
            "project_count": "projects",
        },
        field_labels={
            "search": "Nom",
            "headcount_rank": "Effectif",
            "place": "Commune",
            "last_contact_on": "Dernier échange",
            "project_count": "Nombre de projets",
        },
    )

    class Meta:
        model = Organisation
        fields = []

    def __init__(self, *args, **kwargs):
        """The territory of the request scopes the choices; the schema of the API has none."""
        super().__init__(*args, **kwargs)
        territory = getattr(self.request, "territory", None)
        self.filters["epci"].queryset = Epci.objects.filter(territories=territory)
        self.filters["sector"].queryset = Sector.objects.of(territory)
        self.filters["commune"].extra["territory"] = territory

    def filter_text(self, queryset, name, value):
        return queryset.search(value)

    def filter_epci(self, queryset, name, epci):
        return queryset.filter(pk__in=sites(commune__epci=epci))

    def filter_commune(self, queryset, name, commune):
        return queryset.filter(pk__in=sites(commune=commune))

    def filter_naf(self, queryset, name, code):
        """A section gathers divisions whose codes do not start with its letter."""
        if code.isalpha():
            codes = NafCode.objects.filter(section=code, vintage=NafCode.Vintage.REV2)
            return queryset.filter(pk__in=sites(naf_rev2__in=codes.values("code")))
        return queryset.filter(pk__in=sites(naf_rev2__startswith=code))

    def filter_workforce(self, queryset, name, band):
        """By the exact headcount where it is known, by the band of a site where it is not."""
        exact = Q(known_headcount__gte=band.low)
        if band.high is not None:
            exact &= Q(known_headcount__lte=band.high)
        unknown = Q(known_headcount=None, pk__in=sites(workforce_band=band))
        return queryset.filter(exact | unknown)

    def filter_sector(self, queryset, name, sector):
        tagged = Organisation.sectors.through.objects.filter(sector=sector)
        return queryset.filter(pk__in=tagged.values("organisation"))


def sites(**criteria):
    return Site.objects.filter(**criteria).values("organisation")
