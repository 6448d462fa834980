"""Versions of the plan: voting one, reading it as it was, and what changed since."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from actions.models import ActionPlan, PlanVersion
from actions.snapshots import actions_there, compare, sections, snapshot
from actions.version_forms import VoteForm
from actions.versions import AlreadyVoted, HasChanged, vote
from crm.decorators import allow, takes
from crm.freezing import fingerprint
from crm.perms import can_edit
from crm.query import row_id


def current_plan(request):
    plans = ActionPlan.objects.visible_to(request.user).filter(territory=request.territory)
    return get_object_or_404(plans.current().select_related("territory"))


def readable(request):
    return PlanVersion.objects.visible_to(request.user)


@require_safe
def plan_versions(request):
    versions = readable(request).filter(plan__territory=request.territory)
    context = {
        "versions": versions.light().select_related("decision"),
        "can_edit": can_edit(request.user, request.territory),
    }
    return render(request, "actions/version_list.html", context)


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def plan_vote(request):
    """What the vote would freeze today, with what changed since the last one."""
    plan = current_plan(request)
    if request.method == "GET":
        return ballot(request, plan)
    form = VoteForm(request.POST, viewer=request.user, territory=plan.territory)
    if not form.is_valid():
        return ballot(request, plan, form=form, status=422)
    said = dict(form.cleaned_data)
    number = said["number"]
    try:
        version = vote(plan, by=request.user, seen=said.pop("digest"), **said)
    except HasChanged:
        return ballot(request, plan, form=again(request, plan), status=409, has_changed=True)
    except AlreadyVoted:
        messages.error(request, f"La version n°\u00a0{number} vient d’être votée.")
        return redirect("actions:plan_versions")
    messages.success(request, f"«\u00a0{version}\u00a0» est figée : elle ne changera plus.")
    return redirect(version)


def again(request, plan):
    """What was typed, over the plan as it is now."""
    typed = request.POST.copy()
    typed["digest"] = fingerprint(snapshot(plan))
    return VoteForm(typed, viewer=request.user, territory=plan.territory)


def ballot(request, plan, *, form=None, status=200, has_changed=False):
    content = snapshot(plan)
    last = PlanVersion.objects.filter(plan=plan).first()
    number = PlanVersion.objects.next_number(plan)
    initial = {"title": plan.title, "number": number, "digest": fingerprint(content)}
    context = {
        "plan": plan,
        "number": number,
        "content": content,
        "last": last,
        "comparison": compare(last.content, content) if last else None,
        "form": form or VoteForm(initial=initial, viewer=request.user, territory=plan.territory),
        "has_changed": has_changed,
    }
    return render(request, "actions/version_vote.html", context, status=status)


@require_safe
def plan_version(request, pk):
    """The plan as it was voted, drawn from its own content."""
    version = get_object_or_404(readable(request).select_related("meeting", "decision"), pk=pk)
    others = readable(request).filter(plan=version.plan_id).light()
    context = {
        "version": version,
        "content": version.content,
        "sections": sections(version.content),
        "there": actions_there(version.content),
        "earlier": others.filter(number__lt=version.number).first(),
        "later": others.filter(number__gt=version.number),
    }
    return render(request, "actions/version.html", context)


@require_safe
@takes("avec")
def plan_changes(request, pk):
    """What changed from a version to a later one, or to the plan of today."""
    version = get_object_or_404(readable(request).select_related("plan__territory"), pk=pk)
    later = readable(request).filter(plan=version.plan_id, number__gt=version.number)
    asked = request.GET.get("avec", "")
    other = later.filter(pk=row_id(asked)).first() if asked else None
    if asked and other is None:
        raise BadRequest("Choisissez une version votée après celle-ci.")
    after = other.content if other else snapshot(version.plan)
    context = {
        "version": version,
        "other": other,
        "later": later.light(),
        "comparison": compare(version.content, after),
        "there": actions_there(after),
    }
    return render(request, "actions/version_changes.html", context)
