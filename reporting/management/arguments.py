"""What both reports ask of a command line."""

from django.core.management.base import CommandError

from crm.models import Territory


def add_territory(parser):
    parser.add_argument("--territory", required=True, help="identifiant, par exemple ti-7611")
    parser.add_argument("--period", help="période, par exemple 2023-2027 ; la plus récente sinon")


def territory_of(options):
    """The territory asked for, in its latest period unless one is named."""
    found = Territory.objects.filter(code=options["territory"]).order_by("-period")
    if options["period"]:
        found = found.filter(period=options["period"])
    territory = found.first()
    if territory is None:
        asked = " ".join(filter(None, (options["territory"], options["period"])))
        known = ", ".join(f"{code} {period}" for code, period in Territory.objects.values_list(
            "code", "period"
        ))  # fmt: skip
        raise CommandError(f"Territoire « {asked} » inconnu. Connus : {known or 'aucun'}.")
    return territory
