from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from actions.models import Action
from actions.models.editing import EditConflict, Removable, Versioned
from crm.fields import AmountField, MoneyField
from crm.models import Project
from funding.financing import plan as rules
from funding.financing.following import Current, follow
from funding.models.applications import Application
from funding.models.programs import Program
from funding.models.schemes import AidScheme
from funding.models.subjects import EITHER, SubjectQuerySet


class PercentField(models.DecimalField):
    """0 to 100; unknown is null."""

    def __init__(self, verbose_name=None, **options):
        options = {"max_digits": 5, "decimal_places": 2, "null": True, "blank": True} | options
        options.setdefault(
            "validators",
            [
                MinValueValidator(0, "Un taux ne peut pas être négatif."),
                MaxValueValidator(100, "Un taux ne dépasse pas 100\u00a0%%."),
            ],
        )
        super().__init__(verbose_name, **options)

    def formfield(self, **options):
        return super().formfield(**{"form_class": AmountField, **options})


class FinancingPlanQuerySet(SubjectQuerySet):
    def chosen(self):
        """One plan a project or action: what reports and files show."""
        return self.filter(is_chosen=True)

    def with_lines(self):
        """Everything the rules read, in a fixed number of queries."""
        return self.select_related(
            "project__holder",
            "project__territory",
            "project__commune",
            "project__site__commune",
            "action__pilot",
            "action__plan__territory",
        ).prefetch_related(
            "costs",
            "project__holder__sites__commune",
            models.Prefetch(
                "sources",
                SourceLine.objects.select_related(
                    "program__funder", "program__national", "scheme"
                ).with_files(),
            ),
        )


