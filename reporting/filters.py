import django_filters

from actions.models import Meeting
from crm.filters import FilterSet
from reporting.models import Edition, Readers


def meetings(request):
    """Only those of which the person may open an edition."""
    viewer = getattr(request, "user", None)
    if viewer is None:
        return Meeting.objects.none()
    found = Edition.objects.visible_to(viewer).filter(territory=request.territory)
    return Meeting.objects.visible_to(viewer).filter(pk__in=found.order_by().values("meeting"))


class EditionFilter(FilterSet):
    readers = django_filters.MultipleChoiceFilter(label="Lecteurs", choices=Readers)
    meeting = django_filters.ModelChoiceFilter(label="Réunion", queryset=meetings)
    issued_from = django_filters.DateFilter(
        label="Émise à partir du", field_name="issued_at", lookup_expr="date__gte"
    )
    issued_until = django_filters.DateFilter(
        label="Émise jusqu’au", field_name="issued_at", lookup_expr="date__lte"
    )

    class Meta:
        model = Edition
        fields = []
