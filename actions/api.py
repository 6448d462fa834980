from django.db.models import Prefetch
from rest_framework import serializers

from actions.filters import ActionFilter
from actions.models import (
    Action,
    FrameworkCode,
    Indicator,
    IndicatorTarget,
    IndicatorValue,
    Milestone,
)
from crm.api.fields import CodeSerializer, OrganisationRefSerializer
from crm.api.projects import ProjectRefSerializer
from crm.api.schema import documented
from crm.api.viewsets import PartnerViewSet
from crm.models import Project


class EpciRefSerializer(serializers.Serializer):
    siren = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


class MilestoneSerializer(serializers.ModelSerializer):
    class Meta:
        model = Milestone
        fields = ["label", "due_on", "done_on"]
        read_only_fields = fields


class IndicatorValueSerializer(serializers.ModelSerializer):
    quality = CodeSerializer(allow_null=True, label="Comment la valeur est connue")

    class Meta:
        model = IndicatorValue
        fields = ["value", "observed_on", "quality", "evidence"]
        read_only_fields = fields


class IndicatorTargetSerializer(serializers.ModelSerializer):
    class Meta:
        model = IndicatorTarget
        fields = ["year", "value"]
        read_only_fields = fields


class IndicatorSerializer(serializers.ModelSerializer):
    direction = CodeSerializer()
    latest = IndicatorValueSerializer(read_only=True, allow_null=True, label="Dernière valeur")
    targets = IndicatorTargetSerializer(many=True, read_only=True, label="Cibles par année")

    class Meta:
        model = Indicator
        fields = [
            "label",
            "unit",
            "direction",
            "definition",
            "method",
            "baseline",
            "baseline_on",
            "target",
            "target_on",
            "targets",
            "measure",
            "latest",
        ]
        read_only_fields = fields


class FrameworkCodeSerializer(serializers.ModelSerializer):
    framework = CodeSerializer()

    class Meta:
        model = FrameworkCode
        fields = ["framework", "code", "title"]
        read_only_fields = fields


class ActionSerializer(serializers.ModelSerializer):
    plan = serializers.CharField(source="plan.title", read_only=True, label="Plan d’actions")
    priority = CodeSerializer()
    national_priorities = CodeSerializer(many=True, label="Axes nationaux")
    themes = CodeSerializer(many=True, label="Autres thèmes que ceux des axes")
    status = CodeSerializer()
    health = CodeSerializer(allow_null=True)
    pilot = OrganisationRefSerializer(read_only=True, allow_null=True, label="Pilote")
    partners = OrganisationRefSerializer(many=True, read_only=True, label="Partenaires techniques")
    financial_partners = OrganisationRefSerializer(
        many=True, read_only=True, label="Partenaires financiers"
    )
    parent = serializers.CharField(
        source="parent.code", read_only=True, default=None, label="Sous-action de la fiche"
    )
    importance = CodeSerializer(allow_null=True, label="Niveau de priorité")
    maturity = CodeSerializer(allow_null=True)
    frameworks = FrameworkCodeSerializer(
        source="framework_codes", many=True, read_only=True, label="Codes dans d’autres cadres"
    )
    organisations = OrganisationRefSerializer(
        many=True, read_only=True, label="Entreprises participantes"
    )
    projects = ProjectRefSerializer(many=True, read_only=True, label="Projets liés, lisibles")
    epcis = EpciRefSerializer(many=True, read_only=True, label="Périmètre (EPCI)")
    milestones = MilestoneSerializer(many=True, read_only=True, label="Jalons")
    indicators = IndicatorSerializer(many=True, read_only=True, label="Indicateurs")

    class Meta:
        model = Action
        fields = [
            "id",
            "code",
            "title",
            "plan",
            "parent",
            "priority",
            "importance",
            "maturity",
            "frameworks",
            "national_priorities",
            "themes",
            "context",
            "objectives",
            "pilot",
            "partners",
            "financial_partners",
            "beneficiaries",
            "epcis",
            "starts_on",
            "ends_on",
            "status",
            "progress",
            "health",
            "budget_planned",
            "budget_committed",
            "budget_spent",
            "milestones",
            "indicators",
            "organisations",
            "projects",
            "updated_at",
        ]
        read_only_fields = fields


@documented("Actions", ActionSerializer, "les fiches du plan d’actions")
class ActionViewSet(PartnerViewSet):
    scope = "actions:read"
    queryset = Action.objects.none()
    serializer_class = ActionSerializer
    filterset_class = ActionFilter

    def rows(self, viewer, territory):
        """All may read an action; the projects it helps keep their confidentiality."""
        readable = Project.objects.visible_to(viewer)
        return (
            Action.objects.visible_to(viewer)
            .filter(plan__territory=territory)
            .with_next_milestone()
            .select_related("plan", "parent", "priority", "health", "pilot")
            .prefetch_related(
                "national_priorities",
                "themes",
                "partners",
                "financial_partners",
                "framework_codes__framework",
                "organisations",
                "epcis",
                "milestones",
                "indicators__values",
                "indicators__targets",
                Prefetch("projects", readable),
            )
        )
