import datetime

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from crm import search
from crm.fields import MoneyField
from crm.models.geography import Commune
from crm.models.interactions import Interaction
from crm.models.interests import rivals_of
from crm.models.organisations import Organisation, Provenance, Site
from crm.models.references import Health, NationalPriority, Sector, Stage, Theme
from crm.models.territories import Role, Territory
from crm.pipeline import MoveConflict, MoveRefused, allowed
from crm.signals import project_moved


class Confidentiality(models.TextChoices):
    INTERNAL = "interne", "Interne (chargés de mission)"
    PAIR = "binome", "Binôme"
    PARTNERS = "partenaires", "Partenaires"
    PUBLIC = "public", "Public"


PAIR = [Role.ELECTED, Role.INDUSTRIALIST]

# Who reads what: the one table behind every page, export, workbook and API answer.
READABLE = {
    Role.OFFICER: set(Confidentiality),
    Role.MANAGER: set(Confidentiality),
    Role.ELECTED: {Confidentiality.PAIR, Confidentiality.PARTNERS, Confidentiality.PUBLIC},
    Role.INDUSTRIALIST: {Confidentiality.PAIR, Confidentiality.PARTNERS, Confidentiality.PUBLIC},
    Role.READER: {Confidentiality.PARTNERS, Confidentiality.PUBLIC},
    "partner": {Confidentiality.PARTNERS, Confidentiality.PUBLIC},
}


class ProjectQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """The viewer’s territories, and in each the levels of confidentiality of their role.

        A member of the pair does not open the projects of a competitor.
        """
        opened = self.opened_to(viewer)
        pair = [territory for territory, role in viewer.grants if role in PAIR]
        if not pair:
            return opened
        return opened.exclude(territory__in=pair, holder__in=rivals_of(viewer))

    def opened_to(self, viewer):
        """The same with the competitors’: only for what hides their amounts."""
        readable = Q(pk__in=[])
        for territory, role in viewer.grants:
            readable |= Q(territory=territory, confidentiality__in=READABLE.get(role, set()))
        return self.filter(readable)

    def open(self):
        return self.exclude(stage__kind=Stage.Kind.CLOSED).exclude(stage__is_done=True)

    def active(self):
        """Open and not paused: what the officer is expected to move."""
        return self.open().filter(stage__kind=Stage.Kind.PIPELINE)

    def with_last_contact(self):
        latest = Interaction.objects.filter(project=OuterRef("pk")).order_by("-happened_on")
        return self.annotate(last_contact_on=Subquery(latest.values("happened_on")[:1]))

    def in_epcis(self, epcis):
        """By the commune of the project, else by that of its site; without either, nowhere."""
        return self.filter(
            Q(commune__epci__in=epcis) | Q(commune=None, site__commune__epci__in=epcis)
        )

    def silent(self, *, days=60, today=None):
        """Active projects with no exchange and no move for `days` days."""
        limit = (today or timezone.localdate()) - datetime.timedelta(days=days)
        return (
            self.active()
            .with_last_contact()
            .annotate(
                last_sign_on=Greatest(
                    Coalesce("last_contact_on", "stage_since"), "stage_since", "opened_on"
                )
            )
            .filter(last_sign_on__lt=limit)
        )

    def without_next_step(self):
        return self.active().filter(Q(next_step="") | Q(next_step_on=None))

    def for_list(self):
        """Everything a row or a card displays, in a fixed number of queries."""
        return (
            self.select_related(
                "territory", "holder", "site__commune", "commune__epci", "stage", "health",
                "sector", "owner", "paused_from",
            )
            .prefetch_related("priorities", "themes")
            .with_last_contact()
        )  # fmt: skip

    def search(self, text):
        return search.search(self, text)

    def totals(self):
        """Count, sums of what is known, and how many are still unknown."""
        return self.order_by().aggregate(
            count=Count("pk"),
            investment=Sum("planned_investment"),
            unknown=Count("pk", filter=Q(planned_investment=None)),
            eligible=Sum("eligible_costs"),
            eligible_unknown=Count("pk", filter=Q(eligible_costs=None)),
            jobs=Sum("jobs_created_planned"),
            jobs_unknown=Count("pk", filter=Q(jobs_created_planned=None)),
        )

    def totals_by_stage(self):
        """{stage code: totals}; an id subquery keeps joins of the filters out of the sums."""
        rows = (
            Project.objects.filter(pk__in=self.order_by().values("pk"))
            .order_by()
            .values("stage")
            .annotate(
                count=Count("pk"),
                investment=Sum("planned_investment"),
                unknown=Count("pk", filter=Q(planned_investment=None)),
            )
        )
        return {row["stage"]: row for row in rows}


def jobs(label):
    return models.DecimalField(
        label,
        max_digits=7,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0, "Un nombre d’emplois ne peut pas être négatif.")],
        help_text="en équivalent temps plein",
    )


