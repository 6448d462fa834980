"""The call list of a program as a file: the rows of its page, contacts only for the team."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.perms import can_work_in_team
from funding.views.targets import targets_of
from reporting.columns import Column
from reporting.committee import file_name
from reporting.views.exports import WRITERS

TARGETS = [
    Column("Organisation", lambda t: t.organisation.name, "text", 34),
    Column("SIREN", lambda t: t.organisation.siren, "code", 12),
    Column("Projet", lambda t: t.project and t.project.title, "text", 36),
    Column("Commune", lambda t: t.place and t.place.name, "text", 22),
    Column("Verdict", lambda t: t.verdict.label, "text", 14),
    Column("Questions à poser", lambda t: " ".join(q.sentence for q in t.missing), "text", 60),
    Column("Autres critères à confirmer", lambda t: t.later, "integer", 12),
    Column("Aide attendue, au plus", lambda t: t.euros, "money", 16),
    Column("Dossier", lambda t: t.status, "text", 16),
]
CONTACTS = [
    Column("Contact", lambda t: t.contact and str(t.contact), "text", 26),
    Column("Fonction", lambda t: t.contact and t.contact.position, "text", 22),
    Column("Courriel", lambda t: t.contact and t.contact.email, "text", 30),
    Column("Téléphone", lambda t: t.contact and t.contact.phone, "text", 18),
]


@require_safe
def targets(request, pk, kind):
    if kind not in WRITERS:
        raise Http404
    program, filterset, _, rows = targets_of(request, pk)
    if not filterset.is_valid():
        return render(request, "reporting/refused.html", {"form": filterset.form}, status=400)
    in_team = can_work_in_team(request.user, request.territory)
    name = file_name(request.territory, f"cibles-{program.pk}", timezone.localdate(), kind)
    return WRITERS[kind](TARGETS + CONTACTS * in_team, rows, name)
