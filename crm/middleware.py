from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from crm.models import Territory
from crm.perms import role_in

NUL = "\x00"


class ReadableRequestMiddleware:
    """Keep out what no page can read: a NUL, which PostgreSQL refuses, and an endless form.

    Nobody types a NUL: in an address it is refused, from a form it is taken away, so that the
    rest of what was typed is kept.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        addresses = request.META.get("QUERY_STRING", ""), request.headers.get("HX-Current-URL", "")
        if NUL in request.path_info or any("%00" in address for address in addresses):
            return unreadable(request)
        try:
            posted = request.POST
        except RequestDataTooBig:
            return render(request, "413.html", status=413)
        if any(NUL in text for name, values in posted.lists() for text in [name, *values]):
            request.POST = without_nul(posted)
        return self.get_response(request)


def unreadable(request):
    if request.path_info.startswith("/api/"):
        sentence = "L’adresse contient un caractère nul (%00)\u00a0: retirez-le."
        return JsonResponse({"detail": sentence}, status=400)
    return render(request, "400.html", status=400)


def without_nul(posted):
    clean = posted.copy()
    clean.clear()
    for name, values in posted.lists():
        clean.setlist(name.replace(NUL, ""), [text.replace(NUL, "") for text in values])
    return clean


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


class OwnRefusalsMiddleware:
    """What is not found or not understood is said in a sentence of ours.

    Django would drop the sentence of a BadRequest, and in DEBUG answer with its own page, in
    English, to whoever tries `make run`.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code == 404 and request.resolver_match is None:
            return render(request, "404.html", status=404)
        return response

    def process_exception(self, request, exception):
        if isinstance(exception, Http404):
            return render(request, "404.html", status=404)
        if isinstance(exception, BadRequest):
            return render(request, "400.html", {"sentence": str(exception)}, status=400)
        return None
