"""Fields for the codes that people copy from elsewhere, spaces and points included."""

import re

from django import forms
from django.core.exceptions import ValidationError

from crm.identifiers import clean_siren, clean_siret
from crm.models import NafCode


class CodeField(forms.CharField):
    """A text that `read` turns into its canonical form, or refuses with a sentence."""

    def __init__(self, *, read, empty_value="", **options):
        super().__init__(empty_value=empty_value, **options)
        self.read = read

    def to_python(self, value):
        text = super().to_python(value)
        if text == self.empty_value:
            return text
        try:
            return self.read(text)
        except ValueError as refusal:
            raise ValidationError(str(refusal), code="invalid") from None

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "autocomplete": "off", "spellcheck": "false"}


def siren_field(**options):
    return CodeField(read=clean_siren, empty_value=None, required=False, label="SIREN", **options)


def siret_field(**options):
    return CodeField(read=clean_siret, empty_value=None, required=False, label="SIRET", **options)


def clean_naf(text):
    """« 1039a » → "10.39A"; a section, division, group or class of NAF rév. 2 is read too."""
    compact = re.sub(r"[\s.\u00a0]", "", text).upper()
    code = f"{compact[:2]}.{compact[2:]}" if len(compact) > 2 else compact
    if not NafCode.objects.filter(code=code, vintage=NafCode.Vintage.REV2).exists():
        raise ValueError(
            f"«\u00a0{text}\u00a0» n’est pas un code de la NAF rév. 2. "
            "Écrivez par exemple 10.39A, ou 10 pour toute la division."
        )
    return code


def clean_full_naf(text):
    """The same, for a site: only a whole code such as 10.39A will do."""
    code = clean_naf(text)
    if len(code) < 6:
        raise ValueError(
            f"«\u00a0{text}\u00a0» est incomplet\u00a0: un code d’activité s’écrit comme 10.39A."
        )
    return code


def clean_naf_2025(text):
    """« 2042y » → "20.42Y". Known only by its shape as long as no list of NAF 2025 is loaded."""
    compact = re.sub(r"[\s.\u00a0]", "", text).upper()
    if not re.fullmatch(r"[0-9]{4}[A-Z]", compact):
        raise ValueError(
            f"«\u00a0{text}\u00a0» n’est pas un code de la NAF 2025\u00a0: "
            "il s’écrit comme 20.42Y, quatre chiffres et une lettre."
        )
    code = f"{compact[:2]}.{compact[2:]}"
    listed = NafCode.objects.filter(vintage=NafCode.Vintage.NAF_2025)
    if listed.exists() and not listed.filter(code=code).exists():
        raise ValueError(f"«\u00a0{text}\u00a0» n’est pas un code de la NAF 2025.")
    return code


def clean_legal_form(text):
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise ValueError(
            f"«\u00a0{text}\u00a0» n’est pas une catégorie juridique\u00a0: "
            "c’est un code de quatre chiffres, par exemple 5710 pour une SAS."
        )
    return text
