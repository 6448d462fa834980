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
    asked = ActionFilter(request.GET, queryset=rows, request=request)
    frameworks = asked.form.cleaned_data["framework"] if asked.is_valid() else []
    columns = exports.action_columns(frameworks)
    beside = exports.sheets_of_plan
    return export(request, kind, ActionFilter, rows, columns, "plan-d-actions", beside)


@require_safe
def programs(request, kind):
    rows = exports.programs(request.user, request.territory)
    return export(request, kind, ProgramFilter, rows, exports.PROGRAMS, "dispositifs")


def export(request, kind, filterset_class, rows, columns, what, beside=None):
    """The rows the page shows; a refused filter is a 400, never the whole list.

    `beside(rows)` are the other sheets of a workbook, about the same rows.
    """
    if kind not in WRITERS:
        raise Http404
    filterset = filterset_class(request.GET, queryset=rows, request=request)
    if not filterset.is_valid():
        return render(request, "reporting/refused.html", {"form": filterset.form}, status=400)
    name = file_name(request.territory, what, timezone.localdate(), kind)
    if beside and kind == "xlsx":
        return exports.as_xlsx(columns, filterset.qs, name, beside(filterset.qs))
    return WRITERS[kind](columns, filterset.qs, name)
