import copy
import datetime
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from crm import search
from crm.fields import MoneyField
from crm.models import Territory
from funding.models.versions import ProgramVersion

STALE_AFTER = datetime.timedelta(days=183)
INSTRUMENTS = {
    "grant": "Subvention",
    "recoverable_advance": "Avance remboursable",
    "loan": "Prêt",
    "guarantee": "Garantie",
    "advisory": "Conseil cofinancé",
    "tax_credit": "Crédit d’impôt",
    "tax_relief": "Exonération",
    "cee": "Certificats d’économies d’énergie",
    "equity": "Fonds propres",
    "training_aid": "Aide à la formation",
}


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
        """The catalogue is public information: all who belong somewhere may read it; a local
        version, in its territory only.

        No read may show yesterday’s rules: the announced versions whose day has come are applied
        first. One indexed query, and a write on the day itself.
        """
        territories = [territory for territory, _ in viewer.grants]
        if not territories:
            return self.none()
        ProgramVersion.objects.apply_due()
        return self.filter(Q(territory=None) | Q(territory__in=territories))

    def for_territory(self, territory):
        """What applies there: a national program gives way to its local version."""
        local = Program.objects.filter(territory=territory).exclude(national=None)
        return self.exclude(pk__in=local.values("national")).filter(
            Q(territory=None) | Q(territory=territory)
        )

    def replaced(self):
        """{(territory, national program)} of every local version."""
        local = Program.objects.exclude(territory=None).exclude(national=None).order_by()
        return set(local.values_list("territory", "national"))

    def exclusive_with(self, program):
        """The programs that exclude it or that it excludes: one side is enough to say so."""
        named = Q(code__in=program.incompatible_with)
        for code in {program.code, program.legal_code}:
            named |= Q(incompatible_with__icontains=f'"{code}"')
        return self.filter(named).exclude(code=program.code)

    def current(self, *, today=None):
        """Not closed, and not past its closing date."""
        today = today or timezone.localdate()
        return self.exclude(state=Program.State.CLOSED).exclude(closes_on__lt=today)

    def as_of(self, day):
        """The programs whose rules of that day are known; `as_fetched` then gives each as it was.

        What filters them is what they say today. One query more, whatever their number."""
        then = ProgramVersion.objects.in_force(day)
        return self.filter(pk__in=then.values("program")).prefetch_related(
            models.Prefetch("versions", then, to_attr="as_asked")
        )

    def for_list(self):
        return self.select_related("funder", "territory", "national")

    def search(self, text):
        return search.search(self, text)


def ordered(name, low, high, message):
    return models.CheckConstraint(
        name=name,
        condition=Q(**{low: None}) | Q(**{high: None}) | Q(**{f"{high}__gte": F(low)}),
        violation_error_message=message,
        violation_error_code=low,  # the field that the form points at
    )


# The name of the constraint, the lower field, the upper one, and what is said when they cross.
ORDERED = (
    ("program_rates_in_order", "rate_min", "rate_max", "Le taux minimum dépasse le taux maximum."),
    (
        "program_costs_in_order",
        "costs_min",
        "costs_max",
        "L’assiette minimum dépasse l’assiette maximum.",
    ),
    ("program_aid_in_order", "aid_min", "aid_max", "L’aide minimum dépasse l’aide maximum."),
    ("program_dates_in_order", "opens_on", "closes_on", "Le dispositif ferme avant d’ouvrir."),
)


