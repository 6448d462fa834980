"""The synergies as a file: the names where both sites agreed, or for the team that follows them."""

from actions.collective.flow_matching import MET, UNKNOWN, UNMET
from actions.collective.streams import Callings, Streams
from actions.models import Synergy, SynergySaving
from crm.perms import can_work_in_team
from reporting.columns import Column

VERDICTS = {MET: "possible", UNKNOWN: "à confirmer", UNMET: "peu probable"}


def synergies(viewer, territory):
    rows = Synergy.objects.visible_to(viewer).filter(territory=territory)
    return rows.for_list().with_savings()


class Naming:
    """How each site is called in a file that `viewer` takes away."""

    def __init__(self, viewer, territory):
        self.in_team = can_work_in_team(viewer, territory)
        self.callings = Callings(viewer, territory)

    def site(self, flow, *, is_agreed):
        if is_agreed or self.in_team:
            return flow.site.organisation.name
        return self.callings.of(flow.site.organisation_id)

    def place(self, flow, *, is_agreed):
        """A commune would name the only plant of a village."""
        if not (is_agreed or self.in_team) or not flow.site.commune_id:
            return None
        return flow.site.commune.name

    def words(self, flow, *, is_agreed):
        """What the flow is, as the team wrote it: it may name the site."""
        return flow.label if self.in_team else flow.get_kind_display()

    def columns(self):
        def told(read, side):
            return lambda s: read(getattr(s, side), is_agreed=s.is_agreed)

        return [
            Column("N°", lambda s: s.pk, "integer", 7),
            Column("Nature", lambda s: s.source.get_kind_display(), "text", 14),
            Column("État", lambda s: s.get_status_display(), "text", 13),
            Column("Depuis", lambda s: s.status_since, "date", 12),
            Column("Motif", lambda s: s.reason if self.in_team else None, "text", 24),
            Column("Site qui propose", told(self.site, "source"), "text", 32),
            Column("Commune de qui propose", told(self.place, "source"), "text", 20),
            Column("Ce qu’il propose", told(self.words, "source"), "text", 28),
            Column("Site qui cherche", told(self.site, "need"), "text", 32),
            Column("Commune de qui cherche", told(self.place, "need"), "text", 20),
            Column("Ce qu’il cherche", told(self.words, "need"), "text", 28),
            Column("Accord de qui propose", lambda s: s.source_agreed_on, "date", 13),
            Column("Accord de qui cherche", lambda s: s.need_agreed_on, "date", 13),
            Column("Noms", self.who_reads, "text", 22),
            *(
                saved(nature, unit)
                for unit in SynergySaving.Unit
                for nature in SynergySaving.Nature
            ),
            Column("Fiche", lambda s: s.action and s.action.code, "code", 9),
        ]

    def who_reads(self, synergy):
        if synergy.is_agreed:
            return "accord des deux sites"
        return "pour l’équipe seulement" if self.in_team else "non montrés"

    def match_columns(self):
        def told(read, side):
            return lambda line: read(getattr(line, side), is_agreed=line.names_shown)

        return [
            Column("Nature", lambda line: line.source.get_kind_display(), "text", 14),
            Column("Vraisemblance", lambda line: VERDICTS[line.match.verdict], "text", 14),
            Column("Site qui propose", told(self.site, "source"), "text", 32),
            Column("Ce qu’il propose", told(self.words, "source"), "text", 28),
            Column("Site qui cherche", told(self.site, "need"), "text", 32),
            Column("Ce qu’il cherche", told(self.words, "need"), "text", 28),
            Column("Distance", lambda line: line.far, "text", 22),
            Column("Part du besoin couverte", covered, "percent", 12),
            Column("Pour", reasons(MET), "text", 50),
            Column("Contre", reasons(UNMET), "text", 40),
            Column("À demander", lambda line: " ".join(line.match.questions), "text", 50),
        ]

    def saving_columns(self):
        return [
            Column("N° de la synergie", lambda s: s.synergy_id, "integer", 9),
            Column("Nature", lambda s: s.get_nature_display(), "text", 14),
            Column("Année", lambda s: s.year, "code", 8),
            Column("Gain", lambda s: s.amount, "number", 13),
            Column("Unité", lambda s: s.get_unit_display(), "text", 14),
            Column("Preuve ou méthode", self.evidence, "text", 50),
        ]

    def evidence(self, saving):
        """An invoice names those whose it is."""
        return saving.evidence if self.in_team or saving.synergy.is_agreed else None


def saved(nature, unit):
    name = f"{nature}_{unit}"
    return Column(f"{unit.label}, {nature.label.lower()}", lambda s: getattr(s, name), "number", 13)


def covered(line):
    """In percent; more than the whole need is the whole need."""
    share = line.match.coverage
    return None if share is None else min(share, 1) * 100


def reasons(state):
    return lambda line: "\u00a0; ".join(
        f"{one.name.lower()}\u00a0: {one.said}" for one in line.match.criteria if one.state == state
    )


def sheets_beside(viewer, territory, naming):
    """What stands beside the synergies in their workbook, for exactly these synergies: their gains
    line by line; and the pistes of the territory."""

    def sheets(rows):
        keys = rows.order_by().values("pk")
        gains = SynergySaving.objects.filter(synergy__in=keys).select_related("synergy")
        streams = Streams(viewer, territory)
        return [
            ("Gains", naming.saving_columns(), gains.order_by("synergy", "unit", "nature", "year")),
            ("Pistes", naming.match_columns(), streams.lines(streams.matches())),
        ]

    return sheets
