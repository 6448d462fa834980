"""What goes in and out of the sites of an organisation, noted by the team, on a phone too."""

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.collective.flow_forms import FlowForm, SitePointForm
from actions.collective.streams import Streams
from actions.models import EditConflict, Flow, RemovalRefused, SitePoint, Synergy
from actions.views.fiches import missed, over
from crm.decorators import check
from crm.htmx import render_page
from crm.models import Organisation, Site
from crm.perms import can_edit, can_work_in_team

SHOWN = 5


@require_safe
def flow_panel(request, pk):
    """On the page of an organisation. It may be open before the company itself: the others have
    no name there, until they agreed."""
    organisation = readable(request, pk)
    in_team = can_work_in_team(request.user, organisation.territory)
    flows = Flow.objects.visible_to(request.user).filter(site__organisation=organisation)
    context = {
        "organisation": organisation,
        "in_team": in_team,
        "flows": flows.for_list() if in_team else [],
        "lines": best(request, organisation) if in_team else [],
        "synergies": agreed(request, organisation),
        "sites": placed(organisation) if in_team else [],
    }
    return render_page(request, "actions/flow_page.html", "actions/_flow_panel.html", context)


def readable(request, pk):
    mine = Organisation.objects.visible_to(request.user).select_related("territory")
    return get_object_or_404(mine, pk=pk)


def placed(organisation):
    """Its open sites, each with whether someone said where it is."""
    known = SitePoint.objects.filter(site=OuterRef("pk"))
    sites = organisation.sites.filter(closed_on=None).for_list()
    return sites.annotate(is_placed=Exists(known))


def best(request, organisation):
    """The first pistes of its flows that nothing rules out; the flows of the territory are read
    once, in a fixed number of queries."""
    streams = Streams(request.user, organisation.territory)
    mine = {
        flow.pk for flow in streams.flows.values() if flow.site.organisation_id == organisation.pk
    }
    found = [one for one in streams.matches(of=mine) if not one.unmet] if mine else []
    return streams.lines(found[:SHOWN])


def agreed(request, organisation):
    """The synergies where everyone may read that it takes part."""
    rows = Synergy.objects.visible_to(request.user).with_both_agreements().for_list()
    return rows.of_organisation(organisation)


@require_http_methods(["GET", "POST"])
def flow_new(request, pk):
    organisation = readable(request, pk)
    check(can_edit, request.user, organisation.territory)
    sites = named(organisation.sites.filter(closed_on=None))
    first = sites.first()
    if first is None:
        messages.info(
            request, "Ajoutez d’abord son établissement\u00a0: un flux est celui d’un site."
        )
        return redirect("crm:site_new", organisation.pk)
    flow = Flow(site=first, by=request.user, direction=request.GET.get("sens", ""))
    form = FlowForm(request.POST or None, instance=flow, sites=sites)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Le flux est noté.")
        return redirect(f"{organisation.get_absolute_url()}#flux")
    return form_page(request, organisation, form)


def named(sites):
    """With what their names say in the dropdown."""
    return sites.select_related("organisation", "commune")


def form_page(request, organisation, form, conflict=None):
    context = {"organisation": organisation, "form": form, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "actions/flow_form.html", context, status=status)


def editable(request, pk):
    flow = get_object_or_404(Flow.objects.visible_to(request.user).for_list(), pk=pk)
    check(can_edit, request.user, flow.territory)
    return flow


@require_http_methods(["GET", "POST"])
def flow_edit(request, pk):
    flow = editable(request, pk)
    organisation, sites = flow.site.organisation, named(flow.site.organisation.sites.all())
    form = FlowForm(request.POST or None, instance=flow, sites=sites)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            now = editable(request, pk)
            typed = FlowForm(over(request, now), instance=now, sites=sites)
            told = missed(now, form.cleaned_data["version"], called="ce flux")
            return form_page(request, organisation, typed, told)
        messages.success(request, "Le flux est à jour.")
        return redirect(f"{organisation.get_absolute_url()}#flux")
    return form_page(request, organisation, form)


@require_POST
def flow_remove(request, pk):
    flow = editable(request, pk)
    home = f"{flow.site.organisation.get_absolute_url()}#flux"
    try:
        trace = flow.remove()
    except RemovalRefused as refusal:
        messages.error(request, str(refusal))
    else:
        undo = reverse("actions:flow_restore", args=[trace.pk])
        messages.success(request, f"Retiré\u00a0: {flow}.", extra_tags=undo)
    return redirect(home)


@require_POST
def flow_restore(request, pk):
    trace = get_object_or_404(Flow.history.filter(history_type="-"), pk=pk)
    site = get_object_or_404(Site.objects.visible_to(request.user), pk=trace.site_id)
    check(can_edit, request.user, site.organisation.territory)
    flow = Flow.restore(trace)
    messages.success(request, f"Rétabli\u00a0: {flow}.")
    return redirect(f"{site.organisation.get_absolute_url()}#flux")


@require_http_methods(["GET", "POST"])
def site_point_edit(request, pk):
    sites = Site.objects.visible_to(request.user).select_related(
        "organisation__territory", "commune", "point"
    )
    site = get_object_or_404(sites, pk=pk)
    check(can_edit, request.user, site.organisation.territory)
    point = getattr(site, "point", None) or SitePoint(site=site)
    form = SitePointForm(request.POST or None, instance=point)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "La position du site est notée.")
        return redirect(f"{site.organisation.get_absolute_url()}#flux")
    context = {"site": site, "organisation": site.organisation, "form": form}
    status = 422 if form.errors else 200
    return render(request, "actions/flow_point.html", context, status=status)
