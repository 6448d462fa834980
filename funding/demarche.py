"""The files of Démarche numérique: ask its API for a dossier, and follow what it says.

Only who appraises gets a token, so that most often the answer comes as a file.
"""

import http.client
import json
import urllib.error
import urllib.request

from django.conf import settings
from django.utils import timezone

from actions.changes import Change
from crm.templatetags.french import day
from funding.appraisal import statuses
from funding.appraisal.dossier import QUERY, Unreadable, pick

TIMEOUT = 10  # seconds
MAX_BYTES = 2 * 1024 * 1024
SOURCE = "Démarche numérique"
DATES = ("filed_on", "received_on", "decided_on", "decision_expected_on")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another server."""

    def redirect_request(self, *args):
        return None


def fetch(number):
    """The dossier of that number, or Unreadable with the reason in a French sentence."""
    url, token = settings.DEMARCHE_NUMERIQUE_URL, settings.DEMARCHE_NUMERIQUE_TOKEN
    if not token:
        raise Unreadable("DEMARCHE_NUMERIQUE_TOKEN n’est pas renseigné sur ce serveur.")
    if number is None:
        raise Unreadable("Notez d’abord le numéro du dossier sur Démarche numérique.")
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise Unreadable("DEMARCHE_NUMERIQUE_URL doit commencer par https://.")
    asked = json.dumps({"query": QUERY, "variables": {"dossierNumber": number}}).encode()
    request = urllib.request.Request(  # noqa: S310
        url,
        data=asked,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            body = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise Unreadable(refused(error.code)) from None
    except (OSError, http.client.HTTPException):
        raise Unreadable("Démarche numérique ne répond pas\u00a0: réessayez plus tard.") from None
    if len(body) > MAX_BYTES:
        raise Unreadable("La réponse de Démarche numérique est trop longue.")
    try:
        answer = json.loads(body)
    except ValueError:
        raise Unreadable("La réponse de Démarche numérique n’est pas du JSON.") from None
    return pick(answer, number)


def refused(code):
    if code in {401, 403}:
        return "Démarche numérique refuse le jeton de ce serveur."
    return f"Démarche numérique répond par une erreur {code}."


def values(application, dossier):
    """The columns that the dossier changes, with their new value; what it does not say stays."""
    told = {name: getattr(dossier, name) for name in DATES}
    told["dossier_number"] = dossier.number
    told = {name: value for name, value in told.items() if value is not None}
    if dossier.state not in statuses.DECIDED:
        told["decided_on"] = None  # reopened: the decision of before no longer holds
    return {name: value for name, value in told.items() if getattr(application, name) != value}


def changes(application, dossier):
    """What will change, in words: the status first, then the dates."""
    found = []
    if application.status != dossier.state:
        after = application.Status(dossier.state).label
        found.append(Change("statut", application.get_status_display(), after))
    for name, value in values(application, dossier).items():
        label = str(application._meta.get_field(name).verbose_name)
        found.append(Change(label, said(getattr(application, name)), said(value)))
    return found


def said(value):
    if value is None:
        return "vide"
    return str(value) if isinstance(value, int) else day(value)


def why_not(application, dossier):
    """A French sentence when what the dossier says cannot be followed, else nothing."""
    if application.dossier_number not in {None, dossier.number}:
        return f"Ce dossier porte le n° {application.dossier_number}, non le n° {dossier.number}."
    if application.status != dossier.state and (refusal := application.why_it_stays()):
        return refusal
    after = values(application, dossier)
    filed_on = after.get("filed_on", application.filed_on)
    decided_on = after.get("decided_on", application.decided_on)
    if filed_on and decided_on and decided_on < filed_on:
        return "La décision précède le dépôt."
    return ""


def apply(application, dossier, *, by):
    """Follow the dossier, even past a status that nobody noted here; EditConflict when too late."""
    after = values(application, dossier)
    if application.status == dossier.state:
        for name, value in after.items():
            setattr(application, name, value)
        application.save_over(application.version)
        return
    on = dossier.state_since or timezone.localdate()
    application.move_to(dossier.state, on=on, by=by, source=SOURCE, **after)
