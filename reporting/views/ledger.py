from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from crm.decorators import allow
from crm.perms import can_edit
from funding.filters import ReceivedAidFilter
from funding.ledger import Position
from funding.views.ledger import asked_day, find
from reporting import declaration, exports
from reporting.views.exports import export


@require_safe
def minimis_declaration(request, pk):
    organisation = find(request, pk)
    position = Position(organisation, asked_day(request))
    if not position.firms:
        return redirect("funding:ledger", pk)
    content = declaration.pdf(position, is_demo=organisation.territory.is_demo)
    response = HttpResponse(content, content_type="application/pdf")
    name = f"de-minimis-{slugify(organisation.name)[:60]}-{position.day:%Y-%m-%d}.pdf"
    response.headers["Content-Disposition"] = content_disposition_header(True, name)
    return response


@allow(can_edit)
@require_safe
def received_aids(request, kind):
    rows = exports.received_aids(request.user, request.territory)
    return export(request, kind, ReceivedAidFilter, rows, exports.RECEIVED_AIDS, "aides-recues")
