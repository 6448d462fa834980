from django import forms

from crm.forms.base import Form
from reporting.models import Readers


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


class PackForm(Form):
    """Which pack: for what meeting, if any, for whom, and of which EPCI."""

    reunion = forms.TypedChoiceField(label="Réunion", required=False, empty_value=None)
    lecteurs = forms.TypedChoiceField(label="Lecteurs", choices=Readers, coerce=Readers)
    epci = forms.TypedMultipleChoiceField(
        label="EPCI",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="aucun coché\u00a0: tout le territoire",
    )

    def __init__(self, *args, meetings, epcis, **kwargs):
        super().__init__(*args, **kwargs)
        places = {epci.pk: epci for epci in epcis}
        self.fields["epci"].choices = [(pk, epci.short_name) for pk, epci in places.items()]
        self.fields["epci"].coerce = places.__getitem__
        found = {str(meeting.pk): meeting for meeting in meetings}
        field = self.fields["reunion"]
        field.choices = [("", "Aucune réunion")] + [
            (pk, f"{meeting}, {meeting.held_on:%d/%m/%Y}") for pk, meeting in found.items()
        ]
        field.coerce = found.__getitem__


class EditionForm(PackForm):
    """What is issued, under the number that was on screen: the slower of two people is told."""

    title = forms.CharField(label="Intitulé", max_length=200)
    number = forms.IntegerField(min_value=1, max_value=99_999, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        # Beside the form that chooses, whose fields have the same names.
        super().__init__(*args, **{"auto_id": "edition_%s"} | kwargs)
        for name in ("reunion", "lecteurs"):
            self.fields[name].widget = forms.HiddenInput()
        self.fields["epci"].widget = forms.MultipleHiddenInput()
