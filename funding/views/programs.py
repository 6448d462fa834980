from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.htmx import render_page
from crm.models import Project, Theme
from funding import ranking
from funding.catalogue import rules_of
from funding.facts import with_facts
from funding.filters import INSTRUMENTS, ProgramFilter
from funding.matching import Matcher
from funding.models import Program

PER_PAGE = 50


@require_safe
def program_list(request):
    programs = Program.objects.visible_to(request.user).for_list()
    filterset = ProgramFilter(request.GET, queryset=programs, request=request)
    page = Paginator(filterset.qs, PER_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    context = {
        "filterset": filterset,
        "page": page,
        "rows": [row(program, today) for program in page],
        "today": today,
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(
        request, "funding/program_list.html", "funding/_program_rows.html", context, status
    )


def row(program, today):
    """What a line shows: how sure it is, when it closes, in the words of the interface."""
    window = rules_of(program).window
    return {
        "program": program,
        "instruments": [INSTRUMENTS[code] for code in program.instruments],
        "next_deadline": window.next_deadline(today),
        "is_over": window.is_over(today),
        "is_stale": program.is_stale(today=today),
        "to_check": program.is_uncertain or program.state == Program.State.TO_CHECK,
    }


@require_safe
def program(request, pk):
    found = get_object_or_404(Program.objects.visible_to(request.user).for_list(), pk=pk)
    today = timezone.localdate()
    projects = Project.objects.visible_to(request.user).filter(territory=request.territory)
    line = row(found, today)
    context = {
        **line,
        "row": line,
        "themes": Theme.objects.filter(pk__in=found.themes),
        "criteria": rules_of(found).criteria,
        "uncertain": set(found.uncertain),
        "excludes": Program.objects.filter(code__in=found.incompatible_with),
        "matches": matches_of_program(found, request.user, projects, today),
        "today": today,
    }
    return render(request, "funding/program.html", context)


def matches_of_program(found, viewer, projects, today):
    """The open projects of the territory that it may fund, the best first."""
    matcher = Matcher(viewer, programs=Program.objects.filter(pk=found.pk), today=today)
    matches = [matcher.matches(project)[0] for project in with_facts(projects.open())]
    live = [match for match in matches if not match.is_excluded]
    return sorted(live, key=lambda match: (*match.rank.sort_key, match.project.title))


@require_safe
def ranking_help(request):
    """The figures of the formula itself, so that the page cannot tell another story."""
    context = {
        "version": ranking.RULE_VERSION,
        "verdict": {verdict.code: points for verdict, points in ranking.VERDICT_POINTS.items()},
        "unknown_points": ranking.UNKNOWN_POINTS,
        "unknown_max": ranking.UNKNOWN_MAX,
        "cover_max": ranking.COVER_MAX,
        "theme_points": ranking.THEME_POINTS,
        "theme_max": ranking.THEME_MAX,
        "time_steps": ranking.TIME_STEPS,
        "time_later": ranking.TIME_LATER,
        "time_permanent": ranking.TIME_PERMANENT,
        "time_not_open": ranking.TIME_NOT_OPEN,
    }
    return render(request, "funding/ranking_help.html", context)
