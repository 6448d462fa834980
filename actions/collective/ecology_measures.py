"""What industrial ecology brings to the measures: the synergies in service and what they save."""

from actions.models import Synergy, SynergySaving
from crm.measures import Measure

SYNERGIES, LIST = "synergie,synergies", "actions:synergy_list"
OBSERVED, PLANNED = SynergySaving.Nature.OBSERVED, SynergySaving.Nature.PLANNED
NOT_ADDED = "Le prévu et le constaté ne s’additionnent pas."
# What is saved, as a figure is called.
SAVED = {
    SynergySaving.Unit.EUROS: ("Euros épargnés", "€"),
    SynergySaving.Unit.TONNES: ("Matières épargnées", "t"),
    SynergySaving.Unit.MWH: ("Énergie épargnée", "MWh"),
    SynergySaving.Unit.M3: ("Eau épargnée", "m³"),
    SynergySaving.Unit.CARBON: ("Émissions évitées", "tCO₂e"),
}


def in_service(viewer, since=None):
    return Synergy.objects.visible_to(viewer).in_service()


def observed(column):
    """Synergies where a gain was counted, even those that stopped since: what was saved was."""
    return lambda viewer, since: (
        Synergy.objects.visible_to(viewer).with_savings().exclude(**{column: None})
    )


def kept(viewer, since=None):
    return Synergy.objects.visible_to(viewer).kept().with_savings()


def saved(unit):
    label, sign = SAVED[unit]
    observed_column, planned_column = f"{OBSERVED}_{unit}", f"{PLANNED}_{unit}"
    return [
        Measure(
            f"synergies_observed_{unit}",
            f"{label} par les synergies, constaté",
            sign,
            "Gains comptés dans une année passée ou en cours, à tout état de la synergie.",
            f"Somme des constats de toutes les années, preuve à l’appui. {NOT_ADDED}",
            observed(observed_column),
            LIST,
            SYNERGIES,
            column=observed_column,
        ),
        Measure(
            f"synergies_planned_{unit}",
            f"{label} par les synergies, prévu par an",
            f"{sign} par an",
            "Gains annuels attendus des synergies qui ne sont pas abandonnées.",
            f"Somme de ce qui est noté. {NOT_ADDED}",
            kept,
            LIST,
            SYNERGIES,
            column=planned_column,
            lacks="sans gain chiffré",
        ),
    ]


MEASURES = [
    Measure(
        "synergies_in_service",
        "Synergies en service",
        "synergies",
        "Synergies d’écologie industrielle en service entre deux sites.",
        "Une synergie compte une fois.",
        in_service,
        LIST,
        SYNERGIES,
    ),
    *(measure for unit in SynergySaving.Unit for measure in saved(unit)),
]
