import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from crm import colours
from crm.forms import brands
from crm.models import Brand, Role

pytestmark = pytest.mark.django_db
URL = reverse("crm:setting_brand")
LOGO = reverse("crm:logo")


@pytest.fixture
def manager_client(sign_in):
    return sign_in(Role.MANAGER)


def picture(form="PNG", size=(300, 100), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, 80).save(out, form, **options)
    return out.getvalue()


def sent(content, name="logo.png", colour="#1b4f72"):
    return {"colour": colour, "logo": SimpleUploadedFile(name, content)}


@pytest.mark.parametrize(
    "content",
    [picture(), picture("JPEG"), picture("JPEG", mode="CMYK"), picture("PNG", mode="L")],
)
def test_a_manager_gives_the_territory_its_logo_and_colour(manager_client, territory, content):
    response = manager_client.post(URL, sent(content), follow=True)
    assert response.status_code == 200
    brand = Brand.objects.get(territory=territory)
    assert brand.colour == "#1B4F72"
    with Image.open(io.BytesIO(brand.picture)) as kept:
        assert (kept.format, kept.size) == ("PNG", (300, 100))
    shown = manager_client.get(LOGO)
    assert (shown["Content-Type"], shown.content) == ("image/png", brand.picture)
    assert LOGO in response.content.decode()


def test_a_picture_is_drawn_anew_without_what_it_carried(manager_client, territory):
    hidden = picture(size=(1800, 720)) + b"<script>alert(1)</script>"
    manager_client.post(URL, sent(hidden))
    kept = Brand.objects.get().picture
    assert b"script" not in kept
    assert Image.open(io.BytesIO(kept)).size == brands.KEPT


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "n’est pas une image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "n’est pas une image"),
        (picture("GIF"), "n’est pas une image"),
        (picture()[:60], "n’est pas une image"),
        (b"x" * (brands.MAX_BYTES + 1), "au plus"),
        (picture(size=(brands.MAX_SIDE + 1, 1)), "de côté au plus"),
    ],
)
def test_what_is_no_modest_picture_is_refused(manager_client, territory, content, word):
    response = manager_client.post(URL, sent(content))
    assert response.status_code == 422
    assert word in response.context["form"].errors["logo"][0]
    assert not Brand.objects.exists()


@pytest.mark.parametrize(
    ("colour", "word"), [("rouge", "Écrivez"), ("", "obligatoire"), ("#FFCC00", "trop claire")]
)
def test_a_colour_that_nobody_reads_is_refused(manager_client, territory, colour, word):
    response = manager_client.post(URL, {"colour": colour})
    assert response.status_code == 422
    assert word in response.context["form"].errors["colour"][0]


def test_the_logo_stays_until_someone_removes_it(manager_client, territory):
    manager_client.post(URL, sent(picture()))
    manager_client.post(URL, {"colour": "#334455"})
    assert Brand.objects.get().picture
    manager_client.post(URL, {"colour": "#334455", "without_logo": "on"})
    assert Brand.objects.get().picture is None
    assert manager_client.get(LOGO).status_code == 404


def test_a_territory_without_a_brand_has_that_of_the_house(territory):
    brand = Brand.of(territory)
    assert (brand.colour, brand.picture, brand.pk) == (Brand.COLOUR, None, None)
    assert colours.is_readable(Brand.COLOUR)


CONTRASTS = [("#000000", 21.0), ("#FFFFFF", 1.0), ("#777777", 4.48), ("#A94A28", 5.68)]


@pytest.mark.parametrize(("colour", "wanted"), CONTRASTS)
def test_contrasts_are_those_of_the_guidelines(colour, wanted):
    assert colours.contrast(colour) == pytest.approx(wanted, abs=0.02)
    assert colours.contrast(colours.WHITE, colour) == colours.contrast(colour)
