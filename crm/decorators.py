from functools import wraps

from django.core.exceptions import BadRequest, PermissionDenied


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


def takes(*names, **choices):
    """What the address of a page may say, where no FilterSet says it.

    Another name, or a value outside `choices`, is a 400 that names it: a list that ignored it
    would show everything as if it had been filtered.
    """

    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            for name, value in request.GET.items():
                if name not in names and name not in choices:
                    raise BadRequest(f"Le filtre «\u00a0{name[:40]}\u00a0» n’existe pas ici.")
                if value and name in choices and value not in choices[name]:
                    raise BadRequest(f"Le filtre «\u00a0{name}\u00a0» ne connaît pas cette valeur.")
            return view(request, *args, **kwargs)

        return guarded

    return decorate
