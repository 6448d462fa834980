from django import forms

from actions.plan_imports.columns import BY_CODE, TARGETS
from actions.plan_imports.writing import receive
from crm.forms.base import Form
from crm.forms.imports import UploadForm, samples
from crm.imports.wording import typeset


class PlanUploadForm(UploadForm):
    """Reads a plan into `self.batch`, not saved yet."""

    def receive(self, file):
        return receive(file.name, file.read(), self.territory, by=self.by)


class PlanColumnsForm(Form):
    """One list a column of the file."""

    def __init__(self, *args, batch, **kwargs):
        kwargs["initial"] = {f"c{index}": code for index, code in batch.mapping.items()}
        super().__init__(*args, **kwargs)
        self.batch = batch
        choices = [("", "Ignorer"), *((one.code, one.label) for one in TARGETS)]
        for index, heading in enumerate(batch.header):
            self.fields[f"c{index}"] = forms.ChoiceField(
                label=heading,
                choices=choices,
                required=False,
                widget=forms.Select(attrs={"class": "select"}),
            )

    def columns(self):
        """(bound field, its first values) for each column of the file."""
        for index, _ in enumerate(self.batch.header):
            yield self[f"c{index}"], samples(self.batch.rows, index)

    def clean(self):
        data, held = super().clean(), {}
        for index, heading in enumerate(self.batch.header):
            code = data.get(f"c{index}")
            if code and code in held:
                self.add_error(
                    f"c{index}",
                    typeset(
                        f"« {held[code]} » est déjà la colonne de « {BY_CODE[code].label} » : "
                        f"ignorez l’une des deux."
                    ),
                )
            elif code:
                held[code] = heading
        if not self.errors and not {"code", "title"} & {*held}:
            raise forms.ValidationError(
                "Indiquez au moins la colonne du code ou de l’intitulé : "
                "sans elle, aucune fiche ne peut être reconnue."
            )
        return data

    def save(self):
        chosen = {str(at): self.cleaned_data[f"c{at}"] for at, _ in enumerate(self.batch.header)}
        self.batch.mapping = {at: code for at, code in chosen.items() if code}
        self.batch.columns_confirmed = True
        self.batch.save(update_fields=["mapping", "columns_confirmed"])
