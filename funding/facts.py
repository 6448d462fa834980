"""What the records know of a project, as the facts that the pure rules read."""

import datetime as dt
from decimal import Decimal

from django.db.models import Prefetch
from django.utils import timezone

from crm.models import Epci, NafCode, Organisation, Site
from funding.eligibility import Fact, Interval, Judgement
from funding.models import Application
from funding.models.zones import lists_on, zones_of

# Facts about the company, true of all its projects; every other declared fact is the project’s.
HOLDER_FACTS = {
    "actual_profit_regime",
    "agri_food_activity",
    "closed_accounts",
    "craft_business",
    "eco_pass_last_3_years",
    "general_social_security_scheme",
    "ghg_assessment_last_5_years",
    "in_difficulty",
    "independent_company",
    "industry_or_industry_services",
    "micro_entrepreneur",
    "new_business",
    "ocapiat_member",
    "occupational_health_service",
    "opco_2i_member",
    "processes_agricultural_products",
    "region_contracts_last_5_years",
    "regional_rd_site",
    "sites_to_assess",
    "study:duerp",
    "study:impact_score",
    "turnover_growth_percent",
    "up_to_date_contributions",
}
# « Aucune entreprise liée ni partenaire »: no rule reads it, the European size does.
NO_OTHER_FIRM = "no_other_firm"
HOLDER_FIELDS = {
    "turnover",
    "balance_sheet",
    "equity",
    "headcount",
    "eu_size",
    "created_on",
    "legal_form",
}
PROJECT_FIELDS = {
    "eligible_costs",
    "first_commitment_on",
    "jobs_created_planned",
    "jobs_maintained_planned",
    "starts_on",
}
PUBLIC_KINDS = {
    Organisation.Kind.EPCI,
    Organisation.Kind.PETR,
    Organisation.Kind.COMMUNE,
    Organisation.Kind.PUBLIC_BODY,
}
# Départements that lie wholly in the Adour-Garonne basin, among those of the shipped territory.
ADOUR_GARONNE = {"32", "47", "82"}


def with_facts(projects):
    """Fetch everything `facts_of` reads, in a fixed number of queries."""
    sites = Site.objects.select_related("commune__departement", "commune__epci", "workforce_band")
    filed = (
        Application.objects.filter(filed_on__isnull=False)
        .select_related("program")
        .only("project", "filed_on", "program__national")
    )
    return projects.select_related(
        "holder",
        "territory",
        "stage",
        "paused_from",
        "commune__departement",
        "commune__epci",
        "site__workforce_band",
        "site__commune__departement",
        "site__commune__epci",
    ).prefetch_related(
        "themes",
        "declared_facts__by",
        Prefetch("holder__sites", sites),
        "holder__declared_facts__by",
        Prefetch("applications", filed, to_attr="filed_applications"),
    )


def with_holder_facts(organisations):
    """Fetch everything `facts_of_holder` reads, in a fixed number of queries."""
    sites = Site.objects.select_related("commune__departement", "commune__epci", "workforce_band")
    return organisations.prefetch_related(Prefetch("sites", sites), "declared_facts__by")


class FactReader:
    """Reads the facts of many projects; the shared tables are read once."""

    def __init__(self, today=None):
        self.labels = dict(
            NafCode.objects.filter(vintage=NafCode.Vintage.REV2).values_list("code", "label")
        )
        self.places = PlaceReader(today)

    def facts_of(self, project):
        facts = {}
        self._holder(project.holder, facts)
        self._place(project, facts)
        self._project(project, facts)
        self._declared([*project.holder.declared_facts.all(), *project.declared_facts.all()], facts)
        return facts

    def facts_of_holder(self, holder):
        """What is known of an organisation that has no project: nothing about a project."""
        facts = {}
        self._holder(holder, facts)
        site = next(iter(holder.sites.all()), None)
        self._site(site, facts)
        self._commune(site and site.commune, "fiche du site", facts)
        self._declared(holder.declared_facts.all(), facts)
        return facts

    def _declared(self, rows, facts):
        for declared in rows:
            who = f"saisi par {declared.by}" if declared.by else "saisi"
            facts[declared.key] = Fact(
                typed(declared.value), f"{who} le {declared.observed_on:%d/%m/%Y}"
            )

    def _holder(self, holder, facts):
        facts["beneficiary"] = Fact(holder.kind, "fiche de l’organisation")
        for name in HOLDER_FIELDS - {"headcount"}:
            if (value := getattr(holder, name)) not in (None, ""):
                facts[name] = Fact(value, origin(holder, name))
        if holder.insee_category:
            facts["insee_category"] = Fact(
                holder.insee_category, origin(holder, "insee_category", "INSEE")
            )
        if difficulty(holder.kind) is not None:
            facts["in_difficulty"] = Fact(difficulty(holder.kind), "organisme public, sans objet")
        if interval := headcount(holder):
            facts["headcount"] = interval

    def _place(self, project, facts):
        site = project.site or next(iter(project.holder.sites.all()), None)
        self._site(site, facts)
        source = "projet" if project.commune_id else "fiche du site"
        self._commune(project.commune or (site and site.commune), source, facts)

    def _site(self, site, facts):
        if site:
            if interval := site_headcount(site):
                facts["site_headcount"] = interval
            if site.naf_rev2:
                label = self.labels.get(site.naf_rev2, "")
                text = f"{site.naf_rev2}, {label}" if label else site.naf_rev2
                facts["naf_rev2"] = Fact(
                    site.naf_rev2, origin(site, "naf_rev2", "fiche du site"), label=text
                )
            if site.naf_2025:
                facts["naf_2025"] = Fact(
                    site.naf_2025, origin(site, "naf_2025", "fiche du site"), label=site.naf_2025
                )

    def _commune(self, commune, source, facts):
        if commune is None:
            return
        departement = commune.departement
        values = self.places.of(commune.pk, departement.pk, departement.region_id, commune.epci_id)
        labels = {
            "commune": f"{commune.name} ({commune.pk})",
            "departement": str(departement),
            "epci": commune.epci.name if commune.epci_id else "",
        }
        for key, value in values.items():
            said = self.places.source_of(key, commune.pk, departement.pk) or source
            facts[key] = Fact(value, said, label=labels.get(key, ""))

    def _project(self, project, facts):
        if themes := frozenset(theme.pk for theme in project.themes.all()):
            facts["themes"] = Fact(themes, "projet")
        stage = project.paused_from or project.stage
        facts["stage"] = Fact(stage.pk, "projet", project.stage_since, label=stage.label)
        for name in PROJECT_FIELDS:
            if (value := getattr(project, name)) is not None:
                facts[name] = Fact(value, origin(project, name, "projet"))
        facts["filings"] = Fact(filings(project.filed_applications), "dossiers du projet")