class FinancingPlan(Versioned, Removable):
    """One scenario of the financing of a project or of a collective action: uses and sources."""

    class VatBasis(models.TextChoices):
        EXCLUDED = "ht", "HT"
        INCLUDED = "ttc", "TTC"

    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="financing_plans"
    )
    action = models.ForeignKey(
        Action, models.CASCADE, null=True, blank=True, related_name="financing_plans"
    )
    name = models.CharField("scénario", max_length=80)
    is_chosen = models.BooleanField("scénario choisi", default=False)
    vat_basis = models.CharField(
        "montants", max_length=3, choices=VatBasis, default=VatBasis.EXCLUDED
    )
    granted_on = models.DateField("octroi prévu le", null=True, blank=True)
    notes = models.TextField("notes", blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = FinancingPlanQuerySet.as_manager()

    class Meta:
        verbose_name = "plan de financement"
        verbose_name_plural = "plans de financement"
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="plan_of_a_project_or_of_an_action",
                condition=EITHER,
            ),
            models.UniqueConstraint(
                name="one_chosen_plan_a_project",
                fields=["project"],
                condition=Q(is_chosen=True),
            ),
            models.UniqueConstraint(
                name="one_chosen_plan_an_action",
                fields=["action"],
                condition=Q(is_chosen=True),
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("funding:plan", args=[self.pk])

    @property
    def subject(self):
        return self.project or self.action

    @property
    def subject_code(self):
        return self.project.reference if self.project_id else self.action.code

    @property
    def territory(self):
        return self.project.territory if self.project_id else self.action.plan.territory

    @property
    def holder(self):
        """Who carries it: the holder of the project, the pilot of the action if there is one."""
        return self.project.holder if self.project_id else self.action.pilot

    @property
    def siblings(self):
        """Every scenario of the same subject, this one included."""
        return FinancingPlan.objects.of(self.subject)

    def lines_of(self, file):
        """The sources a file stands for: those bound to it, else those of its program."""
        sources = self.sources.all()
        bound = [line for line in sources if line.application_id == file.pk]
        return bound or [
            line
            for line in sources
            if line.program_id == file.program_id and line.application_id is None
        ]

    @transaction.atomic
    def choose(self):
        """Make it the chosen scenario; return the one it replaces, if any."""
        type(self.subject).objects.select_for_update().get(pk=self.subject.pk)
        before = self.siblings.chosen().exclude(pk=self.pk).first()
        for plan, chosen in ((before, False), (self, True)):
            if plan and plan.is_chosen is not chosen:
                plan.is_chosen = chosen
                plan.save(update_fields=["is_chosen", "updated_at"])
        return before

    @property
    def priced_costs(self):
        """Those with euros to convert from HT to TTC, or back."""
        return self.costs.filter(Q(amount__gt=0) | Q(eligible_amount__gt=0))

    @transaction.atomic
    def convert_costs(self):
        """Write every cost in the basis that the plan now has; return those that going back would
        leave one cent away. Raises EditConflict when a rate was taken out meanwhile."""
        there, back = rules.with_vat, rules.without_vat
        if self.vat_basis == self.VatBasis.EXCLUDED:
            there, back = back, there
        off = []
        for cost in self.priced_costs.select_for_update():
            if cost.vat_rate is None:
                raise EditConflict
            before = cost.amount, cost.eligible_amount
            cost.amount, cost.eligible_amount = (there(one, cost.vat_rate) for one in before)
            now = cost.amount, cost.eligible_amount
            if before != tuple(back(one, cost.vat_rate) for one in now):
                off.append(cost)
            cost.clean_fields()
            cost.save_over(cost.version)
        return off

    @transaction.atomic
    def duplicate(self, name, *, by, refused=()):
        """The same plan under another name; the sources of `refused` are refused in it."""
        copy = FinancingPlan.objects.create(
            project=self.project,
            action=self.action,
            name=name,
            vat_basis=self.vat_basis,
            granted_on=self.granted_on,
            created_by=by,
        )
        keys = {}
        for cost in self.costs.all():
            before, cost.pk, cost.plan, cost._state.adding = cost.pk, None, copy, True
            cost.version = 1
            cost.save()
            keys[before] = cost.pk
        for source in self.sources.all():
            if source.pk in refused:
                source.suppose(SourceLine.State.REFUSED)
            source.pk, source.plan, source._state.adding = None, copy, True
            source.version = 1
            source.aided = [keys[key] for key in source.aided if key in keys]
            source.save()
        return copy

    def touch(self):
        """Its last change is that of its lines."""
        self.save(update_fields=["updated_at"])


class LineQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(plan__in=FinancingPlan.objects.visible_to(viewer))

    def for_edit(self):
        return self.select_related("plan__project__territory", "plan__action__plan__territory")


class SourceLineQuerySet(LineQuerySet):
    def for_edit(self):
        return super().for_edit().with_files()

    def with_files(self):
        """What `current` reads of the file of each source."""
        return self.select_related("application__agreement").prefetch_related(
            "application__tranches", "application__agreement__amendments"
        )


class CostLine(Versioned, Removable):
    """A use: one spending, in the basis (HT or TTC) of its plan."""

    class Category(models.TextChoices):
        EQUIPMENT = "equipment", "Équipement"
        BUILDING = "building", "Bâtiment et travaux"
        LAND = "land", "Foncier"
        STUDY = "study", "Études et conseil"
        SOFTWARE = "software", "Logiciels et brevets"
        STAFF = "staff", "Personnel"
        RUNNING = "running", "Fonctionnement"
        CASH = "cash", "Besoin en fonds de roulement"
        HAZARD = "hazard", "Aléas"
        OTHER = "other", "Autre"

    class Eligible(models.TextChoices):
        YES = "yes", "Oui"
        PART = "part", "En partie"
        NO = "no", "Non"

    plan = models.ForeignKey(FinancingPlan, models.CASCADE, related_name="costs")
    label = models.CharField("dépense", max_length=150)
    category = models.CharField("nature", max_length=10, choices=Category, blank=True)
    amount = MoneyField("montant")
    eligible = models.CharField(
        "éligible à une aide", max_length=4, choices=Eligible, default=Eligible.YES
    )
    eligible_amount = MoneyField("dont éligible")
    vat_rate = PercentField("taux de TVA")
    year = models.PositiveSmallIntegerField(
        "année",
        null=True,
        blank=True,
        validators=[
            MinValueValidator(2000, "L’année va de 2000 à 2100."),
            MaxValueValidator(2100, "L’année va de 2000 à 2100."),
        ],
    )
    starts_on = models.DateField("payée du", null=True, blank=True)
    ends_on = models.DateField("au", null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = LineQuerySet.as_manager()

    class Meta:
        verbose_name = "dépense"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="cost_ends_after_it_starts",
                condition=Q(starts_on=None)
                | Q(ends_on=None)
                | Q(ends_on__gte=models.F("starts_on")),
                violation_error_message="La dernière dépense précède la première.",
            ),
            models.CheckConstraint(
                name="eligible_part_within_the_cost",
                condition=Q(amount=None)
                | Q(eligible_amount=None)
                | Q(eligible_amount__lte=models.F("amount")),
                violation_error_message="La part éligible dépasse le montant de la dépense.",
            ),
        ]

    def __str__(self):
        return self.label

    @property
    def nature(self):
        """The category in words, unless the label says the same."""
        words = self.get_category_display()
        return "" if words == self.label else words

    @property
    def years(self):
        """« 2027 », « 2026-2027 »; None when unknown."""
        known = sorted({day.year for day in (self.starts_on, self.ends_on) if day})
        return "-".join(str(year) for year in known) or self.year and str(self.year) or None

    @property
    def with_vat(self):
        """Euros with VAT, of an amount without; None when the amount or the rate is unknown."""
        return rules.with_vat(self.amount, self.vat_rate)

    def as_rule(self):
        return rules.Cost(
            key=self.pk,
            label=self.label,
            amount=self.amount,
            eligible=self.eligible,
            eligible_amount=self.eligible_amount,
            year=self.year,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
        )


