"""Démarche numérique: read a dossier, say what will change, then apply it."""

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from actions.models import EditConflict
from funding import demarche
from funding.appraisal.dossier import Dossier, Unreadable, read
from funding.forms.applications import DossierForm
from funding.views.applications import get_application

SALT = "funding.demarche"
AN_HOUR = 3600


@require_http_methods(["GET", "POST"])
def application_demarche(request, pk):
    """The answer pasted, as a file, or asked of the portal; nothing is kept but its dates."""
    found = get_application(request, pk, to_edit=True)
    if request.method == "GET":
        return page(request, found, DossierForm())
    if "ask" in request.POST:
        form, read_it = DossierForm(), lambda: demarche.fetch(found.dossier_number)
    else:
        form = DossierForm(request.POST, request.FILES)
        if not form.is_valid():
            return page(request, found, form, status=422)
        read_it = lambda: read(form.cleaned_data["answer"], found.dossier_number)  # noqa: E731
    try:
        dossier = read_it()
    except Unreadable as refusal:
        return page(request, found, form, status=422, refusal=str(refusal))
    return page(request, found, form, dossier=dossier)


def page(request, found, form, *, status=200, refusal="", dossier=None):
    context = {
        "application": found,
        "subject": found.subject,
        "form": form,
        "refusal": refusal,
        "can_ask": bool(settings.DEMARCHE_NUMERIQUE_TOKEN and found.on_demarche),
    }
    if dossier:
        signed = {"application": found.pk, "version": found.version, "dossier": dossier.as_json()}
        context |= {
            "dossier": dossier,
            "changes": demarche.changes(found, dossier),
            "why_not": demarche.why_not(found, dossier),
            "signed": signing.dumps(signed, salt=SALT),
        }
    return render(request, "funding/application_demarche.html", context, status=status)


@require_POST
def application_demarche_apply(request, pk):
    found = get_application(request, pk, to_edit=True)
    try:
        told = signing.loads(request.POST.get("signed", ""), salt=SALT, max_age=AN_HOUR)
        if told["application"] != found.pk:
            raise signing.BadSignature
    except signing.BadSignature:
        messages.warning(request, "Cet aperçu a expiré : relisez le dossier.")
        return redirect("funding:application_demarche", pk)
    dossier = Dossier.from_json(told["dossier"])
    if refusal := demarche.why_not(found, dossier):
        messages.warning(request, refusal)
        return redirect(found)
    try:
        found.version = told["version"]
        demarche.apply(found, dossier, by=request.user)
    except EditConflict:
        messages.warning(request, "Quelqu’un a modifié ce dossier entre-temps : relisez-le.")
        return redirect("funding:application_demarche", pk)
    messages.success(request, "Le dossier suit ce que dit Démarche numérique.")
    return redirect(found)
