"""What drf-spectacular cannot guess: how one signs in, and what a refusal looks like."""

import django_filters
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers


class PartnerTokenScheme(OpenApiAuthenticationExtension):
    target_class = "crm.api.authentication.PartnerTokenAuthentication"
    name = "jeton"

    def get_security_definition(self, auto_schema):
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "«\u00a0Token\u00a0», une espace, puis le secret reçu.",
        }


class OfficerSessionScheme(OpenApiAuthenticationExtension):
    target_class = "crm.api.authentication.OfficerSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema):
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "La session d’une personne du territoire, dans son navigateur.",
        }


class FilterBackendExtension(DjangoFilterExtension):
    """A filter with a method of its own names no field of the model: its class tells its type."""

    target_class = "crm.api.filtering.FilterBackend"
    priority = 1
    types = [(django_filters.BooleanFilter, bool), (django_filters.NumberFilter, float)]

    def resolve_filter_field(self, auto_schema, model, filterset_class, field_name, filter_field):
        self.described = filter_field
        return super().resolve_filter_field(
            auto_schema, model, filterset_class, field_name, filter_field
        )

    def _get_filter_method_hint(self, filter_method):
        if filter_method is None:
            return super()._get_filter_method_hint(filter_method)
        return next((hint for kind, hint in self.types if isinstance(self.described, kind)), str)


class RefusalSerializer(serializers.Serializer):
    detail = serializers.CharField(help_text="une phrase en français")


REFUSALS = {
    401: OpenApiResponse(RefusalSerializer, "Jeton absent, inconnu, expiré ou révoqué."),
    403: OpenApiResponse(RefusalSerializer, "Le jeton n’a pas cette portée."),
    429: OpenApiResponse(
        RefusalSerializer, "Trop de requêtes\u00a0; l’en-tête Retry-After dit quand."
    ),
}
BAD_FILTER = OpenApiResponse(RefusalSerializer, "Filtre inconnu ou valeur refusée.")
NOT_FOUND = OpenApiResponse(
    RefusalSerializer,
    "N’existe pas, ou n’est pas lisible\u00a0: autre territoire, confidentialité.",
)


def documented(tag, serializer, what):
    """Describe the list and the detail of a viewset under a tag; `what` is a French plural."""

    def decorate(viewset):
        common = {
            "tags": [tag],
            "description": f"Portée du jeton\u00a0: `{viewset.scope}`.",
            "extensions": {"x-scope": viewset.scope},
        }
        return extend_schema_view(
            list=extend_schema(
                **common,
                summary=f"Lister {what}",
                responses={200: serializer(many=True), 400: BAD_FILTER, **REFUSALS},
            ),
            retrieve=extend_schema(
                **common,
                summary="Lire une fiche par son identifiant",
                responses={200: serializer, 404: NOT_FOUND, **REFUSALS},
            ),
        )(viewset)

    return decorate
