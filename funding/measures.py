"""What funding brings to the measures of an indicator: the aid obtained by projects."""

from crm import measures
from crm.measures import Measure
from crm.models import Project
from funding.models import with_money


def granted(viewer, since):
    """Projects with a grant whose amount is known; one project may hold several."""
    return with_money(Project.objects.visible_to(viewer)).exclude(granted_total=None)


MEASURES = [
    Measure(
        "aid_granted",
        "Aides accordées aux projets",
        "€",
        "Montants accordés par décision notifiée aux projets du territoire.",
        "Somme des dossiers dont le montant accordé est connu\u00a0; les actions n’y sont pas.",
        granted,
        measures.PROJECT_LIST,
        measures.PROJECTS,
        column="granted_total",
    ),
]
