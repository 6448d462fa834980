"""What the API says of a project. The list itself belongs to funding, which adds the applications.

Left out on purpose: who follows it, and the free notes where a person may be named (next step,
health note, reason of a move, blockers, origin of the facts).
"""

from rest_framework import serializers

from crm.api.fields import CodeSerializer, OrganisationRefSerializer, PlaceSerializer
from crm.models import Project, Site


class ProjectRefSerializer(serializers.ModelSerializer):
    """A project as what is linked to it names it: its title needs its own scope."""

    class Meta:
        model = Project
        fields = ["id", "reference"]
        read_only_fields = fields


class SiteRefSerializer(serializers.ModelSerializer):
    class Meta:
        model = Site
        fields = ["id", "siret"]
        read_only_fields = fields


class ProjectSerializer(serializers.ModelSerializer):
    holder = OrganisationRefSerializer(read_only=True, label="Porteur")
    site = SiteRefSerializer(read_only=True, allow_null=True, label="Établissement")
    place = PlaceSerializer(
        read_only=True, allow_null=True, label="Commune du projet, sinon de l’établissement"
    )
    priorities = CodeSerializer(many=True, label="Axes nationaux")
    sector = CodeSerializer(allow_null=True)
    themes = CodeSerializer(many=True, label="Thèmes")
    lead_source = CodeSerializer(allow_null=True)
    stage = CodeSerializer()
    health = CodeSerializer(allow_null=True)
    confidentiality = CodeSerializer()
    jobs_method = CodeSerializer(allow_null=True)

    class Meta:
        model = Project
        fields = [
            "id",
            "reference",
            "title",
            "need",
            "holder",
            "site",
            "place",
            "priorities",
            "sector",
            "themes",
            "lead_source",
            "stage",
            "stage_since",
            "revisit_on",
            "health",
            "confidentiality",
            "next_step_on",
            "planned_investment",
            "eligible_costs",
            "jobs_created_planned",
            "jobs_maintained_planned",
            "jobs_created_observed",
            "jobs_maintained_observed",
            "jobs_method",
            "jobs_observed_on",
            "land_need_m2",
            "opened_on",
            "starts_on",
            "ends_on",
            "first_commitment_on",
            "updated_at",
        ]
        read_only_fields = fields


def with_all_that_is_said(projects):
    """All that ProjectSerializer reads, in a fixed number of queries."""
    return projects.select_related(
        "holder", "site__commune__epci", "commune__epci", "sector", "stage", "health"
    ).prefetch_related("priorities", "themes")
