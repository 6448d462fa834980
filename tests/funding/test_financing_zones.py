"""A zone raises some ceilings: what is not known of it is « à vérifier », never a breach."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from funding.financing import legal
from funding.financing import plan as p
from funding.financing.checks import check
from funding.financing.verdicts import Status
from funding.models import AidScheme, Program, ZoneList
from funding.plan_facts import PlanReader
from tests.crm.factories import CommuneFactory, ProjectFactory, SiteFactory
from tests.funding.factories import (
    CostLineFactory,
    FinancingPlanFactory,
    ProgramFactory,
    SourceLineFactory,
)

TODAY, IN_FORCE, LATER = dt.date(2026, 11, 22), dt.date(2026, 12, 17), dt.date(2028, 4, 1)
CONFORM, BREACH, TO_CHECK = Status.CONFORM, Status.BREACH, Status.TO_CHECK
INSIDE, OUTSIDE, UNKNOWN = {"afr": True}, {"afr": False}, {}
AVENIR = p.ProgramRules("P64", "Contrat Entreprise d’Avenir", rate_max=D(20), reference="Fiche")
FLASH = p.ProgramRules("P14", "DECARB FLASH", rate_max=D(50), reference="Fiche")
OTHER = p.ProgramRules("P9", "Sans zone", rate_max=D(20), reference="Fiche")
NONE = p.Scheme("none", "Aucun", p.NO_AID, reference="TFUE")
ENERGY = p.Scheme(
    "38", "Efficacité", p.EXEMPTED, "intensity.energy_efficiency", reference="art. 38"
)
REGIONAL = p.Scheme("14", "AFR", p.EXEMPTED, "intensity.regional_c", reference="art. 14")


def grant(percent, program=None, scheme=NONE, key=1):
    """A grant of that percent of a million."""
    return p.Source(key, f"Source {key}", p.GRANT, D(percent) * 10_000, scheme=scheme,
                    program=program)  # fmt: skip


def checks(*sources, zones, on=IN_FORCE, size="medium"):
    found = p.Plan(
        costs=(p.Cost(1, "Machine", D(1_000_000)),),
        sources=sources,
        holder=p.Holder(size=size),
        granted_on=on,
        zones=zones,
    )
    return check(found, TODAY)


def ceiling(*sources, **facts):
    [found] = [one for one in checks(*sources, **facts) if one.code.startswith("ceiling")]
    return found


@pytest.mark.parametrize(
    ("percent", "zones", "expected"),
    [
        # Contrat Entreprise d’Avenir: 20 % of a small firm, 15 points more in an AFR zone.
        (20, OUTSIDE, CONFORM),
        (21, OUTSIDE, BREACH),
        (20, UNKNOWN, CONFORM),
        (21, UNKNOWN, TO_CHECK),
        (35, UNKNOWN, TO_CHECK),
        (36, UNKNOWN, BREACH),
        (35, INSIDE, CONFORM),
        (36, INSIDE, BREACH),
    ],
)
def test_a_program_pays_more_in_a_zone(percent, zones, expected):
    assert ceiling(grant(percent, AVENIR), zones=zones, size="small").status is expected


def test_a_zone_in_doubt_is_asked_and_explained():
    found = ceiling(grant(25, AVENIR), zones=UNKNOWN, size="small")
    assert found.asks == "zone"
    assert "15\u00a0points de plus" in found.text
    assert "à confirmer" in found.text
    assert "carte AFR" in found.reference
    assert ceiling(grant(25, AVENIR), zones=INSIDE, size="small").asks == ""


def test_a_program_without_a_bonus_does_not_ask_for_the_zone():
    assert ceiling(grant(21, OTHER), zones=UNKNOWN).status is BREACH


@pytest.mark.parametrize(
    ("percent", "zones", "expected"),
    [
        # Art. 38: 40 % of a medium firm; 5 points more in a zone « c », which nobody has read.
        (40, UNKNOWN, CONFORM),
        (41, UNKNOWN, TO_CHECK),
        (60, INSIDE, TO_CHECK),
        (41, OUTSIDE, BREACH),
        (40, INSIDE, CONFORM),
    ],
)
def test_a_bonus_that_nobody_read_settles_nothing(percent, zones, expected):
    assert ceiling(grant(percent, scheme=ENERGY), zones=zones).status is expected


def test_a_bonus_that_the_sheet_does_not_figure_breaks_nothing():
    """DECARB FLASH says a bonus, and not how much."""
    assert ceiling(grant(90, FLASH), zones=INSIDE).status is TO_CHECK
    assert ceiling(grant(90, FLASH), zones=OUTSIDE).status is BREACH


def test_a_bonus_past_its_map_settles_nothing():
    """The map of the zones ends in 2027: later, nobody knows whether there is one."""
    assert ceiling(grant(21, AVENIR), zones=INSIDE, on=LATER, size="small").status is TO_CHECK
    assert legal.limit("zone_bonus.P64.afr", LATER) is None


@pytest.mark.parametrize(
    ("percent", "zones", "expected"),
    [(41, UNKNOWN, TO_CHECK), (41, OUTSIDE, BREACH), (40, UNKNOWN, CONFORM)],
)
def test_aids_together_are_in_doubt_where_one_of_them_is(percent, zones, expected):
    sources = grant(percent - 10, scheme=ENERGY), grant(10, scheme=ENERGY, key=2)
    [found] = [one for one in checks(*sources, zones=zones) if one.code.startswith("cumul")]
    assert found.status is expected


@pytest.mark.parametrize(
    ("zones", "words", "expected"),
    [
        (OUTSIDE, "hors de laquelle est la commune", BREACH),
        (UNKNOWN, "à confirmer pour la commune", TO_CHECK),
        # Its rates (art. 14) are background knowledge: they never conform for sure.
        (INSIDE, "pas été relu", TO_CHECK),
    ],
)
def test_regional_aid_holds_in_its_zone_only(zones, words, expected):
    found = ceiling(grant(5, scheme=REGIONAL), zones=zones)
    assert found.status is expected
    assert words in found.text


def test_the_local_version_of_a_program_has_its_bonus_too():
    local = replace(AVENIR, code="P64-3", national="P64")
    assert ceiling(grant(30, local), zones=INSIDE, size="small").status is CONFORM
    assert ceiling(grant(36, local), zones=INSIDE, size="small").status is BREACH


@pytest.mark.django_db
def test_a_plan_knows_what_its_local_programs_stand_for(territory, officer_client):
    plan = FinancingPlanFactory(project=ProjectFactory(territory=territory))
    national = ProgramFactory(code="P64", incompatible_with=["P9"])
    local = ProgramFactory(code="P64-3", national=national, territory=territory)
    other = ProgramFactory(code="P9")
    for program in (local, other):
        SourceLineFactory(plan=plan, grant=True, amount=30_000, program=program)
    other.incompatible_with = ["P64"]
    other.save()
    found = type(plan).objects.with_lines().get(pk=plan.pk)
    reading = PlanReader(found.subject, officer_client.user, today=TODAY).reading(found)
    assert [source.program.legal_code for source in reading.rules.sources] == ["P64", "P9"]
    assert "s’excluent" in next(one.text for one in reading.checks if one.code == "exclusions")
    assert list(Program.objects.exclusive_with(local)) == [other]


@pytest.mark.django_db
def test_the_zone_is_that_of_the_commune_on_the_day_of_grant(territory, officer_client):
    AidScheme.objects.load_shipped()
    commune = CommuneFactory()
    project = ProjectFactory(territory=territory, commune=commune)
    project.holder.eu_size = "small"
    project.holder.save()
    plan = FinancingPlanFactory(project=project, granted_on="2026-12-17")
    CostLineFactory(plan=plan, amount=100_000)
    program = ProgramFactory(code="P64", name="Contrat Entreprise d’Avenir", rate_max=D(20))
    SourceLineFactory(plan=plan, grant=True, amount=30_000, program=program, scheme_id="de-minimis")

    def status():
        plan.refresh_from_db()
        found = type(plan).objects.with_lines().get(pk=plan.pk)
        reading = PlanReader(found.subject, officer_client.user, today=TODAY).reading(found)
        return next(one.status for one in reading.checks if one.code.startswith("ceiling"))

    assert status() is TO_CHECK
    # It is the list that is missing, and not the commune, be it that of the site.
    site = SiteFactory(organisation=project.holder, commune=commune)
    project.commune, project.site = None, site
    project.save()
    ask = "Donner la commune du projet"
    assertNotContains(officer_client.get(plan.get_absolute_url()), ask)
    project.site = None
    project.save()
    site.delete()
    assertContains(officer_client.get(plan.get_absolute_url()), ask)
    project.commune = commune
    project.save()
    ZoneList.objects.create(
        code="afr", source="Décret 2022-968", valid_from="2022-07-01", valid_until="2027-12-31",
        communes={commune.pk: "whole"},
    )  # fmt: skip
    assert status() is CONFORM
    ZoneList.objects.update(communes={commune.pk: "partial"})
    ZoneList.objects.update(loaded_at="2026-11-01T00:00:00Z")
    assert status() is TO_CHECK
    ZoneList.objects.update(communes={commune.pk: "outside"}, loaded_at="2026-11-02T00:00:00Z")
    assert status() is BREACH
    # Granted before the list holds: nobody knows.
    plan.granted_on = "2022-01-01"
    plan.save()
    assert status() is TO_CHECK


def test_the_same_bonus_of_a_regime_and_of_its_program_is_said_once():
    found = ceiling(grant(45, FLASH, scheme=ENERGY), zones=UNKNOWN)
    assert found.text.count("points de plus") == 1
