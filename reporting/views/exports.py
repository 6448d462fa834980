from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from actions.filters import ActionFilter
from crm.filters.organisations import OrganisationFilter
from crm.filters.projects import ProjectFilter
from funding.filters import ApplicationFilter, ProgramFilter
from reporting import exports
from reporting.committee import file_name

WRITERS = {"csv": exports.as_csv, "xlsx": exports.as_xlsx}


@require_safe
def organisations(request, kind):
    rows = exports.organisations(request.user, request.territory)
    return export(request, kind, OrganisationFilter, rows, exports.ORGANISATIONS, "entreprises")


@require_safe
def projects(request, kind):
    rows = exports.projects(request.user, request.territory)
    return export(request, kind, ProjectFilter, rows, exports.PROJECTS, "projets")


@require_safe
def applications(request, kind):
    rows = exports.applications(request.user, request.territory)
    return export(request, kind, ApplicationFilter, rows, exports.APPLICATIONS, "dossiers")


@require_safe
def actions(request, kind):
    rows = exports.actions(request.user, request.territory)
    return export(request, kind, ActionFilter, rows, exports.ACTIONS, "plan-d-actions")


@require_safe
def programs(request, kind):
    rows = exports.programs(request.user, request.territory)
    return export(request, kind, ProgramFilter, rows, exports.PROGRAMS, "dispositifs")


def export(request, kind, filterset_class, rows, columns, what):
    """The rows the page shows; a refused filter is a 400, never the whole list."""
    if kind not in WRITERS:
        raise Http404
    filterset = filterset_class(request.GET, queryset=rows, request=request)
    if not filterset.is_valid():
        return render(request, "reporting/refused.html", {"form": filterset.form}, status=400)
    name = file_name(request.territory, what, timezone.localdate(), kind)
    return WRITERS[kind](columns, filterset.qs, name)
