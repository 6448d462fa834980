"""Financing plans as files: the list that a page shows, and one plan in full."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from funding.plan_facts import PlanReader
from funding.views.plans import filtered, get_plan, sums_of
from reporting.committee import file_name
from reporting.exports import attachment
from reporting.plan_workbook import workbook
from reporting.plans import LIST, numbered
from reporting.views.exports import WRITERS
from reporting.workbook import XLSX


@require_safe
def plans(request, kind):
    if kind not in WRITERS:
        raise Http404
    filterset = filtered(request)
    if not filterset.is_valid():
        return render(request, "reporting/refused.html", {"form": filterset.form}, status=400)
    rows = numbered(sums_of(filterset.qs, request.user))
    name = file_name(request.territory, "plans-de-financement", timezone.localdate(), kind)
    return WRITERS[kind](LIST, rows, name)


@require_safe
def plan(request, pk):
    found = get_plan(request, pk)
    reading = PlanReader(found.subject, request.user).reading(found)
    name = file_name(found.territory, f"plan-de-financement-{found.pk}", reading.today, "xlsx")
    content = workbook(reading, request.user)
    return HttpResponse(content, content_type=XLSX, headers=attachment(name))
