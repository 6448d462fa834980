"""What the companies told of their needs, as the detection reads it: exchanges and projects that
the viewer may read, and no other."""

import re
from collections import Counter, defaultdict
from functools import cached_property, lru_cache

from actions.collective.detection import Company, Voice, shared_words
from actions.collective.places import places_of, standing_sites
from actions.collective.words import singular, singulars
from crm.models import Interaction, Organisation, Project
from crm.search import normalise

WORD = re.compile(r"[^\W\d_]{5,}")
# What is said of everything, and says nothing of a need.
EMPTY = singulars(
    "avant après aucun aucune aussi autre autres autour avec besoin besoins cette celle celui "
    "chaque chez comme comment contre depuis devant dont encore entre entreprise entreprises "
    "environ faire faudra leurs lorsque mieux moins nouveau nouveaux nouvelle nouvelles notre "
    "parce pendant plusieurs possible pourra pourquoi premier première prévoir prévu prévue "
    "projet projets quand quatre quelle quelques toujours toute toutes trois visite ligne "
    "prochain prochaine année années demande demander souhaite veulent cherche cherchent mois "
    "atelier besoins budget calendrier chantier chiffre chiffré chiffrée chiffrage direction "
    "dossier emploi emplois euros étude groupe heures manque montant poser poste postes prête "
    "preuve reçue réunion semaine semaines suite tonne travaux usine"
)


class Voices:
    """All that the viewer may read of the needs of a territory, in a fixed number of queries."""

    def __init__(self, viewer, territory):
        self.territory = territory
        companies = Organisation.objects.visible_to(viewer).companies().filter(territory=territory)
        self.facts = {}
        self.all = [
            *self._of_exchanges(viewer, companies),
            *self._of_projects(viewer, companies),
        ]
        self.companies = self._companies(companies)

    def _of_exchanges(self, viewer, companies):
        exchanges = Interaction.objects.visible_to(viewer).filter(organisation__in=companies)
        raised = Interaction.needs.through.objects.filter(interaction__in=exchanges)
        for row in raised.select_related("interaction").order_by("pk"):
            exchange = row.interaction
            fact = f"echange-{exchange.pk}"
            self.facts[fact] = exchange
            yield Voice(
                exchange.organisation_id, row.theme_id, exchange.happened_on, fact, exchange.summary
            )

    def _of_projects(self, viewer, companies):
        """A project tells of its needs for as long as it is open; its last sign dates it."""
        projects = Project.objects.visible_to(viewer).open().filter(holder__in=companies)
        about = Project.themes.through.objects.filter(project__in=projects)
        for row in about.select_related("project").order_by("pk"):
            project = row.project
            fact = f"projet-{project.pk}"
            self.facts[fact] = project
            text = f"{project.title} {project.need}"
            yield Voice(project.holder_id, row.theme_id, project.stage_since, fact, text)

    def _companies(self, companies):
        heard = companies.filter(pk__in={voice.company for voice in self.all})
        sites = standing_sites(heard)
        places = places_of(sites.values())
        return {
            company.pk: Company(
                company.pk,
                company.name,
                **({"place": places[sites[company.pk].pk]} if company.pk in sites else {}),
                sectors=frozenset(sector.pk for sector in company.sectors.all()),
                division=sites[company.pk].naf_rev2[:2] if company.pk in sites else "",
            )
            for company in heard.prefetch_related("sectors")
        }

    def keep_since(self, day):
        """Leave out what is older; a project counts by its last sign."""
        self.all = [voice for voice in self.all if voice.on >= day]

    def of(self, need):
        return [voice for voice in self.all if voice.need == need]

    def words(self, cluster):
        """What the members of a cluster said in the same words."""
        others = max(len(self.companies) - len(cluster.members), 1)
        held = self._held
        return shared_words(
            cluster, self._tokens, lambda word, count: max(held[word] - count, 0) / others
        )

    @cached_property
    def _held(self):
        """How many companies say each word."""
        said = defaultdict(set)
        for voice in self.all:
            said[voice.company] |= self._tokens(voice.text).keys()
        return Counter(word for words in said.values() for word in words)

    def _tokens(self, text):
        names = self._names
        return {word: as_is for word, as_is in tokens(text) if word not in names}

    @cached_property
    def _names(self):
        """The names of the companies and of the communes are no needs."""
        told = (f"{one.name} {one.place.name}" for one in self.companies.values())
        return {word for text in told for word, _ in tokens(text)}


@lru_cache(maxsize=4096)
def tokens(text):
    """((folded, as written)…): plural and singular fold together."""
    found = ((singular(normalise(word)), word.lower()) for word in WORD.findall(text))
    return tuple((folded, word) for folded, word in found if word_says(folded))


def says(text, words):
    """Whether a text holds each of these words, in the singular or the plural."""
    said, asked = singulars(text), singulars(words)
    return bool(asked) and asked <= said


def word_says(folded):
    return len(folded) >= 5 and folded not in EMPTY


def labels(reference):
    """{code: label} of a code list, the retired ones too: what was heard keeps its name."""
    return dict(reference.objects.values_list("code", "label"))
