"""The rows behind a figure, opened in the list that shows them: `?measure=…&since=…&within=…`."""

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date

from crm import measures
from crm.filters.base import FilterSet
from crm.templatetags.french import day


class ScopeField(forms.CharField):
    def to_python(self, value):
        value = super().to_python(value)
        if value and not measures.scope_of(value):
            raise ValidationError("Ce périmètre n’existe pas.")
        return value


class ScopeFilter(django_filters.Filter):
    field_class = ScopeField


class MeasureFilter(FilterSet):
    """`since` and `within` say which rows of the measure; without one they are refused."""

    list_name = ""
    measure = django_filters.ChoiceFilter(
        label="Compté dans", choices=measures.choices, widget=forms.HiddenInput, method="measured"
    )
    since = django_filters.DateFilter(
        label="Depuis le", widget=forms.HiddenInput, method="with_measure"
    )
    within = ScopeFilter(label="Périmètre", widget=forms.HiddenInput, method="with_measure")

    def is_valid(self):
        valid = super().is_valid()
        if not valid:
            return False
        data = self.form.cleaned_data
        measure = measures.get(data.get("measure") or "")
        if measure and measure.list_name != self.list_name:
            self.form.add_error("measure", "Ce chiffre compte les lignes d’une autre liste.")
        if not measure and (data.get("since") or data.get("within")):
            self.form.add_error(None, "Dites de quel chiffre vous demandez les lignes.")
        return self.form.is_valid()

    def measured(self, rows, name, key):
        data = self.form.cleaned_data
        asked = {"since": data.get("since"), "within": data.get("within") or ""}
        counted = measures.rows_of(measures.get(key), self.request.user, **asked)
        return rows.filter(pk__in=counted.order_by().values("pk"))

    def with_measure(self, rows, name, value):
        return rows

    @property
    def tags(self):
        return [tag._replace(text=self._said(tag)) for tag in super().tags]

    def _said(self, tag):
        if tag.name == "since":
            return day(parse_date(tag.value)) if parse_date(tag.value) else tag.text
        if tag.name == "within":
            scope, pk = measures.scope_of(tag.value)
            return scope.name(self.request.user, pk)
        return tag.text
