"""Investment, aid and jobs: what is announced, what is firm, what was seen."""

from django.db.models import Count, Q, Sum

from crm.models import Project, Sector
from funding.aid_counts import unknown
from funding.aid_filters import NONE
from funding.models import Application
from reporting.dashboards import rows as behind
from reporting.dashboards.chart import Cell, Chart, Head, Line

INVESTMENT, AID, JOBS = "investissement", "aides", "emplois"
AMOUNT = "planned_investment"
STATES = ("planned", "committed", "done")


# Investment ----------------------------------------------------------------------------------


def states(board):
    """Which counted projects each figure takes: all, those firmly begun, those finished."""
    done = Q(stage__is_done=True)
    return {
        "planned": Q(),
        "committed": done | Q(first_commitment_on__lte=board.today),
        "done": done,
    }


def investment(board):
    """Planned investment of the counted projects by sector: a project has one, so lines add up."""
    sums = {}
    for name, which in states(board).items():
        sums[name] = Sum(AMOUNT, filter=which)
        sums[f"{name}_count"] = Count("pk", filter=which)
        sums[f"{name}_unknown"] = Count("pk", filter=which & Q(**{AMOUNT: None}))
    counted = Project.objects.filter(pk__in=board.counted.order_by().values("pk")).order_by()
    found = {row["sector"]: row for row in counted.values("sector").annotate(**sums)}
    names = Sector.objects.in_bulk([code for code in found if code])
    lines = [
        Line(
            code or NONE,
            names[code].short if code else "Filière à confirmer",
            investment_cells(board, code, row),
        )
        for code, row in found.items()
    ]
    lines.sort(key=lambda line: (line.code == NONE, -(line.value("planned") or 0), line.label))
    total = Line("total", "Total", investment_cells(board, "total", counted.aggregate(**sums)))
    return Chart(
        INVESTMENT,
        "Investissement prévu, engagé, réalisé",
        "Filière",
        f"Au {board.today:%d/%m/%Y}, en euros hors taxes\u00a0: l’investissement que les porteurs "
        "annoncent, celui des projets fermement engagés, celui des projets réalisés.",
        tuple(
            Head(name, label, "money", drawn=True, asks=True, width=18)
            for name, label in (("planned", "Prévu"), ("committed", "Engagé"), ("done", "Réalisé"))
        ),
        lines,
        total,
        common=True,
        notes=(
            "Engagé\u00a0: le premier engagement ferme est passé, ou le projet est réalisé. "
            "Réalisé\u00a0: le montant prévu des projets réalisés. Engagé est une part du prévu, "
            "réalisé une part de l’engagé\u00a0: ils ne s’additionnent pas.",
        ),
        empty="" if lines else "Aucun projet à montrer.",
    )


def investment_cells(board, code, row):
    def cell(name):
        to_ask = row[f"{name}_unknown"]
        known = row[name] is not None
        url = board.opened(INVESTMENT, code or NONE, name)
        ask = board.opened(INVESTMENT, code or NONE, f"{name}_unknown") if to_ask else ""
        return Cell(row[name], url if known else "", to_ask, ask)

    return {name: cell(name) for name in STATES}


def investment_rows(board, line, figure):
    name = figure.removesuffix("_unknown")
    found = board.counted.filter(states(board)[name])
    if line != "total":
        found = found.filter(sector=None if line == NONE else line)
    if name != figure:
        return behind.of_projects(found.filter(**{AMOUNT: None}))
    return behind.of_projects(found.exclude(**{AMOUNT: None}), how="sum")


# Aid -----------------------------------------------------------------------------------------

AID_HEADS = (
    Head("count", "Dossiers", width=10),
    Head("requested", "Demandé", "money", drawn=True, asks=True, width=16),
    Head("granted", "Accordé", "money", drawn=True, asks=True, width=16),
    Head("paid", "Versé", "money", drawn=True, asks=True, width=16),
)


