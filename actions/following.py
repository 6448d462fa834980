"""An indicator as its panel shows it: dated values, today’s figure, distance to the target."""

from django.db.models import Prefetch

from actions import charts, indicators
from actions.indicator_forms import IndicatorValueForm
from actions.measures import FICHE
from actions.models import BudgetLine, Indicator, PublicContract
from crm import measures
from crm.perms import can_work_in_team

PARTS = (
    "indicators__values__by",
    "indicators__targets",
    Prefetch("budget_lines", BudgetLine.objects.select_related("funder")),
    Prefetch("public_contracts", PublicContract.objects.select_related("provider")),
)


def within(indicator):
    """The scope of a computed figure, as the lists take it."""
    return FICHE.of(indicator.action_id) if indicator.scope == Indicator.Scope.ACTION else ""


class Today:
    """Today’s figures of a fiche’s computed indicators, one query for each different one.

    They are read over every row of the territory: for the team alone, who may open them all. The
    others read the dated values that the team kept.
    """

    def __init__(self, viewer, territory):
        self.viewer, self.territory, self.read = viewer, territory, {}
        self.is_team = can_work_in_team(viewer, territory)

    def of(self, indicator):
        measure = measures.get(indicator.measure)
        if not measure or not self.is_team:
            return None
        asked = (indicator.counted_from, within(indicator))
        if (measure, asked) not in self.read:
            self.read[measure, asked] = measures.read(
                measure, self.viewer, self.territory, since=asked[0], within=asked[1]
            )
        return self.read[measure, asked]


def goal_of(indicator):
    return indicators.Goal(
        indicator.baseline,
        indicator.target,
        indicator.direction,
        indicator.baseline_on,
        indicator.target_on,
        tuple((target.year, target.value) for target in indicator.targets.all()),
    )


def by_year(indicator, goal, dated):
    """The table beside the chart, each year with its target; `strays` lie outside the path."""
    way = indicators.way(goal)
    targets = {target.year: target for target in indicator.targets.all()}
    on_way = {on.year for on, _ in way if on not in (goal.baseline_on, goal.target_on)}
    rows = indicators.by_year(goal, dated) if way else []
    return {
        "years": [(row, targets.get(row.year) if row.year in on_way else None) for row in rows],
        "strays": [target for year, target in targets.items() if year not in on_way],
    }


def follow(indicator, today):
    goal, measure = goal_of(indicator), measures.get(indicator.measure)
    values = list(indicator.values.all())
    # Of two values of the same day, the later one corrects the first.
    kept = {value.observed_on: value for value in values}
    dated = sorted((day, row.value) for day, row in kept.items())
    latest = indicator.latest
    value, on = (latest.value, latest.observed_on) if latest else (None, None)
    reading = today.of(indicator)
    return {
        "indicator": indicator,
        "values": [(row, kept[row.observed_on] is row) for row in values],
        "unsaid": sum(not row.quality for row in kept.values()),
        "latest": latest,
        "percent": indicators.percent(indicators.progress(goal, value)),
        "standing": indicators.standing(goal, value, on),
        **by_year(indicator, goal, dated),
        "chart": charts.draw(goal, dated),
        "measure": measure,
        "reading": reading,
        "rows_url": reading and measure.url(since=indicator.counted_from, within=within(indicator)),
        "form": IndicatorValueForm(auto_id=f"valeur{indicator.pk}_%s"),
    }
