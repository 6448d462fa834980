"""What the records know of a project, as the facts that the pure rules read.

The other way too: where an answer given on the page is written.
"""

import datetime as dt
from decimal import Decimal

from django.db.models import Prefetch

from crm.models import Epci, NafCode, Organisation, Project, Site
from funding.eligibility import Fact, Interval
from funding.models import DeclaredFact

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
HOLDER_FIELDS = {
    "turnover",
    "balance_sheet",
    "equity",
    "headcount",
    "eu_size",
    "created_on",
    "legal_form",
}
PROJECT_FIELDS = {"eligible_costs", "first_commitment_on", "starts_on"}
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
    )


class FactReader:
    """Reads the facts of many projects; the shared tables are read once."""

    def __init__(self):
        self.labels = dict(
            NafCode.objects.filter(vintage=NafCode.Vintage.REV2).values_list("code", "label")
        )
        self.in_territories = set(
            Epci.objects.filter(territories__isnull=False).values_list("siren", flat=True)
        )

    def facts_of(self, project):
        facts = {}
        self._holder(project.holder, facts)
        self._place(project, facts)
        self._project(project, facts)
        for declared in [*project.holder.declared_facts.all(), *project.declared_facts.all()]:
            who = f"saisi par {declared.by}" if declared.by else "saisi"
            facts[declared.key] = Fact(
                typed(declared.value), f"{who} le {declared.observed_on:%d/%m/%Y}"
            )
        return facts

    def _holder(self, holder, facts):
        facts["beneficiary"] = Fact(holder.kind, "fiche de l’organisation")
        for name in HOLDER_FIELDS - {"headcount"}:
            if (value := getattr(holder, name)) not in (None, ""):
                facts[name] = Fact(value, origin(holder, name))
        if holder.insee_category:
            facts["insee_category"] = Fact(
                holder.insee_category, origin(holder, "insee_category", "INSEE")
            )
        if holder.kind in PUBLIC_KINDS:
            facts["in_difficulty"] = Fact(False, "organisme public, sans objet")
        if interval := headcount(holder):
            facts["headcount"] = interval

    def _place(self, project, facts):
        site = project.site or next(iter(project.holder.sites.all()), None)
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
        commune = project.commune or (site and site.commune)
        if commune is None:
            return
        source = "projet" if project.commune_id else "fiche du site"
        departement = commune.departement
        facts["commune"] = Fact(commune.pk, source, label=f"{commune.name} ({commune.pk})")
        facts["departement"] = Fact(departement.pk, source, label=str(departement))
        facts["region"] = Fact(departement.region_id, source)
        if commune.epci_id:
            facts["epci"] = Fact(commune.epci_id, source, label=commune.epci.name)
        # Only loaded territories are known: elsewhere, nobody can say « no ».
        if commune.epci_id in self.in_territories:
            facts["in_ti"] = Fact(True, source)
        if departement.pk in ADOUR_GARONNE:
            facts["in_adour_garonne_basin"] = Fact(True, source)

    def _project(self, project, facts):
        if themes := frozenset(theme.pk for theme in project.themes.all()):
            facts["themes"] = Fact(themes, "projet")
        stage = project.paused_from or project.stage
        facts["stage"] = Fact(stage.pk, "projet", project.stage_since, label=stage.label)
        for name in PROJECT_FIELDS:
            if (value := getattr(project, name)) is not None:
                facts[name] = Fact(value, origin(project, name, "projet"))


def origin(record, field, default="fiche"):
    return record.source_of(field) or default


def headcount(organisation):
    """The exact figure, else the sum of the sites’ bands when every site has one, else nothing."""
    if organisation.headcount is not None:
        return Fact(Interval.exactly(organisation.headcount), origin(organisation, "headcount"))
    bounds = [site_headcount(site) for site in organisation.sites.all() if not site.closed_on]
    if not bounds or None in bounds:
        return None
    if len(bounds) == 1:
        return bounds[0]
    highs = [fact.value.high for fact in bounds]
    interval = Interval(
        sum(fact.value.low for fact in bounds), None if None in highs else sum(highs)
    )
    return Fact(interval, f"somme de {len(bounds)} établissements connus")


def site_headcount(site):
    if site.headcount is not None:
        return Fact(Interval.exactly(site.headcount), origin(site, "headcount"))
    if site.workforce_band_id:
        band = site.workforce_band
        known = origin(site, "workforce_band", "SIRENE").split(",")[0]
        return Fact(Interval(band.low, band.high), known, site.workforce_year)
    return None


def typed(value):
    """A JSON scalar of DeclaredFact → what the rules expect."""
    if isinstance(value, bool):
        return value
    text = str(value)
    try:
        return dt.date.fromisoformat(text) if "-" in text[1:] else Decimal(text)
    except (ValueError, ArithmeticError):
        return text


def record(project, fact, value, *, by, today):
    """Write an answer where it belongs: a field of the holder, the site or the project, or a
    declared fact. The one who answered and the day are kept as its source.

    Raises ValidationError when the record cannot hold it, such as a start after its end."""
    source = f"saisi par {by}"
    if fact in HOLDER_FIELDS:
        target = project.holder
    elif fact in PROJECT_FIELDS:
        target = Project.objects.get(pk=project.pk)
    elif fact == "site_headcount":
        target, fact = project.site or project.holder.sites.first(), "headcount"
    else:
        return declare(project, fact, value, by=by, today=today)
    setattr(target, fact, value)
    others = {field.name for field in target._meta.fields} - {fact}
    target.clean_fields(exclude=others)
    target.validate_constraints()
    target.note_source([fact], source, f"{today:%d/%m/%Y}")
    # Only what was answered: the rest of what was read may have changed since.
    written = [fact, "provenance"]
    if isinstance(target, Project):
        target.version += 1  # whoever edits the project meanwhile is told
        written += ["version", "updated_at"]
    target.save(update_fields=written)
    return target


def declare(project, fact, value, *, by, today):
    owner = (
        {"organisation": project.holder}
        if fact in HOLDER_FACTS
        else {"project": Project.objects.get(pk=project.pk)}
    )
    stored = value if isinstance(value, bool) else str(value)
    declared, _ = DeclaredFact.objects.update_or_create(
        key=fact, **owner, defaults={"value": stored, "by": by, "observed_on": today}
    )
    return declared
