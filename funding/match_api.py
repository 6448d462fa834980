"""The verdicts of the project page, by API: one row for a project and a program."""

import datetime
import re
from dataclasses import dataclass

from django import forms
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import ValidationError

from crm.api.filtering import refuse_unknown
from crm.api.pagination import PARAMETERS
from crm.api.projects import ProjectRefSerializer
from crm.api.schema import BAD_FILTER, REFUSALS
from crm.models import Project
from funding.answers import judgements
from funding.api import ProgramRefSerializer
from funding.eligibility import Result, Verdict
from funding.facts import with_facts
from funding.matching import Matcher
from funding.models import MatchDecision, Program
from funding.portfolio import Line

# A partner is told that someone of the team said so, and when; not who.
SOMEONE = re.compile(r"saisi par .+?(?=,? (?:le )?\d{2}/\d{2}/\d{4}|$)")
VERDICTS = {verdict.code: verdict.label for verdict in Verdict}


class MatchQuery(forms.Form):
    project = forms.IntegerField(required=False, min_value=1)
    program = forms.IntegerField(required=False, min_value=1)
    verdict = forms.MultipleChoiceField(required=False, choices=list(VERDICTS.items()))


class QuestionSerializer(serializers.Serializer):
    fact = serializers.CharField()
    sentence = serializers.CharField()


class JudgementSerializer(serializers.Serializer):
    """What the team judged, and when; not who."""

    is_met = serializers.BooleanField(help_text="la condition est jugée remplie")
    is_withdrawn = serializers.BooleanField(help_text="l’avis a été retiré")
    judged_on = serializers.DateField(source="on")
    program_version = serializers.IntegerField(source="version", allow_null=True)
    text_changed = serializers.BooleanField(
        source="is_outdated", help_text="le texte a changé depuis : l’avis ne compte plus"
    )


class DecisionSerializer(serializers.Serializer):
    """What the team decided of the match, when and why; not who, nor in what words."""

    kind = serializers.ChoiceField(MatchDecision.Kind.choices)
    reason = serializers.CharField(help_text=", ".join(MatchDecision.Reason.values))
    decided_on = serializers.SerializerMethodField()
    program_version = serializers.IntegerField(help_text="version du dispositif qui a été lue")

    def get_decided_on(self, decision) -> datetime.date:
        return timezone.localdate(decision.at)


class CriterionSerializer(serializers.Serializer):
    key = serializers.CharField()
    kind = serializers.CharField()
    group = serializers.CharField()
    answer = serializers.SerializerMethodField(help_text="met, unknown ou not_met")
    rule = serializers.CharField(help_text="la règle, en français")
    found = serializers.CharField(help_text="ce qui est connu du projet")
    source = serializers.SerializerMethodField(help_text="d’où vient ce qui est connu")
    rule_to_check = serializers.BooleanField(help_text="la règle elle-même est incertaine")
    question = QuestionSerializer(allow_null=True, help_text="ce qu’il faudrait demander")
    judgements = JudgementSerializer(
        many=True, help_text="avis de l’équipe sur une condition en texte, le dernier d’abord"
    )

    def get_answer(self, result) -> str:
        return result.answer.name.lower()

    def get_source(self, result) -> str:
        return SOMEONE.sub("saisi par l’équipe", result.source)


class MatchSerializer(serializers.Serializer):
    """A line of the page of the project, with what the team decided and judged."""

    def to_representation(self, line):
        match = line.match
        match.decision = line.decision
        match.criteria = [Judged(result, said) for result, said in line.results]
        return super().to_representation(match)

    project = ProjectRefSerializer()
    program = ProgramRefSerializer()
    verdict = serializers.CharField(source="verdict.code", help_text=", ".join(VERDICTS))
    score = serializers.IntegerField(source="rank.score", help_text="de 0 à 100")
    rule_version = serializers.IntegerField(source="rank.version")
    aid_low = serializers.SerializerMethodField(help_text="borne basse de l’aide, en euros")
    aid_high = serializers.SerializerMethodField(help_text="borne haute de l’aide, en euros")
    next_deadline_on = serializers.DateField(source="next_deadline", allow_null=True)
    points = serializers.DictField(
        child=serializers.IntegerField(), source="rank.points", help_text="le score, part par part"
    )
    decision = DecisionSerializer(
        allow_null=True, help_text="rien tant que l’équipe n’a pas décidé"
    )
    criteria = CriterionSerializer(many=True)

    @extend_schema_field({"type": "number", "nullable": True})
    def get_aid_low(self, match):
        return match.rank.aid and match.rank.aid[0]

    @extend_schema_field({"type": "number", "nullable": True})
    def get_aid_high(self, match):
        return match.rank.aid and match.rank.aid[1]


@dataclass(frozen=True)
class Judged:
    """A criterion with the judgements on it."""

    result: Result
    judgements: list

    def __getattr__(self, name):
        return getattr(self.result, name)


@extend_schema_view(
    list=extend_schema(
        tags=["Correspondances"],
        extensions={"x-scope": "matches:read"},
        summary="Lister les verdicts projet par dispositif",
        parameters=[
            OpenApiParameter("project", int, description="identifiant d’un projet"),
            OpenApiParameter("program", int, description="identifiant d’un dispositif"),
            OpenApiParameter("verdict", str, enum=list(VERDICTS), many=True),
        ],
        responses={200: MatchSerializer(many=True), 400: BAD_FILTER, **REFUSALS},
    )
)
class MatchViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Open projects only: a closed one looks for no money any more."""

    scope = "matches:read"
    serializer_class = MatchSerializer
    filter_backends = []
    queryset = Project.objects.none()

    def get_queryset(self):
        """Verdicts are computed, so the page is cut from a list; sentences only for its rows."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        query = self._query()
        viewer = self.request.user
        projects = Project.objects.visible_to(viewer).filter(territory=self.request.territory)
        if query["project"]:
            projects = projects.filter(pk=query["project"])
        programs = Program.objects.all()
        if query["program"]:
            programs = programs.filter(pk=query["program"])
        matcher = Matcher(viewer, programs=programs)
        wanted = set(query["verdict"] or VERDICTS)
        projects = projects.open().order_by("pk")
        decisions = MatchDecision.objects.filter(project__in=projects).live()
        decided = {(one.project_id, one.program_id): one for one in decisions}
        said = judgements(*projects.values_list("pk", flat=True))
        return [
            Line(match, decided.get((project.pk, match.program.pk)), said)
            for project in with_facts(projects)
            for match in matcher.matches(project)
            if match.verdict.code in wanted
        ]

    def _query(self):
        refuse_unknown(self.request, {"project", "program", "verdict", *PARAMETERS})
        form = MatchQuery(self.request.query_params)
        if not form.is_valid():
            said = " ".join(f"{name} : {' '.join(texts)}" for name, texts in form.errors.items())
            raise ValidationError({"detail": f"Filtre refusé, {said}"})
        return form.cleaned_data
