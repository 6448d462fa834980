from django.db.models import Prefetch
from rest_framework import serializers

from crm.api.fields import CodeSerializer, MaskedSerializer, PlaceSerializer
from crm.api.schema import documented
from crm.api.viewsets import PartnerViewSet
from crm.filters.organisations import OrganisationFilter
from crm.models import Organisation, Site


class SiteSerializer(MaskedSerializer):
    hidden = ("name", "address")

    name = serializers.CharField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    commune = PlaceSerializer(allow_null=True, read_only=True, label="Commune")
    workforce_band = CodeSerializer(allow_null=True)

    class Meta:
        model = Site
        fields = [
            "id",
            "siret",
            "name",
            "is_head_office",
            "address",
            "postal_code",
            "commune",
            "naf_rev2",
            "naf_2025",
            "workforce_band",
            "workforce_year",
            "headcount",
            "closed_on",
        ]
        read_only_fields = fields

    def owner(self, site):
        return site.organisation


class OrganisationSerializer(MaskedSerializer):
    hidden = ("name", "website")

    name = serializers.CharField(allow_null=True)
    website = serializers.CharField(allow_null=True)
    kind = CodeSerializer()
    eu_size = CodeSerializer(allow_null=True)
    insee_category = CodeSerializer(allow_null=True)
    sectors = CodeSerializer(many=True, label="Filières")
    sites = SiteSerializer(many=True, read_only=True, label="Établissements")

    class Meta:
        model = Organisation
        fields = [
            "id",
            "siren",
            "name",
            "kind",
            "legal_form",
            "created_on",
            "eu_size",
            "insee_category",
            "headcount",
            "turnover",
            "balance_sheet",
            "equity",
            "sectors",
            "website",
            "sites",
            "updated_at",
        ]
        read_only_fields = fields


@documented("Organisations", OrganisationSerializer, "les organisations et leurs établissements")
class OrganisationViewSet(PartnerViewSet):
    scope = "organisations:read"
    queryset = Organisation.objects.none()
    serializer_class = OrganisationSerializer
    filterset_class = OrganisationFilter

    def rows(self, viewer, territory):
        sites = Site.objects.select_related("organisation", "commune__epci", "workforce_band")
        return (
            Organisation.objects.visible_to(viewer)
            .filter(territory=territory)
            .with_head_site()
            .with_activity(viewer)
            .prefetch_related("sectors", Prefetch("sites", sites))
        )
