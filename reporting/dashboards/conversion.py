"""From one stage to the next: of the projects that entered a stage, how many went further."""

from collections import Counter
from decimal import Decimal

from crm.models import Stage
from reporting.dashboards import rows as behind
from reporting.dashboards.chart import Cell, Chart, Head, Line
from reporting.dashboards.stays import first_stay, went_further

KEY = "passages"
FEW = 5  # under that many projects, a rate says nothing
FURTHER, STOPPED, WAITING = "further", "stopped", "waiting"
FIGURES = (FURTHER, WAITING, STOPPED)


def chart(board):
    cohorts = gathered(board)
    stages = [
        stage
        for stage in ladder(board)
        if not stage.is_done and (stage.is_active or stage.pk in cohorts)
    ]
    lines = [
        Line(one.pk, one.short, cells(board, one.pk, cohorts.get(one.pk, []))) for one in stages
    ]
    small = [line for line in lines if 0 < line.value("entered") < FEW]
    notes = [
        "Un projet compte la première fois qu’il entre à une étape\u00a0; est allé plus loin celui "
        "qui a atteint une étape suivante du parcours, même en sautant des étapes, et même s’il "
        "est revenu depuis. «\u00a0Pas encore\u00a0»\u00a0: encore là, suspendu, ou revenu à une "
        "étape d’avant."
    ]
    if small:
        notes.append(
            f"Moins de {FEW} projets à une étape\u00a0: lisez leur nombre, le taux ne prouve rien."
        )
    return Chart(
        KEY,
        "Passage d’une étape à la suivante",
        "Entrés à l’étape",
        f"Projets entrés à chaque étape {board.period}, et ce qu’ils sont devenus au "
        f"{board.today:%d/%m/%Y}.",
        (
            Head("entered", "Entrés", width=10),
            Head(FURTHER, "Allés plus loin", width=12),
            Head(WAITING, "Pas encore", width=14),
            Head(STOPPED, "Clos avant", width=11),
            Head("rate", "Taux de passage", "percent", drawn=True, width=12),
        ),
        lines,
        notes=tuple(notes),
        empty="" if cohorts else "Aucun projet n’est entré à une étape pendant cette période.",
    )


def ladder(board):
    return [one for one in board.every_stage.values() if one.kind == Stage.Kind.PIPELINE]


def gathered(board):
    """{stage: [(project, passage, what became of it)]} of the passages that began in the period."""
    positions = {stage.pk: stage.position for stage in ladder(board)}
    found = {}
    for pk, journey in board.journeys.items():
        for code in positions:
            first = first_stay(journey.stays, code)
            if not first or not board.happened(first[1].entered_on):
                continue
            fate = fate_of(board, journey, first[0], positions)
            found.setdefault(code, []).append((pk, first[1], fate))
    return found


def fate_of(board, journey, at, positions):
    if went_further(journey.stays, at, positions):
        return FURTHER
    return STOPPED if board.every_stage[journey.stage].kind == Stage.Kind.CLOSED else WAITING


def cells(board, code, cohort):
    count = Counter(fate for _, _, fate in cohort)
    found = {"entered": Cell(len(cohort), board.opened(KEY, code, "entered") if cohort else "")}
    for fate in FIGURES:
        url = board.opened(KEY, code, fate) if count[fate] else ""
        found[fate] = Cell(count[fate], url)
    rate = None
    if cohort:
        rate = (Decimal(count[FURTHER]) * 100 / len(cohort)).quantize(Decimal("0.1"))
    note = f"{count[FURTHER]} sur {len(cohort)}" if cohort else ""
    found["rate"] = Cell(rate, found[FURTHER].url or found["entered"].url, note=note)
    return found


def rows(board, line, figure):
    cohort = gathered(board).get(line, [])
    wanted = FIGURES if figure in ("entered", "rate") else (figure,)
    pairs = [(pk, stay) for pk, stay, fate in cohort if fate in wanted]
    return behind.of_stays(pairs, board.every_stage, board.today, "count")
