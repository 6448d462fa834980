"""The points of an agenda, their options, and what the bodies decide on them."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions import ties
from actions.models.editing import Removable, Versioned, removed
from actions.models.meetings import STEP, Meeting
from actions.models.plans import Action
from crm.fields import MoneyField
from crm.models import Confidentiality, FollowUp, Project, ReviewRequest, Territory

WITH_POINT = "retirée avec son point"


class AgendaItemQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """A point about a project is read by those who may read the project."""
        return self.filter(
            Q(project=None) | Q(project__in=Project.objects.visible_to(viewer)),
            territory__in=Territory.objects.visible_to(viewer),
        )

    def to_decide(self):
        return self.filter(kind=AgendaItem.Kind.DECISION, decision=None)

    def waiting(self):
        """On no agenda yet."""
        return self.filter(meeting=None, decision=None)

    def for_list(self, viewer):
        """Everything a point displays, in a fixed number of queries."""
        return (
            self.select_related(
                "territory",
                "meeting",
                "project",
                "action",
                "decision__superseded_by__item__meeting",
                "decision__supersedes__item__meeting",
                "decision__option",
                "review_request",
                "revisits__item__meeting",
            )
            .prefetch_related("review_request__reviews__reviewer", "options", *ties.prefetches())
            .with_readable_question(viewer)
            .with_readable_links(viewer)
            .with_decision_state()
        )

    def with_decision_state(self):
        """What became of the decision on each, in a word of `Decision.State`."""
        decisions = Decision.objects.filter(item=OuterRef("pk")).with_state().order_by()
        return self.annotate(decision_state=Subquery(decisions.values("state")[:1]))

    def open_to_all(self):
        """What may leave by mail: points about no project, or about one that all may read."""
        return self.filter(Q(project=None) | Q(project__confidentiality=Confidentiality.PUBLIC))

    def with_readable_links(self, viewer):
        """The decisions before and after this point’s, where the viewer may read their points."""
        mine = AgendaItem.objects.visible_to(viewer)
        decisions = Decision.objects.filter(item__in=mine)
        newer = decisions.filter(supersedes__item=OuterRef("pk"))
        older = decisions.filter(superseded_by__item=OuterRef("pk"))
        asked = decisions.filter(pk=OuterRef("revisits"))
        return self.annotate(
            newer=Subquery(newer.values("pk")[:1]),
            older=Subquery(older.values("pk")[:1]),
            revisited=Subquery(asked.values("pk")[:1]),
        )

    def with_readable_question(self, viewer):
        """What was asked of the pair is read by the team and the pair only, on an agenda too."""
        asked = ReviewRequest.objects.visible_to(viewer)
        free = Q(review_request=None) | Q(review_request__in=asked)
        return self.annotate(
            readable_question=Case(
                When(free, then=F("question")), default=Value(""), output_field=models.TextField()
            )
        )

    def raise_dispute(self, request, *, today=None):
        """Put the pair’s disagreement on the next committee, once; a pair that agrees adds nothing.

        Without a committee to come, the point waits to be put on one.
        """
        if not request.is_disputed:
            return None
        project = request.project
        meeting = Meeting.objects.next_committee(project.territory, today=today)
        item, _ = self.get_or_create(
            review_request=request,
            defaults={
                "territory": project.territory,
                "meeting": meeting,
                "position": meeting.next_position() if meeting else AgendaItem.STEP,
                "project": project,
                "kind": AgendaItem.Kind.DECISION,
                "title": project.title,
                "question": request.question,
                "amount": project.planned_investment,
            },
        )
        return item


class AgendaItem(Versioned, Removable):
    """A point of a meeting; without a meeting yet, it waits for the next committee."""

    STEP = STEP

    class Kind(models.TextChoices):
        INFORMATION = "information", "Information"
        OPINION = "avis", "Avis"
        DECISION = "decision", "Décision"

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="agenda_items")
    meeting = models.ForeignKey(
        Meeting,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="items",
        verbose_name="réunion",
    )
    project = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="agenda_items",
        verbose_name="projet",
    )
    action = models.ForeignKey(
        Action,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="agenda_items",
        verbose_name="fiche action",
    )
    review_request = models.OneToOneField(
        ReviewRequest, models.SET_NULL, null=True, blank=True, related_name="agenda_item"
    )
    revisits = models.ForeignKey(
        "actions.Decision",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="revisited_by",
        verbose_name="revient sur la décision",
    )
    kind = models.CharField("nature", max_length=12, choices=Kind, default=Kind.DECISION)
    title = models.CharField("point", max_length=200)
    question = models.TextField("question posée", blank=True)
    recommendation = models.TextField("proposition", blank=True)
    amount = MoneyField("montant en jeu")
    concerned = models.CharField(
        "qui est concerné", max_length=250, blank=True, help_text="les EPCI, une filière, la CCI…"
    )
    notes = models.TextField("échanges", blank=True, help_text="repris au relevé")
    position = models.PositiveSmallIntegerField("ordre", default=100)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        verbose_name = "point d’ordre du jour"
        verbose_name_plural = "points d’ordre du jour"
        ordering = ["position", "pk"]

    def __str__(self):
        return self.title

    @property
    def is_decided(self):
        return hasattr(self, "decision")

    @property
    def recommended(self):
        """The option that is proposed, or None; reads what `for_list` has fetched."""
        return next((option for option in self.options.all() if option.is_recommended), None)

    @property
    def is_prepared(self):
        return bool(self.recommendation or self.recommended)

    @property
    def is_to_decide(self):
        return self.kind == self.Kind.DECISION and not self.is_decided

    @transaction.atomic
    def remove(self):
        """Its options and what is tied to it go with it, and come back with it."""
        item = AgendaItem.objects.select_for_update().get(pk=self.pk)
        if not item.why_it_stays():
            for part in [*item.options.all(), *ties.of(item)]:
                part._change_reason = WITH_POINT
                part.delete()
        return super().remove()

    @classmethod
    @transaction.atomic
    def restore(cls, trace):
        """With what left with it, not what was removed piece by piece before."""
        item = super().restore(trace)
        for model in (AgendaOption, *ties.models()):
            parts = removed(model).filter(item=trace.id, history_change_reason=WITH_POINT)
            for part in parts.order_by("history_id"):
                model.restore(part)
        return item

    @property
    def ties(self):
        """What higher apps tied to the point; reads what `for_list` has fetched."""
        return ties.of(self)

    @transaction.atomic
    def put_on(self, meeting):
        """Last on the agenda of `meeting`, or off every agenda; False once the point is decided."""
        position = meeting.next_position() if meeting else self.STEP
        undecided = AgendaItem.objects.filter(pk=self.pk, decision=None)
        moved = undecided.update(meeting=meeting, position=position, version=F("version") + 1)
        self.refresh_from_db()  # what someone else wrote in the meantime stays
        if moved:
            self.save()  # the history row
        return bool(moved)

    def why_it_stays(self):
        if self.is_decided:
            return "La décision sur ce point est consignée : il reste, avec elle."
        if self.review_request_id:
            return (
                "Ce point porte le désaccord du binôme : le comité l’entendra. "
                "Vous pouvez le remettre en attente."
            )
        return ""

    @transaction.atomic
    def move(self, step):
        """Swap with the point just before (-1) or after (1); False at either end of the agenda,
        and once the meeting is past: its order is a fact.
        """
        if self.meeting and self.meeting.is_past():
            return False
        items = list(AgendaItem.objects.select_for_update().filter(meeting=self.meeting_id))
        here = next(n for n, item in enumerate(items) if item.pk == self.pk)
        there = here + step
        if not self.meeting_id or not 0 <= there < len(items):
            return False
        items[here], items[there] = items[there], items[here]
        for number, item in enumerate(items, start=1):
            item.position = number * self.STEP
        AgendaItem.objects.bulk_update(items, ["position"])
        return True

    @transaction.atomic
    def decide(
        self,
        text,
        *,
        by,
        option=None,
        responsible="",
        due_on=None,
        supersedes=None,
        closes_follow_up=False,
    ):
        """Record the decision, once; what has a date becomes a follow-up of the person recording.

        The decision that it supersedes keeps its words; its pending follow-up is closed or stays.
        Raises AlreadyDecided when someone was faster: a decision is never edited.
        """
        item = AgendaItem.objects.select_for_update().get(pk=self.pk)
        if Decision.objects.filter(item=item).exists():
            raise AlreadyDecided
        if supersedes:
            supersedes = supersedes.let_go(closes_follow_up=closes_follow_up, by=by)
        AgendaItem.objects.filter(pk=item.pk).update(version=F("version") + 1)
        follow_up = item.promise(text, responsible, due_on, by) if due_on else None
        return Decision.objects.create(
            item=item,
            text=text,
            option=option,
            responsible=responsible,
            due_on=due_on,
            by=by,
            supersedes=supersedes,
            follow_up=follow_up,
        )

    def promise(self, text, responsible, due_on, by):
        return FollowUp.objects.create(
            territory_id=self.territory_id,
            project_id=self.project_id,
            organisation_id=self.project.holder_id if self.project_id else None,
            title=follow_up_title(self, text, responsible),
            due_on=due_on,
            owner=by,
        )


class AgendaOption(Removable):
    """One of the answers that a point offers; the meeting keeps one, or none of them."""

    item = models.ForeignKey(AgendaItem, models.CASCADE, related_name="options")
    label = models.CharField("option", max_length=250)
    amount = MoneyField("montant")
    is_recommended = models.BooleanField("proposée", default=False)

    history = HistoricalRecords()

    class Meta:
        verbose_name = "option"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_option_recommended",
                fields=["item"],
                condition=models.Q(is_recommended=True),
            )
        ]

    def __str__(self):
        return self.label


class AlreadyDecided(Exception):
    """The point was decided in the meantime."""


class AlreadySuperseded(Exception):
    """Another decision superseded this one in the meantime."""


def follow_up_title(item, text, responsible):
    who = f"{responsible}\u00a0: " if responsible else ""
    title = f"{who}{' '.join(text.split())}"
    longest = FollowUp._meta.get_field("title").max_length
    return title if len(title) <= longest else f"{title[: longest - 1]}…"


class DecisionQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(item__in=AgendaItem.objects.visible_to(viewer))

    def live(self):
        """Those that no later one supersedes."""
        return self.filter(superseded_by=None)

    def with_state(self, *, today=None):
        """What became of each, in a word of `Decision.State`."""
        today = today or timezone.localdate()
        state = Decision.State
        return self.annotate(
            state=Case(
                When(superseded_by__isnull=False, then=Value(state.SUPERSEDED)),
                When(follow_up__done_at__isnull=False, then=Value(state.DONE)),
                When(follow_up__due_on__lt=today, then=Value(state.LATE)),
                When(follow_up__isnull=False, then=Value(state.TO_DO)),
                When(due_on=None, then=Value(state.NO_DATE)),
                default=Value(state.UNKNOWN),
                output_field=models.CharField(),
            )
        )

    def for_list(self, viewer):
        """Everything a row of the register displays, the latest meeting first: one query, and one
        for each kind of tie."""
        mine = AgendaItem.objects.visible_to(viewer)
        newer = Decision.objects.filter(supersedes=OuterRef("pk"), item__in=mine)
        older = Decision.objects.filter(superseded_by=OuterRef("pk"), item__in=mine)
        return (
            self.select_related(
                "item__meeting__kind",
                "item__project",
                "item__action",
                "follow_up",
                "supersedes__item__meeting",
                "superseded_by__item__meeting",
            )
            .prefetch_related(*ties.prefetches("item__"))
            .annotate(newer=Subquery(newer.values("pk")[:1]))
            .annotate(older=Subquery(older.values("pk")[:1]))
            .order_by("-item__meeting__held_on", "-item__meeting", "item__position", "pk")
        )


class Decision(models.Model):
    """What a meeting decided on a point. Never edited: a later one supersedes it."""

    class State(models.TextChoices):
        TO_DO = "a_faire", "À faire"
        LATE = "en_retard", "En retard"
        DONE = "faite", "Faite"
        SUPERSEDED = "remplacee", "Remplacée"
        NO_DATE = "sans_echeance", "Sans échéance"
        UNKNOWN = "a_confirmer", "Suite à confirmer"

    item = models.OneToOneField(AgendaItem, models.CASCADE, related_name="decision")
    text = models.TextField("décision")
    option = models.ForeignKey(
        "actions.AgendaOption",
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="decisions",
        verbose_name="option retenue",
    )
    responsible = models.CharField("qui", max_length=120, blank=True)
    due_on = models.DateField("pour le", null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    supersedes = models.OneToOneField(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="superseded_by",
        verbose_name="remplace la décision",
    )
    follow_up = models.OneToOneField(
        FollowUp, models.SET_NULL, null=True, blank=True, related_name="decision"
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = "décision"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return self.text[:80]

    def get_absolute_url(self):
        return reverse("actions:decision", args=[self.pk])

    @property
    def is_superseded(self):
        return hasattr(self, "superseded_by")

    @property
    def option_kept(self):
        """The option that the meeting kept, where the decision says it in other words."""
        return self.option if self.option and self.option.label != self.text else None

    @property
    def has_pending_follow_up(self):
        return bool(self.follow_up_id and self.follow_up.done_at is None)

    @property
    def state_label(self):
        """Of a row annotated by `with_state`."""
        return self.State(self.state).label

    def let_go(self, *, closes_follow_up, by):
        """Locked, still in force, and its follow-up closed if asked; else AlreadySuperseded."""
        decision = Decision.objects.select_for_update().get(pk=self.pk)
        if Decision.objects.filter(supersedes=decision).exists():
            raise AlreadySuperseded
        if closes_follow_up and decision.follow_up_id:
            decision.follow_up.mark_done(by=by)
        return decision
