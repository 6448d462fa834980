"""The collective projects of a territory, each with what was decided of it and what came since."""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from actions.collective import detection
from actions.collective.detection import Cluster, Company, Member, News, Voice
from actions.collective.distances import ANYWHERE
from actions.collective.flow_matching import MET, UNMET
from actions.collective.streams import Streams
from actions.collective.voices import Voices, labels, says
from actions.models import ClusterDecision
from crm.models import Project, Sector, Theme
from crm.perms import can_work_in_team
from crm.query import row_id
from crm.templatetags.french import day, plural

FLOW = "flux-"
CIRCULAR = "eit"  # the theme of what goes from a site to another
SOURCES = 2  # sites that could serve the same need: one alone is a plain match
GIVE = {
    "heat": "rejettent de la chaleur",
    "water": "rejettent de l’eau",
    "matter": "ont de la matière à céder",
    "packaging": "ont des emballages à céder",
    "transport": "proposent du transport",
    "space": "ont de la place",
    "skills": "proposent des compétences",
}


@dataclass(frozen=True)
class Proof:
    """One fact of one company, with its day and where it is read."""

    company: Company
    on: object
    said: str
    url: str


@dataclass
class Found:
    """One cluster as the page shows it."""

    cluster: Cluster
    said: str
    title: str
    themes: list
    words: list = field(default_factory=list)
    proofs: list = field(default_factory=list)
    decision: ClusterDecision | None = None
    news: News | None = None

    @property
    def state(self):
        """In which part of the page: « examiner », « surveiller », « retenir » or « ecarter »."""
        if self.decision is None or self.is_reopened:
            return "examiner"
        return STATES[self.decision.choice]

    @property
    def is_reopened(self):
        return bool(self.decision and self.decision.is_watched and self.news)

    @property
    def since(self):
        """« 2 entreprises de plus et 3 faits nouveaux depuis le 12/03/2026 », or nothing."""
        if not self.news:
            return ""
        told = []
        if self.news.companies:
            told.append(f"{plural(self.news.companies, 'entreprise,entreprises')} de plus")
        if self.news.facts:
            told.append(plural(self.news.facts, "fait nouveau,faits nouveaux"))
        return f"{' et '.join(told)} depuis le {day(self.decision.decided_at)}"

    @property
    def lost(self):
        """What was not counted, and why, a sentence each."""
        reasons = (
            (self.cluster.without_place, "sans commune connue"),
            (self.cluster.without_point, "dont la commune n’a pas de position connue"),
            (self.cluster.without_sector, "sans filière connue"),
        )
        return [
            f"{plural(count, 'entreprise,entreprises')} {why} "
            f"{'n’est pas comptée' if count == 1 else 'ne sont pas comptées'}."
            for count, why in reasons
            if count
        ]

    @property
    def is_of_flows(self):
        return self.cluster.need.startswith(FLOW)

    @property
    def keys(self):
        return ",".join(str(pk) for pk in sorted(self.cluster.companies))

    @property
    def key(self):
        """What tells it apart on the page."""
        return (
            f"{self.cluster.need}-{self.cluster.sector or 'toutes'}-{min(self.cluster.companies)}"
        )

    @property
    def propose_url(self):
        asked = {
            "besoin": self.cluster.need,
            "entreprises": self.keys,
            "dit": self.said,
            "titre": self.title,
            "precedente": self.decision.pk if self.decision else "",
        }
        return f"{reverse('actions:detection_propose')}?{urlencode(asked)}"

    @property
    def programs_url(self):
        return programs_url(self.themes)


STATES = {
    ClusterDecision.Choice.WATCHED: "surveiller",
    ClusterDecision.Choice.ACCEPTED: "retenir",
    ClusterDecision.Choice.DISMISSED: "ecarter",
}


