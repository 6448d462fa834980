from django.http import Http404
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.decorators import takes
from reporting import contracts, exports
from reporting.committee import file_name
from reporting.views.exports import WRITERS


@require_safe
@takes("page")
def contracts_export(request, kind):
    """The conventions of the page; a workbook has their payments and commitments beside."""
    if kind not in WRITERS:
        raise Http404
    rows = contracts.contracts(request.user, request.territory)
    columns = contracts.sheet_columns(request.user)
    name = file_name(request.territory, "conventions", timezone.localdate(), kind)
    if kind == "xlsx":
        return exports.as_xlsx(columns, rows, name, contracts.sheets_beside(rows))
    return exports.as_csv(columns, rows, name)
