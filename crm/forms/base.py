"""Forms in the look of the house: classes on widgets, native date inputs, one field template."""

import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.renderers import TemplatesSetting
from django.forms.utils import pretty_name
from django.utils import timezone
from django.utils.text import capfirst

from crm.query import row_id


class FormRenderer(TemplatesSetting):
    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


SAME_SUBMISSION = datetime.timedelta(minutes=1)
CLASSES = [
    (forms.Textarea, "textarea"),
    (forms.CheckboxInput, ""),
    (forms.CheckboxSelectMultiple, ""),
    (forms.RadioSelect, ""),
    (forms.FileInput, ""),
    (forms.Select, "select"),
    (forms.TextInput, "input"),
    (forms.widgets.Input, "input"),
]


class Styled:
    """Give each widget its class, each date its calendar, each choice a plain empty label."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            style(field)
            name_the_required(field, field.label or pretty_name(name))

    def is_valid(self):
        """Put the reader on the first field to mend."""
        valid = super().is_valid()
        if not valid:
            for name in self.errors:
                if name in self.fields:
                    self.fields[name].widget.attrs["autofocus"] = True
                    break
        return valid


def style(field):
    widget = field.widget
    if isinstance(field, forms.DateField) and not isinstance(widget, forms.HiddenInput):
        widget = field.widget = DateInput(widget.attrs)
        field.error_messages["invalid"] = "Écrivez une date, par exemple 22/11/2026."
        field.input_formats = ["%Y-%m-%d", "%d/%m/%Y"]
    # Ten rows is what Django says unasked.
    if isinstance(widget, forms.Textarea) and widget.attrs.get("rows") in (None, "10"):
        widget.attrs["rows"] = 4
    css = next((css for kind, css in CLASSES if isinstance(widget, kind)), "")
    if isinstance(field, forms.DecimalField):
        css = f"{css} is-amount"
    if css:
        widget.attrs["class"] = f"{widget.attrs.get('class', '')} {css}".strip()
    if isinstance(field, forms.ModelChoiceField) and field.empty_label:
        field.empty_label = "Choisir…" if field.required else "Non renseigné"
    elif type(field) is forms.TypedChoiceField and ("", "---------") in field.choices:
        empty = "Choisir…" if field.required else "Non renseigné"
        field.choices = [("", empty), *list(field.choices)[1:]]


def name_the_required(field, label):
    """« Intitulé » est obligatoire, unless the form has a better sentence."""
    if field.error_messages["required"] == forms.Field.default_error_messages["required"]:
        field.error_messages["required"] = f"«\u00a0{capfirst(label)}\u00a0» est obligatoire."


class RowsField(forms.ModelMultipleChoiceField):
    """Refuses an id that no column can hold, where the database would answer with an error."""

    def _check_values(self, value):
        for pk in value:
            if not row_id(pk):
                refusal = self.error_messages["invalid_choice"]
                raise ValidationError(refusal, code="invalid_choice", params={"value": pk})
        return super()._check_values(value)


class Form(Styled, forms.Form):
    pass


class ModelForm(Styled, forms.ModelForm):
    pass


class SentTwice:
    """A form sent twice writes one row: the second submission finds what the first one wrote.

    `about` is what the view says and the form does not; the first of them is locked meanwhile.
    A model that keeps the instant a row was written may hold the same one again, later.
    """

    about = ()
    written_at = "created_at"

    def save(self, commit=True):
        row = self.instance
        if row.pk or not commit:
            return super().save(commit)
        subject = getattr(row, self.about[0])
        with transaction.atomic():
            subject.__class__.objects.select_for_update().get(pk=subject.pk)
            twins = type(row).objects.filter(
                **{name: getattr(row, name) for name in [*self.about, *self._meta.fields]}
            )
            if hasattr(row, self.written_at):
                lately = timezone.now() - SAME_SUBMISSION
                twins = twins.filter(**{f"{self.written_at}__gt": lately})
            if twin := twins.first():
                self.instance = twin
                return twin
            return super().save(commit)


def scope_choices(form, viewer, *names):
    """Offer only the rows the viewer may see in these dropdowns."""
    for name in names:
        field = form.fields[name]
        field.queryset = field.queryset.visible_to(viewer)
