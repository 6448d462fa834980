"""What several companies ask for without knowing of each other: the collective projects to be.

No Django. A `Voice` is one exchange or one project by which one company tells of one need, on one
day. Companies that tell of the same need within so many kilometres of one of them make a
`Cluster`, whose sentence is true as it stands: each member is at most at that distance of the
place that it names. What is not known is counted apart and told, never placed by guess.

A cluster has no number of its own, because it is found again at each reading. A decision about it
keeps the companies that it was about: it is found again by them (`paired`), whatever came since.
"""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from actions.collective.distances import Place, kilometres

LEAST = 3  # below, it is a meeting to arrange rather than a collective project
# What a company does that tells of a need; a need that a territory added has its own label.
SAID = {
    "inv": "veulent investir dans leur outil de production",
    "deca": "veulent réduire leur énergie ou leur carbone",
    "tra": "préparent leur transition écologique",
    "eit": "cherchent quoi faire de leurs coproduits et de leurs déchets",
    "eau": "ont un besoin d’eau ou de traitement de l’eau",
    "inn": "ont un projet d’innovation",
    "num": "ont un projet numérique",
    "fon": "cherchent du foncier ou des locaux",
    "emp": "cherchent à recruter",
    "form": "veulent former leurs salariés",
    "log": "cherchent des logements pour leurs salariés",
    "exp": "veulent exporter",
    "pres": "veulent prévenir les risques au travail",
    "agro": "ont un besoin propre à l’agroalimentaire",
    "cosm": "ont un besoin propre à la cosmétique",
}


@dataclass(frozen=True)
class Company:
    pk: int
    name: str
    place: Place = Place()
    sectors: frozenset = frozenset()
    division: str = ""  # of the NAF rév. 2: « 10 »

    @property
    def is_placed(self):
        return bool(self.place.commune or self.place.point)


@dataclass(frozen=True)
class Voice:
    """`fact` is what proves it, such as « echange-12 »; two needs of one exchange share it."""

    company: int
    need: str
    on: dt.date
    fact: str
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Member:
    company: Company
    voices: tuple
    km: float | None  # from the place that the cluster is named after


@dataclass(frozen=True)
class Cluster:
    need: str
    sector: str  # "" when every filière was taken together
    members: tuple
    centre: Company | None  # None where no distance was asked
    radius: int | None
    # Companies with the same need that could not be counted, and why.
    without_place: int = 0
    without_point: int = 0  # their commune is known, and not where it is
    without_sector: int = 0

    @property
    def companies(self):
        return frozenset(member.company.pk for member in self.members)

    @property
    def voices(self):
        """Each once, the latest first."""
        every = {voice for member in self.members for voice in member.voices}
        return sorted(every, key=lambda voice: (voice.on, voice.fact, voice.company), reverse=True)

    @property
    def facts(self):
        return frozenset(voice.fact for member in self.members for voice in member.voices)

    @property
    def last_on(self):
        return max(voice.on for member in self.members for voice in member.voices)


def clusters(voices, companies, *, radius=None, by_sector=False, least=LEAST):
    """The clusters of these voices, the largest first, then the latest.

    `companies` is {pk: Company}; `radius` is in km, None for the whole territory. The same voices
    give the same clusters in whatever order they come.
    """
    heard = defaultdict(lambda: defaultdict(set))
    for voice in voices:
        heard[voice.need][voice.company].add(voice)
    found = []
    places = (company.place for company in companies.values())
    near = None if radius is None else Near(places, radius)
    for need, of_need in heard.items():
        groups, without_sector = split(of_need, companies, by_sector)
        for sector, pks in groups.items():
            placed = [pk for pk in pks if radius is None or companies[pk].is_placed]
            vague = {pk for pk in placed if radius is not None and not companies[pk].place.point}
            for centre, circle in gathered(placed, companies, near, least):
                members = tuple(
                    Member(
                        companies[pk],
                        tuple(sorted(of_need[pk], key=lambda v: (v.on, v.fact), reverse=True)),
                        km,
                    )
                    for pk, km in circle
                )
                named = companies[centre] if centre is not None else None
                found.append(
                    Cluster(
                        need,
                        sector,
                        members,
                        named,
                        radius,
                        without_place=len(pks) - len(placed),
                        without_point=len(vague - {pk for pk, _ in circle}),
                        without_sector=without_sector,
                    )
                )
    return sorted(
        found,
        key=lambda c: (-len(c.members), -c.last_on.toordinal(), c.need, c.sector, min(c.companies)),
    )


def split(of_need, companies, by_sector):
    """{filière: companies}, and how many have none; a company of two filières is in both."""
    if not by_sector:
        return {"": sorted(of_need)}, 0
    groups = defaultdict(list)
    for pk in sorted(of_need):
        for sector in companies[pk].sectors:
            groups[sector].append(pk)
    return dict(sorted(groups.items())), sum(not companies[pk].sectors for pk in of_need)


