"""What tells whether the fiches hold: budget by year, public contracts, computed indicators."""

from actions.following import Today
from actions.models import BudgetLine, Indicator, IndicatorTarget, IndicatorValue, PublicContract
from actions.models.budget import count_budget
from config.demo.files import read, values_of

LINE = ("nature", "unit", "planned", "committed", "spent", "source", "label")
COMPUTED = ("label", "measure", "scope", "unit", "definition", "direction", "baseline", "target")


def load(world):
    """Years follow the clock; the lines of a fiche add up to what the fiche said before."""
    file = read("budget")
    lines = [
        BudgetLine(
            action=world.actions[row["action"]],
            year=world.clock.today.year + row["year"],
            funder=world.organisations.get(row.get("funder")),
            **values_of(BudgetLine, row, LINE),
        )
        for row in file["lines"]
    ]
    BudgetLine.objects.bulk_create(lines)
    for pk in {line.action_id for line in lines}:
        count_budget(pk)
    for row in file["contracts"]:
        PublicContract.objects.create(
            action=world.actions[row["action"]],
            provider=world.organisations.get(row.get("provider")),
            notified_on=world.clock.day(row.get("notified_on")),
            ends_on=world.clock.day(row.get("ends_on")),
            **values_of(PublicContract, row, ("title", "provider_label", "amount")),
        )
    load_qualities(file["qualities"], world)
    load_targets(file["targets"], world)
    for row in file["computed"]:
        computed(row, world)


def indicator_of(row, world):
    return Indicator.objects.get(action=world.actions[row["action"]], label=row["indicator"])


def load_qualities(rows, world):
    """How each value was known; the values that nobody qualified stay so, and are counted."""
    for row in rows:
        values = IndicatorValue.objects.filter(indicator=indicator_of(row, world))
        values.update(quality=row["quality"])


def load_targets(rows, world):
    for row in rows:
        indicator = indicator_of(row, world)
        for offset, value in row["values"].items():
            year = indicator.baseline_on.year + int(offset)
            if indicator.target_on and year >= indicator.target_on.year:
                continue  # the clock has brought it into the year of the target itself
            IndicatorTarget.objects.create(indicator=indicator, year=year, value=value)


def computed(row, world):
    """An indicator read from the data of the demonstration, and kept today by its officer."""
    action = world.actions[row["action"]]
    indicator = Indicator.objects.create(
        action=action,
        baseline_on=world.clock.day(row["baseline_on"]),
        target_on=world.clock.day(row["target_on"]),
        counted_from=world.clock.exact(row.get("counted_from")),
        **values_of(Indicator, row, COMPUTED),
    )
    reading = Today(world.people["agent"], world.territory).of(indicator)
    if row.get("kept"):
        indicator.freeze(reading, by=world.people["agent"], today=world.clock.today)
