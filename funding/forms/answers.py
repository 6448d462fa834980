from django import forms
from django.core.exceptions import ValidationError

from crm.fields import AmountField
from crm.forms.base import Form
from funding.models import MatchDecision

STUDY = "study:"
# A growth or equity may be below zero; what one spends, sells or employs may not.
NEVER_NEGATIVE = {
    *("eligible_costs", "turnover", "balance_sheet"),
    *("jobs_created_planned", "jobs_maintained_planned"),
}


class DismissalForm(Form):
    """Why a program is set aside for a project; « other » says it in words."""

    reason = forms.ChoiceField(
        choices=MatchDecision.Reason,
        error_messages={
            "required": "Dites pourquoi ce dispositif est écarté.",
            "invalid_choice": "Cette raison n’est pas dans la liste.",
        },
    )
    note = forms.CharField(
        required=False,
        max_length=250,
        error_messages={"max_length": "La raison tient en 250 caractères."},
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("reason") != MatchDecision.Reason.OTHER:
            cleaned["note"] = ""
        elif not cleaned.get("note") and "note" not in self.errors:
            raise ValidationError({"note": "Écrivez la raison en quelques mots."})
        return cleaned


class AnswerForm(Form):
    """The answer to one question of the rules, in the form its kind asks for."""

    def __init__(self, *args, question, **kwargs):
        super().__init__(*args, **kwargs)
        self.question = question
        self.fields["value"] = self._field(question)
        self.fields["value"].label = question.sentence

    @staticmethod
    def _field(question):
        if question.input == "yes_no":
            return forms.TypedChoiceField(
                choices=[("oui", "Oui"), ("non", "Non")],
                coerce=lambda value: value == "oui",
                error_messages={"required": "Répondez par oui ou par non."},
            )
        if question.input == "choice":
            return forms.ChoiceField(
                choices=[("", "Choisir…"), *question.choices],
                initial=question.prefill,
                help_text=question.warning,
            )
        if question.input == "date":
            return forms.DateField(
                required=not question.fact.startswith(STUDY),
                input_formats=["%Y-%m-%d", "%d/%m/%Y"],
                error_messages={"invalid": "Écrivez une date, par exemple 22/11/2026."},
            )
        if question.input == "integer":
            return forms.IntegerField(
                min_value=0,
                max_value=2**31 - 1,
                error_messages={
                    "invalid": "Écrivez un nombre entier, par exemple 42.",
                    "max_value": "Ce nombre est trop grand.",
                },
            )
        least = 0 if question.fact in NEVER_NEGATIVE else None
        return AmountField(min_value=least, max_digits=14, decimal_places=2)

    def clean(self):
        cleaned = super().clean()
        done = self.data.get(self.add_prefix("done"))
        if self.question.fact.startswith(STUDY) and not cleaned.get("value"):
            if done != "non" and "value" not in self.errors:
                raise ValidationError(
                    {"value": "Donnez la date de l’étude, ou dites « Pas faite »."}
                )
            cleaned["value"] = False
        return cleaned
