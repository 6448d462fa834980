"""What the plan brings to the measures: its fiches as a scope, and who takes part in them."""

from actions.collective import ecology_measures
from actions.models import Action, Synergy
from crm import measures
from crm.measures import Measure, Scope
from crm.models import Organisation, Project


def of_fiche(rows, viewer, pk):
    """The companies, the projects or the synergies that a fiche has among `rows`."""
    fiches = Action.objects.visible_to(viewer).filter(pk=pk)
    if rows.model is Synergy:
        return rows.filter(action__in=fiches)
    relation = {Project: Action.projects, Organisation: Action.organisations}[rows.model]
    linked = relation.through.objects.filter(action__in=fiches)
    return rows.filter(pk__in=linked.values(relation.field.m2m_reverse_field_name()))


def fiche_name(viewer, pk):
    fiche = Action.objects.visible_to(viewer).filter(pk=pk).first()
    return f"fiche {fiche.code}" if fiche else "fiche inconnue"


def taking_part(viewer, since):
    fiches = Action.objects.visible_to(viewer).current()
    linked = Action.organisations.through.objects.filter(action__in=fiches)
    return measures.companies(viewer).filter(pk__in=linked.values("organisation"))


FICHE = Scope("fiche", of_fiche, fiche_name)
MEASURES = [
    Measure(
        "companies_in_plan",
        "Entreprises qui participent au plan",
        "entreprises",
        "Entreprises inscrites à une fiche au moins du plan en cours.",
        "Une entreprise compte une fois, quel que soit le nombre de fiches.",
        taking_part,
        measures.ORGANISATION_LIST,
        measures.COMPANIES,
    ),
    *ecology_measures.MEASURES,
]
