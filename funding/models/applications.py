from django.conf import settings
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.urls import reverse
from simple_history.models import HistoricalRecords

from crm.fields import MoneyField
from crm.models import Project
from funding.models.programs import Program


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
