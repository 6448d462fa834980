"""What the table of the plan writes: a cell, or the same change in many fiches, and its undo."""

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from actions import plan_forms
from actions.models import Action, EditConflict
from actions.views.fiches import missed, over
from actions.views.followup import editable_action, form_page
from actions.views.plan import filtered, summary
from crm.decorators import allow
from crm.htmx import is_fragment
from crm.perms import can_edit
from crm.query import row_id
from crm.templatetags.french import plural


@require_http_methods(["GET", "POST"])
def action_cell(request, pk, name):
    """One fact of a fiche, edited in its cell of the table; a page of its own without script."""
    if name not in plan_forms.CELLS:
        raise Http404
    action = editable_action(request, pk)
    form = plan_forms.cell_form(name)(request.POST or None, instance=action, auto_id="case_%s")
    if request.method == "GET" and request.GET.get("lire"):
        return cell(request, action, name)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            return cell_conflict(request, pk, name, form.cleaned_data["version"])
        if is_fragment(request):
            return cell(request, editable_action(request, pk), name, is_written=True)
        messages.success(request, f"La fiche {action.code} est à jour.")
        return redirect("actions:action_list")
    return cell_form_page(request, action, name, form)


def cell(request, action, name, *, is_written=False):
    """The cell as the table shows it; once written, with the figures that it may have changed."""
    context = {"action": action, "name": name, "can_edit": True, "is_written": is_written}
    if is_written:
        query = QueryDict((request.htmx.current_url or "").partition("?")[2])
        current, filterset = filtered(request, query)
        context |= summary(request, current, filterset)
    return render(request, "actions/_cell.html", context)


def cell_form_page(request, action, name, form, log=(), status=None):
    status = status or (422 if form.errors else 200)
    if is_fragment(request):
        context = {"action": action, "name": name, "form": form, "log": log}
        return render(request, "actions/_cell_form.html", context, status=status)
    label = form.fields[name].label
    return form_page(request, action, form, f"{action.code}\u00a0: {label}")


def cell_conflict(request, pk, name, read):
    """What was typed stays, to be saved again knowingly over what someone else wrote."""
    action = editable_action(request, pk)
    form = plan_forms.cell_form(name)(over(request, action), instance=action, auto_id="case_%s")
    log = missed(action, read, called="cette fiche")["log"]
    if not form.has_error(name):
        form.add_error(name, "Cette fiche a changé entre-temps\u00a0: rien n’est écrit.")
    return cell_form_page(request, action, name, form, log, status=409)


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def plan_bulk(request):
    """Say what will change in the chosen fiches; then write it all at once, or nothing."""
    asked = (request.POST if request.method == "POST" else request.GET).copy()
    if not asked:
        return redirect("actions:action_list")
    current, found = filtered(request, QueryDict(asked.get("filtre", "")))
    if "toutes" in asked:
        asked.setlist("fiches", found.qs.order_by().values_list("pk", flat=True))
    fiches = Action.objects.visible_to(request.user).filter(plan=current)
    form = plan_forms.BulkForm(
        asked,
        territory=request.territory,
        actions=fiches.select_related("owner", "health"),
    )
    if not form.is_valid():
        return bulk_page(request, form, 422)
    if request.method == "GET":
        return bulk_page(request, form, 200)
    key = uuid.uuid4()
    try:
        written = plan_forms.apply(
            form.cleaned_data["fiches"], form.asked, versions(request.POST), reason_of(key)
        )
    except EditConflict:
        form.add_error(
            None,
            "Une de ces fiches a changé entre-temps\u00a0: rien n’a été écrit. Relisez ce qui "
            "va changer, puis confirmez.",
        )
        return bulk_page(request, form, 409)
    undo = reverse("actions:plan_bulk_undo", args=[key]) if written else ""
    said = plural(written, "fiche changée,fiches changées") if written else "Rien à changer"
    messages.success(request, f"{said}.", extra_tags=undo)
    return redirect("actions:action_list")


def bulk_page(request, form, status):
    rows = form.plan() if "fiches" in form.cleaned_data else []
    context = {
        "form": form,
        "rows": rows,
        "changed": sum(any(one[3] for one in changes) for _, changes in rows),
        "can_apply": bool(rows) and status != 422,
    }
    return render(request, "actions/plan_bulk.html", context, status=status)


def versions(posted):
    """{fiche: the version that the preview showed}."""
    return {row_id(pk): row_id(posted.get(f"version-{pk}")) for pk in posted.getlist("fiches")}


def reason_of(key):
    return f"lot {key}"


@require_POST
@allow(can_edit)
def plan_bulk_undo(request, key):
    """Put back what a bulk change replaced, unless one of its fiches has changed since."""
    history = Action.history.filter(history_change_reason=reason_of(key))
    traces = {row.id: row for row in history}
    fiches = Action.objects.visible_to(request.user).filter(
        pk__in=traces, plan__territory=request.territory
    )
    if not fiches:
        raise Http404
    try:
        count = undo(fiches, traces)
    except EditConflict:
        messages.error(
            request,
            "Une de ces fiches a changé depuis\u00a0: rien n’a été annulé. Chacune se corrige à "
            "part, son historique dit ce qu’elle était.",
        )
        return redirect("actions:action_list")
    messages.success(request, f"{plural(count, 'fiche remise,fiches remises')} comme avant.")
    return redirect("actions:action_list")


@transaction.atomic
def undo(fiches, traces):
    count = 0
    for action in fiches.select_for_update():
        trace = traces[action.pk]
        if action.history.first().pk != trace.pk:
            raise EditConflict
        older = action.history.filter(history_id__lt=trace.history_id)
        before = older.order_by("-history_id").first()
        if before is None:  # nothing tells what it was
            raise EditConflict
        for name in plan_forms.BulkForm.CHANGES:
            column = Action._meta.get_field(name).attname
            setattr(action, column, getattr(before, column))
        action.save_over(action.version)
        count += 1
    return count
