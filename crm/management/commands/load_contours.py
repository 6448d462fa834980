import io
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from crm import contours, geo_api
from crm.models import Commune, CommuneContour, Epci, FormerCommune, Territory

LISTED = 12


class Command(BaseCommand):
    help = (
        "Load the outlines of the communes of the territories, for the maps: from a GeoJSON file "
        "(degrees, WGS 84), or --from-api from geo.api.gouv.fr. Safe to run again."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", help="GeoJSON of communes, even of all France")
        parser.add_argument(
            "--from-api", action="store_true", help="ask the official geographic API, by EPCI"
        )
        parser.add_argument(
            "--source", default="", help="what the page says of where the contours come from"
        )

    def handle(self, *, file, from_api, source, **options):
        if bool(file) == from_api:
            raise CommandError("Donnez un fichier GeoJSON, ou --from-api.")
        communes = Commune.objects.filter(epci__territories__isnull=False).distinct()
        wanted = dict(communes.values_list("code", "name"))
        if not wanted:
            raise CommandError(
                "Aucun territoire\u00a0: lancez d’abord «\u00a0load_reference\u00a0»."
            )
        former = former_codes(wanted)
        try:
            found = from_epcis(wanted, former) if from_api else from_file(file, wanted, former)
        except (contours.BadContours, geo_api.Unreachable) as refusal:
            raise CommandError(f"{refusal} Rien n’a été changé.") from None
        drawn = contours.gathered(found, former)
        polygons = {
            code: shape
            for code, shape in contours.simplified(drawn.polygons).items()
            if code in wanted and shape
        }
        if not polygons:
            raise CommandError(
                "Ce fichier ne contient aucune des communes de vos territoires\u00a0: rien n’a été "
                "changé."
            )
        write(polygons, source or ("geo.api.gouv.fr" if from_api else Path(file).name))
        self.tell(polygons, drawn.merged, wanted)

    def tell(self, polygons, merged, wanted):
        """How many were read, which were put together, and which are still without a contour."""
        self.stdout.write(f"Contours\u00a0: {len(polygons)} communes sur {len(wanted)}.")
        for code, parts in sorted(merged.items()):
            if code in polygons:
                self.stdout.write(
                    f"{wanted[code]} ({code}) est dessinée par ses anciennes communes\u00a0: "
                    f"{', '.join(sorted(parts))}."
                )
        known = set(CommuneContour.objects.values_list("commune", flat=True))
        missing = sorted(f"{name} ({code})" for code, name in wanted.items() if code not in known)
        if missing:
            more = f" et {len(missing) - LISTED} autres" if len(missing) > LISTED else ""
            self.stdout.write(f"Sans contour\u00a0: {', '.join(missing[:LISTED])}{more}.")


def former_codes(wanted):
    """{old code: current code} of the communes that merged into one of `wanted`."""
    rows = FormerCommune.objects.filter(commune__in=wanted).exclude(code__in=wanted)
    return dict(rows.values_list("code", "commune"))


def from_file(path, wanted, former):
    try:
        with Path(path).open(encoding="utf-8-sig") as stream:
            return list(contours.shapes(stream, {*wanted, *former}))
    except OSError as error:
        raise contours.BadContours(f"Le fichier {path} ne s’ouvre pas.") from error
    except UnicodeDecodeError as error:
        raise contours.BadContours(
            "Ce fichier n’est pas du texte UTF-8, comme GeoJSON le veut."
        ) from error


def from_epcis(wanted, former):
    """All the EPCI before anything is written: borders are simplified together."""
    epcis = Epci.objects.filter(territories__in=Territory.objects.all()).distinct()
    found = []
    for siren in epcis.values_list("siren", flat=True):
        stream = io.StringIO(geo_api.contours_of(siren))
        found += contours.shapes(stream, {*wanted, *former})
    return found


@transaction.atomic
def write(polygons, source):
    today = timezone.localdate()
    CommuneContour.objects.bulk_create(
        [
            CommuneContour(commune_id=code, polygons=shape, source=source[:200], loaded_on=today)
            for code, shape in polygons.items()
        ],
        update_conflicts=True,
        unique_fields=["commune"],
        update_fields=["polygons", "source", "loaded_on"],
    )
