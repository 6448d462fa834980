"""Which grid a return follows: the territory’s own, else the shared one."""

from reporting.models import MappingVersion, ReturnMapping
from reporting.returns.shipped import NOTICE


def mappings(territory):
    """Every return of a territory, with its versions, in the order of the page."""
    return ReturnMapping.objects.of(territory).prefetch_related("versions")


def of(territory, code):
    """The version in force; ReturnMapping.DoesNotExist for a return nobody knows."""
    mapping = ReturnMapping.objects.of(territory).get(code=code)
    last = MappingVersion.objects.filter(mapping=mapping).select_related("mapping")
    version = last.order_by("-number").first()
    if version is None:
        raise ReturnMapping.DoesNotExist
    return version


def said(version):
    """« Version 2, applicable à partir du 22/11/2026 », and what the grid is worth."""
    text = f"{version.mapping.name}, version {version.number}"
    text += f", applicable à partir du {version.applies_from:%d/%m/%Y}."
    return text if version.is_official else f"{text} {NOTICE}"