class Program(models.Model):
    """A funding program (dispositif), as verified on a date from a source."""

    class State(models.TextChoices):
        OPEN = "open", "Ouvert"
        UPCOMING = "upcoming", "À venir"
        CLOSED = "closed", "Fermé"
        SUSPENDED = "suspended", "Suspendu"
        TO_CHECK = "to_check", "À vérifier"

    class Scope(models.TextChoices):
        NATIONAL = "national", "Nationale"
        REGION = "region", "Régionale"
        DEPARTEMENT = "departement", "Départementale"
        EPCI = "epci", "Intercommunale"
        COMMUNE = "commune", "Communale"
        TI = "ti", "Territoire d’industrie"
        BASIN = "basin", "Bassin"
        OTHER = "other", "Autre"

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

    class Origin(models.TextChoices):
        SHIPPED = "établi", "Catalogue d’Établi"
        TERRITORY = "territoire", "Ajouté par le territoire"
        MISSION_TRANSITION = "mission-transition", "Mission Transition écologique"
        DATA_GOUV = "data-gouv", "data.gouv.fr"
        AIDES_TERRITOIRES = "aides-territoires", "Aides-territoires"

    # What a version keeps, in the order in which a person reads it. `source` stands beside.
    VERSIONED = (
        "name",
        "funder",
        "operator",
        "portal",
        "instruments",
        "summary",
        "beneficiaries_note",
        "eligible_costs_note",
        "excluded_costs_note",
        "conditions_note",
        "scope_level",
        "scope_label",
        "themes",
        "rate_min",
        "rate_max",
        "rates_by_size",
        "rate_on_project",
        "rate_note",
        "costs_min",
        "costs_max",
        "aid_min",
        "aid_max",
        "opens_on",
        "closes_on",
        "deadlines",
        "recurrence",
        "state",
        "legal_basis",
        "incentive_effect",
        "incompatible_with",
        "required_studies",
        "confidence",
        "verified_on",
        "uncertain",
        "criteria",
    )

    code = models.CharField("code", max_length=60, unique=True)
    name = models.CharField("nom", max_length=250)
    funder = models.ForeignKey(
        Funder, models.PROTECT, related_name="programs", verbose_name="financeur"
    )
    operator = models.CharField("opérateur", max_length=150, blank=True)
    portal = models.CharField("où déposer", max_length=200, blank=True)
    instruments = models.JSONField("instruments", default=list, blank=True)
    summary = models.TextField("en bref")
    beneficiaries_note = models.TextField("bénéficiaires", blank=True)
    eligible_costs_note = models.TextField("dépenses éligibles", blank=True)
    excluded_costs_note = models.TextField("dépenses exclues", blank=True)
    conditions_note = models.TextField("autres conditions", blank=True)
    scope_level = models.CharField("échelle", max_length=12, choices=Scope)
    scope_label = models.CharField("territoire", max_length=200)
    themes = models.JSONField("thèmes", default=list, blank=True)
    rate_min = models.DecimalField(
        "taux minimum", max_digits=5, decimal_places=2, null=True, blank=True
    )
    rate_max = models.DecimalField(
        "taux maximum", max_digits=5, decimal_places=2, null=True, blank=True
    )
    rates_by_size = models.JSONField("taux par taille", null=True, blank=True)
    rate_on_project = models.BooleanField("taux appliqué à l’assiette du projet", default=True)
    rate_note = models.TextField("précisions sur le taux", blank=True)
    costs_min = MoneyField("assiette minimum")
    costs_max = MoneyField("assiette maximum")
    aid_min = MoneyField("aide minimum")
    aid_max = MoneyField("aide maximum")
    opens_on = models.DateField("ouvre le", null=True, blank=True)
    closes_on = models.DateField("ferme le", null=True, blank=True)
    deadlines = models.JSONField("relèves", default=list, blank=True)
    recurrence = models.CharField("périodicité", max_length=10, choices=Recurrence, blank=True)
    state = models.CharField("état", max_length=10, choices=State)
    legal_basis = models.CharField("base juridique", max_length=300, blank=True)
    incentive_effect = models.BooleanField("demande avant tout engagement", null=True, blank=True)
    # Codes of programs; one side is enough, read both with `exclusive_with`.
    incompatible_with = models.JSONField("exclut", default=list, blank=True)
    # Codes of the programs that pay for a study to be made before this one is asked.
    required_studies = models.JSONField("études préalables", default=list, blank=True)
    source = models.CharField("source", max_length=300)
    confidence = models.CharField("fiabilité", max_length=3, choices=Confidence)
    verified_on = models.DateField("vérifié le", null=True, blank=True)
    uncertain = models.JSONField("champs à vérifier", default=list, blank=True)
    criteria = models.JSONField("critères", default=list, blank=True)
    origin = models.CharField("origine", max_length=20, choices=Origin, default=Origin.SHIPPED)
    external_id = models.CharField("identifiant chez la source", max_length=200, blank=True)
    # The values last received from a catalogue, as a version keeps them: where the row differs
    # from them, a person corrected it.
    imported = models.JSONField("valeurs reçues", default=dict, blank=True, editable=False)
    national = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="local_versions",
        verbose_name="dispositif national",
    )
    territory = models.ForeignKey(
        Territory,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="local_programs",
        verbose_name="propre au territoire",
    )
    version = models.PositiveIntegerField("version", default=1, editable=False)
    applies_from = models.DateField("s’applique depuis le", null=True, editable=False)
    search = models.TextField(editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(excluded_fields=["search", "imported"])
    objects = ProgramQuerySet.as_manager()

    class Meta:
        verbose_name = "dispositif"
        ordering = ["funder__short_name", "name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="program_rate_at_most_whole",
                condition=(Q(rate_min=None) | Q(rate_min__range=(0, 100)))
                & (Q(rate_max=None) | Q(rate_max__range=(0, 100))),
                violation_error_code="rate_range",
                violation_error_message="Un taux est compris entre 0 et 100 %%.",
            ),
            *(ordered(*pair) for pair in ORDERED),
            models.UniqueConstraint(
                name="one_local_version_a_territory",
                fields=["national", "territory"],
                condition=Q(national__isnull=False),
                violation_error_message="Le territoire a déjà sa version de ce dispositif.",
            ),
            models.UniqueConstraint(
                name="one_program_an_external_id",
                fields=["origin", "external_id"],
                condition=~Q(external_id=""),
                violation_error_message="Ce dispositif est déjà repris de cette source.",
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.index()
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("funding:program", args=[self.pk])

    @property
    def legal_code(self):
        """The code that legal tables, usual pieces and judgements know it by."""
        return self.national.code if self.national_id else self.code

    @property
    def filed_as(self):
        """What a file of it counts for: a local version and its national program are one."""
        return str(self.national_id or self.pk or "")

    def index(self):
        """What the search reads; for whoever saves many at once."""
        self.search = search.normalise(f"{self.name} {self.funder} {self.operator} {self.summary}")

    @property
    def is_uncertain(self):
        """The row as a whole must not look certain."""
        return self.confidence in {self.Confidence.KNOWN, self.Confidence.UNCERTAIN}

    def is_stale(self, *, today=None):
        """Not verified for six months, or nobody knows when it was."""
        today = today or timezone.localdate()
        return self.verified_on is None or self.verified_on < today - STALE_AFTER

    @property
    def is_local(self):
        return self.territory_id is not None

    # Versions. What is written here is the version in force; `funding.catalogue` publishes.

    def as_version(self):
        """The values of the row as a version keeps them: plain JSON."""
        return {name: plain(name, getattr(self, attribute(name))) for name in self.VERSIONED}

    def set_values(self, values):
        """Write the values of a version on this instance, without saving it."""
        for name, value in values.items():
            setattr(self, attribute(name), typed(name, value))

    def take(self, version):
        """Become what `version` says, from its day on."""
        self.set_values(version.values)
        self.source = version.source
        self.version, self.applies_from = version.number, version.applies_from
        self._history_user = version.by
        self._change_reason = f"Version {version.number}"
        self.save()

    def as_of(self, day):
        """This program with the values that applied on `day`; None when nobody knows them.

        The copy is to be read, not saved. One query.
        """
        version = self.versions.in_force(day).first()
        return self.reading(version) if version else None

    def as_fetched(self):
        """As it was on the day that `as_of` asked of the list, else as it is."""
        then = getattr(self, "as_asked", None)
        return self.reading(then[0]) if then else self

    def reading(self, version):
        """A copy that holds the values of `version`, to be read and not saved."""
        found = copy.copy(self)
        found.set_values(version.values)
        found.source = version.source
        found.version, found.applies_from = version.number, version.applies_from
        # Rules are parsed once for each instant of change.
        found.updated_at = version.created_at
        return found


def attribute(name):
    """The funder is kept by its code."""
    return "funder_id" if name == "funder" else name


def deadline_key(deadline):
    """What a collection date says: « "time": null » says no more than no time at all."""
    return tuple(deadline.get(name) or "" for name in ("on", "time", "label"))


def plain(name, value):
    """A value of that field as a version keeps it: « 40 » for 40.00, « 2026-11-22 » for a day."""
    value = typed(name, value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def typed(name, value):
    """The reverse of `plain`; ValidationError when the field cannot hold it.

    JSON is copied, so that two rows never share a list."""
    field = Program._meta.get_field(name)
    if isinstance(field, models.JSONField):
        return copy.deepcopy(value)
    if field.is_relation or value is None:
        return value
    return field.to_python(value)


def applying(programs, territory_id, replaced=None):
    """Among these, those that apply in a territory, as `for_territory` says of a queryset.

    `replaced` are the (territory, national program) of every local version, when these programs
    may not be the whole catalogue."""
    own = [program for program in programs if program.territory_id in (None, territory_id)]
    if replaced is None:
        replaced = {(program.territory_id, program.national_id) for program in own}
    return [program for program in own if (territory_id, program.pk) not in replaced]
