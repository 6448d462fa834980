"""What a collective action tells the rules of eligibility: its pilot, its perimeter, its budget.

The rules are those of projects (`funding.matching`, `funding.bulk`); a fact that a fiche does not
hold stays unknown and asks its question, about the pilot or about the action.
"""

from django.db.models import Prefetch
from django.utils import timezone

from actions.models import Action
from crm.models import Commune, Site
from funding.bulk import BulkVerdicts
from funding.eligibility import Fact, wording
from funding.eligibility.bulk import Judged, Table
from funding.eligibility.facts import COLLECTIVE
from funding.eligibility.place import TOLD
from funding.facts import FactReader, filings, origin
from funding.matching import Matcher, parsed_rules
from funding.models import Application
from funding.models.subjects import ActionSubject

# The axes of a fiche, in the themes of the catalogue; the others say nothing of a theme.
THEMES = {
    "competences": {"emp"},
    "transition": {"tra"},
    "innovation": {"inn"},
    "foncier": {"fon"},
    "logement": {"log"},
    "formation": {"form"},
    "ecologie_industrielle": {"eit"},
    "filieres": {"agro", "cosm"},
}
# What is still to come may be at any stage before; what is paused or dropped, at any.
STAGES = {
    Action.Status.ONGOING: "en_realisation",
    Action.Status.LATE: "en_realisation",
    Action.Status.DONE: "realise",
}
# Fact: the field of a fiche that tells it.
FIELDS = {"eligible_costs": "budget_planned", "starts_on": "starts_on"}
SHEET = "fiche action"


def with_facts(actions):
    """Fetch everything `ActionFactReader` reads of each action, in a fixed number of queries."""
    sites = Site.objects.select_related("commune__departement", "commune__epci", "workforce_band")
    filed = (
        Application.objects.filter(filed_on__isnull=False)
        .select_related("program")
        .only("action", "filed_on", "program__national")
    )
    return actions.select_related(
        "pilot", "plan__territory", "priority", "parent"
    ).prefetch_related(
        "national_priorities",
        "themes",
        "epcis",
        "parent__epcis",
        "plan__territory__epcis",
        "declared_facts__by",
        "pilot__declared_facts__by",
        Prefetch("pilot__sites", sites),
        Prefetch("applications", filed, to_attr="filed_applications"),
    )


class ActionFactReader(FactReader):
    """Reads the facts of many actions; the communes of a perimeter are read once."""

    def __init__(self, today=None):
        super().__init__(today)
        self.areas = {}
        self.perimeters = {}

    def facts_of(self, subject):
        action, facts = subject.action, {}
        if action.pilot:
            self._holder(action.pilot, facts)
            self._site(next(iter(action.pilot.sites.all()), None), facts)
        self._perimeter(action, facts)
        self._action(action, facts)
        if action.pilot:
            self._declared(action.pilot.declared_facts.all(), facts)
        self._declared(action.declared_facts.all(), facts)
        return facts

    def read_areas(self, actions):
        """Look once for the communes of all these actions."""
        self._areas({epci.pk for action in actions for epci in perimeter(action)[0]})

    def _areas(self, epcis):
        """The places of these EPCI: the facts of each of their communes."""
        if unread := epcis - self.areas.keys():
            self.areas.update({epci: [] for epci in unread})
            communes = Commune.objects.filter(epci__in=unread).order_by()
            names = ("pk", "departement_id", "departement__region_id", "epci_id")
            for place in communes.values_list(*names):
                self.areas[place[-1]].append(self.places.of(*place))
        return [
            place for epci in epcis for place in self.areas[epci] or [self.places.of_epci(epci)]
        ]

    def _perimeter(self, action, facts):
        """Where its communes are; without a perimeter of its own, those of the territory."""
        epcis, source = perimeter(action)
        if not epcis:
            return
        of_these = frozenset(epci.pk for epci in epcis)
        if of_these not in self.perimeters:
            self.perimeters[of_these] = together(self._areas(of_these))
        labels = {"epci": names_of(epcis)}
        for key, value in self.perimeters[of_these].items():
            facts[key] = Fact(value, source, label=labels.get(key, ""))

    def _action(self, action, facts):
        axes = [action.priority_id, *(axis.pk for axis in action.national_priorities.all())]
        of_axes = frozenset().union(*(THEMES.get(axis, ()) for axis in axes))
        more = frozenset(theme.pk for theme in action.themes.all())
        if themes := of_axes | more:
            told = [word for word, codes in (("axes", of_axes), ("thèmes", more)) if codes]
            facts["themes"] = Fact(themes, f"{' et '.join(told)} de la {SHEET}")
        if stage := STAGES.get(action.status):
            facts["stage"] = Fact(stage, SHEET, label=action.get_status_display())
        for key, name in FIELDS.items():
            if (value := getattr(action, name)) is not None:
                facts[key] = Fact(value, origin(action, name, SHEET))
        facts[COLLECTIVE] = Fact(True)
        facts["filings"] = Fact(filings(action.filed_applications), "dossiers de la fiche")


def together(places):
    """The facts of many places as one: what all of them share, else the set of what each has.
    Nothing of what one of them does not tell, nor of a yes or no on which they differ."""
    told = set(places[0]).intersection(*places)
    found = {key: frozenset(place[key] for place in places) for key in told}
    return {
        key: places[0][key] if len(values) == 1 else values
        for key, values in found.items()
        if len(values) == 1 or True not in values
    }


def names_of(epcis):
    """Nothing when they are too many to be named: they are then counted."""
    return wording.listing([epci.name for epci in epcis], "et") if len(epcis) <= TOLD else ""


def perimeter(action):
    """(its EPCI, who says so): its own, else those of the action it is part of, else those of the
    territory."""
    if epcis := list(action.epcis.all()):
        return epcis, "périmètre de la fiche"
    if action.parent_id and (epcis := list(action.parent.epcis.all())):
        return epcis, "périmètre de l’action dont elle fait partie"
    return list(action.plan.territory.epcis.all()), "périmètre du territoire"


class ActionMatcher(Matcher):
    """The programs of the catalogue against collective actions, by the rules of projects."""

    def __init__(self, viewer, *, programs=None, today=None):
        super().__init__(viewer, programs=programs, today=today)
        self.reader = ActionFactReader(self.today)

    def of_all(self, actions):
        """The matches of many actions, in a fixed number of queries."""
        fetched = list(with_facts(actions))
        self.reader.read_areas(fetched)
        return [match for action in fetched for match in self.matches(ActionSubject(action))]


def matches_of_action(action, viewer, *, programs=None, today=None):
    """The matches of one action, read again with all its facts, the best first."""
    fetched = with_facts(Action.objects.visible_to(viewer)).get(pk=action.pk)
    return ActionMatcher(viewer, programs=programs, today=today).matches(ActionSubject(fetched))


class ActionReading:
    """The facts of actions as columns, as `bulk.Reading` has those of projects. Actions are few:
    each is read as its page does."""

    def __init__(self, actions, today):
        self.reader = ActionFactReader(today)
        self.actions = list(with_facts(actions.order_by()))
        self.reader.read_areas(self.actions)

    @property
    def ids(self):
        return [action.pk for action in self.actions]

    def table(self):
        return Table.of([self.reader.facts_of(ActionSubject(action)) for action in self.actions])


def verdicts(actions, programs, today=None):
    """`bulk.verdicts` for actions: the same answers to the same calls."""
    today = today or timezone.localdate()
    programs = list(programs)
    reading = ActionReading(actions, today)
    rules = [parsed_rules(program) for program in programs]
    return BulkVerdicts(reading.ids, programs, Judged(rules, reading.table(), today))
