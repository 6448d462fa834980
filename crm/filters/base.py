import django_filters
from django.db.models import F

from crm.forms.base import style


class FilterSet(django_filters.FilterSet):
    """A refused filter yields no row; django-filter would silently ignore it and yield them all."""

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
                if hasattr(field, "empty_label"):
                    field.empty_label = "Tous"
        return form

    @property
    def tags(self):
        """The filters that are on, as removable tags: (parameter, value, label, text)."""
        tags = []
        for name, bound in ((name, self.form[name]) for name in self.form.fields):
            if name == "order" or not self.data.get(name):
                continue
            chosen = self.form.cleaned_data.get(name) if self.form.is_valid() else None
            if chosen is None or chosen == "":
                continue
            labels = dict(self._choices(bound.field))
            for raw in self.data.getlist(name):
                tags.append((name, raw, bound.label, labels.get(raw, raw)))
        return tags

    @staticmethod
    def _choices(field):
        return ((str(value), label) for value, label in getattr(field, "choices", []))


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
