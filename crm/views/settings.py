from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from crm.decorators import allow, check
from crm.forms.settings import reference_form
from crm.models import (
    Framework,
    Health,
    LocalPriority,
    MeetingKind,
    NationalPriority,
    PartnerToken,
    Sector,
    Stage,
    Territory,
    Theme,
)
from crm.perms import can_edit, can_manage

CODE_LISTS = {
    "axes-nationaux": (NationalPriority, "Axes nationaux"),
    "actions-prioritaires": (LocalPriority, "Actions prioritaires locales"),
    "filieres": (Sector, "Filières"),
    "themes": (Theme, "Thèmes"),
    "etapes": (Stage, "Étapes du parcours"),
    "meteo": (Health, "Météo des projets"),
    "instances": (MeetingKind, "Types d’instance"),
    "cadres": (Framework, "Cadres et contrats"),
}


@require_safe
@allow(can_edit)
def index(request):
    territory = request.territory
    lists = [
        {"slug": slug, "name": name, **count_rows(model, request.user, territory)}
        for slug, (model, name) in CODE_LISTS.items()
    ]
    tokens = PartnerToken.objects.visible_to(request.user).filter(territory=territory)
    context = {
        "lists": lists,
        "live_tokens": tokens.live().count(),
        "members": territory.memberships.count(),
        "can_manage": can_manage(request.user, territory),
    }
    return render(request, "crm/settings.html", context)


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def references(request, kind):
    model, name = code_list(kind)
    may_manage = can_manage(request.user, request.territory)
    if request.method == "POST" and not may_manage:
        raise PermissionDenied
    form = reference_form(model)(request.POST or None, territory=request.territory)
    with one_at_a_time(request.territory):
        row = form.save() if form.is_valid() else None
    if row:
        messages.success(request, f"«\u00a0{row}\u00a0» est ajouté à la liste.")
        return redirect("crm:setting_references", kind)
    context = {
        "kind": kind,
        "name": name,
        "rows": rows_of(model, request.user, request.territory),
        "form": form if may_manage else None,
    }
    return render(request, "crm/setting_references.html", context, status=status_of(form))


@require_http_methods(["GET", "POST"])
def reference(request, kind, code):
    """The territory’s own row; the shared ones are the programme’s and nobody’s to change here."""
    model, name = code_list(kind)
    row = get_object_or_404(model.objects.visible_to(request.user), pk=code)
    if row.territory is None:
        raise PermissionDenied
    check(can_manage, request.user, row.territory)
    form = reference_form(model)(request.POST or None, instance=row, territory=row.territory)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"«\u00a0{row}\u00a0» est à jour.")
        return redirect("crm:setting_references", kind)
    context = {"kind": kind, "name": name, "row": row, "form": form}
    return render(request, "crm/setting_reference.html", context, status=status_of(form))


def code_list(kind):
    if kind not in CODE_LISTS:
        raise Http404
    return CODE_LISTS[kind]


@contextmanager
def one_at_a_time(territory):
    """What is checked inside still holds when it is written: a click sent twice waits its turn."""
    with transaction.atomic():
        Territory.objects.select_for_update().get(pk=territory.pk)
        yield


def rows_of(model, viewer, territory):
    return model.objects.visible_to(viewer).filter(Q(territory=None) | Q(territory=territory))


def count_rows(model, viewer, territory):
    return rows_of(model, viewer, territory).aggregate(
        shared=Count("pk", filter=Q(territory=None)),
        own=Count("pk", filter=Q(territory=territory)),
    )


def status_of(form):
    return 422 if form.errors else 200
