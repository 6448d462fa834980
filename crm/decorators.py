from functools import wraps

from django.core.exceptions import PermissionDenied


def allow(rule):
    """Refuse with a 403 those whom `rule(user, current territory)` of crm.perms refuses."""

    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not rule(request.user, request.territory):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def check(rule, user, territory):
    """The same for one object: raise PermissionDenied unless the rule holds in its territory."""
    if not rule(user, territory):
        raise PermissionDenied
