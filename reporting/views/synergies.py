from django.views.decorators.http import require_safe

from actions.collective.synergy_filters import SynergyFilter
from reporting.synergies import Naming, sheets_beside, synergies
from reporting.views.exports import export


@require_safe
def synergies_export(request, kind):
    rows = synergies(request.user, request.territory)
    naming = Naming(request.user, request.territory)
    beside = sheets_beside(request.user, request.territory, naming)
    return export(request, kind, SynergyFilter, rows, naming.columns(), "synergies", beside)
