"""The plan by status, along time, by pilot, by partner: the same filters in each."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from actions import gantt
from actions.models import Action
from actions.views.fiches import readable
from actions.views.plan import answer, filtered, nested, no_plan, summary
from crm.decorators import check
from crm.htmx import is_fragment
from crm.perms import can_edit

ORDER = ("priority__position", "code", "pk")


@dataclass(frozen=True)
class Lane:
    key: str
    label: str
    actions: list
    totals: dict | None


def lanes(filterset):
    """A lane a status, with its fiches and the sums of them."""
    totals = filterset.qs.totals_by_status()
    found = {status.value: [] for status in Action.Status}
    for action in filterset.qs.order_by(*ORDER):
        found[action.status].append(action)
    return {
        status.value: Lane(
            status.value, status.label, found[status.value], totals.get(status.value)
        )
        for status in Action.Status
    }


@require_safe
def plan_board(request):
    """The board: a column a status; a card is dragged, or moved by its menu."""
    current, filterset = filtered(request)
    if not current:
        return no_plan(request)
    context = summary(request, current, filterset) | {
        "lanes": list(lanes(filterset).values()),
        "statuses": Action.Status.choices,
    }
    return answer(request, "actions/plan_board.html", "actions/_board.html", context)


@require_POST
def action_move(request, pk):
    """Change the status that was seen for another; the answer says so if it was no longer that."""
    action = get_object_or_404(readable(request), pk=pk)
    check(can_edit, request.user, action.plan.territory)
    status, seen = (asked_status(request, name) for name in ("stage", "from"))
    is_moved = action.move_to(status, seen=seen)
    action = get_object_or_404(readable(request).with_links(request.user), pk=pk)
    now = action.get_status_display()
    said = f"{action.code} est passée à «\u00a0{now}\u00a0»."
    if not is_moved:
        said = (
            f"Rien n’a été écrit\u00a0: quelqu’un a entre-temps passé {action.code} à "
            f"«\u00a0{now}\u00a0»."
        )
    back = urlencode({"stage": seen, "from": status})
    undo = f"{reverse('actions:action_move', args=[pk])}?{back}" if is_moved else ""
    if is_fragment(request) and request.htmx.target == f"card-{pk}":
        return board_after(request, action, seen, said, undo, is_refused=not is_moved)
    messages.success(request, said, extra_tags=undo)
    return redirect("actions:plan_board")


def asked_status(request, name):
    """What the form says, or the address of an undo."""
    status = request.POST.get(name) or request.GET.get(name, "")
    if status not in Action.Status.values:
        raise BadRequest("«\u00a0Statut\u00a0»\u00a0: ce choix n’existe pas.")
    return status


def board_after(request, action, seen, said, undo, *, is_refused):
    """The card where it is now, and the heads of the lanes that it left and entered."""
    query = QueryDict((request.htmx.current_url or "").partition("?")[2])
    _, filterset = filtered(request, query)
    found = lanes(filterset)
    left, entered = found[seen], found[action.status]
    context = {
        "action": action,
        "is_shown": any(one.pk == action.pk for one in entered.actions),
        "heads": [left] if left is entered else [left, entered],
        "lane": entered,
        "said": said,
        "is_refused": is_refused,
        "undo_url": undo,
        "statuses": Action.Status.choices,
        "can_edit": True,
    }
    status = 409 if is_refused else 200
    response = render(request, "actions/_action_moved.html", context, status=status)
    trigger_client_event(response, "announce", said, after="settle")
    return trigger_client_event(
        response, "cardmoved", {"card": f"card-{action.pk}"}, after="settle"
    )


@require_safe
def plan_calendar(request):
    """The calendar: drawn by the server, with the same dates in a table."""
    current, filterset = filtered(request)
    if not current:
        return no_plan(request)
    rows = filterset.qs.order_by(*ORDER).prefetch_related("milestones")
    actions = nested(rows)
    context = summary(request, current, filterset) | {
        "actions": actions,
        "sheets": gantt.draw([dated(action) for action in actions], today=timezone.localdate()),
    }
    return answer(request, "actions/plan_calendar.html", "actions/_calendar.html", context)


def dated(action):
    return gantt.Row(
        f"{action.code} · {action.title}",
        action.starts_on,
        action.ends_on,
        action.progress,
        tuple((one.due_on, one.done_on) for one in action.milestones.all()),
    )


@require_safe
def plan_pilots(request):
    """The fiches of each pilot; those that nobody pilots come last."""
    current, filterset = filtered(request)
    if not current:
        return no_plan(request)
    rows = filterset.qs.order_by(*ORDER)
    sums = rows.totals_by_pilot()
    groups = {}
    for action in nested(rows):
        groups.setdefault(action.pilot, []).append(("", action))
    by_name = sorted(groups.items(), key=lambda group: (group[0] is None, str(group[0])))
    context = summary(request, current, filterset) | {
        "groups": [(pilot, actions, sums.get(pilot and pilot.pk)) for pilot, actions in by_name],
        "view": "pilots",
        "by": "pilote",
        "url": reverse("actions:plan_pilots"),
    }
    return answer(request, "actions/plan_groups.html", "actions/_groups.html", context)


@require_safe
def plan_partners(request):
    """The fiches of each partner; a fiche stands under all of its own, so nothing is summed."""
    current, filterset = filtered(request)
    if not current:
        return no_plan(request)
    groups = {}
    for action in nested(filterset.qs.order_by(*ORDER)):
        for partner, role in partners_of(action):
            groups.setdefault(partner, []).append((role, action))
    context = summary(request, current, filterset) | {
        "groups": [(partner, groups[partner], None) for partner in sorted(groups, key=str)],
        "view": "partners",
        "by": "partenaire",
        "url": reverse("actions:plan_partners"),
    }
    return answer(request, "actions/plan_groups.html", "actions/_groups.html", context)


def partners_of(action):
    """Each partner once, with what it brings: skills, money, or both."""
    technical, financial = list(action.partners.all()), list(action.financial_partners.all())
    both = [one for one in technical if one in financial]
    yield from ((one, "technique et financier") for one in both)
    yield from ((one, "technique") for one in technical if one not in both)
    yield from ((one, "financier") for one in financial if one not in both)
