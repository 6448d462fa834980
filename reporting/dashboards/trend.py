"""The portfolio at the end of each month, as it was then: read again from the history.

The stage comes from the moves, the amount from the history rows of the project. What tells who
reads a project, and its place, are those of today. Three queries, whatever the months.
"""

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils import timezone

from crm.models import Project, Stage
from reporting.dashboards import months
from reporting.dashboards import rows as behind
from reporting.dashboards.chart import Cell, Chart, Head, Line
from reporting.dashboards.stays import stage_on

KEY = "evolution"
OPEN, DONE = "open", "done"


@dataclass(frozen=True)
class State:
    """A project at the end of a day: its stage, and the investment that was known of it."""

    stage: str
    investment: Decimal | None


class Past:
    """The history of the projects of a board: what was known of each, and since when."""

    def __init__(self, board):
        self.board = board

    @cached_property
    def known(self):
        """{project: ([days], [planned investment noted that day])}, oldest first."""
        rows = (
            Project.history.filter(id__in=self.board.projects.order_by().values("pk"))
            .exclude(history_type="-")
            .order_by("history_date", "history_id")
            .values_list("id", "history_date", "planned_investment")
        )
        found = {}
        for pk, at, amount in rows:
            days, amounts = found.setdefault(pk, ([], []))
            if not days or amounts[-1] != amount:
                days.append(timezone.localdate(at))
                amounts.append(amount)
        return found

    @cached_property
    def first_day(self):
        return min((days[0] for days, _ in self.known.values()), default=None)

    def on(self, day):
        """{project: state} at the end of a day; before today, from its first history row on."""
        every = self.board.journeys
        if day >= self.board.today:
            return {pk: State(one.stage, one.investment) for pk, one in every.items()}
        found = {}
        for pk, (days, amounts) in self.known.items():
            at = bisect_right(days, day) - 1
            if at >= 0:
                stage = stage_on(day, every[pk].stage, every[pk].moves)
                found[pk] = State(stage, amounts[at])
        return found

    def portfolio(self, day):
        """({open projects: state}, {projects done: state}) at the end of a day."""
        stages = self.board.every_stage
        is_open, done = {}, {}
        for pk, state in self.on(day).items():
            stage = stages[state.stage]
            if stage.is_done:
                done[pk] = state
            elif stage.kind != Stage.Kind.CLOSED:
                is_open[pk] = state
        return is_open, done


def chart(board):
    past = Past(board)
    shown = months_of(board, past)
    lines = [
        Line(months.code(month), months.label(month), cells(board, past, month)) for month in shown
    ]
    return Chart(
        KEY,
        "Le portefeuille mois par mois",
        "Fin de mois",
        said(past),
        (
            Head("open", "Projets en cours", drawn=True, width=11),
            Head("investment", "Leur investissement prévu", "money", drawn=True, asks=True,
                 width=18),
            Head("done", "Projets réalisés", width=11),
        ),
        lines,
        kind="months",
        notes=(
            "L’étape et le montant sont ceux de la fin de chaque mois\u00a0; l’EPCI, l’axe, le "
            "thème et la confidentialité sont ceux d’aujourd’hui. Un projet supprimé n’y est plus.",
        ),
        empty="" if lines else "Aucun historique pendant cette période.",
    )  # fmt: skip


def said(past):
    if past.first_day is None:
        return "Aucun historique n’est encore tenu."
    first = months.label(past.first_day.replace(day=1))
    return (
        f"Reconstitué d’après l’historique, tenu depuis {first}\u00a0: les mois d’avant ne sont "
        "pas supposés."
    )


def months_of(board, past):
    """Those of the period, from the first that the history tells."""
    if past.first_day is None:
        return []
    first = past.first_day.replace(day=1)
    return [month for month in months.of(board.since, board.until) if month >= first]


def day_of(board, month):
    """The last day of the month, or today while it lasts."""
    return min(months.end_of(month), board.today)


def cells(board, past, month):
    is_open, done = past.portfolio(day_of(board, month))
    amounts = [state.investment for state in is_open.values()]
    told = [amount for amount in amounts if amount is not None]
    lacking = len(amounts) - len(told)
    code = months.code(month)
    return {
        "open": Cell(len(is_open), board.opened(KEY, code, OPEN) if is_open else ""),
        "investment": Cell(
            sum(told) if told else None,
            board.opened(KEY, code, "investment") if told else "",
            lacking,
            board.opened(KEY, code, "investment_unknown") if lacking else "",
        ),
        "done": Cell(len(done), board.opened(KEY, code, DONE) if done else ""),
    }


def rows(board, line, figure):
    month = months.read(line)
    past = Past(board)
    if month is None or month not in months_of(board, past):
        return None
    is_open, done = past.portfolio(day_of(board, month))
    states = done if figure == DONE else is_open
    if figure == "investment":
        states = {pk: one for pk, one in states.items() if one.investment is not None}
    elif figure == "investment_unknown":
        states = {pk: one for pk, one in states.items() if one.investment is None}
    how = "sum" if figure == "investment" else "count"
    return as_then(states, board.every_stage, how)


def as_then(states, stages, how):
    projects = behind.read(Project.objects.filter(pk__in=states))
    found = [
        behind.Row(
            one.get_absolute_url(),
            (
                *behind.project_values(one),
                stages[states[one.pk].stage].short,
                states[one.pk].investment,
            ),
        )
        for one in projects
    ]
    heads = (
        *behind.PROJECT_HEADS[:3],
        ("Étape aujourd’hui", "text"),
        ("Commune", "text"),
        ("Étape alors", "text"),
        ("Investissement prévu alors", "money"),
    )
    return behind.Rows(behind.PROJECTS, behind.columns(*heads), found, how)
