import datetime

from django.conf import settings
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from crm import search
from crm.fields import MoneyField
from crm.models import Organisation, Project

STALE_AFTER = datetime.timedelta(days=183)


class Funder(models.Model):
    code = models.CharField("code", max_length=30, primary_key=True)
    name = models.CharField("nom", max_length=150)
    short_name = models.CharField("nom court", max_length=60)
    kind = models.CharField("nature", max_length=20)

    class Meta:
        verbose_name = "financeur"
        ordering = ["short_name"]

    def __str__(self):
        return self.short_name


class ProgramQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """The shipped catalogue is public information: all who belong somewhere may read it."""
        return self if viewer.grants else self.none()

    def current(self, *, today=None):
        """Not closed, and not past its closing date."""
        today = today or timezone.localdate()
        return self.exclude(state=Program.State.CLOSED).exclude(closes_on__lt=today)

    def for_list(self):
        return self.select_related("funder")

    def search(self, text):
        return search.search(self, text)


class Program(models.Model):
    """A funding program (dispositif), as verified on a date from a source."""

    class State(models.TextChoices):
        OPEN = "open", "Ouvert"
        UPCOMING = "upcoming", "À venir"
        CLOSED = "closed", "Fermé"
        SUSPENDED = "suspended", "Suspendu"
        TO_CHECK = "to_check", "À vérifier"

    class Recurrence(models.TextChoices):
        PERMANENT = "permanent", "Permanent"
        YEARLY = "yearly", "Annuel"
        ROLLING = "rolling", "Au fil de l’eau"
        CALL = "call", "Appel à projets"
        ONE_OFF = "one_off", "Ponctuel"

    class Confidence(models.TextChoices):
        READ = "V", "Lu à la source"
        SECONDARY = "V2", "Source secondaire"
        KNOWN = "K", "À vérifier"
        UNCERTAIN = "TBV", "Incertain"

    code = models.CharField("code", max_length=20, unique=True)
    name = models.CharField("nom", max_length=250)
    funder = models.ForeignKey(
        Funder, models.PROTECT, related_name="programs", verbose_name="financeur"
    )
    operator = models.CharField("opérateur", max_length=150, blank=True)
    portal = models.CharField("où déposer", max_length=200, blank=True)
    instruments = models.JSONField("instruments", default=list)
    summary = models.TextField("en bref")
    beneficiaries_note = models.TextField("bénéficiaires", blank=True)
    eligible_costs_note = models.TextField("dépenses éligibles", blank=True)
    excluded_costs_note = models.TextField("dépenses exclues", blank=True)
    conditions_note = models.TextField("autres conditions", blank=True)
    scope_level = models.CharField("échelle", max_length=12)
    scope_label = models.CharField("territoire", max_length=200)
    themes = models.JSONField("thèmes", default=list)
    rate_min = models.DecimalField("taux minimum", max_digits=5, decimal_places=2, null=True)
    rate_max = models.DecimalField("taux maximum", max_digits=5, decimal_places=2, null=True)
    rates_by_size = models.JSONField("taux par taille", null=True)
    rate_on_project = models.BooleanField("taux appliqué à l’assiette du projet", default=True)
    rate_note = models.TextField("précisions sur le taux", blank=True)
    costs_min = MoneyField("assiette minimum")
    costs_max = MoneyField("assiette maximum")
    aid_min = MoneyField("aide minimum")
    aid_max = MoneyField("aide maximum")
    opens_on = models.DateField("ouvre le", null=True, blank=True)
    closes_on = models.DateField("ferme le", null=True, blank=True)
    deadlines = models.JSONField("relèves", default=list)
    recurrence = models.CharField("périodicité", max_length=10, choices=Recurrence, blank=True)
    state = models.CharField("état", max_length=10, choices=State)
    legal_basis = models.CharField("base juridique", max_length=300, blank=True)
    incentive_effect = models.BooleanField("demande avant tout engagement", null=True)
    incompatible_with = models.JSONField("exclut", default=list)
    source = models.CharField("source", max_length=300)
    confidence = models.CharField("fiabilité", max_length=3, choices=Confidence)
    verified_on = models.DateField("vérifié le", null=True, blank=True)
    uncertain = models.JSONField("champs à vérifier", default=list)
    criteria = models.JSONField("critères", default=list)
    search = models.TextField(editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(excluded_fields=["search"])
    objects = ProgramQuerySet.as_manager()

    class Meta:
        verbose_name = "dispositif"
        ordering = ["funder__short_name", "name", "pk"]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.search = search.normalise(f"{self.name} {self.funder} {self.operator} {self.summary}")
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("funding:program", args=[self.pk])

    @property
    def is_uncertain(self):
        """The row as a whole must not look certain."""
        return self.confidence in {self.Confidence.KNOWN, self.Confidence.UNCERTAIN}

    def is_stale(self, *, today=None):
        """Not verified for six months, or nobody knows when it was."""
        today = today or timezone.localdate()
        return self.verified_on is None or self.verified_on < today - STALE_AFTER


class ApplicationQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(project__in=Project.objects.visible_to(viewer))

    def live(self):
        return self.exclude(status__in=Application.FINAL)

    def for_list(self):
        return self.select_related(
            "program__funder", "project__holder", "project__territory", "project__stage"
        )

    def totals(self):
        """Asked, granted and paid over known amounts, with the number still unknown."""
        return self.order_by().aggregate(
            count=Count("pk"),
            requested=Sum("amount_requested"),
            granted=Sum("amount_granted"),
            paid=Sum("amount_paid"),
            requested_unknown=Count("pk", filter=Q(amount_requested=None)),
            granted_unknown=Count(
                "pk", filter=Q(amount_granted=None, status=Application.Status.ACCEPTED)
            ),
        )


class Application(models.Model):
    """A file (dossier) for one project and one program."""

    class Status(models.TextChoices):
        TO_FILE = "a_deposer", "À déposer"
        DRAFT = "brouillon", "Brouillon"
        FILED = "depose", "Déposé"
        IN_CONSTRUCTION = "en_construction", "En construction"
        INCOMPLETE = "incomplet", "Incomplet"
        COMPLETE = "complet", "Complet"
        APPRAISAL = "en_instruction", "En instruction"
        ADJOURNED = "ajourne", "Ajourné"
        WAITING_LIST = "liste_d_attente", "Liste d’attente"
        ACCEPTED = "accepte", "Accepté"
        REFUSED = "refuse", "Refusé"
        DISMISSED = "sans_suite", "Classé sans suite"
        WITHDRAWN = "retire", "Retiré"

    NOT_FILED = (Status.TO_FILE, Status.DRAFT)
    FINAL = (Status.ACCEPTED, Status.REFUSED, Status.DISMISSED, Status.WITHDRAWN)
    # The appraisal has begun: completeness or receipt is obtained.
    RECEIVED = (Status.COMPLETE, Status.APPRAISAL, Status.ADJOURNED, Status.WAITING_LIST)

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="applications", verbose_name="projet"
    )
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="applications", verbose_name="dispositif"
    )
    status = models.CharField("statut", max_length=16, choices=Status, default=Status.TO_FILE)
    reference = models.CharField("référence du dossier", max_length=60, blank=True)
    amount_requested = MoneyField("montant demandé")
    amount_granted = MoneyField("montant accordé")
    amount_paid = MoneyField("montant versé")
    due_on = models.DateField("à déposer le", null=True, blank=True)
    filed_on = models.DateField("déposé le", null=True, blank=True)
    received_on = models.DateField("complétude ou accusé de réception le", null=True, blank=True)
    decided_on = models.DateField("décision le", null=True, blank=True)
    decision_expected_on = models.DateField("décision attendue le", null=True, blank=True)
    notes = models.TextField("notes", blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "dossier"
        ordering = ["project", "pk"]
        constraints = [
            models.CheckConstraint(
                name="application_decided_after_filed",
                condition=Q(filed_on=None)
                | Q(decided_on=None)
                | Q(decided_on__gte=models.F("filed_on")),
                violation_error_message="La décision précède le dépôt.",
            ),
        ]

    def __str__(self):
        return f"{self.program}, {self.project}"

    def get_absolute_url(self):
        return reverse("funding:application", args=[self.pk])

    @classmethod
    def allowed(cls, before, after):
        """Whether a file may go from a status to another.

        Before filing one may prepare, file or withdraw; filed, it goes on in any order, for each
        funder has its own; once decided it only goes back to appraisal.
        """
        if before == after:
            return True
        if before in cls.FINAL:
            return after == cls.Status.APPRAISAL
        if before in cls.NOT_FILED:
            return after not in {cls.Status.ACCEPTED, cls.Status.REFUSED}
        return after not in cls.NOT_FILED


class DeclaredFactQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(
            Q(project__in=Project.objects.visible_to(viewer))
            | Q(organisation__in=Organisation.objects.visible_to(viewer))
        )


class DeclaredFact(models.Model):
    """An answer that no field holds: a study’s date, annex I, a support letter, a difficulty…

    About a project, or about its holder and then true of all its projects. `value` is a JSON
    scalar: true, false, "250000.00", "2024-05-12". A person’s judgement on a plain-text condition
    is the fact « judgement:<program code>:<criterion key> ».
    """

    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="declared_facts"
    )
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="declared_facts"
    )
    key = models.CharField("information", max_length=120)
    value = models.JSONField("valeur")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    observed_on = models.DateField("noté le", default=timezone.localdate)

    history = HistoricalRecords()
    objects = DeclaredFactQuerySet.as_manager()

    class Meta:
        verbose_name = "information déclarée"
        verbose_name_plural = "informations déclarées"
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(name="one_fact_a_project", fields=["project", "key"]),
            models.UniqueConstraint(
                name="one_fact_an_organisation", fields=["organisation", "key"]
            ),
            models.CheckConstraint(
                name="fact_of_a_project_or_of_an_organisation",
                condition=Q(project=None, organisation__isnull=False)
                | Q(project__isnull=False, organisation=None),
            ),
        ]

    def __str__(self):
        return f"{self.key} : {self.value}"


def with_money(projects):
    """Annotate crm projects with amounts asked, granted and paid: a subquery each, no fan-out."""

    def total(field):
        rows = Application.objects.filter(project=OuterRef("pk")).order_by().values("project")
        return Subquery(rows.annotate(total=Sum(field)).values("total"))

    return projects.annotate(
        requested_total=total("amount_requested"),
        granted_total=total("amount_granted"),
        paid_total=total("amount_paid"),
    )
