from django.db.models import Prefetch
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from actions.models import Action
from crm.api import projects
from crm.api.fields import CodeSerializer
from crm.api.schema import documented
from crm.api.viewsets import PartnerViewSet
from crm.filters.projects import ProjectFilter
from crm.models import Project
from funding.filters import ApplicationFilter, ProgramApiFilter
from funding.models import Application, Funder, Program


class FunderSerializer(serializers.ModelSerializer):
    class Meta:
        model = Funder
        fields = ["code", "name", "kind"]
        read_only_fields = fields


class ProgramRefSerializer(serializers.ModelSerializer):
    funder = serializers.CharField(source="funder_id", read_only=True, label="Code du financeur")

    class Meta:
        model = Program
        fields = ["id", "code", "name", "funder"]
        read_only_fields = fields


class ApplicationSerializer(serializers.ModelSerializer):
    """A file as its project shows it. Notes are the team’s and stay out."""

    program = ProgramRefSerializer(read_only=True, label="Dispositif")
    status = CodeSerializer()

    class Meta:
        model = Application
        fields = [
            "id",
            "program",
            "status",
            "reference",
            "amount_requested",
            "amount_granted",
            "amount_committed",
            "amount_justified",
            "amount_paid",
            "due_on",
            "filed_on",
            "received_on",
            "decision_expected_on",
            "decided_on",
            "updated_at",
        ]
        read_only_fields = fields


class ActionRefSerializer(serializers.ModelSerializer):
    class Meta:
        model = Action
        fields = ["id", "code"]
        read_only_fields = fields


class ApplicationRowSerializer(ApplicationSerializer):
    """The same file in a list of its own, with the project or the action it belongs to."""

    project = projects.ProjectRefSerializer(read_only=True, allow_null=True, label="Projet")
    action = ActionRefSerializer(read_only=True, allow_null=True, label="Action du plan")

    class Meta(ApplicationSerializer.Meta):
        fields = ["project", "action", *ApplicationSerializer.Meta.fields]
        read_only_fields = fields


class ProjectSerializer(projects.ProjectSerializer):
    applications = ApplicationSerializer(many=True, read_only=True, label="Dossiers")

    class Meta(projects.ProjectSerializer.Meta):
        fields = [*projects.ProjectSerializer.Meta.fields, "applications"]
        read_only_fields = fields


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "on": {"type": "string", "format": "date"},
                "time": {"type": "string"},
                "label": {"type": "string"},
            },
        },
    }
)
class DeadlinesField(serializers.JSONField):
    pass


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": {}}})
class CriteriaField(serializers.JSONField):
    pass


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class CodesField(serializers.JSONField):
    pass


class ProgramSerializer(serializers.ModelSerializer):
    funder = FunderSerializer(read_only=True, label="Financeur")
    instruments = CodesField(read_only=True)
    themes = CodesField(read_only=True)
    deadlines = DeadlinesField(read_only=True)
    incompatible_with = CodesField(read_only=True)
    uncertain = CodesField(read_only=True, help_text="champs dont la valeur est à vérifier")
    criteria = CriteriaField(read_only=True)
    recurrence = CodeSerializer(allow_null=True)
    state = CodeSerializer()
    confidence = CodeSerializer()
    is_stale = serializers.SerializerMethodField(help_text="non vérifié depuis six mois")
    required_studies = CodesField(
        read_only=True, help_text="codes des dispositifs qui financent l’étude à faire d’abord"
    )
    origin = CodeSerializer()
    national = serializers.CharField(
        source="national.code",
        read_only=True,
        allow_null=True,
        default=None,
        label="Code du dispositif national, pour une version locale",
    )

    class Meta:
        model = Program
        fields = [
            "id",
            "code",
            # All that a version keeps: « as_of » then tells a program as it was, whole.
            *Program.VERSIONED,
            "source",
            "is_stale",
            "version",
            "applies_from",
            "origin",
            "national",
            "updated_at",
        ]
        read_only_fields = fields

    def to_representation(self, program):
        """As it is, or as it was on the day « as_of »."""
        return super().to_representation(program.as_fetched())

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_is_stale(self, program):
        return program.is_stale()


@documented("Projets", ProjectSerializer, "les projets et leurs dossiers")
class ProjectViewSet(PartnerViewSet):
    scope = "projects:read"
    queryset = Project.objects.none()
    serializer_class = ProjectSerializer
    filterset_class = ProjectFilter

    def rows(self, viewer, territory):
        mine = Project.objects.visible_to(viewer).filter(territory=territory)
        return projects.with_all_that_is_said(mine).prefetch_related(
            Prefetch("applications", Application.objects.select_related("program"))
        )


@documented("Dossiers", ApplicationRowSerializer, "les dossiers de financement")
class ApplicationViewSet(PartnerViewSet):
    scope = "projects:read"
    queryset = Application.objects.none()
    serializer_class = ApplicationRowSerializer
    filterset_class = ApplicationFilter

    def rows(self, viewer, territory):
        return (
            Application.objects.visible_to(viewer)
            .in_territory(territory)
            .select_related("program", "project", "action")
        )


@documented("Dispositifs", ProgramSerializer, "les dispositifs d’aide")
class ProgramViewSet(PartnerViewSet):
    scope = "programs:read"
    queryset = Program.objects.none()
    serializer_class = ProgramSerializer
    filterset_class = ProgramApiFilter

    def rows(self, viewer, territory):
        return Program.objects.visible_to(viewer).for_list()
