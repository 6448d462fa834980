import datetime
import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from crm.models.territories import Role, Territory

SCOPES = {
    "organisations:read": "Organisations et établissements",
    "projects:read": "Projets et dossiers",
    "actions:read": "Plan d’actions",
    "programs:read": "Catalogue des dispositifs",
    "matches:read": "Correspondances projet-dispositif",
    "contacts:read": "Contacts (données personnelles)",
}
LIFETIME_DAYS = 365


def digest(secret):
    """A plain hash is enough: the secret is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


class PartnerTokenQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=viewer.territories_as(Role.OFFICER, Role.MANAGER))

    def live(self, *, now=None):
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())

    def issue(self, *, partner, territory, scopes, by=None, expires_at=None):
        """Create a token; return it with its secret, which is stored nowhere and shown once."""
        secret = secrets.token_urlsafe(32)
        token = self.create(
            partner=partner,
            territory=territory,
            scopes=sorted(scopes),
            digest=digest(secret),
            hint=secret[:6],
            created_by=by,
            expires_at=expires_at or timezone.now() + datetime.timedelta(days=LIFETIME_DAYS),
        )
        return token, secret


class PartnerToken(models.Model):
    """What a partner’s machine shows to read one territory, within its scopes.

    It stands where a user would: `visible_to(token)` works as `visible_to(user)` does.
    """

    partner = models.CharField("partenaire", max_length=120)
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="partner_tokens")
    scopes = models.JSONField("portées", default=list)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField("début du jeton", max_length=6, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField("expire le")
    revoked_at = models.DateTimeField("révoqué le", null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField("dernier usage", null=True, editable=False)

    objects = PartnerTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "jeton partenaire"
        verbose_name_plural = "jetons partenaires"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"{self.partner} ({self.hint}…)"

    is_authenticated = True
    is_anonymous = False

    @property
    def grants(self):
        return [(self.territory_id, "partner")]

    def territories_as(self, *roles):
        mine = {"partner"} | ({"contacts"} if "contacts:read" in self.scopes else set())
        return [self.territory_id] if mine & set(roles) else []

    @property
    def is_live(self):
        return self.revoked_at is None and self.expires_at > timezone.now()

    def touch(self, *, now=None):
        """Remember the last use, to the minute: one write a minute is enough for an audit."""
        now = now or timezone.now()
        lately = now - datetime.timedelta(minutes=1)
        # An update that finds no row still waits for its turn to write.
        if self.last_used_at and self.last_used_at >= lately:
            return
        PartnerToken.objects.filter(pk=self.pk).filter(
            Q(last_used_at=None) | Q(last_used_at__lt=lately)
        ).update(last_used_at=now)

    def revoke(self, *, now=None):
        return bool(
            PartnerToken.objects.filter(pk=self.pk, revoked_at=None).update(
                revoked_at=now or timezone.now()
            )
        )
