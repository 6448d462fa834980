import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from crm.decorators import allow, check, takes
from crm.forms.interactions import (
    FollowUpForm,
    InteractionForm,
    InteractionNewForm,
    organisations_of,
)
from crm.forms.organisation_field import offered
from crm.htmx import is_fragment
from crm.models import FollowUp, Interaction, Organisation, Project
from crm.perms import can_work_in_team
from crm.query import row_id
from crm.templatetags.french import day
from crm.views.account import back
from crm.views.organisations import form_page

PAGE = 100
SOON = 7  # days
LATE = "En retard"


@require_http_methods(["GET", "POST"])
def interaction_new(request):
    about, territory = subject(request)
    form = InteractionNewForm(
        request.POST or None, initial=about, viewer=request.user, territory=territory
    )
    if request.method == "POST" and form.is_valid():
        interaction = form.save_as(request.user)
        messages.success(request, noted(form))
        return redirect(form.new_project or about.get("project") or interaction.organisation)
    recent = organisations_of(request.user, territory).with_activity(request.user)
    context = {
        "subject": about,
        "reminder": reminder(request.user, form.organisation_found),
        "recent": recent.exclude(last_contact_on=None).order_by("-last_contact_on")[:3],
    }
    return form_page(request, "crm/interaction_new.html", form, context)


@allow(can_work_in_team)
@require_safe
def interaction_links(request):
    """The people and the projects of the organisation that was just chosen."""
    form = InteractionNewForm(
        request.GET, viewer=request.user, territory=request.territory, use_required_attribute=False
    )
    context = {"form": form, "reminder": reminder(request.user, form.organisation_found)}
    return render(request, "crm/_interaction_links.html", context)


@allow(can_work_in_team)
@require_safe
def organisation_names(request):
    """Suggestions for what is being typed, in the field that asks."""
    text = request.GET.get(request.GET.get("field", ""), "")
    names = offered(organisations_of(request.user, request.territory), text)
    return render(request, "crm/_organisation_names.html", {"organisations": names})


@require_http_methods(["GET", "POST"])
def interaction_edit(request, pk):
    interaction = get_object_or_404(
        Interaction.objects.visible_to(request.user).select_related("organisation__territory"),
        pk=pk,
    )
    territory = interaction.organisation.territory
    check(can_work_in_team, request.user, territory)
    form = InteractionForm(
        request.POST or None, instance=interaction, viewer=request.user, territory=territory
    )
    if request.method == "POST" and form.is_valid():
        interaction = form.save()
        messages.success(request, "L’échange est à jour.")
        return redirect(interaction.organisation)
    versions = interaction.history.select_related("history_user")
    context = {"interaction": interaction, "versions": versions}
    return form_page(request, "crm/interaction_form.html", form, context)


def reminder(viewer, organisation):
    """What to have in mind before speaking: the last exchange and what is still promised."""
    if organisation is None:
        return None
    of_it = {"organisation": organisation}
    return {
        "organisation": organisation,
        "last": Interaction.objects.visible_to(viewer).filter(**of_it).first(),
        "promises": FollowUp.objects.visible_to(viewer).filter(**of_it).pending().count(),
    }


def subject(request):
    """What a « noter » or « relancer » link is about, and its territory; nothing yet is fine.

    Someone else’s id is a 404 here as everywhere.
    """
    about = {}
    if pk := request.GET.get("project"):
        projects = Project.objects.visible_to(request.user).select_related("holder__territory")
        about["project"] = get_object_or_404(projects, pk=row_id(pk))
        about["organisation"] = about["project"].holder
    elif pk := request.GET.get("organisation"):
        organisations = Organisation.objects.visible_to(request.user).select_related("territory")
        about["organisation"] = get_object_or_404(organisations, pk=row_id(pk))
    territory = about["organisation"].territory if about else request.territory
    check(can_work_in_team, request.user, territory)
    return about, territory


def noted(form):
    """One sentence for all that a single form wrote."""
    parts = ["Échange noté"]
    if form.follow_up:
        parts.append(f"relance le {day(form.follow_up.due_on)}")
    if form.new_project:
        parts.append(f"projet {form.new_project.reference} ouvert")
    return f"{', '.join(parts)}."


@allow(can_work_in_team)
@require_safe
@takes("page", qui=("equipe",))
def follow_up_list(request):
    pending = (
        FollowUp.objects.visible_to(request.user).filter(territory=request.territory).pending()
    )
    mine = pending.filter(Q(owner=request.user) | Q(owner=None))
    of_team = request.GET.get("qui") == "equipe"
    page = Paginator((pending if of_team else mine).for_list(), PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "groups": by_urgency(page, timezone.localdate()),
        "of_team": of_team,
        "mine_count": mine.count(),
        "team_count": pending.count(),
    }
    return render(request, "crm/follow_up_list.html", context)


def by_urgency(follow_ups, today):
    """(title, whether it is late, rows) of each group that has some, the most pressing first."""
    soon = today + datetime.timedelta(days=SOON)
    groups = {
        title: [] for title in (LATE, "Aujourd’hui", f"Dans les {SOON}\u00a0jours", "Plus tard")
    }
    for follow_up in follow_ups:
        due_on = follow_up.due_on
        groups[list(groups)[(due_on >= today) + (due_on > today) + (due_on > soon)]].append(
            follow_up
        )
    return [(title, title == LATE, rows) for title, rows in groups.items() if rows]


@require_http_methods(["GET", "POST"])
def follow_up_new(request):
    about, territory = subject(request)
    form = FollowUpForm(
        request.POST or None,
        initial={"owner": request.user, **about},
        viewer=request.user,
        territory=territory,
    )
    if request.method == "POST" and form.is_valid():
        follow_up = form.save()
        messages.success(request, f"Relance prévue le {day(follow_up.due_on)}.")
        return redirect(about.get("project") or about.get("organisation") or "crm:follow_up_list")
    return form_page(request, "crm/follow_up_form.html", form, {"follow_up": None})


@require_http_methods(["GET", "POST"])
def follow_up_edit(request, pk):
    follow_up = visible_follow_up(request, pk)
    form = FollowUpForm(
        request.POST or None,
        instance=follow_up,
        viewer=request.user,
        territory=follow_up.territory,
    )
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "La relance est à jour.")
        return redirect("crm:follow_up_list")
    return form_page(request, "crm/follow_up_form.html", form, {"follow_up": follow_up})


@require_POST
def follow_up_done(request, pk):
    follow_up = visible_follow_up(request, pk)
    follow_up.mark_done(by=request.user)
    undo = reverse("crm:follow_up_reopen", args=[pk])
    return follow_up_answer(request, pk, f"Fait\u00a0: {follow_up}.", undo)


@require_POST
def follow_up_reopen(request, pk):
    follow_up = visible_follow_up(request, pk)
    follow_up.reopen()
    return follow_up_answer(request, pk, f"À refaire\u00a0: {follow_up}.")


def follow_up_answer(request, pk, sentence, undo=""):
    """The row as it now is for htmx; for a browser, the page it came from."""
    if not is_fragment(request):
        messages.success(request, sentence, extra_tags=undo)
        return redirect(back(request))
    follow_up = visible_follow_up(request, pk)
    response = render(request, "crm/_follow_up_row.html", {"follow_up": follow_up})
    return trigger_client_event(response, "announce", {"value": sentence})


def visible_follow_up(request, pk):
    rows = FollowUp.objects.visible_to(request.user).select_related("territory").for_list()
    follow_up = get_object_or_404(rows, pk=pk)
    check(can_work_in_team, request.user, follow_up.territory)
    return follow_up
