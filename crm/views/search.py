from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from crm import finders
from crm.decorators import takes
from crm.perms import can_edit


@require_safe
@takes("q")
def search(request):
    """Whatever one may see in the current territory and that holds each word that was typed."""
    text = request.GET.get("q", "").strip()[:200]
    groups = finders.found(request.user, request.territory, text) if text else []
    context = {
        "text": text,
        "groups": groups,
        "total": sum(group["count"] for group in groups),
        "can_edit": can_edit(request.user, request.territory),
        "new_url": f"{reverse('crm:organisation_new')}?{urlencode({'name': text})}",
    }
    return render(request, "crm/search.html", context)
