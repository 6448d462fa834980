"""Files: the list, the panels, opening one, its page, its moves."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.models import EditConflict
from crm.decorators import check
from crm.htmx import render_page, render_panel
from crm.perms import can_edit
from crm.query import row_id
from crm.templatetags.french import plural
from funding.application_log import log
from funding.catalogue import rules_of
from funding.eligibility.wording import listing
from funding.filing import FilingReader
from funding.filters import ApplicationFilter
from funding.forms.applications import ApplicationEditForm, MoveForm, NewApplicationForm
from funding.models import Application, Program, prepare
from funding.plan_facts import lines_waiting_for
from funding.reminders import reminders
from funding.views.plans import get_action, get_project, territory_of

PER_PAGE = 50
AHEAD = 4


@require_safe
def application_list(request):
    applications = (
        Application.objects.visible_to(request.user).in_territory(request.territory).for_list()
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
    return panel(request, get_project(request, pk), "funding:application_new")


@require_safe
def action_application_panel(request, pk):
    return panel(request, get_action(request, pk), "funding:action_application_new")


def panel(request, subject, route):
    applications = Application.objects.visible_to(request.user).of(subject)
    context = {
        "subject": subject,
        "project": subject,
        "applications": applications.for_list(),
        "totals": applications.totals(),
        "reminders": sorted(reminders(applications))[:AHEAD],
        "new_url": reverse(route, args=[subject.pk]),
        "can_edit": can_edit(request.user, territory_of(subject)),
    }
    return render_panel(request, "funding/_application_panel.html", context)


@require_http_methods(["GET", "POST"])
def application_new(request, pk):
    project = get_project(request, pk)
    return begin(request, Application(project=project))


@require_http_methods(["GET", "POST"])
def action_application_new(request, pk):
    action = get_action(request, pk)
    return begin(request, Application(action=action))


def begin(request, application):
    """Open a file with its usual pieces and steps; it is shown at once."""
    check(can_edit, request.user, application.territory)
    form = NewApplicationForm(
        request.POST or None,
        viewer=request.user,
        instance=application,
        initial=proposed(request, application.subject),
    )
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            type(application.subject).objects.select_for_update().get(pk=application.subject.pk)
            if same := already_open(application):
                messages.success(
                    request, "Un dossier est déjà ouvert pour ce dispositif : le voici."
                )
                return redirect(same)
            application.created_by = request.user
            form.save()
            if not application.is_filed:
                prepare(application)
            waiting = lines_waiting_for(application.subject, application.program)
            bound = list(waiting.select_for_update())
            for line in bound:
                line.bind(application)
        messages.success(request, said_of_opening(application, bound))
        if rivals := excluded_by(application):
            named = listing([f"«\u00a0{program}\u00a0»" for program in rivals], "et")
            said = f"Ce dispositif s’exclut avec {named}, dont un dossier est ouvert ici aussi."
            messages.warning(request, said)
        return redirect(application)
    context = {"subject": application.subject, "holder": application.holder, "form": form}
    status = 422 if form.errors else 200
    return render(request, "funding/application_form.html", context, status=status)


def excluded_by(application):
    """The programs that exclude it, or that it excludes, among the live files beside it."""
    programs = Program.objects.exclusive_with(application.program)
    beside = Application.objects.live().of(application.subject)
    return list(programs.filter(pk__in=beside.order_by().values("program")))


def said_of_opening(application, bound):
    said = f"Le dossier «\u00a0{application.program}\u00a0» est ouvert."
    if bound:
        words = "ressource du plan le suit,ressources des plans le suivent"
        said += f" {plural(len(bound), words)} désormais."
    return said


def proposed(request, subject):
    """From a match: the program, the date before which it must be filed, what the plan asks."""
    asked = row_id(request.GET.get("dispositif"))
    program = Program.objects.visible_to(request.user).filter(pk=asked).first()
    if program is None:
        return {}
    lines = lines_waiting_for(subject, program)
    planned = lines.filter(plan__is_chosen=True).first()
    return {
        "program": program,
        "amount_requested": planned and planned.amount,
        "due_on": rules_of(program).window.next_deadline(timezone.localdate()),
    }


def already_open(application):
    """A second click, or a colleague’s file: one live file for a subject and a program."""
    files = Application.objects.live().of(application.subject)
    return files.for_program(application.program).first()


def get_application(request, pk, *, to_edit=False):
    files = Application.objects.visible_to(request.user).for_list().select_related("agreement")
    application = get_object_or_404(files, pk=pk)
    if to_edit:
        check(can_edit, request.user, application.territory)
    return application


@require_safe
def application(request, pk):
    return show(request, get_application(request, pk))


def show(request, found, *, move_form=None, status=200):
    editable = can_edit(request.user, found.territory)
    context = {
        "application": found,
        "subject": found.subject,
        "reading": FilingReader(found, request.user),
        "log": log(found),
        "can_edit": editable,
        "move_form": move_form or (MoveForm(application=found) if editable else None),
        "is_final": found.status in Application.FINAL,
        "conflict": status == 409,
    }
    return render(request, "funding/application.html", context, status=status)


@require_http_methods(["GET", "POST"])
def application_edit(request, pk):
    found = get_application(request, pk, to_edit=True)
    form = ApplicationEditForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        try:
            form.save_over()
        except EditConflict:
            return again(request, form, found)
        messages.success(request, "Le dossier est à jour.")
        return redirect(found)
    return render_edit(request, form, found)


def again(request, form, found):
    """What was typed stays, with the version that stands now."""
    form.data = form.data.copy()
    form.data["version"] = Application.objects.get(pk=found.pk).version
    return render_edit(request, form, found, conflict=True)


def render_edit(request, form, found, *, conflict=False):
    context = {"form": form, "application": found, "subject": found.subject, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "funding/application_edit.html", context, status=status)


@require_POST
def application_move(request, pk):
    found = get_application(request, pk, to_edit=True)
    form = MoveForm(request.POST, application=found)
    if not form.is_valid():
        return show(request, found, move_form=form, status=422)
    try:
        move = form.save(request.user)
    except EditConflict:
        return show(request, get_application(request, pk), status=409)
    messages.success(
        request,
        f"Le dossier passe à « {found.get_status_display()} ».",
        extra_tags=reverse("funding:application_move_undo", args=[pk, move.pk]),
    )
    return redirect(found)


@require_POST
def application_move_undo(request, pk, move_pk):
    found = get_application(request, pk, to_edit=True)
    move = get_object_or_404(found.moves, pk=move_pk)
    try:
        found.undo_move(move)
    except (ValidationError, EditConflict) as refusal:
        said = getattr(refusal, "message", "Quelqu’un a modifié le dossier entre-temps.")
        messages.warning(request, said)
    else:
        messages.success(request, f"Le dossier revient à « {found.get_status_display()} ».")
    return redirect(found)


@require_POST
def application_prepare(request, pk):
    """Add the usual pieces and steps to a file that has none yet, or lacks some."""
    found = get_application(request, pk, to_edit=True)
    count = prepare(found)
    if count:
        messages.success(request, "Les pièces et les étapes habituelles sont ajoutées.")
    else:
        messages.success(request, "Rien à ajouter : la liste habituelle est déjà là.")
    return redirect(f"{found.get_absolute_url()}#pieces")
