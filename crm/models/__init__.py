from crm.models.brands import Brand
from crm.models.geography import (
    Commune,
    CommuneContour,
    Departement,
    Epci,
    FormerCommune,
    NafCode,
    Region,
    WorkforceBand,
)
from crm.models.imports import ImportBatch
from crm.models.interactions import FollowUp, Interaction
from crm.models.interests import Interest
from crm.models.links import CardsLink, CardsMail
from crm.models.organisations import Contact, Organisation, Provenance, Site
from crm.models.projects import (
    PAIR,
    READABLE,
    Confidentiality,
    Project,
    StageChange,
)
from crm.models.references import (
    Framework,
    Health,
    LocalPriority,
    MeetingKind,
    NationalPriority,
    Reference,
    Sector,
    Stage,
    Theme,
)
from crm.models.reviews import Review, ReviewRequest, Sighting
from crm.models.territories import Membership, Role, Territory, TerritoryEpci, User
from crm.models.tokens import SCOPES, PartnerToken
from crm.models.usage import Usage

__all__ = [
    "PAIR",
    "READABLE",
    "SCOPES",
    "Brand",
    "CardsLink",
    "CardsMail",
    "Commune",
    "CommuneContour",
    "Confidentiality",
    "Contact",
    "Departement",
    "Epci",
    "FollowUp",
    "FormerCommune",
    "Framework",
    "Health",
    "ImportBatch",
    "Interaction",
    "Interest",
    "LocalPriority",
    "MeetingKind",
    "Membership",
    "NafCode",
    "NationalPriority",
    "Organisation",
    "PartnerToken",
    "Project",
    "Provenance",
    "Reference",
    "Region",
    "Review",
    "ReviewRequest",
    "Role",
    "Sector",
    "Sighting",
    "Site",
    "Stage",
    "StageChange",
    "Territory",
    "TerritoryEpci",
    "Theme",
    "Usage",
    "User",
    "WorkforceBand",
]