class Project(Provenance):
    """An industrial project, from first sign to last euro. What is unknown stays empty."""

    class LeadSource(models.TextChoices):
        VISIT = "visite", "Visite d’entreprise"
        EPCI = "epci", "EPCI ou commune"
        STATE = "etat", "Service de l’État"
        CHAMBER = "chambre", "Chambre consulaire"
        PARTNER = "partenaire", "Autre partenaire"
        PRESS = "presse", "Presse ou veille"
        COMPANY = "entreprise", "L’entreprise elle-même"

    class Attribution(models.TextChoices):
        """What the territory’s team did for it, at most: a figure claims no more."""

        DETECTED = "detecte", "Détecté"
        REFERRED = "oriente", "Orienté vers un partenaire"
        ASSEMBLED = "monte", "Monté avec nous"
        OBTAINED = "obtenu", "Financement obtenu avec nous"

    class JobsMethod(models.TextChoices):
        DECLARED = "declare", "Déclaré par le porteur"
        APPLICATION = "dossier", "Repris d’un dossier d’aide"
        PAYROLL = "dsn", "Constaté (DSN, registre du personnel)"
        VISIT = "visite", "Constaté en visite"

    territory = models.ForeignKey(
        Territory, models.PROTECT, related_name="projects", verbose_name="territoire"
    )
    reference = models.CharField("référence", max_length=20, editable=False)
    title = models.CharField("intitulé", max_length=200)
    holder = models.ForeignKey(
        Organisation, models.PROTECT, related_name="projects", verbose_name="porteur"
    )
    site = models.ForeignKey(
        Site,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name="établissement",
    )
    commune = models.ForeignKey(
        Commune,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name="commune",
    )
    priorities = models.ManyToManyField(
        NationalPriority, blank=True, related_name="projects", verbose_name="axes nationaux"
    )
    sector = models.ForeignKey(
        Sector,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name="filière",
    )
    themes = models.ManyToManyField(
        Theme, blank=True, related_name="projects", verbose_name="thèmes"
    )
    need = models.TextField("besoin", blank=True)
    lead_source = models.CharField("source", max_length=12, choices=LeadSource, blank=True)
    attribution = models.CharField("notre part", max_length=8, choices=Attribution, blank=True)

    stage = models.ForeignKey(
        Stage, models.PROTECT, default="detecte", related_name="projects", verbose_name="étape"
    )
    stage_since = models.DateField("dans l’étape depuis", default=timezone.localdate)
    paused_from = models.ForeignKey(
        Stage,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="étape d’avant la suspension",
    )
    stage_reason = models.CharField("motif", max_length=250, blank=True)
    revisit_on = models.DateField("à revoir le", null=True, blank=True)
    health = models.ForeignKey(
        Health,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name="météo",
    )
    health_note = models.CharField("pourquoi cette météo", max_length=200, blank=True)
    confidentiality = models.CharField(
        "confidentialité",
        max_length=12,
        choices=Confidentiality,
        default=Confidentiality.INTERNAL,
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_projects",
        verbose_name="référent ou référente",
    )
    next_step = models.CharField("prochaine étape", max_length=200, blank=True)
    next_step_on = models.DateField("échéance de la prochaine étape", null=True, blank=True)

    planned_investment = MoneyField("investissement prévu HT")
    eligible_costs = MoneyField("assiette éligible HT")
    jobs_created_planned = jobs("emplois créés, prévus")
    jobs_maintained_planned = jobs("emplois maintenus, prévus")
    jobs_created_observed = jobs("emplois créés, constatés")
    jobs_maintained_observed = jobs("emplois maintenus, constatés")
    jobs_method = models.CharField(
        "méthode du décompte", max_length=10, choices=JobsMethod, blank=True
    )
    jobs_evidence = models.CharField("preuve du décompte", max_length=250, blank=True)
    jobs_observed_on = models.DateField("emplois constatés le", null=True, blank=True)
    land_need_m2 = models.PositiveIntegerField("besoin foncier (m²)", null=True, blank=True)
    starts_on = models.DateField("début", null=True, blank=True)
    ends_on = models.DateField("fin", null=True, blank=True)
    first_commitment_on = models.DateField("premier engagement ferme", null=True, blank=True)
    blockers = models.TextField("freins", blank=True)

    opened_on = models.DateField("ouvert le", default=timezone.localdate)
    rank = models.FloatField("rang dans la colonne", default=0, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    search = models.TextField(editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(
        m2m_fields=[priorities, themes], excluded_fields=["search", "rank", "version"]
    )
    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = "projet"
        ordering = ["-opened_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="reference_once_a_territory", fields=["territory", "reference"]
            ),
            models.CheckConstraint(
                name="project_ends_after_it_starts",
                condition=Q(starts_on=None)
                | Q(ends_on=None)
                | Q(ends_on__gte=models.F("starts_on")),
                violation_error_message="La fin du projet précède son début.",
            ),
        ]

    def __str__(self):
        return self.title

    def save(self, *args, **kwargs):
        self.search = search.normalise(f"{self.reference} {self.title} {self.holder.name}")
        if self.reference:
            return super().save(*args, **kwargs)
        with transaction.atomic():
            # Two projects opened at once queue here rather than take the same number.
            Territory.objects.select_for_update().get(pk=self.territory_id)
            self.reference = self._next_reference()
            self.search = search.normalise(f"{self.reference} {self.search}")
            return super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("crm:project", args=[self.pk])

    @property
    def place(self):
        """The commune of the project: its own, else that of its site."""
        return self.commune or (self.site.commune if self.site_id else None)

    @property
    def is_closed(self):
        return self.stage.kind == Stage.Kind.CLOSED

    @property
    def is_over(self):
        """Finished or closed: what `open` leaves out."""
        return self.is_closed or self.stage.is_done

    @property
    def days_in_stage(self):
        return (timezone.localdate() - self.stage_since).days

    @property
    def age_tone(self):
        """« warn » or « bad » when the project stays too long in its stage, else nothing."""
        if self.stage.late_days and self.days_in_stage >= self.stage.late_days:
            return "bad"
        if self.stage.warn_days and self.days_in_stage >= self.stage.warn_days:
            return "warn"
        return ""

    @property
    def next_step_state(self):
        """The light of the next step: « none », « late », « today » or « planned »."""
        if not self.next_step:
            return "none"
        if self.next_step_on is None:
            return "planned"
        days = (self.next_step_on - timezone.localdate()).days
        return "late" if days < 0 else "today" if days == 0 else "planned"

    @transaction.atomic
    def move_to(self, stage, *, by, reason="", revisit_on=None, today=None):
        """Move along the pipeline and record who did it, or raise MoveRefused with a sentence.

        The gates of the stage are the form’s business (crm.gates); this guards the move itself.
        """
        today = today or timezone.localdate()
        before = self.stage
        if not allowed(before, stage):
            raise MoveRefused(f"On ne passe pas de «\u00a0{before}\u00a0» à «\u00a0{stage}\u00a0».")
        if stage.needs_reason and not reason:
            raise MoveRefused(f"Dites pourquoi le projet passe à «\u00a0{stage}\u00a0».")
        if stage.needs_revisit and not revisit_on:
            raise MoveRefused("Donnez une date à laquelle revoir ce projet.")
        changes = {
            "stage": stage,
            "stage_since": today,
            "stage_reason": reason,
            "revisit_on": revisit_on,
            "paused_from": (self.paused_from or before) if stage.needs_reason else None,
            "updated_at": timezone.now(),
        }
        # Filtering on the stage we read makes the slower of two people fail, not overwrite.
        unmoved = Project.objects.filter(pk=self.pk, stage=before)
        if not unmoved.update(**changes, version=models.F("version") + 1):
            now = Project.objects.select_related("stage").get(pk=self.pk)
            raise MoveConflict(now.stage)
        for field, value in changes.items():
            setattr(self, field, value)
        change = self.stage_changes.create(
            from_stage=before, to_stage=stage, by=by, reason=reason, revisit_on=revisit_on
        )
        project_moved.send(Project, project=self, change=change)
        return change

    def undoable_by(self, user):
        """The last move, if it is this person’s and can still be taken back; else None."""
        last = self.stage_changes.select_related("from_stage", "to_stage").first()
        if last is None or last.by_id != user.pk or last.to_stage_id != self.stage_id:
            return None
        return last if allowed(last.to_stage, last.from_stage) else None

    @transaction.atomic
    def undo_move(self, *, by):
        """Take back one’s own last move; it is a move too, and the age in the stage comes back."""
        last = self.undoable_by(by)
        if last is None:
            raise MoveRefused("Ce déplacement ne peut plus être annulé.")
        entered = self.stage_changes.filter(to_stage=last.from_stage).first()
        saved = self.history.filter(stage=last.from_stage_id).first()
        since = timezone.localdate(entered.at) if entered else saved and saved.stage_since
        return self.move_to(
            last.from_stage,
            by=by,
            reason=entered.reason if entered else "",
            revisit_on=entered.revisit_on if entered else None,
            today=since,
        )

    def _next_reference(self):
        year = self.opened_on.year
        prefix = f"P-{year}-"
        last = (
            Project.objects.filter(territory=self.territory_id, reference__startswith=prefix)
            .order_by("-reference")
            .values_list("reference", flat=True)
            .first()
        )
        return f"{prefix}{int(last.removeprefix(prefix)) + 1 if last else 1:03d}"


class StageChange(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="stage_changes")
    from_stage = models.ForeignKey(Stage, models.PROTECT, related_name="+")
    to_stage = models.ForeignKey(Stage, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField("motif", max_length=250, blank=True)
    revisit_on = models.DateField("à revoir le", null=True, blank=True)

    class Meta:
        verbose_name = "passage d’étape"
        verbose_name_plural = "passages d’étape"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.project}, {self.from_stage} → {self.to_stage}"
