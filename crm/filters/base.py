import datetime
from typing import NamedTuple

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F

from crm.forms.base import style


class Tag(NamedTuple):
    name: str
    value: str
    label: str
    text: str
    remove: str


# What the address of a list may carry beside filters.
BESIDE = {"page", "page_size", "format"}


class FilterSet(django_filters.FilterSet):
    """A refused or unknown filter yields no row; django-filter would yield them all."""

    def is_valid(self):
        if self.is_bound:
            for name in set(self.data) - set(self.filters) - BESIDE:
                refusal = f"Le filtre «\u00a0{name}\u00a0» n’existe pas."
                if refusal not in self.form.non_field_errors():
                    self.form.add_error(None, refusal)
        return super().is_valid()

    @property
    def refusals(self):
        """Each refused filter, in a sentence that names it."""
        return [
            f"{self.form.fields[name].label}\u00a0: {error}" if name in self.form.fields else error
            for name, errors in self.form.errors.items()
            for error in errors
        ]

    @property
    def qs(self):
        return super().qs if self.is_valid() else self.queryset.none()

    @property
    def form(self):
        form = super().form
        if not hasattr(form, "styled"):
            form.styled = True
            form.label_suffix = ""
            for field in form.fields.values():
                style(field)
                if isinstance(field.widget, forms.NullBooleanSelect):
                    field.widget.choices = [("unknown", "Tous"), ("true", "Oui"), ("false", "Non")]
                if getattr(field, "empty_label", None) is not None:
                    field.empty_label = "Tous"
        return form

    @property
    def tags(self):
        """The filters that are on, each with the query string that takes it off."""
        if not self.is_valid():
            return []
        tags = []
        for name, field in self.form.fields.items():
            if name == "order" or self.form.cleaned_data.get(name) in (None, "", [], ()):
                continue
            texts = {str(value): text for value, text in getattr(field, "choices", [])}
            for raw in filter(None, self.data.getlist(name)):
                text = texts.get(raw, raw)
                tags.append(Tag(name, raw, field.label, text, self._without(name, raw)))
        return tags

    @property
    def order(self):
        """The sort that is asked for, as its parameter says it, or an empty string."""
        return self.data.get("order", "")

    def _without(self, name, raw):
        query = self.data.copy()
        query.setlist(name, [value for value in query.getlist(name) if value != raw])
        query.pop("page", None)
        return f"?{query.urlencode()}"


class SinceFilter(django_filters.IsoDateTimeFilter):
    """Rows changed at an instant or later; a year that no time zone can convert is refused.

    For a machine that reads what changed: pages carry it and do not show it."""

    def __init__(self, **options):
        options.setdefault("widget", forms.HiddenInput)
        super().__init__(
            field_name="updated_at", lookup_expr="gte", validators=[refuse_far], **options
        )


def refuse_far(instant):
    if not datetime.MINYEAR < instant.year < datetime.MAXYEAR:
        raise ValidationError("Écrivez un instant, par exemple 2026-11-22T10:00:00Z.")


class OrderingFilter(django_filters.OrderingFilter):
    """Sort with the unknown last, whichever way, and a tie-break so that pages never overlap."""

    def filter(self, queryset, value):
        if value in django_filters.constants.EMPTY_VALUES:
            return queryset
        order = []
        for param in value:
            field = self.get_ordering_value(param)
            down = field.startswith("-")
            column = F(field.lstrip("-"))
            order.append(column.desc(nulls_last=True) if down else column.asc(nulls_last=True))
        return queryset.order_by(*order, "pk")
