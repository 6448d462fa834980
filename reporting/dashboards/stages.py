"""Where the projects are, and how long they stay: the pipeline by stage, the time in each."""

from statistics import median

from crm.models import Stage
from reporting.dashboards import rows as behind
from reporting.dashboards.chart import Cell, Chart, Head, Line

KEY, TIMES = "etapes", "durees"


def pipeline(board):
    """Projects and planned investment by stage, today; closed stages only if they hold some."""
    lines = [
        Line(line.code, line.label, cells(board, line), board.listed(stage=line.code))
        for line in board.by_stage
        if line.count or is_shown(board.every_stage[line.code])
    ]
    return Chart(
        KEY,
        "Projets par étape",
        "Étape",
        f"Au {board.today:%d/%m/%Y}\u00a0: combien de projets à chaque étape, et l’investissement "
        "que leurs porteurs annoncent.",
        (
            Head("count", "Projets", drawn=True, width=10),
            Head("investment", "Investissement prévu", "money", drawn=True, asks=True, width=18),
        ),
        lines,
        empty="" if any(line.value("count") for line in lines) else "Aucun projet à montrer.",
    )


def is_shown(stage):
    """A stage of the pipeline shows even when it holds nothing, unless it was retired."""
    return stage.kind == Stage.Kind.PIPELINE and stage.is_active


def cells(board, line):
    url = board.listed(stage=line.code)
    ask = board.listed(stage=line.code, unknown="investment")
    return {
        "count": Cell(line.count, url if line.count else ""),
        "investment": Cell(
            line.investment, url if line.investment is not None else "", line.unknown,
            ask if line.unknown else "",
        ),
    }  # fmt: skip


def times(board):
    """Median days of the passages that ended in the period, and of those that last."""
    done, now, in_a_day = passages(board)
    lines = [
        Line(code, stage.short, time_cells(board, code, done.get(code, []), now.get(code, [])))
        for code, stage in board.every_stage.items()
        if stage.kind != Stage.Kind.CLOSED
        and not stage.is_done
        and (is_shown(stage) or code in done or code in now)
    ]
    notes = ["Un passage entre et sort d’une étape\u00a0; la médiane coupe les passages en deux."]
    if in_a_day:
        what = (
            f"{in_a_day} passages entrés et sortis le jour même n’y comptent"
            if in_a_day > 1
            else "Un passage entré et sorti le jour même n’y compte"
        )
        notes.append(f"{what} pas\u00a0: ce sont des saisies de rattrapage.")
    return Chart(
        TIMES,
        "Temps passé dans chaque étape",
        "Étape",
        f"Médiane, en jours\u00a0: des passages terminés {board.period}, et des projets qui y sont "
        "encore.",
        (
            Head("ended", "Passages terminés", width=11),
            Head("median", "Durée médiane", "days", drawn=True, width=12),
            Head("current", "Projets qui y sont", width=11),
            Head("age", "Ancienneté médiane", "days", drawn=True, width=12),
        ),
        lines,
        common=True,
        notes=tuple(notes),
        empty="" if done or now else "Aucun projet n’a encore d’histoire à raconter.",
    )


def time_cells(board, code, done, now):
    def cell(pairs, figure, value=None):
        if not pairs:
            return Cell(0 if figure in ("ended", "current") else None)
        url = board.opened(TIMES, code, figure)
        return Cell(len(pairs) if value is None else value, url)

    return {
        "ended": cell(done, "ended"),
        "median": cell(done, "median", middle(done, board.today)),
        "current": cell(now, "current"),
        "age": cell(now, "age", middle(now, board.today)),
    }


def middle(pairs, today):
    return median(stay.days(today) for _, stay in pairs) if pairs else None


def passages(board):
    """({stage: passages ended in the period}, {stage: those that last}, ended within their day)."""
    done, now, in_a_day = {}, {}, 0
    for pk, journey in board.journeys.items():
        *past, last = journey.stays
        now.setdefault(last.stage, []).append((pk, last))
        for stay in past:
            if not board.happened(stay.left_on):
                continue
            if stay.days():
                done.setdefault(stay.stage, []).append((pk, stay))
            else:
                in_a_day += 1
    return done, now, in_a_day


def rows(board, line, figure):
    done, now, _ = passages(board)
    pairs = (done if figure in ("ended", "median") else now).get(line, [])
    how = "median" if figure in ("median", "age") else "count"
    return behind.of_stays(pairs, board.every_stage, board.today, how)
