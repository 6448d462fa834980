"""What a change of the catalogue did to a project or an action, and who still wants to be told."""

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from actions.models import Action
from crm import search
from crm.models import Project
from funding.eligibility import Answer, Verdict
from funding.models.applications import Application
from funding.models.decisions import MatchDecision
from funding.models.plans import SourceLine
from funding.models.programs import Program
from funding.models.subjects import EITHER, AboutSubject, SubjectQuerySet, seeking_actions
from funding.models.versions import ProgramVersion

VERDICTS = [(int(verdict), verdict.label) for verdict in Verdict]
NO_CONDITION = "Le catalogue ne donne aucune condition."
ALL_MET = "Toutes les conditions sont remplies."


class WatchNoticeQuerySet(SubjectQuerySet):
    def visible_to(self, viewer):
        readable = super().visible_to(viewer)
        programs = Program.objects.visible_to(viewer)
        return readable.filter(program__in=programs, reverted_at=None)

    def unseen(self):
        """Those that nobody of the team has marked as seen, about what still seeks money."""
        seeking = Q(project__in=Project.objects.open()) | Q(action__in=seeking_actions())
        return self.filter(seeking, seen_at=None)

    def counts(self):
        """{code of a verdict: how many now have it}, with those of new programs under « new »."""
        return self.order_by().aggregate(
            new=Count("pk", filter=Q(verdict_before=None)),
            **{
                verdict.code: Count(
                    "pk", filter=Q(verdict_after=verdict, verdict_before__isnull=False)
                )
                for verdict in Verdict
            },
        )

    def vague(self):
        """A new program that may fit: told by its count, for a hundred such lines tell nothing."""
        return self.filter(verdict_before=None, verdict_after=Verdict.TO_CONFIRM)

    def telling(self):
        return self.exclude(verdict_before=None, verdict_after=Verdict.TO_CONFIRM)

    def vague_by_program(self):
        """[{program, its name and funder, how many, how many unseen}], by name."""
        rows = self.vague().order_by().values("program", "program__name", "program__funder__name")
        counted = rows.annotate(count=Count("pk"), unseen=Count("pk", filter=Q(seen_at=None)))
        return counted.order_by("program__name", "program")

    def with_stakes(self):
        """What the subject already built on the program: a file, a plan, its shortlist."""

        def exists(rows, project="project", action="action"):
            of_subject = Q(**{project: OuterRef("project")}) | Q(**{action: OuterRef("action")})
            return Exists(rows.filter(of_subject, program=OuterRef("program")))

        return self.annotate(
            has_application=exists(Application.objects.live()),
            is_planned=exists(SourceLine.objects.all(), "plan__project", "plan__action"),
            is_retained=exists(MatchDecision.objects.retained()),
        )

    def for_list(self):
        """What a row displays, the unseen first, then the latest."""
        return (
            self.select_related("program__funder", "version_after", "seen_by")
            .select_related("project__holder", "action__pilot")
            .with_stakes()
            .annotate(subject_title=Coalesce("project__title", "action__title"))
            .order_by(F("seen_at").asc(nulls_first=True), "-noticed_at", "-verdict_after", "-pk")
        )

    def search(self, text):
        """Each word in the project, the action or the program."""
        found = self
        for word in search.normalise(text).split():
            words = Q(project__search__contains=word) | Q(action__search__contains=word)
            found = found.filter(words | Q(program__search__contains=word))
        return found


