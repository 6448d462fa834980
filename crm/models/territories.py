from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property

from crm.models.geography import Commune, Epci


class TerritoryQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(pk__in=[pk for pk, _ in viewer.grants])


class Territory(models.Model):
    """A Territoire d’industrie in one period: identifiers are reused from a period to the next."""

    code = models.CharField("identifiant", max_length=20)
    period = models.CharField("période", max_length=9, default="2023-2027")
    name = models.CharField("nom", max_length=200)
    lead_body = models.CharField("structure porteuse", max_length=200, blank=True)
    epcis = models.ManyToManyField(
        Epci, through="TerritoryEpci", related_name="territories", verbose_name="EPCI"
    )
    is_demo = models.BooleanField("données fictives", default=False)

    objects = TerritoryQuerySet.as_manager()

    class Meta:
        verbose_name = "territoire"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(name="territory_once_a_period", fields=["code", "period"])
        ]

    def __str__(self):
        return self.name

    @property
    def communes(self):
        """The communes of the member EPCI; a département never decides."""
        return Commune.objects.filter(epci__territories=self)


class TerritoryEpci(models.Model):
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="memberships_of_epci")
    epci = models.ForeignKey(Epci, models.PROTECT, related_name="+")
    group = models.CharField("PETR ou regroupement", max_length=50, blank=True)

    class Meta:
        verbose_name = "EPCI membre"
        verbose_name_plural = "EPCI membres"
        ordering = ["epci__name"]
        constraints = [
            models.UniqueConstraint(name="epci_once_a_territory", fields=["territory", "epci"])
        ]

    def __str__(self):
        return f"{self.epci} ({self.territory})"


class Role(models.TextChoices):
    OFFICER = "officer", "Chargé ou chargée de mission"
    MANAGER = "manager", "Responsable"
    ELECTED = "elected", "Membre élu du binôme"
    INDUSTRIALIST = "industrialist", "Membre industriel du binôme"
    READER = "reader", "Lecture"


class UserManager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, email):
        return self.get(email=email.strip().lower())


class User(AbstractUser):
    """Someone who signs in by e-mail; what they may see depends on their memberships only."""

    class Theme(models.TextChoices):
        SYSTEM = "", "Celui du système"
        LIGHT = "light", "Clair"
        DARK = "dark", "Sombre"

    username = None
    is_staff = None
    email = models.EmailField("adresse électronique", unique=True)
    theme = models.CharField(  # noqa: DJ001 (an empty theme follows the system)
        "thème", max_length=5, choices=Theme, default=Theme.SYSTEM, blank=True
    )
    territories = models.ManyToManyField(Territory, through="Membership", related_name="users")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    objects = UserManager()

    class Meta:
        verbose_name = "utilisateur"
        ordering = ["last_name", "first_name", "email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self):
        return self.get_full_name() or self.email

    @property
    def initials(self):
        return (self.first_name[:1] + self.last_name[:1]).upper() or self.email[:2].upper()

    @cached_property
    def grants(self):
        """(territory id, role) pairs: all that decides what this person may see."""
        return list(self.memberships.values_list("territory_id", "role"))

    def territories_as(self, *roles):
        return [territory for territory, role in self.grants if role in roles]


class Membership(models.Model):
    """One role for a person in a territory."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="memberships")
    role = models.CharField("rôle", max_length=15, choices=Role)

    class Meta:
        verbose_name = "rôle"
        ordering = ["territory", "role", "pk"]
        constraints = [
            models.UniqueConstraint(name="one_role_a_territory", fields=["user", "territory"])
        ]

    def __str__(self):
        return f"{self.user}, {self.get_role_display()} ({self.territory})"
