"""What was put to the bodies about a file, and what they decided; points decided before, too."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from actions.models import AgendaItem
from actions.views.decisions import LATEST
from crm.htmx import render_page
from crm.perms import can_edit
from funding.models import ApplicationPoint
from funding.views.applications import get_application

FRAGMENT = "funding/_application_points.html"


def points_of(request, application):
    """The points about what the file is about: some are about the file, the others may be."""
    about = {"project": application.project_id, "action": application.action_id}
    points = AgendaItem.objects.visible_to(request.user)
    return points.filter(**{name: pk for name, pk in about.items() if pk})


@require_safe
def application_points(request, pk):
    application = get_application(request, pk)
    editable = can_edit(request.user, application.territory)
    points = points_of(request, application).for_list(request.user).order_by(LATEST, "-pk")
    context = {
        "subject": application,
        "application": application,
        "points": points.filter(application_points__application=application),
        "loose": points.filter(application_points=None) if editable else [],
        "new_url": f"{reverse('actions:agenda_item_new')}?dossier={pk}",
        "can_edit": editable,
        "fragment": FRAGMENT,
    }
    return render_page(request, "actions/points_page.html", FRAGMENT, context)


@require_POST
@transaction.atomic
def application_point_attach(request, pk, item):
    application = get_application(request, pk, to_edit=True)
    loose = points_of(request, application).select_for_update(of=("self",))
    item = get_object_or_404(loose, pk=item)
    ApplicationPoint.objects.attach(item, application)
    undo = reverse("funding:application_point_detach", args=[pk, item.pk])
    messages.success(request, f"«\u00a0{item}\u00a0» porte sur ce dossier.", extra_tags=undo)
    return redirect(f"{application.get_absolute_url()}#instances")


@require_POST
@transaction.atomic
def application_point_detach(request, pk, item):
    application = get_application(request, pk, to_edit=True)
    tied = points_of(request, application).filter(application_points__application=application)
    item = get_object_or_404(tied, pk=item)
    ApplicationPoint.objects.attach(item, None)
    undo = reverse("funding:application_point_attach", args=[pk, item.pk])
    messages.success(
        request, f"«\u00a0{item}\u00a0» ne porte plus sur ce dossier.", extra_tags=undo
    )
    return redirect(f"{application.get_absolute_url()}#instances")