class Detection:
    """What the viewer may read of a territory, and the clusters that it makes."""

    def __init__(self, viewer, territory):
        self.viewer, self.territory = viewer, territory
        self.in_team = can_work_in_team(viewer, territory)
        self.voices = Voices(viewer, territory)
        self.labels, self.sectors = labels(Theme), labels(Sector)

    @property
    def has_points(self):
        return any(company.place.point for company in self.voices.companies.values())

    def found(self, *, radius, need="", keep=None, by_sector=False, least=detection.LEAST, word=""):
        """The clusters with what was decided of each; `keep(company)` chooses who counts.

        Only the team reads the decisions: they tell of exchanges.
        """
        voices = [
            voice
            for voice in self.voices.all
            if need in ("", voice.need)
            and (keep is None or keep(self.voices.companies[voice.company]))
            and (not word or says(voice.text, word))
        ]
        clusters = detection.clusters(
            voices, self.voices.companies, radius=radius, by_sector=by_sector, least=least
        )
        rows = [self.row(cluster, word) for cluster in clusters]
        if self.in_team:
            if need in ("", CIRCULAR) and keep is None and not (by_sector or word):
                rows += self.of_flows(radius)
            self.decide(rows)
        return rows

    def row(self, cluster, word):
        label = self.labels.get(cluster.need, cluster.need)
        sector = self.sectors.get(cluster.sector, cluster.sector)
        words = [] if word else self.voices.words(cluster)
        about = f"{label} ({word})" if word else label
        around = f" autour de {cluster.centre.place.name}" if cluster.centre else ""
        return Found(
            cluster,
            detection.sentence(cluster, label, words, sector=sector, word=word),
            f"{about}\u00a0: {len(cluster.members)} entreprises{around}",
            [cluster.need],
            words=words,
            proofs=[
                Proof(self.voices.companies[voice.company], voice.on, *self.proof(voice))
                for voice in cluster.voices
            ],
        )

    def proof(self, voice):
        fact = self.voices.facts[voice.fact]
        if isinstance(fact, Project):
            return f"projet {fact.reference}, {fact.title}", fact.get_absolute_url()
        return fact.get_kind_display(), exchange_url(fact)

    def of_flows(self, radius):
        """« 3 sites rejettent de la chaleur à portée d’un site qui en cherche »."""
        streams, wanted = Streams(self.viewer, self.territory), {}
        for match in streams.matches(reach=radius):
            far = next(one for one in match.criteria if one.name == "Distance")
            if match.verdict != UNMET and far.state == MET:
                wanted.setdefault(match.need.pk, []).append(match)
        for need, matches in wanted.items():
            givers = {one.source.organisation for one in matches}
            if len(givers) >= SOURCES:
                yield self.flow_row(streams, streams.flows[need], matches, len(givers))

    def flow_row(self, streams, need, matches, givers):
        members = {}
        for match in matches:
            flow = streams.flows[match.source.pk]
            voice = Voice(
                flow.site.organisation_id,
                f"{FLOW}{need.pk}",
                flow.known_on or timezone.localdate(flow.created_at),
                f"{FLOW}{flow.pk}",
            )
            members.setdefault(flow.site.organisation_id, (flow, match.km, []))[2].append(voice)
        cluster = Cluster(
            f"{FLOW}{need.pk}",
            "",
            tuple(
                Member(
                    Company(pk, flow.site.organisation.name, streams.places[flow.site_id]),
                    tuple(voices),
                    km,
                )
                for pk, (flow, km, voices) in members.items()
            ),
            Company(
                need.site.organisation_id,
                need.site.organisation.name,
                streams.places[need.site_id],
            ),
            None,
        )
        kind = need.get_kind_display()
        return Found(
            cluster,
            f"{givers} sites {GIVE[need.kind]} à portée d’un site qui en cherche\u00a0: "
            f"{need.label}",
            f"{kind}\u00a0: {givers} sites à portée d’un besoin",
            [CIRCULAR],
            proofs=[
                Proof(
                    member.company,
                    voice.on,
                    str(streams.flows[int(voice.fact.removeprefix(FLOW))]),
                    streams.flows[
                        int(voice.fact.removeprefix(FLOW))
                    ].site.organisation.get_absolute_url(),
                )
                for member in cluster.members
                for voice in member.voices
            ],
        )

    def decide(self, rows):
        """Give each row what was decided of it; two queries, whatever their number."""
        mine = ClusterDecision.objects.visible_to(self.viewer).in_force()
        decisions = {
            one.pk: one
            for one in mine.filter(territory=self.territory).select_related("by", "action")
        }
        pairs = detection.paired(
            [row.cluster for row in rows], [one.as_decided for one in decisions.values()]
        )
        for at, decided in pairs.items():
            rows[at].decision = decisions[decided.pk]
            rows[at].news = decided.news(rows[at].cluster)

    def heard(self, need):
        """(companies, facts): all that is known of a need, near or far: what is not there later
        came since. Read without a date, or what is older would look new."""
        if need.startswith(FLOW):
            streams = Streams(self.viewer, self.territory)
            wanted = row_id(need.removeprefix(FLOW))
            sources = [one.source for one in streams.matches(reach=ANYWHERE, of={wanted})]
            sources = [one for one in sources if one.pk != wanted]
            return (
                {one.organisation for one in sources},
                {f"{FLOW}{one.pk}" for one in sources},
            )
        voices = self.voices.of(need)
        return {voice.company for voice in voices}, {voice.fact for voice in voices}


def exchange_url(exchange):
    """Where the team reads it: in the timeline of its company."""
    company = reverse("crm:organisation", args=[exchange.organisation_id])
    return f"{company}?tout=1#echange-{exchange.pk}"


def programs_url(themes):
    """The panel of `funding`, which knows the programs: here one only knows its address."""
    return f"{reverse('funding:group_programs')}?{urlencode({'theme': themes}, doseq=True)}"
