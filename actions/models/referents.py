from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from actions.models.plans import Action
from crm.models import Contact, Role


class Referent(models.Model):
    """The elected or the industrialist who answers for a fiche: of the pair, or a contact."""

    action = models.ForeignKey(Action, models.CASCADE, related_name="referents")
    role = models.CharField(
        "rôle",
        max_length=15,
        choices=[(Role.ELECTED, "Référent élu"), (Role.INDUSTRIALIST, "Référent industriel")],
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="referred_actions"
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = "référent"
        ordering = ["role"]
        constraints = [
            models.UniqueConstraint(name="one_referent_a_role", fields=["action", "role"]),
            models.CheckConstraint(
                name="referent_is_one_person",
                condition=Q(user=None, contact__isnull=False) | Q(contact=None, user__isnull=False),
            ),
        ]

    def __str__(self):
        return str(self.user or self.contact)
