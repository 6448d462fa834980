from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from actions import budgets, changes
from actions.documents import documents_of
from actions.following import PARTS, Today, follow
from actions.forms import (
    ActionForm,
    FrameworkCodeForm,
    MilestoneForm,
    ProgressNoteForm,
)
from actions.models import (
    Action,
    ActionPlan,
    AgendaItem,
    EditConflict,
    FrameworkCode,
    ProgressNote,
    Synergy,
)
from actions.views import removal
from crm.decorators import allow, check
from crm.models import Contact, LocalPriority
from crm.perms import can_edit
from crm.query import row_id


@require_safe
def action(request, pk):
    action = get_object_or_404(readable(request), pk=pk)
    may_edit = can_edit(request.user, action.plan.territory)
    points = AgendaItem.objects.visible_to(request.user)
    today = Today(request.user, action.plan.territory)
    context = {
        "action": action,
        "themes": action.themes.all(),
        "milestones": action.milestones.all(),
        "indicators": [follow(indicator, today) for indicator in action.indicators.all()],
        "budget": budgets.table(action.budget_lines.all()),
        "contracts": action.public_contracts.all(),
        "contract_total": budgets.total([one.amount for one in action.public_contracts.all()]),
        "sub_actions": action.sub_actions.for_list(),
        "referents": referents(request.user, action),
        "codes": action.framework_codes.all(),
        "notes": action.notes.all(),
        "partners": action.partners.all(),
        "funders": action.financial_partners.all(),
        "organisations": action.organisations.all(),
        "projects": action.projects.visible_to(request.user).select_related("holder", "stage"),
        "points": points.filter(action=action).for_list(request.user),
        "synergies": Synergy.objects.visible_to(request.user).filter(action=action).for_list(),
        "log": changes.recent(action.history),
        "can_edit": may_edit,
        "removed": removal.of_action(action) if may_edit else [],
        "milestone_form": MilestoneForm(auto_id="jalon_%s"),
        **documents_of(request, action),
    }
    if may_edit:
        context |= part_forms(action)
    return render(request, "actions/action.html", context)


def part_forms(action):
    return {
        "note_form": ProgressNoteForm(instance=ProgressNote(action=action), auto_id="note_%s"),
        "code_form": FrameworkCodeForm(instance=FrameworkCode(action=action), auto_id="cadre_%s"),
    }


def referents(viewer, action):
    """(role, name, organisation): a contact is personal data, told by its organisation alone."""
    rows = list(action.referents.all())
    contacts = Contact.objects.visible_to(viewer)
    told = contacts.filter(pk__in=[row.contact_id for row in rows if row.contact_id])
    named = set(told.values_list("pk", flat=True))
    return [
        {
            "role": row.get_role_display(),
            "name": str(row) if row.user_id or row.contact_id in named else "",
            "organisation": row.contact and row.contact.organisation,
        }
        for row in rows
    ]


def readable(request):
    """The fiches the person may read, with all that their page displays."""
    fiches = Action.objects.visible_to(request.user).for_list()
    return fiches.select_related("to_alert").prefetch_related(
        "epcis",
        "milestones",
        *PARTS,
        "framework_codes__framework",
        "notes__by",
        "referents__user",
        "referents__contact__organisation",
    )


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def action_new(request):
    """A new fiche of the current plan, which is opened with its first fiche."""
    priorities = LocalPriority.objects.of(request.territory)
    plans = ActionPlan.objects.visible_to(request.user)
    plan = plans.filter(territory=request.territory).current().first()
    if request.method == "GET" and not plan:
        return redirect("actions:plan")
    plan = plan or ActionPlan.objects.open_for(request.territory)
    wanted = priorities.filter(pk=request.GET.get("priorite", "")).first()
    parent = plan.actions.whole().filter(pk=row_id(request.GET.get("fiche"))).first()
    form = ActionForm(
        request.POST or None,
        instance=Action(plan=plan),
        initial={
            "parent": parent and parent.pk,
            "priority": parent.priority_id if parent else wanted and wanted.pk,
            "owner": request.user.pk,
        },
        viewer=request.user,
    )
    if request.method == "POST" and form.is_valid() and form.save_once():
        messages.success(request, f"La fiche {form.instance.code} est créée.")
        return redirect(form.instance)
    context = {"form": form, "action": None, "was": "", "conflict": None}
    return render(request, "actions/action_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def action_edit(request, pk):
    action = get_object_or_404(readable(request), pk=pk)
    check(can_edit, request.user, action.plan.territory)
    was = f"{action.code} · {action.title}"
    form = ActionForm(request.POST or None, instance=action, viewer=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            if form.save_once():
                messages.success(request, f"La fiche {action.code} est à jour.")
                return redirect(action)
        except EditConflict:
            return conflict(request, pk, read=form.cleaned_data["version"])
    context = {"form": form, "action": action, "was": was, "conflict": None}
    return render(request, "actions/action_form.html", context, status=422 if form.errors else 200)


def over(request, row):
    """What was typed, kept, to be saved over `row` as it is now."""
    typed = request.POST.copy()
    typed["version"] = row.version
    return typed


def missed(row, read, *, called):
    """Who changed what in `row` since the version that was read."""
    saves = min(max(row.version - (read or 0), 1), 10)
    return {"log": changes.recent(row.history, saves), "called": called}


def conflict(request, pk, *, read):
    """Say who changed what in the meantime; saving again, knowingly, replaces it."""
    action = get_object_or_404(readable(request), pk=pk)
    context = {
        "form": ActionForm(over(request, action), instance=action, viewer=request.user),
        "action": action,
        "was": f"{action.code} · {action.title}",
        "conflict": missed(action, read, called="cette fiche"),
    }
    return render(request, "actions/action_form.html", context, status=409)
