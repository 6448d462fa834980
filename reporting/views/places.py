"""By EPCI and by département; and what is known of the industrial jobs of each place."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.models import EditConflict, removed
from crm.decorators import allow, takes
from crm.perms import can_manage, can_report
from reporting.committee import file_name
from reporting.exports import as_csv, as_xlsx
from reporting.figures import Figures
from reporting.models import IndustrialJobs
from reporting.returns.forms import IndustrialJobsForm
from reporting.returns.places import Places, columns, tables
from reporting.views.proofs import asked

EPCI, DEPARTEMENT = "EPCI", "Département"


@allow(can_report)
@require_safe
@takes("lecture")
def places(request):
    levels, chosen = asked(request)
    figures = Figures(chosen, request.territory)
    found = Places(figures)
    total = [(figures.total, "")]
    known = IndustrialJobs.objects.visible_to(request.user).filter(territory=request.territory)
    by_place = [(EPCI, found.by_epci), (DEPARTEMENT, found.by_departement)]
    context = {
        "levels": levels,
        "chosen": chosen,
        "figures": figures,
        "tables": [place_tables(head, lines, total) for head, lines in by_place],
        "known": known.select_related("epci", "departement", "noted_by").order_by(
            "-year", "epci__name", "departement"
        ),
        "can_manage": can_manage(request.user, request.territory),
    }
    return render(request, "reporting/places.html", context)


def place_tables(head, lines, total):
    """(head, the figures, the rates where the jobs are known, how many places lack them)."""
    figures, rates = tables(head)
    known = [(line, "") for line in lines if line.reference]
    places = [line for line in lines if line.code]
    rows = [(line, "") for line in lines] + total
    return head, figures, rows, rates, known, len(places) - len(known), len(places)


@allow(can_report)
@require_safe
@takes("lecture")
def places_export(request, kind):
    if kind not in {"csv", "xlsx"}:
        raise Http404
    _, chosen = asked(request)
    found = Places(Figures(chosen, request.territory))
    name = file_name(request.territory, "par-epci", timezone.localdate(), kind)
    if kind == "csv":
        return as_csv(columns(EPCI), found.by_epci, name)
    beside = [(DEPARTEMENT, columns(DEPARTEMENT), found.by_departement)]
    return as_xlsx(columns(EPCI), found.by_epci, name, beside)


@allow(can_manage)
@require_http_methods(["GET", "HEAD", "POST"])
def industrial_jobs_new(request):
    one = IndustrialJobs(territory=request.territory)
    return industrial_jobs_form(request, one)


@allow(can_manage)
@require_http_methods(["GET", "HEAD", "POST"])
def industrial_jobs_edit(request, pk):
    return industrial_jobs_form(request, find(request, pk))


def find(request, pk):
    rows = IndustrialJobs.objects.visible_to(request.user).filter(territory=request.territory)
    return get_object_or_404(rows, pk=pk)


def industrial_jobs_form(request, one):
    posted = request.method == "POST"
    form = IndustrialJobsForm(request.POST if posted else None, instance=one)
    is_conflict = False
    if posted and form.is_valid():
        try:
            form.save_over(by=request.user)
            messages.success(request, "Les emplois industriels de ce lieu sont notés.")
            return redirect("reporting:places")
        except EditConflict:
            is_conflict = True
    context = {"form": form, "one": one, "is_conflict": is_conflict}
    status = 409 if is_conflict else 422 if posted else 200
    return render(request, "reporting/industrial_jobs_form.html", context, status=status)


@allow(can_manage)
@require_POST
def industrial_jobs_remove(request, pk):
    trace = find(request, pk).remove()
    undo = reverse("reporting:industrial_jobs_restore", args=[trace.pk])
    messages.success(request, "Cette référence est retirée.", extra_tags=undo)
    return redirect("reporting:places")


@allow(can_manage)
@require_POST
def industrial_jobs_restore(request, pk):
    mine = removed(IndustrialJobs).filter(territory=request.territory)
    IndustrialJobs.restore(get_object_or_404(mine, pk=pk))
    messages.success(request, "Cette référence est rétablie.")
    return redirect("reporting:places")
