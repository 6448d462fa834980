"""Forms of the bodies: the rule of the quorum, the members, who was there."""

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from actions.forms import VersionedForm, refuse_reversed
from actions.models import Attendance, Body, EditConflict, Seat
from crm.forms.base import Form, SentTwice
from crm.models import Contact, User

SEATED = "Cette personne siège déjà dans cette instance."


class BodyForm(VersionedForm):
    class Meta:
        model = Body
        fields = ["quorum", "rule_source", "counts_represented"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if (
            not self.instance.pk
        ):  # nothing was read: whoever said something first is not overwritten
            self.fields["version"].initial = None

    def save(self, commit=True):
        try:
            with transaction.atomic():
                return super().save(commit)
        except IntegrityError:
            raise EditConflict from None


class ContactField(forms.ModelChoiceField):
    def label_from_instance(self, contact):
        return f"{contact.organisation.name}\u00a0: {contact}"


class SeatForm(SentTwice, VersionedForm):
    about = ("body",)

    class Meta:
        model = Seat
        fields = ["contact", "user", "quality", "joined_on", "left_on", "has_voice"]
        field_classes = {"contact": ContactField}

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        territory = self.instance.body.territory
        contacts = Contact.objects.visible_to(viewer).filter(organisation__territory=territory)
        self.fields["contact"].queryset = contacts.select_related("organisation").order_by(
            "organisation__search", "last_name", "pk"
        )
        self.fields["user"].queryset = User.objects.filter(memberships__territory=territory)
        self.fields["user"].help_text = "ou quelqu’un qui a un compte ici"
        if not self.instance.pk:
            self.fields["joined_on"].initial = timezone.localdate
            del self.fields["left_on"]

    def clean(self):
        data = self.cleaned_data
        refuse_reversed(self, "joined_on", "left_on", "Cette personne part avant d’être arrivée.")
        contact, user = data.get("contact"), data.get("user")
        if not self.errors and bool(contact) == bool(user):
            self.add_error("contact", "Choisissez un contact ou un compte, l’un des deux.")
        if not self.errors:
            body = self.instance.body.pk
            same = Seat.objects.filter(body=body, contact=contact, user=user)
            if same.exclude(pk=self.instance.pk).exists():
                self.add_error("contact", SEATED)

    def save_once(self):
        """Write the row; False with its error if this person was just seated."""
        body = self.instance.body
        try:
            with transaction.atomic():
                self.instance.body, _ = Body.objects.get_or_create(
                    territory=body.territory, kind=body.kind
                )
                self.save()
        except IntegrityError:
            self.add_error("contact", SEATED)
            return False
        return True


class AttendanceForm(Form):
    """One pair of fields for each line of a sheet; `lines` come out as they were noted."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, sheet, **kwargs):
        self.keys = {key_of(line): line for line in sheet.every_line()}
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = sheet.meeting.version
        for key, line in self.keys.items():
            self.fields[f"status-{key}"] = status = forms.ChoiceField(
                label=f"Présence de {line.name}",
                choices=[("", "À noter"), *Attendance.Status.choices],
                required=False,
                initial=line.status,
            )
            self.fields[f"by-{key}"] = by = forms.CharField(
                label=f"Qui représente {line.name}",
                max_length=160,
                required=False,
                initial=line.represented_by,
            )
            status.widget.attrs["class"] = "select"
            by.widget.attrs |= {"class": "input", "placeholder": "par qui"}

    @property
    def rows(self):
        """(line, its presence, who stands for it) in the order of the sheet."""
        return [(line, self[f"status-{key}"], self[f"by-{key}"]) for key, line in self.keys.items()]

    def clean(self):
        for key, line in self.keys.items():
            status, by = self.cleaned_data.get(f"status-{key}"), self.cleaned_data.get(f"by-{key}")
            if status is None or by is None:
                continue
            if status == Attendance.Status.REPRESENTED and not by:
                self.add_error(f"by-{key}", f"Écrivez qui représente {line.name}.")
            elif by and status != Attendance.Status.REPRESENTED:
                refusal = f"{line.name} n’est pas noté comme représenté\u00a0: choisissez l’un."
                self.add_error(f"by-{key}", ValidationError(refusal))
            line.status, line.represented_by = status, by

    @property
    def lines(self):
        return list(self.keys.values())


def key_of(line):
    """The same before and after the line is written; a member who was deleted leaves the line."""
    return f"m{line.seat_id}" if line.seat_id else f"l{line.pk}"
