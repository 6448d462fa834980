from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from funding import watch
from funding.models import Program
from funding.watch_filters import ClosingFilter, WatchFilter
from reporting import exports
from reporting.committee import file_name
from reporting.views.exports import WRITERS, export


@require_safe
def notices(request, kind):
    rows = watch.notices(request.user, request.territory).for_list()
    return export(request, kind, WatchFilter, rows, exports.WATCH, "veille")


@require_safe
def closings(request, kind):
    if kind not in WRITERS:
        raise Http404
    filterset = ClosingFilter(request.GET, queryset=Program.objects.all(), request=request)
    if not filterset.is_valid():
        return render(request, "reporting/refused.html", {"form": filterset.form}, status=400)
    found = filterset.closings(request.user, request.territory)
    rows = [(closing, candidate) for closing in found for candidate in closing.candidates]
    name = file_name(request.territory, "clotures", timezone.localdate(), kind)
    return WRITERS[kind](exports.CLOSINGS, rows, name)
