"""Flows of the sites, the synergies between them, and what was decided of what was detected.

The positions are fictitious, as are the companies: they only stand in the right commune, roughly.
"""

from decimal import Decimal

from actions.collective.detected import Detection
from actions.models import ClusterDecision, Flow, SitePoint, Synergy, SynergySaving
from config.demo.files import read, values_of
from config.demo.projects import remember
from crm.models import Interaction

FIELDS = ("direction", "kind", "label", "unit", "per", "months", "quality", "source", "description")
YEAR = list(range(1, 13))


def load(world):
    file = read("ecology")
    for row in file["exchanges"]:
        heard(row, world)
    load_points(file["points"], world)
    flows = {row["key"]: flow(row, world) for row in file["flows"]}
    for row in file["synergies"]:
        synergy(row, flows, world)
    for row in file["decisions"]:
        decide(row, world)


def heard(row, world):
    """What several workshops said of the same trade, on visits of the last weeks."""
    agent = world.people["agent"]
    exchange = Interaction(
        organisation=world.organisations[row["organisation"]],
        kind=Interaction.Kind.VISIT,
        happened_on=world.clock.day(row["day"]),
        summary=row["summary"],
        by=agent,
    )
    remember(exchange, world.clock.at(row["day"], 18, 5), agent)
    exchange.needs.set(row["needs"])


def load_points(rows, world):
    """Where each site is; a commune that the file does not place leaves its sites unplaced."""
    SitePoint.objects.bulk_create(
        SitePoint(
            site=site,
            latitude=rows[site.commune_id][0],
            # Two companies of one commune do not stand on each other.
            longitude=round(rows[site.commune_id][1] + (site.pk % 7 - 3) * 0.002, 4),
            source="position fictive",
            noted_on=world.clock.today,
        )
        for key, site in world.sites.items()
        if site.commune_id in rows and world.organisations[key].is_company
    )


def flow(row, world):
    built = Flow(
        site=world.sites[row["site"]],
        quantity=decimal(row.get("quantity")),
        temperature=decimal(row.get("temperature")),
        known_on=world.clock.day(row.get("known_on")),
        by=world.people["agent"],
        **values_of(Flow, {"months": YEAR, "unit": "", "source": "", **row}, FIELDS),
    )
    remember(built, world.clock.at(row.get("known_on") or -40, 17, 10), built.by)
    return built


def decimal(number):
    return None if number is None else Decimal(str(number))


def synergy(row, flows, world):
    built = Synergy(
        territory=world.territory,
        source=flows[row["source"]],
        need=flows[row["need"]],
        status=row["status"],
        status_since=world.clock.day(row["since"]),
        reason=row.get("reason", ""),
        notes=row.get("notes", ""),
        action=world.actions.get(row.get("action")),
        project=world.projects.get(row.get("project")),
        by=world.people["agent"],
    )
    for side in ("source", "need"):
        if side in row.get("agreed", {}):
            on, by = row["agreed"][side]
            setattr(built, f"{side}_agreed_on", world.clock.day(on))
            setattr(built, f"{side}_agreed_by", by)
    remember(built, world.clock.at(row["since"], 11, 20), built.by)
    for saving in row.get("savings", []):
        nature, unit, year, amount, evidence = saving
        SynergySaving.objects.create(
            synergy=built,
            nature=nature,
            unit=unit,
            year=None if year is None else world.clock.today.year + year,
            amount=decimal(amount),
            evidence=evidence,
            by=built.by,
        )


def decide(row, world):
    """About the largest cluster of a need, as the page finds it, less some companies that tell of
    it since."""
    agent = world.people["agent"]
    reading = Detection(agent, world.territory)
    found = next(iter(reading.found(radius=20, need=row["need"])), None)
    if found is None:
        return
    companies, facts = reading.heard(row["need"])
    later = sorted(found.cluster.companies)[: row.get("later", 0)]
    theirs = {one.fact for one in reading.voices.of(row["need"]) if one.company in later}
    decision = ClusterDecision(
        territory=world.territory,
        need=row["need"],
        choice=row["choice"],
        reason=row.get("reason", ""),
        said=found.said,
        companies=sorted(found.cluster.companies - {*later}),
        heard_companies=sorted(companies - {*later}),
        heard_facts=sorted(facts - theirs),
        decided_at=world.clock.at(row["on"], 15, 0),
        by=agent,
    )
    remember(decision, decision.decided_at, agent)
