"""Industrial ecology: the pistes between the flows of the sites, and the synergies followed."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions import changes
from actions.collective.distances import ANYWHERE
from actions.collective.flow_matching import UNMET
from actions.collective.streams import Callings, Streams
from actions.collective.synergy_filters import SynergyFilter, totals
from actions.collective.synergy_forms import (
    EVERYWHERE,
    AgreementForm,
    MatchForm,
    MoveForm,
    SavingForm,
    SynergyForm,
)
from actions.models import (
    EditConflict,
    Flow,
    MoveRefused,
    SomeoneMoved,
    Synergy,
    SynergySaving,
)
from actions.views.fiches import missed, over
from crm.decorators import allow, check
from crm.htmx import render_page
from crm.models import Project
from crm.perms import can_edit, can_work_in_team
from crm.query import row_id

PAGE = 20
SIDES = {"source": "source", "besoin": "need"}


def names_asked(request, territory):
    """The team may ask for the names; nobody else, and never without asking."""
    if request.GET.get("noms") != "1":
        return False
    if not can_work_in_team(request.user, territory):
        raise PermissionDenied
    return True


@require_safe
def match_list(request):
    form = MatchForm(request.GET)
    asks = names_asked(request, request.territory)
    streams = Streams(request.user, request.territory)
    found = matches(streams, form) if form.is_valid() else []
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "lines": streams.lines(page.object_list),
        "flow_count": len(streams.flows),
        "names": asks,
        "in_team": can_work_in_team(request.user, request.territory),
        "can_edit": can_edit(request.user, request.territory),
    }
    status = 200 if form.is_valid() else 400
    return render_page(
        request, "actions/synergy_matches.html", "actions/_synergy_matches.html", context, status
    )


def matches(streams, form):
    data = form.cleaned_data
    reach = {"": None, EVERYWHERE: ANYWHERE}.get(data["distance"], row_id(data["distance"]))
    found = streams.matches(kind=data["nature"], reach=reach)
    if data["etat"]:
        return [one for one in found if one.verdict == data["etat"]]
    return [one for one in found if one.verdict != UNMET]


@require_POST
@allow(can_edit)
def synergy_follow(request, source, need):
    """Follow a piste; two people who follow the same one open the same page."""
    flows = Flow.objects.visible_to(request.user).in_territory(request.territory)
    source = get_object_or_404(flows.filter(direction=Flow.Direction.OUT), pk=source)
    needs = flows.filter(direction=Flow.Direction.IN, kind=source.kind)
    needs = needs.exclude(site__organisation=source.site.organisation_id)
    need = get_object_or_404(needs, pk=need)
    synergy, is_new = Synergy.objects.get_or_create(
        source=source, need=need, defaults={"territory": request.territory, "by": request.user}
    )
    if is_new:
        messages.success(request, "La piste est suivie\u00a0: demandez leur accord aux deux sites.")
    return redirect(synergy)


@require_safe
def synergy_list(request):
    rows = Synergy.objects.visible_to(request.user).filter(territory=request.territory)
    filterset = SynergyFilter(request.GET, rows.for_list().with_savings(), request=request)
    callings = Callings(request.user, request.territory)
    page = Paginator(filterset.qs, PAGE).get_page(request.GET.get("page"))
    context = {
        "filterset": filterset,
        "page": page,
        "rows": [(row, *callings.both(row), *row.gains) for row in page],
        "totals": totals(filterset.qs),
        "can_edit": can_edit(request.user, request.territory),
    }
    status = 200 if filterset.is_valid() else 400
    return render_page(
        request, "actions/synergy_list.html", "actions/_synergy_rows.html", context, status
    )


def readable(request, pk):
    return get_object_or_404(Synergy.objects.visible_to(request.user).for_list(), pk=pk)


def editable(request, pk):
    synergy = readable(request, pk)
    check(can_edit, request.user, synergy.territory)
    return synergy


@require_safe
def synergy(request, pk):
    return page_of(request, readable(request, pk))


def page_of(request, synergy, status=200, agreement=None, side=""):
    """The page, with the agreement form of the side that was refused, if one was."""
    asks = names_asked(request, synergy.territory)
    in_team = can_work_in_team(request.user, synergy.territory)
    streams = Streams(request.user, synergy.territory)
    projects = Project.objects.visible_to(request.user)
    if not (synergy.is_agreed or in_team):
        projects = projects.none()  # a project names its holder
    context = {
        "synergy": synergy,
        "sides": sides(synergy, streams.callings, agreement, side),
        "names": synergy.is_agreed or asks,
        "asks": asks,
        "in_team": in_team,
        "can_edit": can_edit(request.user, synergy.territory),
        "match": streams.of(synergy),
        "savings": synergy.savings.all(),
        "project": projects.filter(pk=synergy.project_id).first(),
        "moves": synergy.moves,
        "log": changes.recent(synergy.history) if in_team else [],
    }
    return render(request, "actions/synergy.html", context, status=status)


def sides(synergy, callings, form, refused):
    """(key, words, flow, agreed on, by whom, form) of each of the two sites."""
    rows = (
        ("source", "Le site qui propose", synergy.source, "source"),
        ("besoin", "Le site qui cherche", synergy.need, "need"),
    )
    return [
        {
            "key": key,
            "words": words,
            "flow": flow,
            "calling": callings.of(flow.site.organisation_id),
            "on": getattr(synergy, f"{name}_agreed_on"),
            "by": getattr(synergy, f"{name}_agreed_by"),
            "form": form if refused == key else AgreementForm(auto_id=f"{key}_%s"),
        }
        for key, words, flow, name in rows
    ]


@require_POST
def synergy_move(request, pk):
    synergy = editable(request, pk)
    form = MoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, next(iter(form.errors.values()))[0])
        return redirect(synergy)
    data = form.cleaned_data
    try:
        synergy.move_to(data["vers"], seen=data["vu"], reason=data["motif"])
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"La synergie est «\u00a0{synergy.get_status_display()}\u00a0».")
    return redirect(synergy)


@require_POST
def synergy_agree(request, pk, side):
    """Keep, or withdraw, the agreement of one of the two sites."""
    synergy = editable(request, pk)
    name = SIDES[side]
    try:
        if "retirer" in request.POST:
            synergy.withdraw(name)
            messages.success(request, "L’accord est retiré\u00a0: les noms ne s’affichent plus.")
            return redirect(synergy)
        form = AgreementForm(request.POST, auto_id=f"{side}_%s")
        if not form.is_valid():
            return page_of(request, synergy, 422, form, side)
        synergy.agree(name, on=form.cleaned_data["on"], by=form.cleaned_data["by"])
    except (MoveRefused, SomeoneMoved) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’accord est noté.")
    return redirect(synergy)


@require_http_methods(["GET", "POST"])
def synergy_edit(request, pk):
    synergy = editable(request, pk)
    form = SynergyForm(request.POST or None, instance=synergy, viewer=request.user)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            now = editable(request, pk)
            conflict = missed(now, form.cleaned_data["version"], called="cette synergie")
            form = SynergyForm(over(request, now), instance=now, viewer=request.user)
        else:
            messages.success(request, "La synergie est à jour.")
            return redirect(synergy)
    return form_page(request, synergy, form, "Modifier la synergie", conflict)


def form_page(request, synergy, form, title, conflict=None):
    context = {"synergy": synergy, "form": form, "title": title, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "actions/synergy_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
def saving_new(request, pk):
    synergy = editable(request, pk)
    saving = SynergySaving(synergy=synergy, by=request.user)
    return saving_page(request, saving, "Ajouter un gain", "Le gain est noté.")


@require_http_methods(["GET", "POST"])
def saving_edit(request, pk):
    saving = editable_saving(request, pk)
    return saving_page(request, saving, "Modifier le gain", "Le gain est à jour.")


def saving_page(request, saving, title, done):
    form = SavingForm(request.POST or None, instance=saving)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            saving.synergy.touch()
        messages.success(request, done)
        return redirect(f"{saving.synergy.get_absolute_url()}#gains")
    return form_page(request, saving.synergy, form, title)


def editable_saving(request, pk):
    rows = SynergySaving.objects.visible_to(request.user).select_related("synergy__territory")
    saving = get_object_or_404(rows, pk=pk)
    check(can_edit, request.user, saving.synergy.territory)
    return saving


@require_POST
def saving_remove(request, pk):
    saving = editable_saving(request, pk)
    trace = saving.remove()
    saving.synergy.touch()
    undo = reverse("actions:saving_restore", args=[trace.pk])
    messages.success(request, f"Retiré\u00a0: {saving}.", extra_tags=undo)
    return redirect(f"{saving.synergy.get_absolute_url()}#gains")


@require_POST
def saving_restore(request, pk):
    trace = get_object_or_404(SynergySaving.history.filter(history_type="-"), pk=pk)
    synergy = editable(request, trace.synergy_id)
    try:
        with transaction.atomic():
            SynergySaving.restore(trace)
    except IntegrityError:
        messages.error(request, "Un autre gain a pris sa place depuis\u00a0: retirez-le d’abord.")
    else:
        synergy.touch()
        messages.success(request, "Le gain est rétabli.")
    return redirect(f"{synergy.get_absolute_url()}#gains")
