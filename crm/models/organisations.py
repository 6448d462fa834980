import datetime
import re

from django.db import models
from django.db.models import Count, F, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from crm import search
from crm.fields import MoneyField
from crm.identifiers import clean_siren, clean_siret
from crm.models.geography import Commune, NafCode, WorkforceBand
from crm.models.references import Sector
from crm.models.territories import Role, Territory
from crm.validators import IdentifierValidator


class Provenance(models.Model):
    """Where each fact of a row came from: {"turnover": {"source": "SIRENE", "as_of": "2024"}}."""

    provenance = models.JSONField("origine des informations", default=dict, blank=True)

    class Meta:
        abstract = True

    def note_source(self, fields, source, as_of=None):
        for field in fields:
            self.provenance[field] = {"source": source, "as_of": str(as_of) if as_of else ""}

    def source_of(self, field):
        """« SIRENE, 2024 », or an empty string when nobody wrote it down."""
        known = self.provenance.get(field, {})
        parts = known.get("source"), french_date(known.get("as_of") or "")
        return ", ".join(part for part in parts if part)


def french_date(text):
    """22/11/2026 for 2026-11-22; a year or anything else stays as it is."""
    try:
        return f"{datetime.date.fromisoformat(text):%d/%m/%Y}"
    except ValueError:
        return text


def open_then_head_office():
    """The site that stands for its organisation: open rather than closed, then the head office."""
    return [F("closed_on").desc(nulls_first=True), "-is_head_office", "pk"]


class OrganisationQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=Territory.objects.visible_to(viewer))

    def companies(self):
        return self.filter(kind=Organisation.Kind.COMPANY)

    def search(self, text):
        """By name or SIREN; a SIREN or a SIRET may be typed with its spaces."""
        number = re.sub(r"[\s.-]", "", str(text))
        if not re.fullmatch(r"[0-9]{9}|[0-9]{14}", number):
            return search.search(self, text)
        sites = Site.objects.filter(siret=number).values("organisation")
        return self.filter(Q(siren=number[:9]) | Q(pk__in=sites))

    def with_head_site(self):
        """`place` and the two headcounts: the exact one, and the rank that also reads the band."""
        head = Site.objects.filter(organisation=OuterRef("pk")).order_by(*open_then_head_office())
        exact = Coalesce("headcount", Subquery(head.values("headcount")[:1]))
        return self.annotate(
            place=Subquery(head.values("commune__search")[:1]),
            known_headcount=exact,
            headcount_rank=Coalesce(exact, Subquery(head.values("workforce_band__low")[:1])),
        )

    def with_activity(self, viewer):
        """`last_contact_on` and `project_count`, as far as the viewer may know of them."""
        from crm.models.projects import Interaction, Project  # they point here

        exchanges = Interaction.objects.visible_to(viewer).filter(organisation=OuterRef("pk"))
        projects = Project.objects.visible_to(viewer).filter(holder=OuterRef("pk"))
        counted = projects.order_by().values("holder").annotate(n=Count("pk")).values("n")
        return self.annotate(
            last_contact_on=Subquery(exchanges.order_by("-happened_on").values("happened_on")[:1]),
            project_count=Coalesce(Subquery(counted), 0),
        )

    def for_list(self, viewer):
        """Everything a row displays, in a fixed number of queries, sorted by name."""
        return (
            self.with_head_site()
            .with_activity(viewer)
            .prefetch_related(Prefetch("sites", Site.objects.for_list()), "sectors")
            .order_by("search", "pk")
        )

    def totals(self):
        """Count, sum of the known headcounts, and how many are still unknown."""
        rows = Organisation.objects.filter(pk__in=self.order_by().values("pk")).with_head_site()
        return rows.order_by().aggregate(
            count=Count("pk"),
            headcount=Sum("known_headcount"),
            unknown=Count("pk", filter=Q(known_headcount=None)),
        )


