from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import reswap, retarget

from crm import board, gates, history
from crm.decorators import allow, check
from crm.filters.projects import ProjectFilter
from crm.forms.projects import (
    NewProjectForm,
    NextStepForm,
    ProjectForm,
    StaleEdit,
    amounts_warning,
    open_questions,
)
from crm.htmx import is_fragment, render_page
from crm.models import Contact, FollowUp, Interaction, Project
from crm.perms import can_edit, can_review

ROWS = 50
RECENT = 10


def scoped(request):
    return Project.objects.visible_to(request.user).filter(territory=request.territory)


def filtered(request, query):
    return ProjectFilter(query, queryset=scoped(request), request=request)


def visible(request, pk):
    projects = gates.with_gates(Project.objects.visible_to(request.user).for_list())
    return get_object_or_404(projects, pk=pk)


def editable(request, pk):
    project = visible(request, pk)
    check(can_edit, request.user, project.territory)
    return project


@require_safe
def project_list(request):
    filterset = filtered(request, request.GET)
    context = {
        "filterset": filterset,
        "page": Paginator(filterset.qs.for_list(), ROWS).get_page(request.GET.get("page")),
        "totals": filterset.qs.totals(),
        "all_count": scoped(request).count(),
        "query": request.GET,
        "can_edit": can_edit(request.user, request.territory),
    }
    status = 200 if filterset.is_valid() else 400
    return render(request, "crm/project_list.html", context, status=status)


@require_safe
def project(request, pk):
    project = visible(request, pk)
    stages = board.stages_of(project.territory)
    is_team = can_edit(request.user, project.territory)
    card = board.card(project, stages)
    context = {
        "project": project,
        "can_edit": is_team,
        "can_see_reviews": is_team or can_review(request.user, project.territory),
        "card": card,
        "next_lacks": gates.next_lacks(card.moves),
        "steps": list(history.steps(project, stages)),
        "questions": list(open_questions(project)),
        "source": project.source_of("planned_investment"),
        "warning": amounts_warning(project),
    }
    if is_team:
        mine = Interaction.objects.visible_to(request.user).filter(project=project)
        context |= {
            "interactions": mine.select_related("by").prefetch_related("contacts")[:RECENT],
            "interaction_count": mine.count(),
            "follow_ups": FollowUp.objects.visible_to(request.user)
            .filter(project=project)
            .pending()
            .select_related("owner"),
            "contacts": Contact.objects.visible_to(request.user).filter(
                organisation=project.holder
            )[:RECENT],
            "entries": history.entries(project, limit=RECENT),
        }
    return render(request, "crm/project.html", context)


@require_safe
def project_history(request, pk):
    project = editable(request, pk)
    context = {"project": project, "entries": history.entries(project)}
    return render(request, "crm/project_history.html", context)


@allow(can_edit)
@require_http_methods(["GET", "POST"])
def project_new(request):
    start = {
        "holder": request.GET.get("holder") or request.GET.get("organisation"),
        "site": request.GET.get("site"),
        "owner": request.user,
    }
    form = NewProjectForm(
        request.POST or None, initial=start, user=request.user, territory=request.territory
    )
    if request.method == "POST" and form.is_valid():
        project = form.save()
        messages.success(
            request, f"Projet {project.reference} ouvert. {amounts_warning(project)}".strip()
        )
        return redirect(project)
    return project_form(request, form, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def project_edit(request, pk):
    project = editable(request, pk)
    start = {"holder": request.GET["holder"]} if request.GET.get("holder") else None
    form = ProjectForm(
        request.POST or None,
        initial=start,
        instance=project,
        user=request.user,
        territory=project.territory,
    )
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except StaleEdit:
            return project_form(request, form, conflict=overtaken(pk, form), status=409)
        messages.success(
            request, f"Projet {project.reference} enregistré. {amounts_warning(project)}".strip()
        )
        return redirect(project)
    return project_form(request, form, status=422 if form.is_bound else 200)


def project_form(request, form, *, conflict=None, status=200):
    project = form.instance if form.instance.pk else None
    # What was typed must not head the page: the title is the one in the database.
    name = Project.objects.get(pk=project.pk).title if project else ""
    context = {"form": form, "project": project, "name": name, "conflict": conflict}
    return render(request, "crm/project_form.html", context, status=status)


def overtaken(pk, form):
    """Who saved first, and what differs from what was typed, which the form keeps."""
    current = Project.objects.select_related("holder", "site", "commune", "owner").get(pk=pk)
    form.over(current)
    last = next(iter(history.entries(current, limit=1)), None)
    return {"last": last, "differences": list(form.differences(current))}


@require_http_methods(["GET", "POST"])
def project_next_step(request, pk):
    project = editable(request, pk)
    form = NextStepForm(request.POST or None, instance=project, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except StaleEdit:
            return next_step_form(request, form, conflict=overtaken(pk, form), status=409)
        return next_step_saved(request, pk)
    return next_step_form(request, form, status=422 if form.is_bound else 200)


def next_step_form(request, form, *, conflict=None, status=200):
    context = {"form": form, "project": form.instance, "conflict": conflict}
    page, dialog = "crm/project_next_step.html", "crm/_project_next_step.html"
    return in_dialog(request, render_page(request, page, dialog, context, status=status))


def next_step_saved(request, pk):
    project = visible(request, pk)
    if not is_fragment(request):
        messages.success(request, "Prochaine étape enregistrée.")
        return redirect(project)
    context = {"project": project, "can_edit": True, "is_swap": True}
    return render(request, "crm/_project_suite.html", context)


def in_dialog(request, response):
    if not is_fragment(request):
        return response
    return reswap(retarget(response, "#dialogue"), "innerHTML")