class WatchNotice(AboutSubject, models.Model):
    """A change of a program moved the verdict of a project or of an action: kept as it was told,
    never rewritten.

    Their pages recompute the verdicts at each visit and store none. This row is the snapshot that
    says a year later why a recommendation changed: the two versions, the sentences of the criteria
    that decided, and the version of the rules.
    """

    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="watch_notices")
    action = models.ForeignKey(Action, models.CASCADE, null=True, related_name="watch_notices")
    program = models.ForeignKey(Program, models.CASCADE, related_name="watch_notices")
    version_before = models.ForeignKey(
        ProgramVersion, models.CASCADE, null=True, related_name="+"
    )  # None for a program that is new here
    version_after = models.ForeignKey(ProgramVersion, models.CASCADE, related_name="notices")
    verdict_before = models.PositiveSmallIntegerField(
        "verdict précédent", choices=VERDICTS, null=True
    )
    verdict_after = models.PositiveSmallIntegerField("verdict", choices=VERDICTS)
    # [{"key", "before", "after": sentences, "was", "now": answers, "found"}], the deciding ones.
    reasons = models.JSONField("critères qui ont décidé", default=list)
    rule_version = models.PositiveSmallIntegerField("version de la règle")
    noticed_at = models.DateTimeField("constaté le")
    # The same day, the catalogue came back: there is nothing to tell any more.
    reverted_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField("vu le", null=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    # What was marked in one click, so that one click takes it back.
    seen_mark = models.UUIDField(null=True, db_index=True)

    objects = WatchNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "changement de verdict"
        verbose_name_plural = "changements de verdict"
        ordering = ["-noticed_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="notice_of_a_project_or_of_an_action", condition=EITHER)
        ]
        indexes = [
            models.Index(fields=["program", "project"], name="notice_of_a_pair"),
            models.Index(
                fields=["project"],
                name="notice_unseen",
                condition=Q(seen_at=None, reverted_at=None),
            ),
        ]

    def __str__(self):
        return f"{self.program}, {self.subject}"

    @property
    def is_new_program(self):
        return self.verdict_before is None

    @property
    def is_vague(self):
        return self.is_new_program and self.after is Verdict.TO_CONFIRM

    @property
    def before(self):
        return None if self.verdict_before is None else Verdict(self.verdict_before)

    @property
    def after(self):
        return Verdict(self.verdict_after)

    @property
    def told(self):
        """The deciding criteria as the interface tells them."""
        return [Reason(**reason) for reason in self.reasons]

    @property
    def summary(self):
        """Why, in one sentence of text: for a cell of a workbook, or a mail."""
        if self.reasons:
            return "\u00a0; ".join(str(reason) for reason in self.told)
        return ALL_MET if self.after is Verdict.ELIGIBLE else NO_CONDITION


class Reason:
    """One criterion: its sentence and its answer before and after; None where there was none."""

    def __init__(self, *, key, before, after, was, now, found):
        self.key, self.before, self.after, self.found = key, before, after, found
        self.was = None if was is None else Answer(was)
        self.now = None if now is None else Answer(now)

    @property
    def rule_changed(self):
        return self.before is not None and self.after is not None and self.before != self.after

    @property
    def rule(self):
        return self.after or self.before

    def __str__(self):
        if self.before is None:
            said = f"condition nouvelle, «\u00a0{self.after}\u00a0»"
        elif self.after is None:
            said = f"condition retirée, «\u00a0{self.before}\u00a0»"
        elif self.rule_changed:
            said = f"«\u00a0{self.before}\u00a0» devient «\u00a0{self.after}\u00a0»"
        else:
            said = f"«\u00a0{self.after}\u00a0»"
        answers = [answer.label.lower() for answer in (self.was, self.now) if answer is not None]
        if len(set(answers)) == 2:
            said += f" ({answers[0]} → {answers[1]})"
        elif answers:
            said += f" ({answers[-1]})"
        return f"{said}, trouvé\u00a0: {self.found}" if self.found else said


class DigestSubscription(models.Model):
    """Whether a person wants the digest, and up to when they were told; no row: yes, and never."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="watch_digest"
    )
    is_wanted = models.BooleanField("reçoit le résumé", default=True)
    sent_at = models.DateTimeField("dernier envoi", null=True)
    # The closings told so far, as `funding.digest` keeps them.
    told = models.JSONField("clôtures annoncées", default=dict, editable=False)

    class Meta:
        verbose_name = "résumé par courriel"
        verbose_name_plural = "résumés par courriel"

    def __str__(self):
        return f"{self.user}\u00a0: {'oui' if self.is_wanted else 'non'}"
