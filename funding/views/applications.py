from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from crm.decorators import check
from crm.htmx import render_page, render_panel
from crm.models import Project
from crm.perms import can_edit
from crm.query import row_id
from funding.catalogue import rules_of
from funding.filters import ApplicationFilter
from funding.forms.applications import ApplicationForm, NewApplicationForm
from funding.models import Application, Program

PER_PAGE = 50


@require_safe
def application_list(request):
    applications = (
        Application.objects.visible_to(request.user)
        .filter(project__territory=request.territory)
        .for_list()
    )
    filterset = ApplicationFilter(request.GET, queryset=applications, request=request)
    context = {
        "filterset": filterset,
        "page": Paginator(filterset.qs, PER_PAGE).get_page(request.GET.get("page")),
        "totals": filterset.qs.totals(),
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(
        request, "funding/application_list.html", "funding/_application_rows.html", context, status
    )


@require_safe
def application_panel(request, pk):
    project = get_object_or_404(
        Project.objects.visible_to(request.user).select_related("territory"), pk=pk
    )
    applications = Application.objects.visible_to(request.user).filter(project=project)
    context = {
        "project": project,
        "applications": applications.for_list(),
        "totals": applications.totals(),
        "can_edit": can_edit(request.user, project.territory),
    }
    return render_panel(request, "funding/_application_panel.html", context)


@require_http_methods(["GET", "POST"])
def application_new(request, pk):
    project = get_object_or_404(
        Project.objects.visible_to(request.user).select_related("territory", "holder"), pk=pk
    )
    check(can_edit, request.user, project.territory)
    form = NewApplicationForm(
        request.POST or None, viewer=request.user, project=project, initial=proposed(request)
    )
    if request.method == "POST" and form.is_valid():
        form.instance.created_by = request.user
        if same := already_open(form.instance):
            messages.success(request, "Un dossier est déjà ouvert pour ce dispositif : le voici.")
            return redirect(same)
        form.save()
        messages.success(request, f"Le dossier « {form.instance.program} » est ouvert.")
        return redirect(project)
    context = {"project": project, "form": form}
    status = 422 if form.errors else 200
    return render(request, "funding/application_form.html", context, status=status)


def proposed(request):
    """From a match: the program, and the date before which it must be filed."""
    asked = row_id(request.GET.get("dispositif"))
    program = Program.objects.visible_to(request.user).filter(pk=asked).first()
    if program is None:
        return {}
    return {
        "program": program,
        "due_on": rules_of(program).window.next_deadline(timezone.localdate()),
    }


def already_open(application):
    """A second click, or a colleague’s file: one live file for a project and a program."""
    return (
        Application.objects.live()
        .filter(project=application.project, program=application.program)
        .first()
    )


@require_http_methods(["GET", "POST"])
def application(request, pk):
    found = get_object_or_404(Application.objects.visible_to(request.user).for_list(), pk=pk)
    editable = can_edit(request.user, found.project.territory)
    if request.method == "POST":
        check(can_edit, request.user, found.project.territory)
    form = ApplicationForm(request.POST or None, instance=found)
    status = 200
    if request.method == "POST":
        if form.is_valid() and form.save_if_unchanged():
            messages.success(request, "Le dossier est à jour.")
            return redirect(found.project)
        status = 422 if form.errors else 409
        form.instance.refresh_from_db(fields=["status"])
    context = {
        "application": found,
        "project": found.project,
        "form": form if editable else None,
        "conflict": status == 409,
        "current": Application.objects.for_list().get(pk=found.pk),
        "history": found.history.select_related("history_user")[:10],
    }
    return render(request, "funding/application.html", context, status=status)
