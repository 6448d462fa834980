"""What a collective action tells the rules of eligibility: its pilot, its perimeter, its budget.

The rules are those of projects (`funding.matching`); a fact that a fiche does not hold stays
unknown and asks its question.
"""

from dataclasses import dataclass

from django.db.models import Prefetch

from actions.models import Action
from crm.models import Commune, Site
from funding.eligibility import Fact
from funding.facts import ADOUR_GARONNE, FactReader, filings
from funding.matching import Matcher
from funding.models import Application

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
SHEET = "fiche action"


@dataclass(frozen=True)
class ActionSubject:
    """An action where the matcher expects a project."""

    action: Action

    site_id = None

    @property
    def pk(self):
        return self.action.pk

    @property
    def holder(self):
        return self.action.pilot

    @property
    def holder_id(self):
        return self.action.pilot_id

    @property
    def territory_id(self):
        return self.action.plan.territory_id

    @property
    def eligible_costs(self):
        return self.action.budget_planned


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
        "epcis",
        "plan__territory__epcis",
        "pilot__declared_facts__by",
        Prefetch("pilot__sites", sites),
        Prefetch("applications", filed, to_attr="filed_applications"),
    )


class ActionFactReader(FactReader):
    def facts_of(self, subject):
        action, facts = subject.action, {}
        if action.pilot:
            self._holder(action.pilot, facts)
            self._site(next(iter(action.pilot.sites.all()), None), facts)
        self._perimeter(action, facts)
        self._action(action, facts)
        if action.pilot:
            self._declared(action.pilot.declared_facts.all(), facts)
        return facts

    def _perimeter(self, action, facts):
        """What all the communes of the perimeter share; without one, all those of the territory."""
        epcis, source = list(action.epcis.all()), "périmètre de la fiche"
        if not epcis:
            epcis, source = list(action.plan.territory.epcis.all()), "périmètre du territoire"
        if not epcis:
            return
        communes = Commune.objects.filter(epci__in=epcis).order_by()
        pairs = set(communes.values_list("departement_id", "departement__region_id"))
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
        if themes := frozenset().union(*(THEMES.get(axis, ()) for axis in axes)):
            facts["themes"] = Fact(themes, f"axes de la {SHEET}")
        if stage := STAGES.get(action.status):
            facts["stage"] = Fact(stage, SHEET, label=action.get_status_display())
        for key, value in (
            ("eligible_costs", action.budget_planned),
            ("starts_on", action.starts_on),
        ):
            if value is not None:
                facts[key] = Fact(value, SHEET)
        facts["filings"] = Fact(filings(action.filed_applications), "dossiers de la fiche")


class ActionMatcher(Matcher):
    """The programs of the catalogue against collective actions, by the rules of projects."""

    def __init__(self, viewer, *, today=None):
        super().__init__(viewer, today=today)
        self.reader = ActionFactReader(self.today)


def matches_of_action(action, viewer, *, today=None):
    """The matches of one action, read again with all its facts, the best first."""
    fetched = with_facts(Action.objects.visible_to(viewer)).get(pk=action.pk)
    return ActionMatcher(viewer, today=today).matches(ActionSubject(fetched))
