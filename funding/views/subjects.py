"""The project or the collective action that a page is about: the same views, at two addresses."""

from django.urls import reverse

from funding.models.subjects import ActionSubject, is_action, kind_of
from funding.views.plans import get_action, get_project

# What their pages lead to, by the name of the route of a project.
ROUTES = (
    *("question_panel", "answer", "forget", "retain", "dismiss"),
    *("application_new", "plan_new"),
)
# Facts that their own record tells; another record is that of their holder.
OF_THE_RECORD = {"themes", "stage", "commune", "region", "departement", "epci"}
# Fact of a site: its field there.
ON_THE_SITE = {"naf_rev2": "naf_rev2", "naf_2025": "naf_2025", "site_headcount": "headcount"}


def get_subject(request, kind, pk):
    """That the person may read, else a 404."""
    return ActionSubject(get_action(request, pk)) if kind == "action" else get_project(request, pk)


def address(subject, route, *args):
    """Where `route` is for a project, or its twin for an action."""
    prefix = "action_" if is_action(subject) else ""
    return reverse(f"funding:{prefix}{route}", args=[subject.pk, *args])


def addresses(subject):
    """{route: where it is}, for the templates, which name no kind of subject."""
    found = {route: address(subject, route) for route in ROUTES}
    found["panel"] = reverse(f"funding:{kind_of(subject)}_panel", args=[subject.pk])
    return found


def record_address(asked):
    """Where a fact that is not answered in place is completed."""
    subject = asked.subject
    if asked.fact in ON_THE_SITE and subject.holder is not None:
        # The site that the question is about, as the facts have it.
        site = subject.site_id or next((one.pk for one in subject.holder.sites.all()), None)
        route, pk = ("site_edit", site) if site else ("site_new", subject.holder.pk)
        return f"{reverse(f'crm:{route}', args=[pk])}#id_{ON_THE_SITE[asked.fact]}"
    if asked.fact not in OF_THE_RECORD and subject.holder is not None:
        return subject.holder.get_absolute_url()
    route = "actions:action_edit" if is_action(subject) else "crm:project_edit"
    return reverse(route, args=[subject.pk])
