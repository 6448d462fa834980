import datetime
import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

from crm.models.territories import Territory
from crm.models.tokens import digest


class CardsLinkQuerySet(models.QuerySet):
    def live(self, *, now=None):
        return self.filter(
            revoked_at=None, expires_at__gt=now or timezone.now(), user__is_active=True
        )

    def issue(self, user, territory, *, now=None):
        """A link and its secret, which only the mail holds."""
        now = now or timezone.now()
        secret = secrets.token_urlsafe(32)
        link = self.create(
            user=user,
            territory=territory,
            digest=digest(secret),
            created_at=now,
            expires_at=now + datetime.timedelta(days=self.model.DAYS),
        )
        return link, secret

    def find(self, secret, *, now=None):
        """The live link of this secret, or None."""
        found = self.live(now=now).select_related("user", "territory")
        return found.filter(digest=digest(secret)).first()


class CardsLink(models.Model):
    """Opens to one member of the pair the points that wait for them, and nothing else.

    Whoever holds the mail may answer in their place for a few days: it leads to no other page.
    """

    DAYS = 7  # until the next mail

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="cards_links")
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="cards_links")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField("envoyé le", default=timezone.now)
    expires_at = models.DateTimeField("expire le")
    revoked_at = models.DateTimeField("révoqué le", null=True)
    opened_at = models.DateTimeField("ouvert le", null=True)

    objects = CardsLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "lien personnel du binôme"
        verbose_name_plural = "liens personnels du binôme"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"{self.user}, {self.created_at:%d/%m/%Y}"


class CardsMail(models.Model):
    """Whether a member of the pair wants the weekly mail, and when the last one left."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="cards_mails")
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="+")
    is_wanted = models.BooleanField("reçoit le courriel", default=True)
    sent_at = models.DateTimeField("dernier envoi", null=True)

    class Meta:
        verbose_name = "courriel au binôme"
        verbose_name_plural = "courriels au binôme"
        constraints = [
            models.UniqueConstraint(name="one_cards_mail_a_member", fields=["user", "territory"])
        ]

    def __str__(self):
        return f"{self.user}\u00a0: {'oui' if self.is_wanted else 'non'}"