class SourceLine(Versioned, Removable):
    """A source of money: what, from whom, under which regime, how far it has come."""

    class Kind(models.TextChoices):
        OWN = rules.OWN, "Fonds propres"
        BANK_LOAN = rules.BANK_LOAN, "Prêt bancaire"
        PUBLIC_LOAN = rules.PUBLIC_LOAN, "Prêt public"
        GRANT = rules.GRANT, "Subvention publique"
        ADVANCE = rules.ADVANCE, "Avance remboursable"
        GUARANTEE = rules.GUARANTEE, "Garantie publique"
        PRIVATE = rules.PRIVATE, "Autre financement privé"

    class State(models.TextChoices):
        IDEA = "idea", "Idée"
        TO_FILE = "to_file", "À déposer"
        REQUESTED = "requested", "Demandé"
        GRANTED = "granted", "Accordé"
        AGREED = "agreed", "Conventionné"
        PAID = "paid", "Versé"
        REFUSED = rules.REFUSED, "Refusé"

    class Confidence(models.TextChoices):
        LOW = "low", "Faible"
        MEDIUM = "medium", "Moyenne"
        HIGH = "high", "Forte"

    plan = models.ForeignKey(FinancingPlan, models.CASCADE, related_name="sources")
    kind = models.CharField("nature", max_length=12, choices=Kind)
    label = models.CharField("source", max_length=150)
    program = models.ForeignKey(
        Program,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="dispositif",
    )
    funder_label = models.CharField("financeur", max_length=150, blank=True)
    scheme = models.ForeignKey(
        AidScheme,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="régime d’aide",
    )
    application = models.ForeignKey(
        Application,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="source_lines",
        verbose_name="dossier",
    )
    # A scenario may suppose something else than what the file says, « si la Région refuse ».
    is_hypothesis = models.BooleanField("hypothèse de ce scénario", default=False)
    # Ids of cost lines, and not a relation: a line put back finds its aids again.
    aided = models.JSONField("dépenses aidées", default=list, blank=True)
    basis = MoneyField("assiette")
    rate = PercentField("taux")
    amount = MoneyField("montant")
    equivalent = MoneyField("équivalent-subvention brut")
    state = models.CharField("état", max_length=10, choices=State, default=State.IDEA)
    confidence = models.CharField("confiance", max_length=6, choices=Confidence, blank=True)
    filed_on = models.DateField("demande déposée le", null=True, blank=True)
    granted_on = models.DateField("octroi le", null=True, blank=True)
    advance_rate = PercentField("avance")
    advance_on = models.DateField("avance versée le", null=True, blank=True)
    advance_is_guaranteed = models.BooleanField("avance garantie à première demande", default=False)
    interim_rate = PercentField("acomptes")
    interim_on = models.DateField("acomptes versés le", null=True, blank=True)
    paid_on = models.DateField("versement ou solde le", null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = SourceLineQuerySet.as_manager()

    class Meta:
        verbose_name = "ressource"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="source_rate_is_a_percent",
                condition=Q(rate=None) | Q(rate__gte=0, rate__lte=100),
                violation_error_message="Un taux va de 0 à 100\u00a0%.",
            ),
        ]

    def __str__(self):
        return self.label

    @property
    def funder(self):
        """Who pays, in words."""
        return self.funder_label or (self.program.funder.short_name if self.program else "")

    def bind(self, application):
        """Follow that file from now on; a refusal that a scenario supposed is still supposed."""
        self.application = application
        self.is_hypothesis = self.state == self.State.REFUSED
        self.save_over(self.version)

    def suppose(self, state):
        """State it as this scenario supposes it, whatever its file says."""
        self.state = state
        self.is_hypothesis = self.application_id is not None

    @property
    def supposes(self):
        """It holds against its file; without a file there is nothing to hold against."""
        return self.is_hypothesis and self.application is not None

    @property
    def typed(self):
        """What stands in the plan itself."""
        return Current(
            state=self.state,
            amount=self.amount,
            filed_on=self.filed_on,
            granted_on=self.granted_on,
            paid_on=self.paid_on,
        )

    @property
    def told(self):
        """The same as its file tells it; what was typed when there is none."""
        return follow(self.typed, self.application.progress()) if self.application else self.typed

    @property
    def current(self):
        """Where it stands: what every sum, check, print and export reads."""
        return self.typed if self.supposes else self.told

    @property
    def state_label(self):
        return self.State(self.current.state).label

    @property
    def told_label(self):
        return self.State(self.told.state).label

    @property
    def is_contradicted(self):
        """It supposes something that its file, decided meanwhile, has settled otherwise."""
        told = self.told.state
        settled = told in rules.DECIDED or told == self.State.REFUSED
        return self.supposes and settled and told != self.state

    @property
    def is_refused(self):
        return self.current.state == self.State.REFUSED

    @property
    def is_decided(self):
        return self.current.state in rules.DECIDED

    @property
    def misses_its_rate(self):
        """The amount is not rate × basis, when all three are known."""
        expected, amount = rules.computed_amount(self.basis, self.rate), self.current.amount
        known = expected is not None and amount is not None
        return known and abs(expected - amount) >= Decimal(1)
