from itertools import groupby

from django import forms
from django.conf import settings

from crm.forms.base import Form
from crm.imports.columns import BY_CODE, TARGETS
from crm.imports.commit import receive
from crm.imports.reading import Unreadable
from crm.imports.wording import size, typeset

IDENTIFYING = {"name", "siren", "siret"}
SAMPLES = 3


class UploadForm(Form):
    """Reads a file into `self.batch`, not saved yet; what is too large is not read at all."""

    accept = ".csv,.txt,.tsv,.xlsx,.xls,.ods"
    file = forms.FileField(
        label="Fichier",
        error_messages={
            "required": "Choisissez un fichier.",
            "max_length": "Le nom de ce fichier est trop long.",
        },
        max_length=200,
        allow_empty_file=True,  # reading it says so, with its name
    )

    def __init__(self, *args, territory, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.territory, self.by = territory, by
        self.fields["file"].widget.attrs["accept"] = self.accept

    def receive(self, file):
        """The unsaved batch of a file; raises Unreadable with a sentence."""
        return receive(file.name, file.read(), self.territory, by=self.by)

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_MAX_BYTES:
            raise forms.ValidationError(
                typeset(
                    f"« {file.name} » pèse {size(file.size)} : "
                    f"{size(settings.IMPORT_MAX_BYTES)} au plus. "
                    "Partagez-le en plusieurs fichiers."
                )
            )
        return file

    def clean(self):
        data = super().clean()
        if not self.errors:
            try:
                self.batch = self.receive(data["file"])
            except Unreadable as refusal:
                self.add_error("file", str(refusal))
        return data


class ColumnsForm(Form):
    """One list a column of the file, and what to do with the communes of elsewhere."""

    accepts_outside = forms.BooleanField(
        label="Accepter les communes hors du territoire",
        help_text="Sans cette option, leurs lignes sont refusées.",
        required=False,
    )

    def __init__(self, *args, batch, **kwargs):
        kwargs["initial"] = {
            "accepts_outside": batch.accepts_outside,
            **{f"c{index}": target for index, target in batch.mapping.items()},
        }
        super().__init__(*args, **kwargs)
        self.batch = batch
        for index, heading in enumerate(batch.header):
            self.fields[f"c{index}"] = forms.ChoiceField(
                label=heading,
                choices=choices(),
                required=False,
                widget=forms.Select(attrs={"class": "select"}),
            )

    def columns(self):
        """(bound field, its first values) for each column of the file."""
        for index, _ in enumerate(self.batch.header):
            yield self[f"c{index}"], samples(self.batch.rows, index)

    def clean(self):
        data = super().clean()
        held = {}
        for index, heading in enumerate(self.batch.header):
            target = data.get(f"c{index}")
            if target and target in held:
                self.add_error(
                    f"c{index}",
                    typeset(
                        f"« {held[target]} » est déjà la colonne de « {BY_CODE[target].label} » : "
                        f"ignorez l’une des deux, « {held[target]} » ou « {heading} »."
                    ),
                )
            elif target:
                held[target] = heading
        if not self.errors and not IDENTIFYING & held.keys():
            raise forms.ValidationError(
                "Indiquez au moins la colonne du nom, du SIREN ou du SIRET : "
                "sans elle, aucune entreprise ne peut être reconnue.",
                code="anonymous",
            )
        return data

    def save(self):
        batch = self.batch
        chosen = {str(i): self.cleaned_data[f"c{i}"] for i, _ in enumerate(batch.header)}
        batch.mapping = {index: target for index, target in chosen.items() if target}
        batch.accepts_outside = self.cleaned_data["accepts_outside"]
        batch.columns_confirmed, batch.preview = True, {}
        batch.save(update_fields=["mapping", "accepts_outside", "columns_confirmed", "preview"])


class CommitForm(Form):
    """`digest` is the preview the person has read: the import must still do the same."""

    source = forms.CharField(
        label="Origine notée sur chaque fiche",
        max_length=120,
        error_messages={"required": "Dites d’où viennent ces informations."},
    )
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)


def choices():
    groups = groupby(TARGETS, key=lambda target: target.group)
    return [
        ("", "Ignorer"),
        *((name, [(t.code, t.label) for t in group]) for name, group in groups),
    ]


def samples(rows, index):
    seen = {}
    for _, cells in rows[:200]:
        if text := cells[index].strip():
            seen.setdefault(text[:80])
        if len(seen) == SAMPLES:
            break
    return list(seen)