class Organisation(Provenance):
    """Anyone who can carry a project or sit at the table, as one territory knows them."""

    class Kind(models.TextChoices):
        COMPANY = "company", "Entreprise"
        EPCI = "epci", "EPCI"
        PETR = "petr", "PETR"
        COMMUNE = "commune", "Commune"
        ASSOCIATION = "association", "Association"
        CHAMBER = "chamber", "Chambre consulaire"
        TRAINING_BODY = "training_body", "Organisme de formation"
        FUNDER = "funder", "Financeur"
        PUBLIC_BODY = "public_body", "Autre organisme public"
        HOUSING_BODY = "housing_body", "Bailleur"
        OTHER = "other", "Autre"

    class EuSize(models.TextChoices):
        MICRO = "micro", "Microentreprise"
        SMALL = "small", "Petite entreprise"
        MEDIUM = "medium", "Moyenne entreprise"
        MID_CAP = "mid_cap", "Entreprise de taille intermédiaire"
        LARGE = "large", "Grande entreprise"

    class InseeCategory(models.TextChoices):
        PME = "PME", "PME"
        ETI = "ETI", "ETI"
        GE = "GE", "Grande entreprise"

    territory = models.ForeignKey(
        Territory, models.PROTECT, related_name="organisations", verbose_name="territoire"
    )
    kind = models.CharField("nature", max_length=15, choices=Kind, default=Kind.COMPANY)
    name = models.CharField("nom", max_length=200)
    siren = models.CharField(  # noqa: DJ001 (null, so that many may have none and stay unique)
        "SIREN", max_length=9, null=True, blank=True, validators=[IdentifierValidator(clean_siren)]
    )
    legal_form = models.CharField("catégorie juridique", max_length=4, blank=True)
    created_on = models.DateField("créée le", null=True, blank=True)
    eu_size = models.CharField("taille européenne", max_length=8, choices=EuSize, blank=True)
    insee_category = models.CharField(
        "catégorie INSEE", max_length=3, choices=InseeCategory, blank=True
    )
    headcount = models.PositiveIntegerField("effectif", null=True, blank=True)
    turnover = MoneyField("chiffre d’affaires")
    balance_sheet = MoneyField("total du bilan")
    equity = MoneyField("fonds propres", validators=[])  # losses may have eaten more than all
    sectors = models.ManyToManyField(Sector, blank=True, verbose_name="filières")
    website = models.URLField("site internet", blank=True)
    notes = models.TextField("présentation", blank=True)
    is_diffusible = models.BooleanField("diffusible dans SIRENE", default=True)
    search = models.TextField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(m2m_fields=[sectors], excluded_fields=["search"])
    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = "organisation"
        ordering = ["search", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="siren_once_a_territory",
                fields=["territory", "siren"],
                violation_error_message="Une organisation de ce territoire porte déjà ce SIREN.",
            ),
            models.CheckConstraint(
                name="organisation_siren_null_not_empty", condition=~Q(siren="")
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.derive()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "search", "updated_at"}
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("crm:organisation", args=[self.pk])

    def derive(self):
        """Fill what follows from the rest; a bulk write, which skips `save`, calls it itself."""
        self.siren = self.siren or None
        self.search = search.normalise(f"{self.name} {self.siren or ''}")

    @property
    def is_company(self):
        return self.kind == self.Kind.COMPANY

    @property
    def head_site(self):
        """The first of the sites as `SiteQuerySet.for_list` sorts and prefetches them."""
        return next(iter(self.sites.all()), None)


class SiteQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(organisation__territory__in=Territory.objects.visible_to(viewer))

    def for_list(self):
        """The commune, its EPCI, the band and `naf_label`; the one that stands for all first."""
        labels = NafCode.objects.filter(code=OuterRef("naf_rev2"), vintage=NafCode.Vintage.REV2)
        return (
            self.select_related("commune__epci", "workforce_band")
            .annotate(naf_label=Coalesce(Subquery(labels.values("label")[:1]), models.Value("")))
            .order_by(*open_then_head_office())
        )


class Site(Provenance):
    """An establishment, by SIRET where it has one."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="sites")
    siret = models.CharField(  # noqa: DJ001 (idem)
        "SIRET",
        max_length=14,
        null=True,
        blank=True,
        validators=[IdentifierValidator(clean_siret)],
    )
    name = models.CharField("enseigne ou usage", max_length=200, blank=True)
    is_head_office = models.BooleanField("siège", default=False)
    address = models.CharField("adresse", max_length=250, blank=True)
    postal_code = models.CharField("code postal", max_length=5, blank=True)
    commune = models.ForeignKey(
        Commune, models.PROTECT, null=True, blank=True, related_name="sites", verbose_name="commune"
    )
    naf_rev2 = models.CharField("NAF rév. 2", max_length=6, blank=True)
    naf_2025 = models.CharField("NAF 2025", max_length=6, blank=True)
    workforce_band = models.ForeignKey(
        WorkforceBand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="tranche d’effectif",
    )
    workforce_year = models.PositiveSmallIntegerField("année de la tranche", null=True, blank=True)
    headcount = models.PositiveIntegerField("effectif du site", null=True, blank=True)
    closed_on = models.DateField("fermé le", null=True, blank=True)

    history = HistoricalRecords()
    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = "établissement"
        ordering = open_then_head_office()
        constraints = [
            models.UniqueConstraint(
                name="siret_once_an_organisation",
                fields=["organisation", "siret"],
                violation_error_message="Cette organisation a déjà un établissement de ce SIRET.",
            ),
            models.CheckConstraint(name="site_siret_null_not_empty", condition=~Q(siret="")),
        ]

    def __str__(self):
        place = self.commune.name if self.commune_id else "commune inconnue"
        return f"{self.name or self.organisation.name}, {place}"

    def save(self, *args, **kwargs):
        self.siret = self.siret or None
        super().save(*args, **kwargs)
        # Partners synchronise on organisations, which carry their sites.
        Organisation.objects.filter(pk=self.organisation_id).update(updated_at=timezone.now())

    @property
    def naf(self):
        """The label of the NAF code, which a list annotates rather than reads row by row."""
        return NafCode.objects.filter(code=self.naf_rev2, vintage=NafCode.Vintage.REV2).first()


class ContactQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """Personal data: officers and managers of the territory, and who was granted it."""
        territories = viewer.territories_as(Role.OFFICER, Role.MANAGER, "contacts")
        return self.filter(organisation__territory__in=territories)


class Contact(models.Model):
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="contacts")
    site = models.ForeignKey(Site, models.SET_NULL, null=True, blank=True, related_name="contacts")
    first_name = models.CharField("prénom", max_length=80, blank=True)
    last_name = models.CharField("nom", max_length=80)
    position = models.CharField("fonction", max_length=120, blank=True)
    email = models.EmailField("courriel", blank=True)
    phone = models.CharField("téléphone", max_length=30, blank=True)
    is_main = models.BooleanField("contact principal", default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()
    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = "contact"
        ordering = ["-is_main", "last_name", "first_name", "pk"]

    def __str__(self):
        return f"{self.first_name} {self.last_name}".strip()
