from urllib.parse import urlencode

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.decorators import allow, takes
from crm.models import Stage
from crm.perms import can_edit, can_report
from crm.templatetags.french import plural
from reporting import charts, committee, national, readings
from reporting.columns import Column
from reporting.completeness import Completeness
from reporting.figures import Figures
from reporting.forms import ReadingForm
from reporting.headlines import headlines
from reporting.workbook import XLSX

STAGES = [
    Column("Étape", lambda line: line.label),
    Column("Projets", lambda line: line.count, "integer"),
    Column("Investissement prévu", lambda line: line.investment, "money"),
    Column("À confirmer", lambda line: line.unknown, "integer"),
]
PRIORITIES = [
    Column("Axe national", lambda line: line.label),
    *STAGES[1:],
    Column("Aides accordées", lambda line: line.granted, "money"),
]
FUNDERS = [
    Column("Financeur", lambda line: line.label),
    Column("Dossiers", lambda line: line.count, "integer"),
    Column("Demandé", lambda line: line.requested, "money"),
    Column("Demandé, à confirmer", lambda line: line.requested_unknown, "integer"),
    Column("Accordé", lambda line: line.granted, "money"),
    Column("Versé", lambda line: line.paid, "money"),
    Column("Versé, à confirmer", lambda line: line.paid_unknown, "integer"),
]


@allow(can_report)
@require_safe
@takes("lecture")
def reports(request):
    levels = readings.open_to(request.user, request.territory)
    asked = request.GET.get("lecture", "")
    chosen = next((one for one in levels if one.code == asked), None)
    if asked and chosen is None:
        raise BadRequest("Ces lecteurs n’existent pas : choisissez un niveau de lecture.")
    figures = Figures(chosen or request.user, request.territory)
    gaps = Completeness(figures).gaps()
    context = {
        "levels": levels,
        "chosen": chosen,
        "figures": figures,
        "headlines": [(line, address(line.key, figures)) for line in headlines(figures)],
        "charts": all_charts(figures),
        "gaps": gaps,
        "fields": by_field(gaps),
        "hidden": sum(figures.withheld.values()),
        "can_edit": can_edit(request.user, request.territory),
    }
    return render(request, "reporting/reports.html", context)


@allow(can_report)
@require_safe
def committee_workbook(request):
    return download(request, committee, "brouillon-copil", readings.COMMITTEE)


@allow(can_report)
@require_safe
def national_return(request):
    return download(request, national, "remontee", readings.PARTNERS)


def download(request, report, what, default):
    """The report at the level asked for; nobody draws more than what they may read."""
    levels = readings.open_to(request.user, request.territory)
    form = ReadingForm({"lecture": default} | request.GET.dict(), levels=levels)
    if form.data["lecture"] in readings.LEVELS and "lecture" in form.errors:
        raise PermissionDenied
    if not form.is_valid():
        return render(request, "reporting/refused.html", {"form": form}, status=400)
    content = report.workbook(form.cleaned_data["lecture"])
    name = committee.file_name(request.territory, what, timezone.localdate(), "xlsx")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=XLSX, headers=headers)


def all_charts(figures):
    """(drawing, columns, lines and their lists, foot): the table holds what the bars show."""
    stages, priorities, funders = stage_lines(figures), priority_lines(figures), []
    for line in figures.by_funder:
        query = urlencode({"funder": line.code})
        funders.append((line, f"{reverse('funding:application_list')}?{query}"))
    total = [(figures.total, listed(stage=counted(figures)))]
    return [
        (stage_chart(figures), STAGES, stages, ""),
        (
            charts.bars("Investissement prévu par axe national", map(project_bar, priorities)),
            PRIORITIES,
            priorities + total,
            overlap(figures),
        ),
        (
            charts.bars("Aides demandées par financeur", map(funder_bar, funders)),
            FUNDERS,
            funders,
            "",
        ),
    ]


def stage_lines(figures):
    """Stages of the pipeline, and those of the others that hold projects, with their lists."""
    pipeline = {stage.pk for stage in figures.stages if stage.kind == Stage.Kind.PIPELINE}
    return [
        (line, listed(stage=line.code))
        for line in figures.by_stage
        if line.count or line.code in pipeline
    ]


def stage_chart(figures):
    lines = stage_lines(figures)
    return charts.bars("Projets et investissement prévu par étape", map(project_bar, lines))


def priority_lines(figures):
    stages = counted(figures)
    return [
        (line, listed(priority=line.code, stage=stages) if line.code else "")
        for line in figures.by_priority
    ]


def project_bar(item):
    line, _ = item
    count = plural(line.count, "projet,projets") if line.count else "aucun projet"
    amount = f" · {charts.known(line.investment, line.unknown)}" if line.count else ""
    return line.label, line.investment, f"{count}{amount}", line.unknown


def funder_bar(item):
    line, _ = item
    asked = charts.known(line.requested, line.requested_unknown)
    count = plural(line.count, "dossier,dossiers")
    return line.label, line.requested, f"{count} · {asked}", line.requested_unknown


def overlap(figures):
    count = figures.overlap["count"]
    if not count:
        return ""
    times = "une fois de plus" if count == 1 else f"{count} fois de plus"
    return (
        f"Des projets relèvent de plusieurs axes et y sont comptés {times} ; "
        "le total compte chaque projet une fois."
    )


def by_field(gaps):
    """What is missing, by what it is: (kind, field, gaps), the most frequent first."""
    groups = {}
    for gap in gaps:
        groups.setdefault((gap.kind, gap.field), []).append(gap)
    groups = [(kind, field, rows) for (kind, field), rows in groups.items()]
    return sorted(groups, key=lambda group: (-len(group[2]), group[1]))


def listed(**filters):
    return f"{reverse('crm:project_list')}?{urlencode(filters, doseq=True)}"


def counted(figures):
    return [stage.pk for stage in figures.stages if stage.kind != Stage.Kind.CLOSED]


def address(key, figures):
    """The list behind a headline; nothing where no page lists exactly these rows."""
    open_ = [code for code in counted(figures) if code not in done(figures)]
    if key in {"open", "investment"}:
        return listed(stage=open_)
    if key == "done":
        return listed(stage=done(figures))
    if key.startswith("jobs_"):
        return listed(stage=counted(figures))
    names = {"to_decide": "actions:meeting_list", "actions": "actions:plan",
             "budget": "actions:plan"}  # fmt: skip
    if key in {"requested", "granted", "paid"}:
        return reverse("funding:application_list")
    return reverse(names[key]) if key in names else ""


def done(figures):
    return [stage.pk for stage in figures.stages if stage.is_done]
