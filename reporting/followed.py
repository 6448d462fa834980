"""The indicators of the plan with their last dated value, as reports read them."""

from actions import following, indicators
from crm.templatetags.french import decimal

STANDINGS = {
    "reached": "Cible atteinte",
    "on_path": "Sur la trajectoire",
    "off_path": "En retard sur la trajectoire",
    "unknown": "À confirmer",
}


class Followed:
    """An indicator with its last dated value, as the pack reads it."""

    def __init__(self, action, indicator):
        self.action, self.indicator = action, indicator
        self.goal, self.latest = following.goal_of(indicator), indicator.latest
        self.value = self.latest and self.latest.value
        self.share = indicators.percent(indicators.progress(self.goal, self.value))

    @property
    def standing(self):
        on = self.latest and self.latest.observed_on
        return STANDINGS[indicators.standing(self.goal, self.value, on)]

    @property
    def told(self):
        """« 12 sur 40 entreprises », of the value and of the target, where they are known."""
        if self.value is None:
            return "à confirmer"
        target = self.goal.target
        reach = f" sur {decimal(target)}" if target is not None else ""
        return f"{decimal(self.value)}{reach} {self.indicator.unit}"


def followed(rows):
    return [Followed(row, indicator) for row in rows for indicator in row.indicators.all()]
