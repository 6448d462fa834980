from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from crm.query import row_id

# `after` is written by `next` only; with `updated_since` it names the last row already read.
PARAMETERS = ["page", "page_size", "format", "after"]


class Pagination(PageNumberPagination):
    """Numbered pages; with `updated_since`, pages that resume after the last row read.

    During a synchronisation rows keep changing and move to the end of the list. A numbered page
    would then skip as many rows as have moved; resuming after (updated_at, id) skips none.
    """

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    page_query_description = "Numéro de la page"
    page_size_query_description = "Lignes par page, 200 au plus"
    invalid_page_message = "La page {page_number} n’existe pas."

    def get_page_size(self, request):
        text = request.query_params.get("page_size", str(self.page_size))
        if not 1 <= row_id(text) <= self.max_page_size:
            raise ValidationError({"detail": f"page_size va de 1 à {self.max_page_size}."})
        return int(text)

    def paginate_queryset(self, queryset, request, view=None):
        self.resumes = bool(request.query_params.get("updated_since"))
        if not self.resumes:
            if "after" in request.query_params:
                raise ValidationError({"detail": "after ne s’emploie qu’avec updated_since."})
            return super().paginate_queryset(queryset, request, view)
        return self._resume(queryset, request)

    def _resume(self, queryset, request):
        if "page" in request.query_params:
            raise ValidationError(
                {"detail": "page ne s’emploie pas avec updated_since, suivez l’adresse de next."}
            )
        self.request = request
        after = request.query_params.get("after", "")
        if after:
            since = parse_datetime(request.query_params["updated_since"])
            if not row_id(after) or since is None or not since.tzinfo:
                raise ValidationError({"detail": "after est l’identifiant donné par next."})
            queryset = queryset.exclude(updated_at=since, pk__lte=int(after))
        size = self.get_page_size(request)
        self.count = queryset.count()
        rows = list(queryset.order_by("updated_at", "pk")[: size + 1])
        self.last = rows[size - 1] if len(rows) > size else None
        return rows[:size]

    def get_next_link(self):
        if not self.resumes:
            return super().get_next_link()
        if self.last is None:
            return None
        url = self.request.build_absolute_uri()
        url = replace_query_param(url, "updated_since", self.last.updated_at.isoformat())
        return replace_query_param(url, "after", self.last.pk)

    def get_previous_link(self):
        return None if self.resumes else super().get_previous_link()

    def get_paginated_response(self, data):
        count = self.count if self.resumes else self.page.paginator.count
        following, previous = self.get_next_link(), self.get_previous_link()
        body = {"count": count, "next": following, "previous": previous, "results": data}
        # A CSV has no room for them in its body.
        headers = {"X-Total-Count": str(count)}
        if following:
            headers["Link"] = f'<{following}>; rel="next"'
        return Response(body, headers=headers)

    def get_paginated_response_schema(self, schema):
        page = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            page["properties"][name].pop("example", None)
        page["properties"]["count"].pop("example", None)
        return page