class PlaceReader:
    """What follows from a commune; the territories and the lists of zones are read once."""

    def __init__(self, today=None):
        self.in_territories = set(
            Epci.objects.filter(territories__isnull=False).values_list("siren", flat=True)
        )
        self.lists = lists_on(today or timezone.localdate())

    def of(self, commune, departement, region, epci):
        """The facts of a place, as values by key."""
        values = {"commune": commune, "departement": departement, "region": region}
        if departement in ADOUR_GARONNE:
            values["in_adour_garonne_basin"] = True
        zones = zones_of(self.lists, commune, departement)
        values |= {f"zone:{code}": inside for code, (inside, _) in zones.items()}
        return values | self.of_epci(epci)

    def of_epci(self, epci):
        """What it alone tells, as of one whose communes are not known."""
        values = {"epci": epci} if epci else {}
        # Only loaded territories are known: elsewhere, nobody can say « no ».
        if epci in self.in_territories:
            values["in_ti"] = True
        return values

    def source_of(self, key, commune, departement):
        """The list that tells a zone; nothing for another fact."""
        if not key.startswith("zone:"):
            return ""
        _, one = zones_of(self.lists, commune, departement)[key.removeprefix("zone:")]
        return f"{one.source}, en vigueur depuis le {one.valid_from:%d/%m/%Y}"


def difficulty(kind):
    """False for a public body, which the definition of a firm in difficulty leaves out."""
    return False if kind in PUBLIC_KINDS else None


def filings(applications):
    """{what the program is filed as: day on which its first application was filed}"""
    first = {}
    for application in sorted(applications, key=lambda one: one.filed_on):
        first.setdefault(application.program.filed_as, application.filed_on)
    return first


def origin(record, field, default="fiche"):
    return record.source_of(field) or default


def headcount(organisation):
    """The exact figure, else the sum of the sites’ bands when every site has one, else nothing."""
    if organisation.headcount is not None:
        return Fact(Interval.exactly(organisation.headcount), origin(organisation, "headcount"))
    sites = [site for site in organisation.sites.all() if not site.closed_on]
    if len(sites) == 1:
        return site_headcount(sites[0])
    interval = total_interval(None, [interval_of(site) for site in sites])
    return interval and Fact(interval, f"somme de {len(sites)} établissements connus")


def site_headcount(site):
    interval = interval_of(site)
    if interval is None:
        return None
    if site.headcount is not None:
        return Fact(interval, origin(site, "headcount"))
    return Fact(
        interval, origin(site, "workforce_band", "SIRENE").split(",")[0], site.workforce_year
    )


def interval_of(site):
    return site_interval(site.headcount, site.workforce_band)


def site_interval(headcount, band):
    """The exact figure of a site, else its band, else nothing."""
    if headcount is not None:
        return Interval.exactly(headcount)
    return band and Interval(band.low, band.high)


def total_interval(headcount, of_sites):
    """The exact figure of an organisation, else the sum over its open sites, all of them known."""
    if headcount is not None:
        return Interval.exactly(headcount)
    if not of_sites or None in of_sites:
        return None
    highs = [interval.high for interval in of_sites]
    return Interval(
        sum(interval.low for interval in of_sites), None if None in highs else sum(highs)
    )


def typed(value):
    """A JSON value of DeclaredFact → what the rules expect."""
    if isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return Judgement(value["met"], value["text"], value.get("version"))
    text = str(value)
    try:
        return dt.date.fromisoformat(text) if "-" in text[1:] else Decimal(text)
    except (ValueError, ArithmeticError):
        return text
