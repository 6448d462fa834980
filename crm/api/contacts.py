import django_filters
from rest_framework import serializers

from crm.api.fields import OrganisationRefSerializer
from crm.api.schema import documented
from crm.api.viewsets import PartnerViewSet
from crm.filters import FilterSet
from crm.models import Contact
from crm.query import LARGEST_ID


class ContactFilter(FilterSet):
    organisation = django_filters.NumberFilter(
        label="Identifiant de l’organisation",
        field_name="organisation_id",
        min_value=1,
        max_value=LARGEST_ID,
        decimal_places=0,
    )
    is_main = django_filters.BooleanFilter(label="Contact principal")

    class Meta:
        model = Contact
        fields = ["organisation", "is_main"]


class ContactSerializer(serializers.ModelSerializer):
    organisation = OrganisationRefSerializer(read_only=True, label="Organisation")

    class Meta:
        model = Contact
        fields = [
            "id",
            "organisation",
            "site",
            "first_name",
            "last_name",
            "position",
            "email",
            "phone",
            "is_main",
        ]
        read_only_fields = fields


@documented("Contacts", ContactSerializer, "les personnes (données personnelles)")
class ContactViewSet(PartnerViewSet):
    scope = "contacts:read"
    queryset = Contact.objects.none()
    serializer_class = ContactSerializer
    filterset_class = ContactFilter

    def rows(self, viewer, territory):
        return (
            Contact.objects.visible_to(viewer)
            .filter(organisation__territory=territory)
            .select_related("organisation")
        )
