"""Every refusal of the API is JSON with one French sentence in `detail`."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, views
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer

NOT_FOUND = "Rien à cette adresse que ce jeton ou ce compte puisse lire."


def handle(error, context):
    """DRF’s handler, with our sentences, and in JSON even where CSV was asked for."""
    response = views.exception_handler(error, context)
    if response is None:
        return None
    context["request"].accepted_renderer = JSONRenderer()
    context["request"].accepted_media_type = JSONRenderer.media_type
    sentence = say(error)
    if sentence:
        response.data = {"detail": sentence}
    return response


def say(error):
    """Our sentence for an error that carries DRF’s own; nothing for one that carries ours."""
    if isinstance(error, exceptions.NotAuthenticated):
        return (
            "Présentez un jeton (en-tête «\u00a0Authorization: Token …\u00a0») ou connectez-vous."
        )
    if isinstance(error, Http404):
        return NOT_FOUND
    if isinstance(error, PermissionDenied):
        return "Votre rôle ne permet pas de lire cette liste."
    if isinstance(error, exceptions.MethodNotAllowed):
        return "Cette API se lit seulement\u00a0: employez GET."
    if isinstance(error, exceptions.NotAcceptable):
        return "Les formats servis sont application/json et text/csv."
    if isinstance(error, exceptions.Throttled):
        wait = f" Réessayez dans {round(error.wait) or 1} s." if error.wait else ""
        return f"Trop de requêtes en une minute.{wait}".replace(" s.", "\u00a0s.")
    return ""


class NotFound(views.APIView):
    """What no route serves, said as the rest of the API says it."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    schema = None

    def get(self, request, **kwargs):
        raise Http404

    post = put = patch = delete = get
