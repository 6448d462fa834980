"""What a collective action tells the rules of eligibility: its pilot, its perimeter, its budget.

The rules are those of projects (`funding.matching`, `funding.bulk`); a fact that a fiche does not
hold stays unknown and asks its question, about the pilot or about the action.
"""

from django.db.models import Prefetch
from django.utils import timezone

from actions.models import Action
from crm.models import Commune, Site
from funding.bulk import BulkVerdicts
from funding.eligibility import Fact
from funding.eligibility.bulk import Judged, Table
from funding.facts import ADOUR_GARONNE, FactReader, filings, origin
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
        .only("action", "filed_on", "program__code")
    )
    return actions.select_related("pilot", "plan__territory", "priority").prefetch_related(
        "national_priorities",
        "themes",
        "epcis",
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
        wanted = {epci.pk for action in actions for epci in perimeter(action)[0]}
        self._areas(wanted)

    def _areas(self, epcis):
        """[(département, région) of their communes] of each of these EPCI."""
        if unread := epcis - self.areas.keys():
            self.areas.update({epci: set() for epci in unread})
            communes = Commune.objects.filter(epci__in=unread).order_by()
            names = ("epci_id", "departement_id", "departement__region_id")
            for epci, *places in communes.values_list(*names).distinct():
                self.areas[epci].add(tuple(places))
        return [self.areas[epci] for epci in epcis]

    def _perimeter(self, action, facts):
        """What all the communes of the perimeter share; without one, all those of the territory."""
        epcis, source = perimeter(action)
        if not epcis:
            return
        pairs = set().union(*self._areas({epci.pk for epci in epcis}))
        departements, regions = ({pair[at] for pair in pairs} for at in (0, 1))
        for key, values in (("departement", departements), ("region", regions)):
            if len(values) == 1:
                facts[key] = Fact(*values, source)
        if len(epcis) == 1:
            facts["epci"] = Fact(epcis[0].pk, source, label=epcis[0].name)
        if {epci.pk for epci in epcis} <= self.places.in_territories:
            facts["in_ti"] = Fact(True, source)
        if departements and departements <= ADOUR_GARONNE:
            facts["in_adour_garonne_basin"] = Fact(True, source)

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
        facts["filings"] = Fact(filings(action.filed_applications), "dossiers de la fiche")


def perimeter(action):
    """(its EPCI, who says so): its own, else those of the territory."""
    if epcis := list(action.epcis.all()):
        return epcis, "périmètre de la fiche"
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


def matches_of_action(action, viewer, *, today=None):
    """The matches of one action, read again with all its facts, the best first."""
    fetched = with_facts(Action.objects.visible_to(viewer)).get(pk=action.pk)
    return ActionMatcher(viewer, today=today).matches(ActionSubject(fetched))


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
