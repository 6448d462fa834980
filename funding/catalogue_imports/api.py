"""The API of Aides-territoires, read page by page. The token and the address come from settings.

Its documentation: POST /connexion/ with the token gives a JWT; then GET /aids/ by pages.
"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

from django.conf import settings

from crm.imports.wording import typeset
from funding.catalogue_imports.reading import AIDES_TERRITOIRES, NAMES, Catalogue, safe

TIMEOUT = 20  # seconds for one answer
PAGE, MAX_PAGES = 100, 300
MAX_BYTES = 20 * 1024 * 1024
TRIES, LONGEST_WAIT = 4, 60
ON_SCREEN = {"longest_wait": 3, "budget": 45}  # nobody waits longer before a page
AGENT = "Etabli (import de catalogue)"


class Unreachable(Exception):
    """A French sentence: why nothing could be read."""

    def __init__(self, text):
        super().__init__(typeset(text))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another server."""

    def redirect_request(self, *args):
        return None


class Client:
    """`budget` is how many seconds the whole reading may take."""

    def __init__(self, url="", token="", *, sleep=time.sleep, longest_wait=LONGEST_WAIT, budget=0):
        self.url = (url or settings.AIDES_TERRITOIRES_URL).rstrip("/")
        self.token = token or settings.AIDES_TERRITOIRES_TOKEN
        self.sleep, self.longest_wait = sleep, longest_wait
        self.until = time.monotonic() + budget if budget else None
        self.opener = urllib.request.build_opener(NoRedirect)
        self.jwt = ""

    def catalogue(self, *, perimeter=""):
        """Every aid, or those of a perimeter, by its number at Aides-territoires."""
        if not self.token:
            raise Unreachable("AIDES_TERRITOIRES_TOKEN n’est pas renseigné sur ce serveur.")
        if not self.url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise Unreachable("AIDES_TERRITOIRES_URL doit commencer par https://.")
        if perimeter and not str(perimeter).isdigit():
            raise Unreachable(f"Le périmètre « {perimeter} » doit être un numéro.")
        self.sign_in()
        rows = list(self.aids(perimeter))
        found = Catalogue(AIDES_TERRITOIRES, list(enumerate(rows, start=1)))
        found.how = ["API", NAMES[AIDES_TERRITOIRES]]
        found.is_partial = bool(perimeter)
        if perimeter:
            found.how.append(f"périmètre {perimeter}")
        return found

    def sign_in(self):
        answer = self.ask("POST", "/connexion/", {"X-AUTH-TOKEN": self.token})
        self.jwt = answer.get("token") if isinstance(answer, dict) else ""
        if not isinstance(self.jwt, str) or not self.jwt.strip().isascii() or not self.jwt:
            raise Unreachable("Aides-territoires n’a pas donné de jeton de session.")

    def aids(self, perimeter):
        read = 0
        for page in range(1, MAX_PAGES + 1):
            query = {"page": page, "itemsPerPage": PAGE}
            if perimeter:
                query["perimeter_id"] = perimeter
            answer = self.ask("GET", f"/aids/?{urllib.parse.urlencode(query)}", self.bearer())
            rows = answer.get("results") if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                raise Unreachable(f"La page {page} n’a pas la forme attendue.")
            yield from rows
            read += len(rows)
            count = answer.get("count")
            if not rows or (isinstance(count, int) and read >= count) or not answer.get("next", 1):
                return
        raise Unreachable(f"Aides-territoires donne plus de {MAX_PAGES} pages : lecture arrêtée.")

    def bearer(self):
        return {"Authorization": f"Bearer {self.jwt}"}

    def ask(self, method, path, headers):
        """The JSON of an answer; waits as long as a 429 asks, a few times."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=b"" if method == "POST" else None,
            headers={"Accept": "application/json", "User-Agent": AGENT, **headers},
        )
        for left in reversed(range(TRIES)):
            if self.until and time.monotonic() > self.until:
                raise Unreachable(
                    "La lecture est trop longue : donnez un périmètre, ou un fichier."
                )
            try:
                with self.opener.open(request, timeout=TIMEOUT) as answer:
                    return parsed(answer.read(MAX_BYTES + 1))
            except urllib.error.HTTPError as error:
                with error:
                    wait = patience(error)
                    if wait is None or wait > self.longest_wait or not left:
                        raise Unreachable(refusal(error.code)) from error
                    self.sleep(wait)
            except (OSError, urllib.error.URLError) as error:
                raise Unreachable("Aides-territoires ne répond pas.") from error
        raise AssertionError  # the last try returns or raises


def patience(error):
    """Seconds to wait before another try; None when trying again is no use."""
    if error.code not in {429, 502, 503, 504}:
        return None
    said = error.headers.get("Retry-After", "")
    return int(said) if said.isdigit() else 2


def refusal(code):
    if code in {401, 403}:
        return "Aides-territoires refuse le jeton : vérifiez AIDES_TERRITOIRES_TOKEN."
    if code == 429:
        return "Aides-territoires demande d’attendre : recommencez plus tard."
    if 300 <= code < 400:
        return "L’adresse d’Aides-territoires a changé : vérifiez AIDES_TERRITOIRES_URL."
    return f"Aides-territoires répond par une erreur {code}."


def parsed(data):
    if len(data) > MAX_BYTES:
        raise Unreachable("Une page d’Aides-territoires est démesurée : lecture arrêtée.")
    try:
        return safe(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise Unreachable("Aides-territoires n’a pas répondu en JSON.") from error
