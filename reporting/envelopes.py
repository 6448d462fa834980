"""Envelope scenarios as a file: one line for each thing kept, then the figures of each envelope."""

from dataclasses import dataclass, field

from funding.envelope_facts import Candidate, compared
from reporting.columns import Column

STATES = {"whole": "en entier", "part": "en partie", "nothing": "rien", "unknown": "à confirmer"}


@dataclass(frozen=True)
class Row:
    """What one candidate is in each envelope; without candidate, one figure of each of them."""

    label: str
    values: list
    candidate: Candidate | None = None
    choices: list = field(default_factory=list)

    @property
    def file(self):
        return self.candidate and self.candidate.file

    def amount(self, at):
        if not self.candidate:
            return self.values[at]
        return self.choices[at].share.amount if self.choices[at] else None

    def paid(self, at):
        return self.choices[at].share.paid if self.candidate and self.choices[at] else None

    def state(self, at):
        if not self.candidate:
            return None
        return STATES[self.choices[at].share.state] if self.choices[at] else "non retenu"


def rows(readings):
    kept = [
        Row(candidate.subject.title, [], candidate, choices)
        for candidate, choices in compared(readings)
    ]
    figures = {
        "Enveloppe": [one.envelope.amount for one in readings],
        "Retenu": [one.spending.used for one in readings],
        "Montants à confirmer": [one.spending.unknown for one in readings],
        "Reste": [one.spending.left for one in readings],
        "Projets": [len(one.projects) for one in readings],
        "Emplois à créer, prévus": [one.jobs for one in readings],
        "Aide par emploi prévu": [one.aid_per_job for one in readings],
    }
    return kept + [Row(label, values) for label, values in figures.items()]


def columns(readings):
    def of(read):
        return lambda row: read(row) if row.candidate else None

    def of_file(read):
        return lambda row: read(row.file) if row.file else None

    common = [
        Column("Projet, fiche ou chiffre", lambda row: row.label, "text", 38),
        Column("Porteur ou pilote", of(lambda row: row.candidate.holder), "text", 28),
        Column("Financeur", of_file(lambda file: file.program.funder.short_name), "text", 18),
        Column("Dispositif", of_file(lambda file: file.program.name), "text", 36),
        Column("Statut", of_file(lambda file: file.get_status_display()), "text", 16),
        Column("Demandé ou attendu", of(lambda row: row.candidate.amount), "money", 16),
    ]
    for at, reading in enumerate(readings):
        title = reading.envelope.title
        common += [
            Column(f"{title}, retenu", lambda row, at=at: row.amount(at), "number", 16),
            Column(f"{title}, payé", lambda row, at=at: row.paid(at), "money", 16),
            Column(f"{title}, état", lambda row, at=at: row.state(at), "text", 14),
        ]
    return common
