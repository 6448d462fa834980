"""A logo and a colour of its own for the fictitious territory: two hills and a river."""

import io

from PIL import Image, ImageDraw

from crm.models import Brand

COLOUR, RIVER, PALE = "#1F5C57", "#4E8F87", "#D9E6E0"


def load(world):
    Brand.objects.create(territory=world.territory, colour=COLOUR, logo=drawn())


def drawn():
    """Drawn at four times its size, then made smaller, so that its edges are smooth."""
    picture = Image.new("RGBA", (1920, 960), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((40, 40, 920, 920), fill=PALE)
    pen.polygon([(120, 640), (360, 260), (560, 560), (680, 400), (860, 640)], fill=COLOUR)
    pen.arc((80, 560, 880, 900), 200, 340, fill=RIVER, width=60)
    pen.rectangle((1040, 300, 1100, 660), fill=COLOUR)
    pen.rectangle((960, 300, 1180, 360), fill=COLOUR)
    pen.rectangle((1260, 300, 1320, 660), fill=COLOUR)
    pen.line((1440, 660, 1840, 660), fill=RIVER, width=40)
    out = io.BytesIO()
    picture.resize((480, 240), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()
