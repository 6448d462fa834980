from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from crm import board
from crm.forms.moves import MoveForm
from crm.htmx import is_fragment, render_page
from crm.models import Stage
from crm.perms import can_edit
from crm.pipeline import MoveConflict, MoveRefused
from crm.templatetags.french import euros, plural
from crm.views.projects import editable, filtered, in_dialog, scoped


@require_safe
def project_board(request):
    filterset = filtered(request, request.GET)
    context = {
        "filterset": filterset,
        "lanes": board.lanes(filterset.qs, board.stages_of(request.territory)),
        "totals": filterset.qs.totals(),
        "all_count": scoped(request).count(),
        "query": request.GET,
        "can_edit": can_edit(request.user, request.territory),
    }
    status = 200 if filterset.is_valid() else 400
    return render(request, "crm/project_board.html", context, status=status)


@require_http_methods(["GET", "POST"])
def project_move(request, pk):
    project = editable(request, pk)
    form = move_form(request, project)
    if request.method == "POST" and (form.is_stale or form.is_valid()):
        try:
            form.save()
        except MoveRefused as refusal:
            return refused(request, pk, form.seen, refusal)
        return moved(request, pk, form.seen)
    return ask(request, form, status=200 if request.method == "GET" else 422)


@require_POST
def project_move_undo(request, pk):
    project = editable(request, pk)
    try:
        project.undo_move(by=request.user)
    except MoveRefused as refusal:
        return refused(request, pk, project.stage, refusal)
    undone = project.stage_changes.select_related("from_stage").first()
    return moved(request, pk, undone.from_stage, undo=False)


def move_form(request, project):
    asked = request.POST or request.GET
    stages = board.stages_of(project.territory)
    target = get_object_or_404(Stage, pk=asked.get("stage", ""), pk__in=[s.pk for s in stages])
    seen = next((s for s in stages if s.pk == asked.get("from")), project.stage)
    return MoveForm(
        request.POST or None,
        project=project,
        user=request.user,
        seen=seen,
        target=target,
        stages=stages,
    )


def ask(request, form, status):
    """What the move still needs: a dialog for htmx, a page for the others."""
    context = {
        "form": form,
        "project": form.project,
        "target": card_id(request, form.project.pk) or "dialogue",
        "next": came_from(request, form.project),
    }
    page, dialog = "crm/project_move.html", "crm/_project_move.html"
    return in_dialog(request, render_page(request, page, dialog, context, status=status))


def moved(request, pk, before, *, undo=True):
    project = editable(request, pk)
    said = f"{project.title} est passé à {project.stage.label}."
    undo_url = reverse("crm:project_move_undo", args=[pk])
    if not (undo and project.undoable_by(request.user)):
        undo_url = ""
    if card_id(request, pk):
        return board_after(request, project, before, said, undo_url=undo_url)
    messages.success(request, said, extra_tags=undo_url)
    back = came_from(request, project)
    return HttpResponseClientRedirect(back) if is_fragment(request) else redirect(back)


def refused(request, pk, seen, refusal):
    project = editable(request, pk)
    status = 409 if isinstance(refusal, MoveConflict) else 422
    if card_id(request, pk):
        return board_after(request, project, seen, str(refusal), status=status)
    context = {"project": project, "refusal": refusal}
    page, dialog = "crm/project_refused.html", "crm/_project_refused.html"
    return in_dialog(request, render_page(request, page, dialog, context, status=status))


def board_after(request, project, before, said, *, undo_url="", status=200):
    """The card where it is now, and the heads of the lanes it left and entered."""
    query = QueryDict((request.htmx.current_url or "").partition("?")[2])
    projects = filtered(request, query).qs
    stages = board.stages_of(project.territory)
    lanes = board.empty_lanes(projects, stages)
    left, entered = lanes[board.lane_key(before)], lanes[board.lane_key(project.stage)]
    if status == 200 and left is not entered:
        said = f"{said} {summary(left)}"
    context = {
        "card": board.card(project, stages),
        "is_shown": projects.filter(pk=project.pk).exists(),
        "heads": [left] if left is entered else [left, entered],
        "lane": entered,
        "said": said,
        "is_refused": status != 200,
        "undo_url": undo_url,
        "query": query,
        "can_edit": True,
    }
    response = render(request, "crm/_project_moved.html", context, status=status)
    trigger_client_event(response, "announce", said, after="settle")
    return trigger_client_event(
        response, "cardmoved", {"card": f"card-{project.pk}"}, after="settle"
    )


def summary(lane):
    """« En montage : 4 projets, 3 550 000 € + 1 à confirmer. »"""
    parts = [euros(lane.totals["investment"])] if lane.totals["investment"] is not None else []
    if lane.totals["unknown"]:
        parts.append(f"{lane.totals['unknown']} à confirmer")
    count = plural(lane.totals["count"], "projet,projets")
    return f"{lane.label}\u00a0: {', '.join([count, *(' + '.join(parts),)]) if parts else count}."


def card_id(request, pk):
    """The card that htmx swaps, if the move was made on the board."""
    target = f"card-{pk}"
    return target if is_fragment(request) and request.htmx.target == target else ""


def came_from(request, project):
    """The page of ours the move was asked from; the project’s own when there is none."""
    url = request.POST.get("next") or request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    here = reverse("crm:project_move", args=[project.pk])
    return url if ours and here not in url else project.get_absolute_url()
