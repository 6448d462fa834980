import re

from django import forms
from django.utils import timezone

from actions.collective.distances import haversine
from actions.collective.flow_matching import KINDS, MONTHS
from actions.collective.places import centres_of
from actions.forms import VersionedForm
from actions.models import Flow, SitePoint
from crm.fields import AmountField
from crm.forms.base import ModelForm, SentTwice

POINT = re.compile(r"\s*(-?\d{1,3}(?:[.,]\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:[.,]\d+)?)\s*")
COLDEST = -273  # °C
ONE_NUMBER = re.compile(r"\s*-?\d+,\d+\s*")  # « 43,84 » is a latitude alone
FAR = 30  # km from the middle of its commune: two numbers the wrong way round, most of the time


class FlowForm(SentTwice, VersionedForm):
    about = ("site",)
    all_year = forms.BooleanField(label="Toute l’année", required=False)
    months = forms.TypedMultipleChoiceField(
        label="Mois",
        choices=list(enumerate(MONTHS, start=1)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Aucun mois coché\u00a0: la période est à confirmer.",
    )

    class Meta:
        model = Flow
        fields = [
            "site", "direction", "kind", "label", "quantity", "unit", "per", "months",
            "temperature", "quality", "source", "known_on", "description",
        ]  # fmt: skip
        field_classes = {"quantity": AmountField, "temperature": AmountField}
        widgets = {
            "direction": forms.RadioSelect,
            "kind": forms.RadioSelect,
            "description": forms.Textarea({"rows": 3}),
        }
        help_texts = {
            "label": "Avec les mots de l’autre site\u00a0: «\u00a0palettes bois\u00a0», "
            "«\u00a0eau de rinçage\u00a0».",
            "quantity": "Inconnue, elle reste vide\u00a0: la question sera posée.",
            "temperature": "Pour la chaleur\u00a0: celle qui sort, ou celle qu’il faut au moins.",
            "quality": "Pureté, propreté, débit, contraintes…",
            "description": "Lues par l’équipe seulement.",
        }

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites
        self.fields["site"].label_from_instance = str
        for name in ("direction", "kind"):
            field = self.fields[name]
            field.choices = [choice for choice in field.choices if choice[0]]
        self.fields["all_year"].initial = len(self.instance.months) == len(MONTHS)

    def clean_known_on(self):
        known_on = self.cleaned_data["known_on"]
        if known_on and known_on > timezone.localdate():
            raise forms.ValidationError("On ne sait pas encore ce qui est à venir.")
        return known_on

    def clean_quantity(self):
        quantity = self.cleaned_data["quantity"]
        if quantity == 0:
            raise forms.ValidationError(
                "Un flux de zéro n’en est pas un\u00a0: laissez vide ce qui n’est pas connu."
            )
        return quantity

    def clean_temperature(self):
        temperature = self.cleaned_data["temperature"]
        if temperature is not None and temperature < COLDEST:
            raise forms.ValidationError("Rien n’est aussi froid\u00a0: écrivez des degrés Celsius.")
        if temperature is not None and self.cleaned_data.get("kind") != Flow.Kind.HEAT:
            raise forms.ValidationError("Seule la chaleur a une température.")
        return temperature

    def clean(self):
        data = self.cleaned_data
        if {"direction", "kind"} & {*self.changed_data} and self.instance.is_followed:
            self.add_error(
                None,
                "Une synergie suivie repose sur ce flux\u00a0: son sens et sa nature restent.",
            )
        if data.get("all_year"):
            data["months"] = list(range(1, len(MONTHS) + 1))
        kind, unit = data.get("kind"), data.get("unit")
        if data.get("quantity") is not None and not unit:
            self.add_error("unit", "Choisissez l’unité de cette quantité.")
        if kind and unit and unit not in KINDS[kind]:
            named = ", ".join(Flow.Unit(code).label for code in KINDS[kind])
            self.add_error(
                "unit", f"«\u00a0{Flow.Kind(kind).label}\u00a0» se compte en\u00a0: {named}."
            )


class SitePointForm(ModelForm):
    position = forms.CharField(
        label="Latitude, longitude",
        max_length=60,
        help_text="En degrés, comme les cartes les donnent\u00a0: 43.8481, 0.6627.",
    )

    class Meta:
        model = SitePoint
        fields = ["source"]
        help_texts = {"source": "D’où vient cette position\u00a0: une carte, un relevé, l’adresse."}

    field_order = ["position", "source"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.latitude is not None:
            self.fields["position"].initial = str(self.instance)

    def clean_position(self):
        text = self.cleaned_data["position"]
        read = POINT.fullmatch(text)
        if not read or ONE_NUMBER.fullmatch(text):
            raise forms.ValidationError(
                "Écrivez deux nombres en degrés, par exemple 43.8481, 0.6627."
            )
        latitude, longitude = (float(number.replace(",", ".")) for number in read.groups())
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise forms.ValidationError("Cette position n’est pas sur la Terre.")
        site = self.instance.site
        centre = centres_of([site.commune_id]).get(site.commune_id)
        if centre and haversine(centre, (latitude, longitude)) > FAR:
            raise forms.ValidationError(
                f"Cette position est à plus de {FAR}\u00a0km de {site.commune}\u00a0: la latitude "
                "vient d’abord."
            )
        self.instance.latitude, self.instance.longitude = latitude, longitude
        return self.cleaned_data["position"]

    def save(self, commit=True):
        self.instance.noted_on = timezone.localdate()
        return super().save(commit)
