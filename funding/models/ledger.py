import datetime

from django.db import models, transaction
from django.db.models import Count, Q, Sum
from django.urls import reverse
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned
from crm import search
from crm.fields import MoneyField
from crm.identifiers import clean_siren
from crm.models import Organisation, Project, Role, Territory
from crm.models.imports import Received
from crm.validators import IdentifierValidator
from funding.financing.deminimis import (
    AGRICULTURE,
    FISHING,
    GENERAL,
    OUTSIDE,
    SIEG,
    GrantedAid,
    leaves_on,
)
from funding.models.applications import Application

# The regulations before the present ones, whose aids still fill a window.
FORMER_GENERAL, FORMER_SIEG = "1407/2013", "360/2012"


class TeamQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """What a firm received is told to the team alone: never to the pair, nor to a partner."""
        return self.filter(territory__in=viewer.territories_as(Role.OFFICER, Role.MANAGER))


class Undertaking(models.Model):
    """An « entreprise unique »: the firms that count as one for de minimis aid.

    Règl. (UE) 2023/2831, art. 2.2: majority of votes, right to appoint, dominant influence, sole
    control under an agreement, in chain.
    """

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="undertakings")
    name = models.CharField("nom", max_length=200)
    declared_on = models.DateField("liste déclarée complète le", null=True, blank=True)
    source = models.CharField("déclarée par", max_length=200, blank=True)

    history = HistoricalRecords()
    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = "entreprise unique"
        verbose_name_plural = "entreprises uniques"
        ordering = ["name", "pk"]

    def __str__(self):
        return self.name

    def declare(self, day, source):
        """The list of its firms is whole: who says so, and when."""
        self.declared_on, self.source = day, source
        self.save(update_fields=["declared_on", "source"])

    def declare_again(self):
        """Its firms change: nobody has said yet that the new list is whole."""
        if self.declared_on:
            self.declared_on = None
            self.save(update_fields=["declared_on"])


class UndertakingFirm(Removable):
    class Link(models.TextChoices):
        HEAD = "tete", "Tête de groupe"
        VOTES = "votes", "Majorité des droits de vote"
        APPOINTS = "nomination", "Droit de nommer ou de révoquer les dirigeants"
        INFLUENCE = "influence", "Influence dominante, par contrat ou statuts"
        AGREEMENT = "pacte", "Majorité des votes par un pacte d’associés"

    undertaking = models.ForeignKey(Undertaking, models.CASCADE, related_name="firms")
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="+", editable=False)
    siren = models.CharField("SIREN", max_length=9, validators=[IdentifierValidator(clean_siren)])
    name = models.CharField("entreprise", max_length=200)
    link = models.CharField("lien", max_length=12, choices=Link, blank=True)

    history = HistoricalRecords()
    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = "entreprise liée"
        verbose_name_plural = "entreprises liées"
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_undertaking_a_firm",
                fields=["territory", "siren"],
                violation_error_message="Ce SIREN est déjà celui d’une entreprise unique.",
            )
        ]

    def __str__(self):
        return self.name


class LedgerImport(Received):
    """A spreadsheet of aids received: its rows as text until they are written."""

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="ledger_imports")
    header = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    # [[aid, the version that the import left it at]]: those whose unknown amount it filled in.
    completed = models.JSONField(default=list)

    objects = TeamQuerySet.as_manager()

    class Meta(Received.Meta):
        verbose_name = "import d’aides"


class ReceivedAidQuerySet(TeamQuerySet):
    def of(self, sirens):
        return self.filter(siren__in=sirens)

    def for_list(self):
        return self.select_related("organisation", "application__program")

    def search(self, text):
        return search.search(self, text)

    def totals(self):
        """The count, the sum of what is known, and how many amounts are not."""
        return self.order_by().aggregate(
            count=Count("pk"), received=Sum("amount"), unknown=Count("pk", filter=Q(amount=None))
        )


