"""The official geographic API: contours of the communes of an EPCI. Its address is a setting."""

import http.client
import urllib.error
import urllib.parse
import urllib.request

from django.conf import settings

TIMEOUT = 20  # seconds for one answer
MAX_BYTES = 30 * 1024 * 1024
AGENT = "Etabli (contours des communes)"
LOCAL = ("http://127.0.0.1:", "http://localhost:")


class Unreachable(Exception):
    """A French sentence: why nothing could be read."""


def contours_of(siren, url=""):
    """The GeoJSON of the communes of an EPCI, as text."""
    base = (url or settings.GEO_API_URL).rstrip("/")
    if not base.startswith(("https://", *LOCAL)):
        raise Unreachable("GEO_API_URL doit commencer par https://.")
    query = urllib.parse.urlencode(
        {"codeEpci": siren, "fields": "code,nom", "format": "geojson", "geometry": "contour"}
    )
    request = urllib.request.Request(  # noqa: S310 (checked above)
        f"{base}/communes?{query}", headers={"Accept": "application/json", "User-Agent": AGENT}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            content = answer.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise Unreachable(refusal(error.code, siren)) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(
            "L’API géographique ne répond pas\u00a0: réessayez plus tard, ou chargez un fichier "
            "GeoJSON."
        ) from error
    if len(content) > MAX_BYTES:
        raise Unreachable(f"La réponse pour l’EPCI {siren} est trop lourde\u00a0: rien n’est lu.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreachable("L’API géographique a répondu autre chose que du GeoJSON.") from error


def refusal(code, siren):
    if code == 404:
        return f"L’API géographique ne connaît pas l’EPCI {siren}."
    if code == 429:
        return "L’API géographique demande d’attendre\u00a0: réessayez dans quelques minutes."
    return f"L’API géographique a refusé la demande (erreur {code})."
