from django.http import Http404
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.decorators import allow
from crm.perms import can_edit
from funding.views.envelopes import chosen
from reporting import envelopes
from reporting.committee import file_name
from reporting.views.exports import WRITERS


@allow(can_edit)
@require_safe
def envelopes_export(request, kind):
    """The envelopes that the address names, side by side as on their page."""
    if kind not in WRITERS:
        raise Http404
    readings = chosen(request)
    name = file_name(request.territory, "enveloppes", timezone.localdate(), kind)
    return WRITERS[kind](envelopes.columns(readings), envelopes.rows(readings), name)
