"""Amounts as French people type them."""

import re
from decimal import Decimal, InvalidOperation

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

BLANKS = re.compile(r"[\s\u00a0\u202f]")
SUFFIX = re.compile(r"(€|eur(os?)?)?(h\.?t\.?)?$", re.IGNORECASE)


def parse_number(text):
    """« 21 667,00 € HT » → Decimal("21667.00"); ValueError when it is no number.

    A comma is the decimal mark; so is a lone point, as spreadsheets write it. The minus of our own
    pages may be pasted back.
    """
    compact = SUFFIX.sub("", BLANKS.sub("", str(text))).replace("\u2212", "-")
    if "," in compact:
        compact = compact.replace(".", "").replace(",", ".")
    if not re.fullmatch(r"-?\d+(\.\d+)?", compact):
        raise ValueError(f"« {text} » n’est pas un nombre")
    return Decimal(compact)


class NumberInput(forms.TextInput):
    """Text with a numeric keyboard: a browser’s number field refuses « 1 234,50 »."""

    def __init__(self, attrs=None):
        super().__init__({"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})

    def format_value(self, value):
        if isinstance(value, Decimal):
            value = f"{value:,.2f}".removesuffix(".00").replace(",", "\u00a0").replace(".", ",")
        return value


class AmountField(forms.DecimalField):
    widget = NumberInput

    def to_python(self, value):
        if value in self.empty_values or isinstance(value, Decimal):
            return None if value in self.empty_values else value
        try:
            return parse_number(value)
        except (ValueError, InvalidOperation):
            raise ValidationError(
                f"« {value} » n’est pas un nombre. Écrivez par exemple 1 234 567,89.",
                code="invalid",
            ) from None


class WholeField(AmountField):
    """The same without decimals: an integer column would drop them in silence."""

    def to_python(self, value):
        number = super().to_python(value)
        if number is not None and number != number.to_integral_value():
            raise ValidationError("Écrivez un nombre entier, par exemple 1 500.", code="invalid")
        return number


class MoneyField(models.DecimalField):
    """Euros to the cent; unknown is null, never zero."""

    def __init__(self, verbose_name=None, **options):
        options = {"max_digits": 14, "decimal_places": 2, "null": True, "blank": True} | options
        options.setdefault(
            "validators", [MinValueValidator(0, "Ce montant ne peut pas être négatif.")]
        )
        super().__init__(verbose_name, **options)

    def formfield(self, **options):
        return super().formfield(**{"form_class": AmountField, **options})
