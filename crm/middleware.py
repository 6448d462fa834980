from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from crm.models import Territory
from crm.perms import role_in


class CurrentTerritoryMiddleware:
    """Set `request.territory`: the one chosen in the session, else the person’s first, else None.

    It only narrows what a page shows; what may be seen is decided by `visible_to`.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated:
            chosen = request.session.get("territory")
            mine = sorted(
                Territory.objects.visible_to(request.user), key=lambda t: (t.pk != chosen, t.name)
            )
            request.territories = mine
            request.territory = mine[0] if mine else None
            request.role = SimpleLazyObject(
                lambda: role_in(request.user, request.territory.pk) if request.territory else None
            )
        else:
            request.territories, request.territory, request.role = [], None, None
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        """Someone without any role yet can only sign out."""
        if not request.user.is_authenticated or request.territory:
            return None
        if request.resolver_match.view_name == "crm:sign_out":
            return None
        return render(request, "crm/no_territory.html", status=403)
