from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def components(request):
    """Tokens and components with their states, for whoever develops: in DEBUG only."""
    if not settings.DEBUG:
        raise Http404
    return render(request, "crm/components.html")
