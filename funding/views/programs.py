import datetime as dt

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.htmx import render_page
from crm.models import Project, Theme
from crm.perms import can_edit_catalogue
from crm.templatetags.french import day
from funding import differences, ranking
from funding.catalogue import corrections, rules_of
from funding.facts import with_facts
from funding.filters import INSTRUMENTS, ProgramFilter
from funding.matching import Matcher
from funding.models import MatchDecision, Program, ProgramCheck

PER_PAGE = 50


@require_safe
def program_list(request):
    visible = Program.objects.visible_to(request.user)
    programs = visible.for_territory(request.territory).for_list()
    filterset = ProgramFilter(request.GET, queryset=programs, request=request)
    page = Paginator(filterset.qs, PER_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    context = {
        "filterset": filterset,
        "page": page,
        "rows": [row(program.as_fetched(), today) for program in page],
        "today": today,
        "can_add": can_edit_catalogue(request.user, request.territory),
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
    """What it says today, or what applied on the day « au » of the address."""
    visible = Program.objects.visible_to(request.user).for_list()
    current = get_object_or_404(visible, pk=pk)
    today = timezone.localdate()
    asked, on, found = as_asked(request.GET.get("au"), current)
    projects = Project.objects.visible_to(request.user).filter(territory=request.territory)
    line = row(found, today)
    context = {
        **line,
        "row": line,
        "on": on,
        "asked": asked,
        "themes": Theme.objects.filter(pk__in=found.themes),
        "criteria": rules_of(found).criteria,
        "uncertain": set(found.uncertain),
        "excludes": visible.exclusive_with(found),
        "studies": visible.filter(code__in=found.required_studies),
        "matches": [] if on else matches_of_program(found, request.user, projects, today),
        "today": today,
        **kept_by(request, current, today),
    }
    refused = bool(asked) and on is None
    return render(request, "funding/program.html", context, status=400 if refused else 200)


def as_asked(text, current):
    """(what was asked and cannot be shown, the day, the program as it was on that day)."""
    if not text:
        return "", None, current
    try:
        on = dt.date.fromisoformat(text)
    except ValueError:
        return f"«\u00a0{text}\u00a0» n’est pas une date.", None, current
    if found := current.as_of(on):
        return "", on, found
    return f"Établi ne connaît pas ce dispositif à la date du {day(on)}.", None, current


def kept_by(request, current, today):
    """How the record is kept: its versions, its local ones, what a person corrected."""
    versions = current.versions.select_related("by")
    last = versions.in_force(today).first()
    before = last and current.as_of(last.applies_from - dt.timedelta(days=1))
    mine = current.local_versions.filter(territory=request.territory)
    return {
        "can_edit": can_edit_catalogue(request.user, current.territory),
        "can_localise": can_edit_catalogue(request.user, request.territory),
        "announced": [
            (version, differences.changes(current.as_version(), version.values))
            for version in versions.announced(today=today).order_by("applies_from")
        ],
        "last": last,
        "last_changes": differences.changes(before.as_version(), last.values) if before else [],
        "check": ProgramCheck.objects.filter(version__program=current).select_related("by").first(),
        "local": mine.first(),
        "said_expired": said_expired(request.user, current),
        "corrections": [
            (differences.label(name), differences.said(name, theirs), differences.said(name, ours))
            for name, theirs, ours in corrections(current)
        ],
    }


def said_expired(viewer, program):
    """To who keeps the catalogue, the officers who set it aside as expired; what they did it for
    stays with those who see it."""
    if not can_edit_catalogue(viewer, program.territory):
        return []
    flags = MatchDecision.objects.filter(program=program).said_expired()
    return list(flags.select_related("project__territory", "action__plan__territory")[:5])


def matches_of_program(found, viewer, projects, today):
    """The open projects of the territory that it may fund, the best first, without those for which
    the team set it aside."""
    dismissed = MatchDecision.objects.filter(program=found.pk).dismissed()
    projects = projects.exclude(pk__in=dismissed.filter(action=None).order_by().values("project"))
    matcher = Matcher(viewer, programs=Program.objects.filter(pk=found.pk), today=today)
    fetched = with_facts(projects.open())
    matches = [match for project in fetched for match in matcher.matches(project)]
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
