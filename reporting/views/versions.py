from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from actions.models import PlanVersion
from reporting.committee import file_name
from reporting.exports import attachment
from reporting.versions import workbook
from reporting.workbook import XLSX


@require_safe
def plan_version_workbook(request, pk):
    """A version of the plan as it was voted, whatever happened to the fiches since."""
    versions = PlanVersion.objects.visible_to(request.user).select_related("plan__territory")
    version = get_object_or_404(versions, pk=pk)
    what = f"plan-d-actions-version-{version.number}"
    name = file_name(version.plan.territory, what, version.voted_on, "xlsx")
    return HttpResponse(workbook(version), content_type=XLSX, headers=attachment(name))
