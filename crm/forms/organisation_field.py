"""Choose an organisation by typing: a list of thousands is no list on a phone."""

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode

from crm.models import Organisation
from crm.search import normalise

OFFERED = 30


class OrganisationInput(forms.TextInput):
    """A text whose suggestions follow what is typed; without script it has the latest ones."""

    template_name = "forms/organisation.html"
    queryset = Organisation.objects.none()

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["attrs"]
        shown["list"] = f"{shown.get('id', name)}_list"
        context["names_url"] = f"{reverse('crm:organisation_names')}?{urlencode({'field': name})}"
        context["organisations"] = offered(self.queryset)
        return context


class OrganisationField(forms.CharField):
    """Cleans to an Organisation of `queryset`, which must be what the viewer may see."""

    widget = OrganisationInput

    def __init__(self, **options):
        options.setdefault("label", "Organisation")
        super().__init__(**options)

    @property
    def queryset(self):
        return self.widget.queryset

    @queryset.setter
    def queryset(self, queryset):
        self.widget.queryset = queryset

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "autocomplete": "off"}

    def prepare_value(self, value):
        if isinstance(value, int):
            value = self.queryset.filter(pk=value).first()
        return value.name if isinstance(value, Organisation) else value

    def to_python(self, value):
        if isinstance(value, Organisation):
            return value
        text = super().to_python(value)
        if not text:
            return None
        found = self.queryset.search(text)
        exact = [o for o in found if normalise(text) in {normalise(o.name), o.siren}] or (
            found if text[:1].isdigit() else []
        )
        if len(exact) == 1:
            return exact[0]
        if exact:
            raise ValidationError(
                f"Plusieurs organisations s’appellent «\u00a0{text}\u00a0». Tapez plutôt le SIREN.",
                code="ambiguous",
            )
        raise ValidationError(unknown(text, found[:3]), code="unknown")

    def has_changed(self, initial, data):
        try:
            organisation = self.to_python(data)
        except ValidationError:
            return True
        before = initial.pk if isinstance(initial, Organisation) else initial or None
        return (organisation.pk if organisation else None) != before


def offered(queryset, text=""):
    """The organisations to suggest: those that match, or the last ones that were written."""
    rows = queryset.search(text).order_by("search") if text else queryset.order_by("-updated_at")
    return rows.only("name", "siren")[:OFFERED]


def unknown(text, close):
    """The sentence that names what was typed, and the ways out."""
    names = format_html_join(", ", "«\u00a0{}\u00a0»", ((o.name,) for o in close))
    hint = format_html(" Vouliez-vous dire {}\u00a0?", names) if close else ""
    create = f"{reverse('crm:organisation_new')}?{urlencode({'name': text})}"
    return format_html(
        "Aucune organisation ne s’appelle «\u00a0{}\u00a0».{} "
        '<a href="{}" target="_blank" rel="noopener">La créer dans un autre onglet</a>.',
        text,
        hint,
        create,
    )
