from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from crm.models.interests import holders_at_stake
from crm.models.projects import PAIR, Project
from crm.models.territories import Role, Territory
from crm.signals import review_completed


class AlreadyAnswered(Exception):
    """This member of the pair has answered, or the question was withdrawn."""


class MustStepAside(Exception):
    """This member of the pair declared a stake in the holder: they cannot give an opinion."""


class ReviewRequestQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """Whoever may see the project may see that the pair was asked about it.

        The project of a competitor too: `crm.cards` hides its amounts.
        """
        team = Territory.objects.filter(
            pk__in=viewer.territories_as(Role.OFFICER, Role.MANAGER, *PAIR)
        )
        return self.filter(
            project__in=Project.objects.opened_to(viewer), project__territory__in=team
        )

    def for_cards(self):
        """Everything a card or a line displays, in a fixed number of queries."""
        return self.select_related(
            "asked_by",
            "project__stage",
            "project__territory",
            "project__holder",
            "project__sector",
            "project__commune",
            "project__site__commune",
        ).prefetch_related("reviews__reviewer", "sightings__user")

    def with_answers(self):
        """`answers`: how many of the pair have answered."""
        return self.annotate(answers=Count("reviews", distinct=True))

    def complete(self):
        return self.with_answers().filter(answers=len(PAIR))

    def waiting(self):
        return self.with_answers().filter(answers__lt=len(PAIR), closed_at=None)

    def waiting_for(self, user):
        """Points the person must still answer, as a member of the pair."""
        mine = Q(pk__in=[])
        for role in PAIR:
            answered = Review.objects.filter(request=OuterRef("pk"), role=role)
            mine |= Q(project__territory__in=user.territories_as(role)) & ~Exists(answered)
        return self.visible_to(user).filter(mine, closed_at=None)


class ReviewRequest(models.Model):
    """A question put to the elected-industrialist pair about a project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="review_requests")
    question = models.CharField("question", max_length=300)
    context = models.TextField("à savoir", blank=True)
    proposal = models.CharField("proposition", max_length=200, blank=True)
    due_on = models.DateField("réponse souhaitée le", null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField("retirée le", null=True, blank=True)

    objects = ReviewRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "avis demandé"
        verbose_name_plural = "avis demandés"
        ordering = ["-asked_at", "-pk"]

    def __str__(self):
        return self.question

    @property
    def is_complete(self):
        return len(self.reviews.all()) == len(PAIR)

    @property
    def is_disputed(self):
        """Both answered, and whoever gave an opinion is not « d’accord »; two who stepped aside
        leave the question to the committee."""
        answers = [review.answer for review in self.reviews.all()]
        opinions = set(answers) - {Review.Answer.STEPPED_ASIDE}
        return len(answers) == len(PAIR) and opinions != {Review.Answer.AGREE}

    @property
    def answered_roles(self):
        """Who has answered may be known; what they said may not, until both have."""
        return {review.role for review in self.reviews.all()}

    def readable_reviews(self, viewer):
        """All of them once both have answered; before that, only one’s own."""
        reviews = list(self.reviews.all())
        if len(reviews) == len(PAIR):
            return reviews
        return [review for review in reviews if review.reviewer_id == viewer.pk]

    @transaction.atomic
    def answer(self, *, by, role, answer, comment=""):
        """Record an answer; the second one completes the request and tells who listens."""
        request = ReviewRequest.objects.select_for_update().get(pk=self.pk)
        if request.closed_at or request.reviews.filter(role=role).exists():
            raise AlreadyAnswered
        at_stake = holders_at_stake(by).filter(organisation=request.project.holder_id).exists()
        if at_stake != (answer == Review.Answer.STEPPED_ASIDE):
            raise MustStepAside
        review = request.reviews.create(reviewer=by, role=role, answer=answer, comment=comment)
        if request.reviews.count() == len(PAIR):
            review_completed.send(ReviewRequest, request=request)
        return review


class Review(models.Model):
    class Answer(models.TextChoices):
        AGREE = "agree", "D’accord"
        DISAGREE = "disagree", "Pas d’accord"
        DISCUSS = "discuss", "À discuter"
        STEPPED_ASIDE = "aside", "S’est déporté"

    request = models.ForeignKey(ReviewRequest, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews")
    role = models.CharField("rôle", max_length=15, choices=[(r.value, r.label) for r in PAIR])
    answer = models.CharField("réponse", max_length=8, choices=Answer)
    comment = models.CharField("une ligne", max_length=280, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "avis"
        verbose_name_plural = "avis"
        ordering = ["role"]
        constraints = [
            models.UniqueConstraint(name="one_review_a_role", fields=["request", "role"])
        ]

    def __str__(self):
        return f"{self.get_answer_display()} ({self.get_role_display()})"


class Sighting(models.Model):
    """What a member of the pair had before their eyes, and when they first did."""

    class Via(models.TextChoices):
        SIGNED_IN = "session", "connexion"
        LINK = "link", "lien du courriel"

    request = models.ForeignKey(ReviewRequest, models.CASCADE, related_name="sightings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    via = models.CharField("par", max_length=8, choices=Via)
    seen_at = models.DateTimeField("vu le", default=timezone.now)
    # As `crm.cards` writes it; a card that changed since is a new row.
    shown = models.JSONField("ce qui était affiché")
    digest = models.CharField(max_length=64, editable=False)

    class Meta:
        verbose_name = "point vu"
        verbose_name_plural = "points vus"
        ordering = ["seen_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_sighting_a_content", fields=["request", "user", "digest"]
            )
        ]

    def __str__(self):
        return f"{self.user}, {self.seen_at:%d/%m/%Y %H:%M}"
