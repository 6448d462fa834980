from django.conf import settings

from crm.models import PAIR, FollowUp, Organisation, Project, ReviewRequest, Role, Territory
from crm.perms import can_edit, can_manage, can_report, can_review

SECTIONS = {
    "reporting:today": "today",
    "crm:project": "projects",
    "crm:organisation": "companies",
    "crm:site": "companies",
    "crm:contact": "companies",
    "crm:interaction": "visit",
    "crm:import": "import",
    "crm:review": "reviews",
    "crm:setting": "settings",
    "actions:meeting": "meetings",
    "actions:agenda": "meetings",
    "actions:decision": "meetings",
    "actions:body": "meetings",
    "actions:seat": "meetings",
    "actions:attendance": "meetings",
    "actions:sheet": "meetings",
    "actions:invitations": "meetings",
    "actions:feed": "meetings",
    "actions:organisation_points": "meetings",
    "actions:project_points": "meetings",
    "actions:": "plan",
    "funding:": "funding",
    "reporting:": "reports",
}


def section(view_name):
    """The entry of the rail that a view belongs to."""
    return next((name for start, name in SECTIONS.items() if view_name.startswith(start)), "")


def is_demo(territory):
    """Whether the page says that its data is fictitious; whoever is not signed in has no territory.

    A function, so that only a page that asks for it costs a query.
    """
    if territory is not None:
        return territory.is_demo
    return settings.DEBUG and Territory.objects.filter(is_demo=True).exists


def shell(request):
    """What the rail and the top bar show; counts are of the current territory."""
    territory = getattr(request, "territory", None)
    context = {"debug": settings.DEBUG, "shell": None, "is_demo": is_demo(territory)}
    if territory is None or not request.user.is_authenticated:
        return context
    user = request.user
    context["shell"] = {
        "territory": territory,
        "territories": request.territories,
        "role": Role(request.role),
        "can_edit": can_edit(user, territory),
        "can_manage": can_manage(user, territory),
        "can_report": can_report(user, territory),
        "can_review": can_review(user, territory),
        "is_pair": request.role in PAIR,
        "epcis": territory.epcis.count,
        "communes": territory.communes.count,
        "due": lambda: FollowUp.objects.visible_to(user).filter(territory=territory).due().count(),
        "waiting": lambda: ReviewRequest.objects.waiting_for(user).count(),
        "projects": lambda: (
            Project.objects.visible_to(user).filter(territory=territory).open().count()
        ),
        "companies": lambda: (
            Organisation.objects.visible_to(user).filter(territory=territory).companies().count()
        ),
        "section": section(request.resolver_match.view_name if request.resolver_match else ""),
    }
    return context
