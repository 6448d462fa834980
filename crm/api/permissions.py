from rest_framework.permissions import BasePermission

from crm.models import PartnerToken
from crm.perms import can_work_in_team

PERSONAL = "contacts:read"


class HasScope(BasePermission):
    """Each viewset names its `scope`; a token must hold it, a person reads all but the contacts."""

    def has_permission(self, request, view):
        if isinstance(request.auth, PartnerToken):
            self.message = (
                f"Ce jeton n’a pas la portée «\u00a0{view.scope}\u00a0» que cette liste demande."
            )
            return view.scope in request.auth.scopes
        if not request.user.is_authenticated:
            return False
        self.message = "Les contacts sont réservés à l’équipe du territoire."
        return view.scope != PERSONAL or may_read_personal_data(request)


def may_read_personal_data(request):
    """The team, and the partners to whom contacts were granted."""
    if isinstance(request.auth, PartnerToken):
        return PERSONAL in request.auth.scopes
    return can_work_in_team(request.user, request.territory)
