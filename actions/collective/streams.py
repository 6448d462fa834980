"""The flows of a territory as the matching reads them, and how a site is called without name."""

import re
from collections import Counter
from dataclasses import dataclass

from actions.collective import flow_matching
from actions.collective.distances import said
from actions.collective.flow_matching import Match, Stream
from actions.collective.places import places_of
from actions.collective.words import singular, singulars
from actions.models.flows import Flow, Synergy
from crm.models import Organisation, Sector
from crm.search import normalise

WORD = re.compile(r"[a-z]{3,}")
FEW = 3  # a filière of fewer companies would name its site
OTHER = "autre"
# What a label says beside the thing, and what its kind says already.
EMPTY = singulars(
    "des les une pour par sur aux avec dans sans depuis vers site eau chaleur chaud chaude "
    "froid froide matière emballage transport surface compétence"
)


def words_of(label):
    """The folded words of what a flow is, in the singular: « bois », « palette »."""
    words = {singular(word) for word in WORD.findall(normalise(label))}
    return frozenset(word for word in words if len(word) > 2) - EMPTY


class Streams:
    """The running flows of a territory, with their places, in a fixed number of queries."""

    def __init__(self, viewer, territory):
        rows = Flow.objects.matched_for(viewer).in_territory(territory).running().for_list()
        self.flows = {flow.pk: flow for flow in rows}
        self.places = places_of({flow.site_id: flow.site for flow in self.flows.values()}.values())
        self.callings = Callings(viewer, territory)

    def matches(self, *, kind="", reach=None, of=()):
        """Every match of the territory, the best first; those of the flows that `of` names."""
        chosen = [flow for flow in self.flows.values() if kind in ("", flow.kind)]
        sources = [self.stream(flow) for flow in chosen if flow.is_out]
        needs = [self.stream(flow) for flow in chosen if not flow.is_out]
        if not of:
            return flow_matching.matches(sources, needs, reach=reach)
        mine = [one for one in sources if one.pk in of]
        others = [one for one in sources if one.pk not in of]
        asked = [one for one in needs if one.pk in of]
        found = [
            *flow_matching.matches(mine, needs, reach=reach),
            *flow_matching.matches(others, asked, reach=reach),
        ]
        return sorted(found, key=lambda one: one.rank)

    def stream(self, flow):
        quantity, unit = flow.per_year
        return Stream(
            flow.pk,
            flow.kind,
            flow.site.organisation_id,
            words=words_of(flow.label),
            quantity=quantity,
            unit=unit,
            months=frozenset(flow.months),
            temperature=flow.temperature,
            place=self.places[flow.site_id],
        )

    def of(self, synergy):
        """The match of a synergy as its flows are today; None when a site is closed."""
        pair = [self.flows.get(pk) for pk in (synergy.source_id, synergy.need_id)]
        if None in pair:
            return None
        return flow_matching.match(*(self.stream(flow) for flow in pair))

    def lines(self, matches):
        """Each match with its flows and the synergy that follows it, if one does; one query."""
        matches = list(matches)
        followed = {
            (synergy.source_id, synergy.need_id): synergy
            for synergy in Synergy.objects.filter(
                source__in={one.source.pk for one in matches},
                need__in={one.need.pk for one in matches},
            )
        }
        return [
            Line(
                one,
                self.flows[one.source.pk],
                self.flows[one.need.pk],
                followed.get((one.source.pk, one.need.pk)),
                self.callings,
                said(one.source.place, one.need.place),
            )
            for one in matches
        ]


@dataclass(frozen=True)
class Line:
    """A match as a page tells it: without a name, unless both sides agreed."""

    match: Match
    source: Flow
    need: Flow
    synergy: Synergy | None
    callings: "Callings"
    far: str

    @property
    def names_shown(self):
        return bool(self.synergy and self.synergy.is_agreed)

    @property
    def source_calling(self):
        return self.callings.of(self.source.site.organisation_id)

    @property
    def need_calling(self):
        return self.callings.of(self.need.site.organisation_id)


class Callings:
    """« un site de la filière agroalimentaire »; a filière of too few companies is not told."""

    def __init__(self, viewer, territory):
        here = Organisation.objects.visible_to(viewer).companies().filter(territory=territory)
        links = Organisation.sectors.through.objects.filter(organisation__in=here)
        labels = dict(Sector.objects.exclude(pk=OTHER).values_list("code", "label"))
        sectors, sizes = {}, Counter()
        for organisation, sector in links.order_by("pk").values_list("organisation", "sector"):
            sizes[sector] += 1
            if sector in labels:
                sectors.setdefault(organisation, []).append(sector)
        self._told = {
            organisation: next((labels[one] for one in of if sizes[one] >= FEW), "")
            for organisation, of in sectors.items()
        }

    def sector(self, organisation):
        """The label of its filière, or nothing when it would name it."""
        return self._told.get(organisation, "")

    def both(self, synergy):
        """How the two sites of a synergy are called."""
        flows = (synergy.source, synergy.need)
        return [self.of(flow.site.organisation_id) for flow in flows]

    def of(self, organisation):
        sector = self.sector(organisation)
        return (
            f"un site de la filière {sector[:1].lower()}{sector[1:]}"
            if sector
            else ("un site industriel")
        )
