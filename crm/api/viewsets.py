from rest_framework import viewsets

import crm.api.schema  # noqa: F401 (drf-spectacular learns our authentication by this import)
from crm.api.filtering import FilterBackend


class PartnerViewSet(viewsets.ReadOnlyModelViewSet):
    """A list and its rows, read only, within a `scope` and one territory.

    A subclass says in `rows(viewer, territory)` what may be seen, `visible_to` first, with all
    that its serializer reads: a list costs the same queries for one row and for two hundred.
    """

    scope = ""
    filter_backends = [FilterBackend]

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return self.rows(self.request.user, self.request.territory)