def aid(board):
    """What was asked, granted and paid, by funder, over the files of the filters."""
    figures = board.funding
    lines = [
        Line(line.opens["funder"], line.label, aid_cells(board, line)) for line in figures.by_funder
    ]
    return Chart(
        AID,
        "Aides par financeur",
        "Financeur",
        f"Au {board.today:%d/%m/%Y}\u00a0: demandé, accordé et versé, tous dossiers confondus.",
        AID_HEADS,
        lines,
        Line("total", "Total", aid_cells(board, figures.total)),
        common=True,
        notes=(
            "À confirmer\u00a0: les dossiers qui ne disent pas leur montant, et, pour l’accordé et "
            "le versé, ceux qui sont acceptés sans le dire.",
        ),
        empty="" if lines else "Aucun dossier à montrer.",
    )


def aid_cells(board, line):
    code = line.opens.get("funder", "total")

    def url(among):
        filters = dict(line.opens) | ({"among": among} if among else {})
        return board.files(**filters) or board.opened(AID, code, among or "count")

    cells = {"count": Cell(line.count, url("") if line.count else "")}
    for name in ("requested", "granted", "paid"):
        value, to_ask = getattr(line, name), getattr(line, f"{name}_unknown")
        cells[name] = Cell(
            value,
            url(name) if value is not None else "",
            to_ask,
            url(f"{name}_unknown") if to_ask else "",
        )
    return cells


def aid_rows(board, line, figure):
    files = board.applications if line == "total" else of_funder(board, line)
    return files_behind(files, figure)


def of_funder(board, code):
    return board.applications.filter(program__funder=code)


def files_behind(files, figure):
    """The files that a figure of aid counts, sums, or lacks."""
    files = Application.objects.filter(pk__in=files.order_by().values("pk"))
    name = figure.removesuffix("_unknown")
    labels = {head.key: head.label for head in AID_HEADS}
    if figure == "count":
        return behind.of_files(files, "Demandé", "amount_requested", how="count")
    amount = f"amount_{name}"
    if name != figure:
        return behind.of_files(files.filter(unknown(name)), labels[name], amount, how="count")
    return behind.of_files(files.exclude(**{amount: None}), labels[name], amount)


# Jobs ----------------------------------------------------------------------------------------

KINDS = {"created": "Emplois créés", "maintained": "Emplois maintenus"}
JOB_STATES = ("planned", "observed")
COLUMNS = [f"jobs_{kind}_{state}" for kind in KINDS for state in JOB_STATES]


def jobs(board):
    """Planned and observed stand side by side and never add up, in a line nor in a total."""
    told = board.counted.order_by().aggregate(**{column: Count(column) for column in COLUMNS})
    lines = [
        Line(kind, label, {state: jobs_cell(board, kind, state, told) for state in JOB_STATES})
        for kind, label in KINDS.items()
    ]
    return Chart(
        JOBS,
        "Emplois prévus et constatés",
        "Emplois",
        f"Au {board.today:%d/%m/%Y}, en équivalents temps plein, projets en cours et réalisés.",
        (
            Head("planned", "Prévus", "number", drawn=True, width=12),
            Head("observed", "Constatés", "number", drawn=True, width=12),
        ),
        lines,
        common=True,
        notes=(
            "Le prévu et le constaté ne s’additionnent pas\u00a0: le second vérifie le premier. "
            "Chaque chiffre dit de combien de projets il est la somme.",
        ),
        empty="" if any(told.values()) else "Aucun projet ne dit encore ses emplois.",
    )


def jobs_cell(board, kind, state, told):
    column = f"jobs_{kind}_{state}"
    value, count = getattr(board.total, column), told[column]
    note = f"{count} projet{'s' if count > 1 else ''} sur {board.total.count}" if count else ""
    return Cell(value, board.opened(JOBS, kind, state) if value is not None else "", note=note)


def jobs_rows(board, line, figure):
    column = f"jobs_{line}_{figure}"
    told = board.counted.exclude(**{column: None})
    return behind.of_projects(told, ("ETP", "number"), column, "sum")
