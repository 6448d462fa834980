from django import forms
from django.utils import timezone

from crm.forms.base import DateInput, Form
from crm.forms.imports import UploadForm
from funding.catalogue_imports.api import ON_SCREEN, Client, Unreachable
from funding.catalogue_imports.commit import batch_of, receive
from funding.catalogue_imports.plan import CHOICES
from funding.catalogue_imports.reading import NAMES


class CatalogueUploadForm(UploadForm):
    accept = ".json,.csv,.xlsx,.xls,.ods"
    wanted = forms.ChoiceField(
        label="Catalogue",
        choices=[("", "Reconnu d’après son contenu"), *NAMES.items()],
        required=False,
    )
    published_on = forms.DateField(
        label="Catalogue publié le",
        help_text="Date de vérification des fiches qui n’en portent pas.",
        widget=DateInput,
        error_messages={"required": "Donnez la date du catalogue."},
    )

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("initial", {"published_on": timezone.localdate()})
        super().__init__(*args, **kwargs)

    def clean_published_on(self):
        day = self.cleaned_data["published_on"]
        if day.year < 2015 or day > timezone.localdate():
            raise forms.ValidationError("La date du catalogue est passée, et d’après 2015.")
        return day

    def receive(self, file):
        return receive(
            file.name,
            file.read(),
            wanted=self.cleaned_data["wanted"],
            territory=self.territory,
            by=self.by,
            published_on=self.cleaned_data["published_on"],
        )


class CatalogueFetchForm(Form):
    """Reads the API of Aides-territoires into `self.batch`."""

    perimeter = forms.RegexField(
        r"\d{1,9}",
        label="Numéro du périmètre",
        help_text="Celui d’Aides-territoires ; vide, tout le catalogue.",
        required=False,
        error_messages={"invalid": "Le périmètre est un numéro, par exemple 71016."},
    )

    def __init__(self, *args, territory, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.territory, self.by = territory, by
        self.fields["perimeter"].widget.attrs["inputmode"] = "numeric"

    def clean(self):
        data = super().clean()
        if not self.errors:
            try:
                found = Client(**ON_SCREEN).catalogue(perimeter=data["perimeter"])
            except Unreachable as refusal:
                raise forms.ValidationError(str(refusal)) from None
            name = "API Aides-territoires"
            self.batch = batch_of(found, name, territory=self.territory, by=self.by)
        return data


class CatalogueChoiceForm(Form):
    """What becomes of a newcomer that resembles one of ours, or of all of them."""

    entry = forms.CharField(max_length=200, required=False)
    choice = forms.ChoiceField(choices=[(choice, choice) for choice in CHOICES])


class CatalogueCommitForm(Form):
    """`digest` is the preview the person has read: the import must still do the same."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    flag_vanished = forms.BooleanField(
        label="Passer les absents à « À vérifier »",
        required=False,
    )
