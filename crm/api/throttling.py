import datetime

from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from crm.models import PartnerToken, Usage


class PartnerThrottle(SimpleRateThrottle):
    """So many requests a minute for each token, each person, or each address without either.

    Counted in the database, so that the limit is that of the partner and not of each process.
    """

    scope = "partner"

    def get_rate(self):
        return api_settings.DEFAULT_THROTTLE_RATES[self.scope]

    def get_cache_key(self, request, view):
        if isinstance(request.auth, PartnerToken):
            return f"token-{request.auth.pk}"
        if request.user and request.user.is_authenticated:
            return f"user-{request.user.pk}"
        return f"address-{self.get_ident(request)}"

    def allow_request(self, request, view):
        if not self.rate:
            return True
        caller = self.get_cache_key(request, view)
        window = datetime.timedelta(seconds=self.duration)
        times, self.left = Usage.objects.spend("api", caller, window=window)
        return times <= self.num_requests

    def wait(self):
        """Seconds until the window ends."""
        return self.left.total_seconds()
