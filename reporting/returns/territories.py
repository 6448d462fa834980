"""The same figures for many territories, side by side: as many queries as for one."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from actions.models import Action
from crm.models import Project, Stage, Territory
from funding.models import Application
from reporting.columns import Column
from reporting.figures import AID_SUMS, JOBS, PROJECT_SUMS


@dataclass(frozen=True)
class Side:
    """One territory: what `Figures(viewer, territory)` says of it, and nothing else."""

    territory: Territory
    figures: dict

    def __getattr__(self, name):
        if name in self.figures:
            return self.figures[name]
        raise AttributeError(name)

    @property
    def code(self):
        return self.territory.code


def read(name):
    return lambda side: side.figures.get(name)


COLUMNS = [
    Column("Territoire", lambda side: side.territory.name, "text", 34),
    Column("Code", lambda side: side.territory.code, "code", 12),
    Column("Période", lambda side: side.territory.period, "code", 12),
    Column("Projets comptés", read("count"), "integer", 10),
    Column("dont en cours", read("open"), "integer", 10),
    Column("dont réalisés", read("done"), "integer", 10),
    Column("Investissement prévu", read("investment"), "money", 18),
    Column("Investissement, à confirmer", read("unknown"), "integer", 14),
    Column("Aides demandées", read("requested"), "money", 16),
    Column("Aides accordées", read("granted"), "money", 16),
    Column("Aides versées", read("paid"), "money", 16),
    *(Column(label, read(name), "number", 12) for name, label in JOBS.items()),
    Column("Fiches du plan", read("actions"), "integer", 10),
    Column("Budget prévu du plan", read("budget"), "money", 16),
]


def side_by_side(viewer, territories):
    """A `Side` for each territory, in their order; five queries whatever their number."""
    territories = list(territories)
    found = {territory.pk: {"count": 0, "unknown": 0} for territory in territories}
    projects = Project.objects.visible_to(viewer).filter(territory__in=territories)
    counted = projects.exclude(stage__kind=Stage.Kind.CLOSED)
    is_done = Q(stage__is_done=True)
    sums = PROJECT_SUMS | {
        "open": Count("pk", filter=~is_done),
        "done": Count("pk", filter=is_done),
    }
    gather(found, once(Project, counted).values("territory").annotate(**sums), "territory")
    files = Application.objects.visible_to(viewer).filter(project__in=counted)
    aid = once(Application, files).values("project__territory").annotate(**AID_SUMS)
    gather(found, aid, "project__territory")
    fiches = Action.objects.visible_to(viewer).filter(
        plan__territory__in=territories, plan__is_current=True
    )
    plan = once(Action, fiches.once()).values("plan__territory").annotate(
        actions=Count("pk"), budget=Sum("budget_planned")
    )  # fmt: skip
    gather(found, plan, "plan__territory")
    return [Side(territory, found[territory.pk]) for territory in territories]


def once(model, rows):
    """Without the joins of the rights, which would count a row again."""
    return model.objects.filter(pk__in=rows.order_by().values("pk")).order_by()


def gather(found, rows, key):
    for row in rows:
        found[row.pop(key)].update(row)
