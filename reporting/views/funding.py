"""What was asked, granted, committed and paid, for whoever draws reports."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.decorators import allow
from crm.perms import can_report
from funding.aid_filters import AidFilter
from reporting.committee import file_name
from reporting.exports import attachment
from reporting.figures import Figures
from reporting.funding_figures import FundingFigures
from reporting.funding_page import Page
from reporting.funding_workbook import DEFINITIONS, workbook
from reporting.workbook import XLSX


def read(request):
    """(figures of the territory, filters, page) as this person reads them."""
    general = Figures(request.user, request.territory)
    filterset = AidFilter(request.GET, queryset=general.applications, request=request)
    asked = {name: request.GET.get(name) or None for name in ("epci", "priority")}
    return general, filterset, Page(FundingFigures(filterset.qs, **asked), request.GET)


@allow(can_report)
@require_safe
def funding(request):
    general, filterset, page = read(request)
    context = {
        "general": general,
        "filterset": filterset,
        "page": page,
        "definitions": DEFINITIONS,
    }
    status = 200 if filterset.is_valid() else 400
    return render(request, "reporting/funding.html", context, status=status)


@allow(can_report)
@require_safe
def funding_workbook(request):
    general, filterset, page = read(request)
    if not filterset.is_valid():
        return render(request, "reporting/refused.html", {"form": filterset.form}, status=400)
    filters = ", ".join(f"{tag.label} : {tag.text}" for tag in filterset.tags)
    content = workbook(page, filterset.qs.for_list(), general, filters)
    name = file_name(request.territory, "financements", general.today, "xlsx")
    return HttpResponse(content, content_type=XLSX, headers=attachment(name))
