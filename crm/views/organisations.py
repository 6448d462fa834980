from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Max
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from crm.decorators import allow, check
from crm.facts import facts, questions
from crm.filters.organisations import OrganisationFilter
from crm.forms.organisations import ContactForm, OrganisationForm, OrganisationNewForm, SiteForm
from crm.models import (
    Contact,
    FollowUp,
    Interaction,
    NafCode,
    Organisation,
    Project,
    Site,
    Territory,
)
from crm.perms import can_edit, can_read_amounts, can_report, can_work_in_team

PAGE = 50
TIMELINE = 12


@require_safe
def organisation_list(request):
    rows = Organisation.objects.visible_to(request.user).filter(territory=request.territory)
    filters = OrganisationFilter(request.GET, rows.for_list(request.user), request=request)
    context = {
        "filters": filters,
        "page": Paginator(filters.qs, PAGE).get_page(request.GET.get("page")),
        "totals": filters.qs.totals(),
        "total_count": rows.count(),
        "activities": NafCode.objects.filter(level__in=["section", "division"]),
        "can_edit": can_edit(request.user, request.territory),
        "can_export": can_report(request.user, request.territory),
        "in_team": can_work_in_team(request.user, request.territory),
    }
    status = 200 if filters.is_valid() else 400
    return render(request, "crm/organisation_list.html", context, status=status)


@require_safe
def organisation(request, pk):
    organisation = visible(request, pk)
    territory, sites = organisation.territory, list(organisation.sites.for_list())
    site = sites[0] if sites else None
    in_team = can_work_in_team(request.user, territory)
    shows_amounts = can_read_amounts(request.user, organisation)
    projects = Project.objects.visible_to(request.user).filter(holder=organisation)
    context = {
        "organisation": organisation,
        "sites": sites,
        "site": site,
        "facts": facts(organisation, site, with_amounts=shows_amounts),
        "shows_amounts": shows_amounts,
        "projects": projects.for_list(),
        "project_totals": projects.totals(),
        "open_totals": projects.open().totals(),
        "can_edit": can_edit(request.user, territory),
        "in_team": in_team,
        "show_address": organisation.is_diffusible or in_team,
    }
    if in_team:
        context |= memory(request, organisation, site)
    return render(request, "crm/organisation.html", context)


def memory(request, organisation, site):
    """What only the team reads: people, exchanges, promises, and the questions left to ask."""
    of_it = {"organisation": organisation}
    contacts = Contact.objects.visible_to(request.user).filter(**of_it)
    exchanges = Interaction.objects.visible_to(request.user).filter(**of_it)
    follow_ups = FollowUp.objects.visible_to(request.user).filter(**of_it).pending().for_list()
    shown = exchanges.for_list() if "tout" in request.GET else exchanges.for_list()[:TIMELINE]
    raised = Interaction.needs.through.objects.filter(interaction__in=exchanges)
    return {
        "contacts": contacts.select_related("site__commune"),
        "exchanges": shown,
        "exchange_count": exchanges.count(),
        "last_exchange": exchanges.first(),
        "follow_ups": follow_ups,
        "late_count": follow_ups.filter(due_on__lt=timezone.localdate()).count(),
        "needs": raised.values("theme", "theme__label")
        .annotate(last_on=Max("interaction__happened_on"), times=Count("pk"))
        .order_by("-last_on", "theme__label"),
        "questions": questions(organisation, site, has_contact=contacts.exists()),
    }


@allow(can_edit)
@require_http_methods(["GET", "POST"])
@transaction.atomic
def organisation_new(request):
    # Two submissions of one form queue here: the second one finds what the first one created.
    territory = Territory.objects.select_for_update().get(pk=request.territory.pk)
    initial = {name: request.GET[name] for name in ("name", "siren") if name in request.GET}
    form = OrganisationNewForm(request.POST or None, initial=initial, territory=territory)
    if request.method == "POST" and form.is_valid():
        organisation = form.save_as(request.user)
        messages.success(request, f"{organisation} est dans la liste.")
        return redirect(organisation)
    return form_page(request, "crm/organisation_new.html", form)


@require_http_methods(["GET", "POST"])
@transaction.atomic
def organisation_edit(request, pk):
    organisation = visible(request, pk, lock=request.method == "POST")
    check(can_edit, request.user, organisation.territory)
    form = OrganisationForm(
        request.POST or None, instance=organisation, territory=organisation.territory
    )
    if request.method == "POST" and form.is_valid():
        form.save_as(request.user)
        messages.success(request, "La fiche est à jour.")
        return redirect(organisation)
    context = {"organisation": visible(request, pk)}
    return form_page(request, "crm/organisation_form.html", form, context)


@require_http_methods(["GET", "POST"])
def site_new(request, pk):
    organisation = visible(request, pk)
    check(can_edit, request.user, organisation.territory)
    return site_page(request, organisation, Site(is_head_office=not organisation.sites.exists()))


@require_http_methods(["GET", "POST"])
def site_edit(request, pk):
    site = get_object_or_404(
        Site.objects.visible_to(request.user).select_related("organisation__territory"), pk=pk
    )
    check(can_edit, request.user, site.organisation.territory)
    return site_page(request, site.organisation, site)


@transaction.atomic
def site_page(request, organisation, site):
    if request.method == "POST":
        visible(request, organisation.pk, lock=True)
    form = SiteForm(request.POST or None, instance=site, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        form.save_as(request.user)
        messages.success(request, "L’établissement est à jour.")
        return redirect(organisation)
    context = {"organisation": organisation, "site": site}
    return form_page(request, "crm/site_form.html", form, context)


@require_http_methods(["GET", "POST"])
def contact_new(request, pk):
    organisation = visible(request, pk)
    check(can_work_in_team, request.user, organisation.territory)
    return contact_page(request, organisation, Contact())


@require_http_methods(["GET", "POST"])
def contact_edit(request, pk):
    contact = visible_contact(request, pk)
    check(can_work_in_team, request.user, contact.organisation.territory)
    return contact_page(request, contact.organisation, contact)


@transaction.atomic
def contact_page(request, organisation, contact):
    if request.method == "POST":
        visible(request, organisation.pk, lock=True)
    form = ContactForm(request.POST or None, instance=contact, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        contact = form.save()
        messages.success(request, f"{contact} est dans les contacts.")
        return redirect(organisation)
    context = {"organisation": organisation, "contact": contact}
    return form_page(request, "crm/contact_form.html", form, context)


@require_http_methods(["GET", "POST"])
def contact_delete(request, pk):
    contact = visible_contact(request, pk)
    check(can_work_in_team, request.user, contact.organisation.territory)
    if request.method == "POST":
        contact.delete()
        messages.success(request, f"{contact} n’est plus dans les contacts.")
        return redirect(contact.organisation)
    context = {"contact": contact, "exchange_count": contact.interactions.count()}
    return render(request, "crm/contact_delete.html", context)


def visible(request, pk, *, lock=False):
    """`lock`: whoever writes the same organisation waits, then sees what this one wrote."""
    rows = Organisation.objects.visible_to(request.user)
    rows = rows.select_for_update() if lock else rows.select_related("territory")
    return get_object_or_404(rows, pk=pk)


def visible_contact(request, pk):
    rows = Contact.objects.visible_to(request.user).select_related("organisation__territory")
    return get_object_or_404(rows, pk=pk)


def form_page(request, template, form, context=None):
    """A form to fill, or a refused one: it comes back as it was typed, with the right status."""
    status = 200
    if form.is_bound and not form.is_valid():
        status = 409 if getattr(form, "is_stale", False) else 422
    return render(request, template, {"form": form, **(context or {})}, status=status)
