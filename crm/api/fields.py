from django.utils.text import capfirst
from rest_framework import serializers

from crm.api.permissions import may_read_personal_data
from crm.models import Commune, Organisation


class CodeSerializer(serializers.Serializer):
    """A code, stable, and its label, for people. Reads a row of a code list or a model’s choice."""

    code = serializers.CharField()
    label = serializers.CharField()

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("read_only", True)
        super().__init__(*args, **kwargs)

    def bind(self, field_name, parent):
        super().bind(field_name, parent)
        if model := getattr(getattr(parent, "Meta", None), "model", None):
            self.label = capfirst(model._meta.get_field(self.source).verbose_name)

    def to_representation(self, value):
        if not isinstance(value, str):
            return {"code": value.pk, "label": str(value)}
        if not value:
            return None
        choices = self.parent.Meta.model._meta.get_field(self.source).flatchoices
        return {"code": value, "label": str(dict(choices).get(value, value))}


class PlaceSerializer(serializers.ModelSerializer):
    """A commune with the EPCI it belongs to; the département never decides of the territory."""

    epci_siren = serializers.CharField(source="epci_id", allow_null=True, label="SIREN de l’EPCI")
    epci_name = serializers.CharField(
        source="epci.name", allow_null=True, default=None, label="EPCI"
    )
    departement = serializers.CharField(source="departement_id", label="Département")

    class Meta:
        model = Commune
        fields = ["code", "name", "departement", "epci_siren", "epci_name"]
        read_only_fields = fields


class MaskedSerializer(serializers.ModelSerializer):
    """Hides what names a sole trader who objected to publication in SIRENE (is_diffusible)."""

    hidden = ()

    def to_representation(self, row):
        shown = super().to_representation(row)
        request = self.context["request"]
        if not self.owner(row).is_diffusible and not may_read_personal_data(request):
            shown |= dict.fromkeys(self.hidden)
        return shown

    def owner(self, row):
        return row


class OrganisationRefSerializer(MaskedSerializer):
    """An organisation as other objects name it."""

    hidden = ("name",)
    name = serializers.CharField(allow_null=True)

    class Meta:
        model = Organisation
        fields = ["id", "siren", "name"]
        read_only_fields = fields
