"""The verdicts of the pages of projects and actions, by API: one row for each
and a program."""

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

from actions.models import Action
from crm.api.filtering import refuse_unknown
from crm.api.pagination import PARAMETERS
from crm.api.projects import ProjectRefSerializer
from crm.api.schema import BAD_FILTER, REFUSALS
from crm.models import Project
from funding.action_facts import ActionMatcher
from funding.answers import judgements
from funding.api import ActionRefSerializer, ProgramRefSerializer
from funding.eligibility import Result, Verdict
from funding.facts import with_facts
from funding.matching import Match, Matcher
from funding.models import MatchDecision, Program
from funding.models.subjects import is_action, key_of, kind_of, row_of, seeking_actions
from funding.portfolio import Line

# A partner is told that someone of the team said so, and when; not who.
SOMEONE = re.compile(r"saisi par .+?(?=,? (?:le )?\d{2}/\d{2}/\d{4}|$)")
VERDICTS = {verdict.code: verdict.label for verdict in Verdict}


class MatchQuery(forms.Form):
    project = forms.IntegerField(required=False, min_value=1)
    action = forms.IntegerField(required=False, min_value=1)
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
    found = serializers.CharField(help_text="ce qui est connu du projet ou de l’action")
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
    """A line of the page of a project or of an action, with what the team decided and judged."""

    def to_representation(self, line):
        subject = line.match.project
        told = Told(
            line.match,
            of_project=None if is_action(subject) else subject,
            of_action=row_of(subject) if is_action(subject) else None,
            decision=line.decision,
            criteria=[Judged(result, said) for result, said in line.results],
        )
        return super().to_representation(told)

    project = ProjectRefSerializer(
        source="of_project", allow_null=True, help_text="rien pour une action"
    )
    action = ActionRefSerializer(
        source="of_action", allow_null=True, help_text="rien pour un projet"
    )
    program = ProgramRefSerializer()
    verdict = serializers.CharField(source="verdict.code", help_text=", ".join(VERDICTS))
    score = serializers.IntegerField(source="rank.score", help_text="de 0 à 100")
    rule_version = serializers.IntegerField(source="rank.version")
    aid_low = serializers.SerializerMethodField(
        help_text="borne basse de l’aide, en euros ; rien quand elle n’est pas connue"
    )
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
class Told:
    """A match with its subject, the decision that counts and what was judged."""

    match: Match
    of_project: Project | None
    of_action: Action | None
    decision: MatchDecision | None
    criteria: list

    def __getattr__(self, name):
        return getattr(self.match, name)


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
        summary="Lister les verdicts, par projet ou action et par dispositif",
        parameters=[
            OpenApiParameter("project", int, description="identifiant d’un projet"),
            OpenApiParameter("action", int, description="identifiant d’une fiche action"),
            OpenApiParameter("program", int, description="identifiant d’un dispositif"),
            OpenApiParameter("verdict", str, enum=list(VERDICTS), many=True),
        ],
        responses={200: MatchSerializer(many=True), 400: BAD_FILTER, **REFUSALS},
    )
)
class MatchViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Open projects and actions under way only: the others look for no money any more."""

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
        territory = self.request.territory
        projects = Project.objects.visible_to(viewer).filter(territory=territory)
        actions = Action.objects.visible_to(viewer).filter(plan__territory=territory)
        if query["project"] or query["action"]:
            projects = projects.filter(pk=query["project"])
            actions = actions.filter(pk=query["action"])
        programs = Program.objects.all()
        if query["program"]:
            programs = programs.filter(pk=query["program"])
        projects = projects.open().order_by("pk")
        actions = actions.filter(pk__in=seeking_actions()).order_by("pk")
        matcher = Matcher(viewer, programs=programs)
        matches = [one for project in with_facts(projects) for one in matcher.matches(project)]
        matches += ActionMatcher(viewer, programs=programs).of_all(actions)
        return lines(matches, set(query["verdict"] or VERDICTS))

    def _query(self):
        refuse_unknown(self.request, {"project", "action", "program", "verdict", *PARAMETERS})
        form = MatchQuery(self.request.query_params)
        if not form.is_valid():
            said = " ".join(f"{name} : {' '.join(texts)}" for name, texts in form.errors.items())
            raise ValidationError({"detail": f"Filtre refusé, {said}"})
        return form.cleaned_data


def lines(matches, wanted):
    """Those of these verdicts, with the decisions and the judgements of their subjects."""
    subjects = {match.project for match in matches}
    decided, said = {}, {}
    for kind in ("project", "action"):
        pks = [subject.pk for subject in subjects if kind_of(subject) == kind]
        rows = MatchDecision.objects.filter(**{f"{kind}__in": pks}).live()
        decided |= {((kind, getattr(row, f"{kind}_id")), row.program_id): row for row in rows}
        said[kind] = judgements(*pks, of=kind)
    return [
        Line(
            match,
            decided.get((key_of(match.project), match.program.pk)),
            said[kind_of(match.project)],
        )
        for match in matches
        if match.verdict.code in wanted
    ]
