"""What the team decided of a program for a project or an action: rows that are added and never
rewritten."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from actions.models import Action
from crm.models import Project
from funding.models.programs import Program
from funding.models.subjects import EITHER, AboutSubject, SubjectQuerySet, about, lock
from funding.models.versions import ProgramVersion


class DecisionChanged(Exception):
    """What was to be undone or put back is no longer what counts."""


class MatchDecisionQuerySet(SubjectQuerySet):
    def live(self):
        """What counts today: one row at most for a subject and a program."""
        return self.filter(revoked_at=None)

    def retained(self):
        """The shortlists, each in its order."""
        return self.live().filter(kind=MatchDecision.Kind.RETAINED).order_by("rank", "pk")

    def dismissed(self):
        return self.live().filter(kind=MatchDecision.Kind.DISMISSED)

    def said_expired(self):
        """Those that tell the keeper of the catalogue that a program is over, until it is checked
        again: a check of the same day or later, or another version, is the answer."""
        answered = ProgramVersion.objects.filter(
            program=models.OuterRef("program"), number__gt=models.OuterRef("program_version")
        )
        return (
            self.dismissed()
            .filter(reason=MatchDecision.Reason.EXPIRED)
            .filter(Q(program__verified_on=None) | Q(program__verified_on__lt=F("at__date")))
            .exclude(program__state=Program.State.CLOSED)
            .exclude(models.Exists(answered))
        )

    def for_list(self):
        return self.select_related("by", "program")

    @transaction.atomic
    def decide(self, subject, program, kind, *, by, reason="", note=""):
        """Add the decision that now counts; the one it replaces is kept with its end."""
        lock(subject)
        of_subject = self.of(subject)
        stands = of_subject.filter(program=program).live().first()
        if stands and (stands.kind, stands.reason, stands.note) == (kind, reason, note):
            return stands  # a form sent twice
        if stands:
            stands.end(by)
        return self.create(
            **about(subject),
            program=program,
            kind=kind,
            reason=reason,
            note=note,
            by=by,
            replaces=stands,
            program_version=program.version,
            rank=1 + (of_subject.aggregate(last=Max("rank"))["last"] or 0),
        )


class MatchDecision(AboutSubject, models.Model):
    """A program set aside or kept on the shortlist of a project or of an action, by whom, when and
    why.

    The last row that is not revoked counts. `rank` is the place on the shortlist, and all that may
    change of a row beside its end."""

    class Kind(models.TextChoices):
        RETAINED = "retained", "Retenu"
        DISMISSED = "dismissed", "Écarté"

    class Reason(models.TextChoices):
        EXPIRED = "expired", "Dispositif expiré"
        PLACE = "place", "Pas le bon lieu"
        THEME = "theme", "Pas le bon thème"
        HAD = "had", "Aide déjà obtenue"
        OTHER = "other", "Autre raison"

    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="match_decisions")
    action = models.ForeignKey(Action, models.CASCADE, null=True, related_name="match_decisions")
    program = models.ForeignKey(Program, models.CASCADE, related_name="match_decisions")
    kind = models.CharField("décision", max_length=10, choices=Kind)
    reason = models.CharField("raison", max_length=10, choices=Reason, blank=True)
    note = models.CharField("précision", max_length=250, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField("décidé le", default=timezone.now)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField("révoqué le", null=True)
    replaces = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    # The version of the program that was read, to say when it changed since.
    program_version = models.PositiveIntegerField("version du dispositif")
    rank = models.PositiveIntegerField("rang", default=0)

    objects = MatchDecisionQuerySet.as_manager()

    class Meta:
        verbose_name = "décision sur un dispositif"
        verbose_name_plural = "décisions sur les dispositifs"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_live_decision_a_match",
                fields=["project", "program"],
                condition=Q(revoked_at=None),
            ),
            models.UniqueConstraint(
                name="one_live_decision_an_action_match",
                fields=["action", "program"],
                condition=Q(revoked_at=None),
            ),
            models.CheckConstraint(name="decision_of_a_project_or_of_an_action", condition=EITHER),
            models.CheckConstraint(
                name="a_dismissal_has_a_reason",
                condition=Q(kind="retained", reason="") | (Q(kind="dismissed") & ~Q(reason="")),
            ),
        ]

    def __str__(self):
        return f"{self.program}, {self.get_kind_display().lower()} pour {self.subject}"

    @property
    def is_retained(self):
        return self.kind == self.Kind.RETAINED

    @property
    def why(self):
        """« Autre raison : trop long », « Dispositif expiré »."""
        said = self.get_reason_display()
        return f"{said}\u00a0: {self.note}" if self.note else said

    @property
    def is_outdated(self):
        """The program has another version since: the decision may be worth another look."""
        return self.program.version != self.program_version

    @property
    def siblings(self):
        """All the decisions about the same project or action."""
        return MatchDecision.objects.of(self.subject)

    def end(self, by):
        """Close the row, unless someone did; False then."""
        ended = MatchDecision.objects.filter(pk=self.pk).live()
        return bool(ended.update(revoked_at=timezone.now(), revoked_by=by))

    @transaction.atomic
    def revoke(self, by, *, put_back=False):
        """It counts no more; `put_back`, to undo it, makes what it replaced count again."""
        lock(self.subject)
        if not self.end(by):
            raise DecisionChanged("Cette décision ne compte déjà plus\u00a0: rien n’a changé.")
        if put_back and self.replaces:
            self.replaces.again()

    @transaction.atomic
    def renew(self):
        """Make a revoked decision count again, with who took it and when, if none was since."""
        lock(self.subject)
        pair = self.siblings.filter(program=self.program_id)
        if pair.live().exists() or pair.first() != self:
            raise DecisionChanged("Une autre décision a été prise depuis\u00a0: rien n’a changé.")
        self.again()

    def again(self):
        names = ["project", "action", "program", "program_version"]
        names += ["kind", "reason", "note", "by", "at"]
        values = {name: getattr(self, name) for name in names}
        return MatchDecision.objects.create(**values, replaces=self.replaces, rank=self.rank)

    @transaction.atomic
    def move(self, step):
        """One place up (-1) or down (1) on the shortlist; nothing past its ends."""
        lock(self.subject)
        listed = list(self.siblings.retained())
        if self not in listed:
            raise DecisionChanged("Ce dispositif n’est plus retenu\u00a0: rien n’a changé.")
        at = listed.index(self)
        to = min(max(at + step, 0), len(listed) - 1)
        listed.insert(to, listed.pop(at))
        for rank, row in enumerate(listed, start=1):
            if row.rank != rank:
                MatchDecision.objects.filter(pk=row.pk).update(rank=rank)
