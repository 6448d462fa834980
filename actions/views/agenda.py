from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from actions import ties
from actions.agenda_forms import AgendaItemForm, DecisionForm, OptionFormSet
from actions.models import (
    Action,
    AgendaItem,
    AlreadyDecided,
    AlreadySuperseded,
    Decision,
    EditConflict,
    Meeting,
)
from actions.views.fiches import missed, over
from actions.views.meetings import agenda
from crm.decorators import allow, check
from crm.htmx import is_fragment
from crm.models import Project
from crm.perms import can_edit
from crm.query import row_id


def editable_item(request, pk):
    items = AgendaItem.objects.visible_to(request.user).for_list(request.user)
    item = get_object_or_404(items, pk=pk)
    check(can_edit, request.user, item.territory)
    return item


def home(item):
    """Where a point is shown: in its meeting, else among those that wait."""
    page = item.meeting.get_absolute_url() if item.meeting else reverse("actions:meeting_list")
    return f"{page}#point-{item.pk}"


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def agenda_item_new(request):
    """A point drawn from a project, a fiche, a decision (?projet=, ?fiche=, ?revient_sur=) or what
    a higher app ties to it, with its title (?intitule=), or a free one."""
    item = AgendaItem(territory=request.territory)
    data, initial = request.POST or None, drawn_from(request)
    form = AgendaItemForm(data, instance=item, initial=initial, viewer=request.user)
    options = OptionFormSet(data, instance=item)
    if request.method == "POST" and are_valid(form, options):
        item = save(form, options)
        where = f"inscrit à « {item.meeting} »" if item.meeting else "en attente d’inscription"
        messages.success(request, f"Le point est {where}.")
        return redirect(home(item))
    return form_page(request, form, options)


def are_valid(form, options):
    """Both are asked, so that each says what it refuses."""
    return all([form.is_valid(), options.is_valid()])


@transaction.atomic
def save(form, options):
    """The point with its options; sent twice, the first one has them already."""
    is_new = form.instance.pk is None
    item = form.save()
    if not is_new or not item.options.exists():
        options.write(item)
    return item


def form_page(request, form, options, item=None, conflict=None):
    is_refused = form.errors or (options.is_bound and not options.is_valid())
    context = {"form": form, "options": options, "item": item, "conflict": conflict}
    status = 409 if conflict else 422 if is_refused else 200
    return render(request, "actions/item_form.html", context, status=status)


def drawn_from(request):
    """What the form proposes; what the person may not read proposes nothing."""

    def asked(rows, name):
        return rows.filter(pk=row_id(request.GET.get(name))).first()

    territory = request.territory
    meetings = Meeting.objects.visible_to(request.user).filter(territory=territory)
    project = asked(Project.objects.visible_to(request.user).filter(territory=territory), "projet")
    fiches = Action.objects.visible_to(request.user).filter(plan__territory=territory)
    action = asked(fiches, "fiche")
    meeting = asked(meetings, "instance") or meetings.next_committee(territory)
    decisions = Decision.objects.visible_to(request.user).filter(item__territory=territory)
    decision = asked(decisions.live().select_related("item"), "revient_sur")
    initial = {"meeting": meeting and meeting.pk}
    if decision:
        about = decision.item
        initial |= {"revisits": decision.pk, "title": about.title, "amount": about.amount}
        initial |= {"project": about.project_id, "action": about.action_id}
    elif project:
        amount = project.planned_investment
        initial |= {"project": project.pk, "title": project.title, "amount": amount}
    elif action:
        initial |= {"action": action.pk, "title": action.title}
    for tie in ties.every():
        if thing := asked(tie.offered(request.user, territory), tie.key):
            about = tie.about(thing)
            initial |= {tie.key: thing.pk, "title": about["title"]}
            initial |= {name: about[name] and about[name].pk for name in ("project", "action")}
    if title := request.GET.get("intitule"):
        initial["title"] = title[: AgendaItem._meta.get_field("title").max_length]
    return initial


@require_http_methods(["GET", "POST"])
def agenda_item_edit(request, pk):
    item = editable_item(request, pk)
    if item.is_decided:
        return decided(request, item)
    form = AgendaItemForm(request.POST or None, instance=item, viewer=request.user)
    options = OptionFormSet(request.POST or None, instance=item)
    if request.method == "POST" and are_valid(form, options):
        try:
            save(form, options)
        except EditConflict:
            return conflict(request, pk, read=form.cleaned_data["version"])
        messages.success(request, "Le point est à jour.")
        return redirect(home(item))
    return form_page(request, form, options, item)


def conflict(request, pk, *, read):
    item = editable_item(request, pk)
    if item.is_decided:
        return decided(request, item)
    typed = over(request, item)
    form = AgendaItemForm(typed, instance=item, viewer=request.user)
    options = OptionFormSet(typed, instance=item)
    return form_page(request, form, options, item, missed(item, read, called="ce point"))


def decided(request, item):
    """What a meeting decided is not rewritten: a later point supersedes it."""
    return render(request, "actions/decided.html", {"item": item}, status=409)


@require_POST
def agenda_item_move(request, pk, step):
    item = editable_item(request, pk)
    item.move(step)
    if is_fragment(request) and item.meeting:
        return render(request, "actions/_agenda.html", agenda(request, item.meeting))
    return redirect(home(item))


@require_POST
def agenda_item_place(request, pk, meeting):
    item = editable_item(request, pk)
    meetings = Meeting.objects.visible_to(request.user).filter(territory=item.territory)
    meeting = get_object_or_404(meetings, pk=meeting)
    if not item.put_on(meeting):
        return decided(request, item)
    undo = reverse("actions:agenda_item_withdraw", args=[pk])
    messages.success(request, f"« {item} » est inscrit à « {meeting} ».", extra_tags=undo)
    return redirect(meeting)


@require_POST
def agenda_item_withdraw(request, pk):
    item = editable_item(request, pk)
    before = item.meeting
    if not item.put_on(None):
        return decided(request, item)
    undo = reverse("actions:agenda_item_place", args=[pk, before.pk]) if before else ""
    messages.success(request, f"« {item} » attend d’être inscrit.", extra_tags=undo)
    return redirect(before or "actions:meeting_list")


@require_http_methods(["GET", "POST"])
def decision_new(request, pk):
    item = editable_item(request, pk)
    if item.is_decided:
        return decided(request, item)
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user), pk=item.meeting_id)
    form = DecisionForm(request.POST or None, item=item, viewer=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            item.decide(**form.values, by=request.user)
        except AlreadyDecided:
            return decided(request, item)
        except AlreadySuperseded:
            form.add_error("supersedes", "Une autre décision vient de remplacer celle-ci.")
        else:
            messages.success(
                request, f"La décision sur «\u00a0{item}\u00a0» est consignée.{told(form)}"
            )
            return redirect(home(item))
    context = {"form": form, "item": item, "meeting": meeting}
    status = 422 if form.errors else 200
    return render(request, "actions/decision_form.html", context, status=status)


def told(form):
    """What became of the decision that this one supersedes, and of what it had promised."""
    older, then = form.cleaned_data.get("supersedes"), form.cleaned_data.get("then")
    if not older:
        return ""
    said = f" Elle remplace celle du {older.item.meeting.held_on:%d/%m/%Y}"
    if not older.has_pending_follow_up:
        return f"{said}."
    became = "est close" if then == form.CLOSE else "reste à faire"
    return f"{said}, dont la relance {became}."
