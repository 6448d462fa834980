from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Substr
from django.utils import timezone

from crm.models.organisations import Organisation, Site
from crm.models.territories import Role, Territory

NAF_GROUP = len("10.1")  # « 10.13A » belongs to the group 10.1: firms that sell the same things


class InterestQuerySet(models.QuerySet):
    def current(self):
        return self.filter(ended_at=None)

    def visible_to(self, viewer):
        """One’s own; and the team’s, who prepare what the pair reads."""
        team = Territory.objects.filter(pk__in=viewer.territories_as(Role.OFFICER, Role.MANAGER))
        return self.filter(Q(user=viewer.pk) | Q(organisation__territory__in=team))

    def stakes(self):
        return self.filter(kind__in=STAKES)


class Interest(models.Model):
    """What a member of the pair declared about an organisation.

    A stake keeps them from answering on its projects; a competitor’s amounts are hidden from them.
    """

    class Kind(models.TextChoices):
        OWN = "own", "C’est mon entreprise ou mon mandat"
        TIE = "tie", "J’y ai un lien personnel ou financier"
        RIVAL = "rival", "C’est un concurrent de mon entreprise"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="interests", verbose_name="membre"
    )
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="interests", verbose_name="organisation"
    )
    kind = models.CharField("nature du lien", max_length=5, choices=Kind)
    declared_at = models.DateTimeField("déclaré le", default=timezone.now)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    ended_at = models.DateTimeField("levé le", null=True, blank=True)

    objects = InterestQuerySet.as_manager()

    class Meta:
        verbose_name = "intérêt déclaré"
        verbose_name_plural = "intérêts déclarés"
        ordering = ["-declared_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_current_interest",
                fields=["user", "organisation"],
                condition=Q(ended_at=None),
            )
        ]

    def __str__(self):
        return f"{self.user}\u00a0: {self.organisation}, {self.get_kind_display().lower()}"


STAKES = (Interest.Kind.OWN, Interest.Kind.TIE)


def holders_at_stake(user):
    """The organisations on which this person does not answer."""
    return Interest.objects.current().stakes().filter(user=user.pk).values("organisation")


def rivals_of(user):
    """The organisations whose amounts this person does not see, as a queryset.

    Those they declared, and those in the NAF group of their own company; whatever they have a
    stake in is no rival. Without a NAF code on either side, only a declaration makes a rival.
    What is read by several people at once (`stands_for`) shows none of the rivals of any of them.
    """
    if (people := getattr(user, "stands_for", None)) is not None:
        of_any = Q(pk__in=[])
        for person in people:
            of_any |= Q(pk__in=rivals_of(person).values("pk"))
        return Organisation.objects.filter(of_any).order_by()
    mine = Interest.objects.current().filter(user=user.pk)
    own_groups = (
        Site.objects.filter(
            organisation__in=mine.filter(kind=Interest.Kind.OWN).values("organisation"),
            organisation__kind=Organisation.Kind.COMPANY,
        )
        .exclude(naf_rev2="")
        .values(group=Substr("naf_rev2", 1, NAF_GROUP))
    )
    same_trade = Site.objects.annotate(group=Substr("naf_rev2", 1, NAF_GROUP)).filter(
        organisation=OuterRef("pk"), group__in=own_groups
    )
    declared = mine.filter(kind=Interest.Kind.RIVAL).values("organisation")
    return (
        Organisation.objects.filter(Q(pk__in=declared) | Exists(same_trade))
        .exclude(pk__in=holders_at_stake(user))
        .order_by()
    )
