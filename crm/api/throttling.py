from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from crm.models import PartnerToken


class PartnerThrottle(SimpleRateThrottle):
    """So many requests a minute for each token, each person, or each address without either."""

    scope = "partner"

    def get_rate(self):
        return api_settings.DEFAULT_THROTTLE_RATES[self.scope]

    def get_cache_key(self, request, view):
        if isinstance(request.auth, PartnerToken):
            ident = f"token-{request.auth.pk}"
        elif request.user and request.user.is_authenticated:
            ident = f"user-{request.user.pk}"
        else:
            ident = self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}