def gathered(pks, companies, near, least):
    """(centre, [(company, km)]): the fullest circle first, then among those that are left.

    Companies of one place have the same neighbours: places are compared, not companies. `near` is
    None where no distance is asked.
    """
    if near is None:
        if len(pks) >= least:
            yield None, [(pk, None) for pk in pks]
        return
    left = defaultdict(list)
    for pk in sorted(pks):
        left[companies[pk].place].append(pk)
    while left:
        circles = {place: [one for one in near.of(place) if one in left] for place in left}
        centre = min(
            left,
            key=lambda place: (
                -sum(len(left[one]) for one in circles[place]),
                round(sum(near.of(place)[one] * len(left[one]) for one in circles[place]), 6),
                left[place][0],
            ),
        )
        circle = [(pk, near.of(centre)[one]) for one in circles[centre] for pk in left[one]]
        if len(circle) < least:
            return
        yield left[centre][0], sorted(circle, key=lambda pair: (pair[1], pair[0]))
        for one in circles[centre]:
            del left[one]


class Near:
    """Which places stand within `radius` km of a place, itself first; each pair measured once."""

    def __init__(self, places, radius):
        self.places, self.radius, self._known = sorted(set(places), key=repr), radius, {}

    def of(self, here):
        """{place: km}"""
        if here not in self._known:
            others = ((one, kilometres(here, one)) for one in self.places if one != here)
            found = {one: km for one, km in others if km is not None and km <= self.radius}
            self._known[here] = {here: 0.0} | found
        return self._known[here]


def sentence(cluster, label, words=(), *, sector="", word=""):
    """« 7 entreprises à moins de 20 km de Gimont cherchent à recruter, dont 4 parlent de
    « soudeurs » »; with the word that was searched, all of them do."""
    of = f" ({sector})" if sector else ""
    does = SAID.get(cluster.need) or f"ont un besoin commun, «\u00a0{label}\u00a0»"
    return f"{len(cluster.members)} entreprises{of} {where(cluster)} {does}{of_which(words, word)}"


def of_which(words, word):
    if word:
        return f"\u00a0: {word}"
    if not words:
        return ""
    shared, count = words[0]
    return f", dont {count} parlent de «\u00a0{shared}\u00a0»"


def where(cluster):
    if cluster.centre is None:
        return "du territoire"
    name = cluster.centre.place.name or "l’une d’elles"
    return f"à moins de {cluster.radius}\u00a0km de {name}"


@dataclass(frozen=True)
class Standing:
    """What `paired` reads of a cluster, when one only knows whom it is about."""

    need: str
    companies: frozenset


@dataclass(frozen=True)
class Decided:
    """What was decided of a cluster: about whom, and all that was known of the need that day."""

    pk: int
    need: str
    companies: frozenset
    heard_companies: frozenset
    heard_facts: frozenset

    def news(self, cluster):
        """What nobody had told of yet on the day of the decision."""
        return News(
            len(cluster.companies - self.heard_companies),
            len(cluster.facts - self.heard_facts),
        )


@dataclass(frozen=True)
class News:
    companies: int
    facts: int

    def __bool__(self):
        return bool(self.companies or self.facts)


def paired(found, decisions):
    """{position in `found`: decision}: a decision goes to the one cluster that holds most of its
    companies, and at least half of them; the surest pair first, and each only once."""
    pairs = sorted(
        (-common, -decided.pk, at)
        for decided in decisions
        for at, cluster in enumerate(found)
        if cluster.need == decided.need
        and (common := len(cluster.companies & decided.companies))
        and 2 * common >= len(decided.companies)
    )
    of_pk, taken, answer = {decided.pk: decided for decided in decisions}, set(), {}
    for _, pk, at in pairs:
        if -pk not in taken and at not in answer:
            answer[at] = of_pk[-pk]
            taken.add(-pk)
    return answer


def shared_words(cluster, tokens, elsewhere):
    """[(word, how many members say it)] of at least two members, and half of them, the most first.

    `tokens(text)` gives the words of a text as {folded: as written}; `elsewhere(word, count)` is
    the share of the other companies that say it: what everybody says says nothing here.
    """
    holders, written = Counter(), {}
    for member in cluster.members:
        mine = {}
        for voice in member.voices:
            mine |= tokens(voice.text)
        holders.update(mine.keys())
        for folded, word in mine.items():
            written.setdefault(folded, Counter())[word] += 1
    size = len(cluster.members)
    kept = [
        (-count, folded)
        for folded, count in holders.items()
        if count >= 2 and 2 * count >= size and count / size >= 2 * elsewhere(folded, count)
    ]
    return [
        (min(written[folded].items(), key=lambda pair: (-pair[1], pair[0]))[0], -count)
        for count, folded in sorted(kept)[:3]
    ]
