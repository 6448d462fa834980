"""Of what a pack is: the whole territory, or some of its EPCI."""

from crm.models import Epci

WHOLE = "Tout le territoire"


def code_of(epcis):
    """What an edition keeps of its perimeter: the codes in order, nothing for the whole."""
    return ",".join(sorted(epci.pk for epci in epcis))


def choices(territory):
    return Epci.objects.filter(territories=territory)


def label(epcis):
    return ", ".join(epci.short_name for epci in epcis) or WHOLE


def told(figures):
    """What the perimeter holds, in one sentence for the first sheet and the last page."""
    territory = figures.territory
    if not figures.epcis:
        return (
            f"{territory.epcis.count()} EPCI, {territory.communes.count()} communes\u00a0; "
            "tous les projets du territoire que ce niveau de lecture permet"
        )
    return (
        f"{len(figures.epcis)} EPCI\u00a0: {label(figures.epcis)}\u00a0; leurs projets, leurs "
        "fiches et celles qui valent pour tout le territoire. Un projet sans commune connue n’y "
        "entre pas."
    )