class ReceivedAid(Versioned, Removable):
    """One aid of the ledger: to one SIREN, on the day when the right to it was conferred."""

    class Regulation(models.TextChoices):
        GENERAL = GENERAL, "De minimis général (2023/2831)"
        SIEG = SIEG, "De minimis SIEG (2023/2832)"
        AGRICULTURE = AGRICULTURE, "De minimis agricole (1408/2013)"
        FISHING = FISHING, "De minimis pêche (717/2014)"
        FORMER_GENERAL = FORMER_GENERAL, "De minimis général d’avant 2024 (1407/2013)"
        FORMER_SIEG = FORMER_SIEG, "De minimis SIEG d’avant 2024 (360/2012)"
        EXEMPTED = OUTSIDE, "Hors de minimis (régime exempté ou notifié)"

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="received_aids")
    organisation = models.ForeignKey(
        Organisation,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="received_aids",
        verbose_name="organisation",
    )
    siren = models.CharField("SIREN", max_length=9, validators=[IdentifierValidator(clean_siren)])
    firm = models.CharField("entreprise", max_length=200)
    regulation = models.CharField(
        "règlement", max_length=12, choices=Regulation, default=Regulation.GENERAL
    )
    granted_on = models.DateField("octroyée le")
    amount = MoneyField("équivalent-subvention brut")
    funder = models.CharField("accordée par", max_length=200, blank=True)
    purpose = models.CharField("objet", max_length=250, blank=True)
    evidence = models.CharField("preuve", max_length=250, blank=True)
    project = models.ForeignKey(
        Project, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="projet"
    )
    application = models.OneToOneField(
        Application,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="received_aid",
    )
    batch = models.ForeignKey(
        LedgerImport, models.SET_NULL, null=True, editable=False, related_name="aids"
    )
    search = models.TextField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = HistoricalRecords(excluded_fields=["search", "version"])
    objects = ReceivedAidQuerySet.as_manager()

    class Meta:
        verbose_name = "aide reçue"
        verbose_name_plural = "aides reçues"
        ordering = ["-granted_on", "firm", "pk"]
        indexes = [models.Index(fields=["territory", "siren"], name="ledger_firm")]

    def __str__(self):
        return f"{self.firm}, {self.granted_on:%d/%m/%Y}"

    def save(self, *args, **kwargs):
        self.derive()
        super().save(*args, **kwargs)

    def derive(self):
        """Fill what follows from the rest; a bulk write, which skips `save`, calls it itself."""
        self.search = search.normalise(f"{self.firm} {self.siren} {self.funder} {self.purpose}")

    def get_absolute_url(self):
        return reverse("funding:received_aid", args=[self.pk])

    @property
    def granted(self):
        """What the pure rules count."""
        return GrantedAid(
            self.siren, self.amount, self.granted_on, self.regulation, self.application_id
        )

    @property
    def counts_until(self):
        """The last day on which it fills a window of three years."""
        return leaves_on(self.granted_on) - datetime.timedelta(days=1)


def firms_of(organisation):
    """The firms that count as one with `organisation`, itself included, and their undertaking.

    Returns (undertaking or None, list of (siren, name)); no firm when no SIREN is known.
    """
    if not organisation.siren:
        return None, []
    undertaking = Undertaking.objects.filter(
        territory=organisation.territory_id, firms__siren=organisation.siren
    ).first()
    if undertaking is None:
        return None, [(organisation.siren, organisation.name)]
    return undertaking, list(undertaking.firms.values_list("siren", "name"))


def undertaking_of(organisation):
    """Its undertaking, opened with itself as first firm; what changes is to be declared again."""
    undertaking, _ = firms_of(organisation)
    if undertaking is None:
        undertaking = Undertaking.objects.create(
            territory=organisation.territory, name=organisation.name
        )
        undertaking.firms.create(
            territory=organisation.territory, siren=organisation.siren, name=organisation.name
        )
    undertaking.declare_again()
    return undertaking


@transaction.atomic
def link_firm(organisation, firm):
    """Make an unsaved `firm` count as one with `organisation`; return the firm that was linked.

    Of two undertakings, the one that holds a single firm joins the other (a form refuses two that
    hold more).
    """
    ours = undertaking_of(organisation)
    theirs = Undertaking.objects.filter(territory=ours.territory_id, firms__siren=firm.siren)
    theirs = theirs.exclude(pk=ours.pk).first()
    if theirs is None:
        firm.undertaking, firm.territory = ours, ours.territory
        firm.save()
        return firm
    if theirs.firms.count() == 1:
        alone, joined, emptied = theirs.firms.get(), ours, theirs
        alone.name = firm.name
    else:
        alone, joined, emptied = ours.firms.get(siren=organisation.siren), theirs, ours
    alone.undertaking, alone.link = joined, firm.link
    alone.save()
    emptied.delete()
    joined.declare_again()
    return alone


@transaction.atomic
def unlink_firm(firm):
    """Take a firm out of its undertaking; return the trace that `relink_firm` puts back."""
    trace = firm.remove()
    firm.undertaking.declare_again()
    return trace


@transaction.atomic
def relink_firm(trace):
    """Put back a firm, once, and the declaration of the list if nothing changed since it left."""
    if found := UndertakingFirm.objects.filter(pk=trace.id).first():
        return found
    history = Undertaking.history.filter(id=trace.undertaking_id)
    now, before = [*history.order_by("-history_id")[:2], None][:2]
    others = UndertakingFirm.history.filter(
        undertaking_id=trace.undertaking_id, history_id__gt=trace.history_id
    )
    firm = UndertakingFirm.restore(trace)
    undoes = before is not None and now.history_date >= trace.history_date
    if undoes and before.declared_on and not others.exclude(id=trace.id).exists():
        Undertaking.objects.get(pk=firm.undertaking_id).declare(before.declared_on, before.source)
    else:
        firm.undertaking.declare_again()
    return firm
