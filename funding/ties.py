"""The files as the points of an agenda know them."""

from actions.ties import Tie
from funding.models import Application, ApplicationPoint


def offered(viewer, territory):
    """The files that the person may read, the latest first."""
    files = Application.objects.visible_to(viewer).in_territory(territory)
    return files.select_related("program", "project", "action").order_by("-created_at", "-pk")


def about(application):
    """Whoever reads the point may read the file: both are about the same project, or fiche."""
    return {
        "project": application.project,
        "action": application.action,
        "title": application.program.name,
    }


APPLICATION = Tie(
    key="dossier",
    label="Dossier",
    relation="application_points",
    rows=lambda: ApplicationPoint.objects.with_application(),
    offered=offered,
    attach=lambda item, application: ApplicationPoint.objects.attach(item, application),
    about=about,
)
