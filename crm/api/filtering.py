from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError

from crm.api.pagination import PARAMETERS


class FilterBackend(DjangoFilterBackend):
    """The FilterSets of the pages, stricter: an unknown or refused filter is a 400.

    A typing mistake in a filter would otherwise hand a partner every row.
    """

    def get_filterset_kwargs(self, request, queryset, view):
        """The filters alone: how to page and in which format is not theirs to judge."""
        data = request.query_params.copy()
        for name in PARAMETERS:
            data.pop(name, None)
        return super().get_filterset_kwargs(request, queryset, view) | {"data": data}

    def filter_queryset(self, request, queryset, view):
        if view.detail:
            refuse_unknown(request, {"format"})
            return queryset
        filterset = self.get_filterset(request, queryset, view)
        refuse_unknown(request, {*PARAMETERS, *names(filterset)})
        if not filterset.is_valid():
            errors = {name: list(messages) for name, messages in filterset.errors.items()}
            said = " ".join(f"{name}\u00a0: {' '.join(m)}" for name, m in errors.items())
            raise ValidationError({"detail": f"Filtre refusé, {said}", "errors": errors})
        return filterset.qs


def names(filterset):
    """The query parameters a filterset reads; a range reads one for each end."""
    for name, field in filterset.form.fields.items():
        suffixes = getattr(field.widget, "suffixes", None)
        yield from (f"{name}_{suffix}" for suffix in suffixes) if suffixes else [name]


def refuse_unknown(request, known):
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise ValidationError(
            {
                "detail": f"Filtre inconnu\u00a0: {', '.join(unknown)}. "
                f"Paramètres possibles\u00a0: {', '.join(sorted(known))}."
            }
        )
