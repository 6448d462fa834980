from django import forms

from crm.forms.base import Form


class ReadingForm(Form):
    """For whom a report is drawn, among the levels this person may draw."""

    lecture = forms.TypedChoiceField(label="Lecteurs", widget=forms.RadioSelect)

    def __init__(self, *args, levels, **kwargs):
        super().__init__(*args, **kwargs)
        found = {level.code: level for level in levels}
        field = self.fields["lecture"]
        field.choices = [(level.code, level.label) for level in levels]
        field.coerce = found.__getitem__
        field.initial = levels[0].code

    def clean(self):
        for name in sorted(set(self.data) - set(self.fields)):
            self.add_error(None, f"Le filtre «\u00a0{name}\u00a0» n’existe pas.")
        return super().clean()
