"""The logo and the colour of a territory: what is sent is checked, then drawn anew."""

import io

from django import forms
from django.core.exceptions import ValidationError
from PIL import Image

from crm import colours
from crm.forms.base import Form
from crm.imports.wording import size, typeset
from crm.templatetags.french import decimal

MAX_BYTES = 1024 * 1024
MAX_SIDE = 5_000  # pixels; beyond, a small file may fill the memory
KEPT = (900, 360)  # enough for a slide and for a page
FORMATS = ("PNG", "JPEG")


class BrandForm(Form):
    colour = forms.CharField(
        label="Couleur",
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text="pour les titres et les bandeaux\u00a0: elle doit se lire sur du blanc",
    )
    logo = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG ou JPEG, 1\u00a0Mo au plus",
        max_length=200,
        allow_empty_file=True,  # it is no picture: the same sentence says so
        error_messages={"max_length": "Le nom de ce fichier est trop long."},
    )
    without_logo = forms.BooleanField(label="Retirer le logo", required=False)

    def __init__(self, *args, brand, **kwargs):
        self.brand = brand
        super().__init__(*args, initial={"colour": brand.colour}, **kwargs)
        self.fields["logo"].widget.attrs["accept"] = "image/png,image/jpeg"
        if not brand.logo:
            del self.fields["without_logo"]

    def clean_colour(self):
        colour = colours.written(self.cleaned_data["colour"])
        if colour is None:
            raise ValidationError("Écrivez une couleur comme «\u00a0#A94A28\u00a0».")
        if not colours.is_readable(colour):
            found, wanted = (
                decimal(f"{number:.1f}") for number in (colours.contrast(colour), colours.READABLE)
            )
            raise ValidationError(
                f"Cette couleur est trop claire pour se lire sur du blanc\u00a0: son contraste est "
                f"de {found}, il en faut {wanted}."
            )
        return colour

    def clean_logo(self):
        """The bytes of a PNG, or None when nothing was sent."""
        file = self.cleaned_data["logo"]
        if file is None:
            return None
        if file.size > MAX_BYTES:
            raise ValidationError(
                typeset(
                    f"«\u00a0{file.name}\u00a0» pèse {size(file.size)}\u00a0: "
                    f"{size(MAX_BYTES)} au plus."
                )
            )
        return drawn_anew(file.read())

    def save(self):
        said = self.cleaned_data
        self.brand.colour = said["colour"]
        if said["logo"]:
            self.brand.logo = said["logo"]
        elif said.get("without_logo"):
            self.brand.logo = b""
        self.brand.save()
        return self.brand


def drawn_anew(content):
    """The picture as a PNG of a modest size: nothing else that the file held goes further."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if max(picture.size) > MAX_SIDE:
                raise ValidationError(
                    f"Cette image mesure {picture.width}\u00a0×\u00a0{picture.height}\u00a0pixels"
                    f"\u00a0: {decimal(MAX_SIDE)} de côté au plus."
                )
            picture = picture.convert("RGBA")
    except ValidationError:
        raise
    except Exception as refusal:  # a decoder of pictures fails in many ways, all of them the file's
        raise ValidationError("Ce fichier n’est pas une image PNG ou JPEG lisible.") from refusal
    picture.thumbnail(KEPT)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
