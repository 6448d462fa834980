"""Where the sites are, as far as someone told: what the pure modules measure distances between."""

from actions.collective.distances import Place, centre_of
from crm.models import CommuneContour, Site
from crm.templatetags.french import typeset


def places_of(sites):
    """{site: Place} of sites fetched with their commune and their point; one query."""
    sites = list(sites)
    centres = centres_of({site.commune_id for site in sites if site.commune_id})
    return {site.pk: place_of(site, centres) for site in sites}


def place_of(site, centres):
    point = getattr(site, "point", None)
    return Place(
        commune=site.commune_id or "",
        name=typeset(site.commune.name) if site.commune_id else "",
        point=(point.latitude, point.longitude) if point else centres.get(site.commune_id),
        is_exact=bool(point),
    )


def centres_of(communes):
    """{commune: (latitude, longitude) of its middle} of those whose outline was loaded."""
    outlines = CommuneContour.objects.filter(commune__in=communes)
    found = {code: centre_of(polygons) for code, polygons in outlines.values_list("pk", "polygons")}
    return {code: centre for code, centre in found.items() if centre}


def standing_sites(organisations):
    """{organisation: the site that stands for it}: open first, then the head office."""
    sites = Site.objects.filter(organisation__in=organisations).select_related("commune", "point")
    found = {}
    for site in sites:
        found.setdefault(site.organisation_id, site)
    return found
