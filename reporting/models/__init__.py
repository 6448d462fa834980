from reporting.freezing import fingerprint
from reporting.models.editions import Edition, EditionFile, EditionQuerySet, Readers
from reporting.models.exchange import ExchangedProject, ProjectImport
from reporting.models.places import IndustrialJobs
from reporting.models.returns import MappingVersion, ReturnMapping, Sending, SendingFile

__all__ = [
    "Edition",
    "EditionFile",
    "EditionQuerySet",
    "ExchangedProject",
    "IndustrialJobs",
    "MappingVersion",
    "ProjectImport",
    "Readers",
    "ReturnMapping",
    "Sending",
    "SendingFile",
    "fingerprint",
]
