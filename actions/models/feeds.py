import datetime
import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from crm.models.tokens import digest

AN_HOUR = datetime.timedelta(hours=1)


class CalendarLinkQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """One’s own, and nobody else’s."""
        return self.filter(user=viewer.pk)

    def live(self):
        return self.filter(revoked_at=None, user__is_active=True)

    def issue(self, user, name):
        """A link and its secret, which is stored nowhere and shown once."""
        secret = secrets.token_urlsafe(32)
        return self.create(user=user, name=name, digest=digest(secret)), secret

    def find(self, secret):
        """The live link of this secret, or None."""
        return self.live().select_related("user").filter(digest=digest(secret)).first()


class CalendarLink(models.Model):
    """A secret address that a diary reads: the meetings its owner may see, and nothing else."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_links"
    )
    name = models.CharField("appareil ou agenda", max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField("créé le", auto_now_add=True)
    revoked_at = models.DateTimeField("révoqué le", null=True, editable=False)
    last_used_at = models.DateTimeField("dernier passage", null=True, editable=False)

    objects = CalendarLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "lien d’agenda"
        verbose_name_plural = "liens d’agenda"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return self.name

    def touch(self, *, now=None):
        """Remember the last reading, to the hour: diaries come by all day long."""
        now = now or timezone.now()
        lately = now - AN_HOUR
        if self.last_used_at and self.last_used_at >= lately:
            return
        rows = CalendarLink.objects.filter(pk=self.pk)
        rows.filter(Q(last_used_at=None) | Q(last_used_at__lt=lately)).update(last_used_at=now)

    def revoke(self, *, now=None):
        rows = CalendarLink.objects.filter(pk=self.pk, revoked_at=None)
        return bool(rows.update(revoked_at=now or timezone.now()))
