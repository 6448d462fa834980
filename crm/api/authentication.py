from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed

from crm.models import PartnerToken
from crm.models.tokens import digest


class PartnerTokenAuthentication(BaseAuthentication):
    """`Authorization: Token <secret>`. The token is the user: `visible_to(token)` does the rest."""

    def authenticate(self, request):
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "token" or not secret.strip():
            raise AuthenticationFailed(
                "En-tête attendu\u00a0: «\u00a0Authorization: Token …\u00a0»."
            )
        token = PartnerToken.objects.filter(digest=digest(secret.strip())).first()
        if token is None:
            raise AuthenticationFailed(
                "Ce jeton est inconnu\u00a0: vérifiez qu’il est copié en entier."
            )
        if token.revoked_at:
            raise AuthenticationFailed(
                f"Ce jeton a été révoqué le {timezone.localtime(token.revoked_at):%d/%m/%Y}."
            )
        if not token.is_live:
            raise AuthenticationFailed(
                f"Ce jeton a expiré le {timezone.localtime(token.expires_at):%d/%m/%Y}\u00a0: "
                "demandez-en un autre au territoire."
            )
        token.touch()
        # The middleware chose a territory for the session; a token has its own.
        request._request.territory = token.territory
        return token, token

    def authenticate_header(self, request):
        return 'Token realm="etabli"'


class OfficerSessionAuthentication(SessionAuthentication):
    """Whoever is signed in may read the API in the browser, in their current territory."""
