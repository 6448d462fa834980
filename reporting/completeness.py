"""What is missing or contradicts itself before a report is sent: each line names its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from actions.models import Action
from crm.models import Project
from funding.models import Application
from reporting.phases import PHASES, PIPELINE, farthest_stage
from reporting.returns.twins import twins
from reporting.rows import action_rows, project_rows

MISSING, CONTRADICTION = "Manque", "Incohérence"
# Which columns of a return each finding is about (`reporting.returns.fields`): a return that has
# none of them does not ask for it.
CONCERNS = {
    "Axe national": "axe_each axes axes_codes",
    "SIREN du porteur": "porteur_siren",
    "SIRET de l’établissement": "siret",
    "Commune": "commune_insee commune epci_siren epci departement",
    "Filière": "filiere_code filiere",
    "Investissement prévu": "investissement_prevu",
    "Emplois créés, prévus": "emplois_crees_prevus",
    "Date de début": "debut",
    "Assiette éligible": "assiette_eligible",
    "Montant accordé": "aides_accordees",
    "Emplois créés, constatés": "emplois_crees_constates",
    "Méthode du décompte des emplois": "emplois_methode_code emplois_methode",
    "Preuve du décompte des emplois": "emplois_preuve",
    "Date du constat des emplois": "emplois_constates_le",
    "Phase nationale": "phase phase_statut",
    "Aides demandées": "aides_demandees",
    "Aides accordées": "aides_accordees",
    "Aides versées": "aides_versees",
    "Premier engagement ferme": "premier_engagement_le",
    "Étape": "etape_code etape phase",
    "Date de fin": "fin phase_statut",
    "Emplois constatés": "emplois_crees_constates emplois_maintenus_constates",
    "Emplois comptés deux fois": "emplois_crees_prevus emplois_crees_constates "
    "emplois_maintenus_prevus emplois_maintenus_constates",
    "Pilote": "pilote porteur",
    "Budget prévu": "budget_prevu",
    "Avancement": "avancement",
    "Indicateur": "indicateur",
    "Cible de l’indicateur": "indicateur_cible",
    "Statut": "etape_code etape",
    "Budget dépensé": "budget_depense",
}


@dataclass(frozen=True)
class Rule:
    """`fails(row, context)` is true when the row must be mended before it is reported.

    `why` is a sentence, or what makes one of the row where it names another.
    """

    kind: str
    field: str
    why: str | Callable
    fails: Callable

    def said(self, row, context):
        return self.why if isinstance(self.why, str) else self.why(row, context)


@dataclass(frozen=True)
class Gap:
    nature: str
    row: Project | Action
    reference: str
    title: str
    kind: str
    field: str
    why: str
    url: str


def has_reached(project, code):
    """Whether the project, or the stage it was in before its pause, is at `code` or farther."""
    stage = farthest_stage(project)
    return stage in PIPELINE and PIPELINE.index(stage) >= PIPELINE.index(code)


def exceeds(amount, limit):
    return amount is not None and limit is not None and amount > limit


def committed_before_filing(project):
    return project.first_commitment_on and any(
        row.program.incentive_effect and row.filed_on and row.filed_on > project.first_commitment_on
        for row in project.applications.all()
    )


def is_granted(project):
    return any(row.status == Application.Status.ACCEPTED for row in project.applications.all())


def counted_twice(project, context):
    """Which other project counts them too, and which jobs."""
    return " ".join(
        f"Même entreprise, même période que {other.reference} « {other.title} » : les "
        f"{' et les '.join(both)} sont peut-être les mêmes."
        for other, both in context.twins[project.pk]
    )


PROJECT_RULES = [
    Rule(
        MISSING, "Axe national", "Les totaux nationaux se lisent par axe.",
        lambda p, c: not p.priorities.all(),
    ),
    Rule(
        MISSING, "SIREN du porteur", "Sans lui, les aides ne se rapprochent pas des financeurs.",
        lambda p, c: not p.holder.siren,
    ),
    Rule(
        MISSING, "SIRET de l’établissement", "Il localise le projet et l’effectif concerné.",
        lambda p, c: p.holder.is_company and not (p.site and p.site.siret),
    ),
    Rule(
        MISSING, "Commune", "Elle rattache le projet à un EPCI du territoire.",
        lambda p, c: p.place is None,
    ),
    Rule(
        MISSING, "Filière", "La remontée compte les projets par filière.",
        lambda p, c: not p.sector_id,
    ),
    Rule(
        MISSING, "Investissement prévu", "Un projet qualifié porte un montant.",
        lambda p, c: has_reached(p, "qualifie") and p.planned_investment is None,
    ),
    Rule(
        MISSING, "Emplois créés, prévus", "Écrivez 0 si le projet n’en crée pas.",
        lambda p, c: has_reached(p, "qualifie") and p.jobs_created_planned is None,
    ),
    Rule(
        MISSING, "Date de début", "Un projet qualifié a un calendrier.",
        lambda p, c: has_reached(p, "qualifie") and p.starts_on is None,
    ),
    Rule(
        MISSING, "Assiette éligible", "Elle plafonne l’aide que le projet peut recevoir.",
        lambda p, c: has_reached(p, "en_montage") and p.eligible_costs is None,
    ),
    Rule(
        MISSING, "Montant accordé", "Le financement est dit accordé, sans montant.",
        lambda p, c: farthest_stage(p) == "accorde" and p.granted_total is None,
    ),
    Rule(
        MISSING, "Emplois créés, constatés", "Le projet est achevé : les emplois se constatent.",
        lambda p, c: p.stage.is_done and p.jobs_created_observed is None,
    ),
    Rule(
        MISSING, "Méthode du décompte des emplois",
        "Un emploi constaté sans méthode ne se vérifie pas.",
        lambda p, c: c.observed(p) and not p.jobs_method,
    ),
    Rule(
        MISSING, "Preuve du décompte des emplois", "Un emploi constaté sans preuve se conteste.",
        lambda p, c: c.observed(p) and not p.jobs_evidence,
    ),
    Rule(
        MISSING, "Date du constat des emplois", "Un décompte vaut à sa date.",
        lambda p, c: c.observed(p) and not p.jobs_observed_on,
    ),
    Rule(
        MISSING, "Phase nationale", "Cette étape, ajoutée ici, n’a pas d’équivalent national.",
        lambda p, c: farthest_stage(p) not in PHASES,
    ),
    Rule(
        CONTRADICTION, "Commune", "La commune est hors du périmètre du territoire.",
        lambda p, c: p.place is not None and p.place.epci_id not in c.epcis,
    ),
    Rule(
        CONTRADICTION, "Assiette éligible", "L’assiette dépasse l’investissement prévu.",
        lambda p, c: exceeds(p.eligible_costs, p.planned_investment),
    ),
    Rule(
        CONTRADICTION, "Aides demandées", "Les aides demandées dépassent l’assiette éligible.",
        lambda p, c: exceeds(p.requested_total, p.eligible_costs),
    ),
    Rule(
        CONTRADICTION, "Aides accordées", "Les aides accordées dépassent les aides demandées.",
        lambda p, c: exceeds(p.granted_total, p.requested_total),
    ),
    Rule(
        CONTRADICTION, "Aides versées", "Les aides versées dépassent les aides accordées.",
        lambda p, c: exceeds(p.paid_total, p.granted_total),
    ),
    Rule(
        CONTRADICTION, "Premier engagement ferme",
        "L’engagement précède une demande qui devait venir avant lui.",
        lambda p, c: committed_before_filing(p),
    ),
    Rule(
        CONTRADICTION, "Étape", "Un dossier est accepté, l’étape ne le dit pas.",
        lambda p, c: is_granted(p) and not has_reached(p, "accorde"),
    ),
    Rule(
        CONTRADICTION, "Date de fin", "La fin prévue est passée, le projet n’est pas achevé.",
        lambda p, c: p.ends_on and p.ends_on < c.today and not p.stage.is_done,
    ),
    Rule(
        CONTRADICTION, "Aides accordées", "Les aides accordées dépassent l’investissement prévu.",
        lambda p, c: exceeds(p.granted_total, p.planned_investment),
    ),
    Rule(
        CONTRADICTION, "Emplois constatés",
        "Des emplois sont constatés, le projet n’est pas achevé.",
        lambda p, c: c.observed(p) and not p.stage.is_done,
    ),
    Rule(
        CONTRADICTION, "Emplois comptés deux fois",
        lambda p, c: counted_twice(p, c),
        lambda p, c: p.pk in c.twins,
    ),
]  # fmt: skip

ACTION_RULES = [
    Rule(
        MISSING, "Pilote", "Une action sans pilote n’avance pas.",
        lambda a, c: not a.pilot_id,
    ),
    Rule(
        MISSING, "Axe national", "Les totaux nationaux se lisent par axe.",
        lambda a, c: not a.national_priorities.all(),
    ),
    Rule(
        MISSING, "Budget prévu", "Écrivez 0 si l’action ne coûte rien.",
        lambda a, c: a.budget_planned is None,
    ),
    Rule(
        MISSING, "Date de début", "Le calendrier du plan s’y lit.",
        lambda a, c: a.starts_on is None,
    ),
    Rule(
        MISSING, "Avancement", "L’action a commencé : de combien a-t-elle avancé ?",
        lambda a, c: a.status != Action.Status.UPCOMING and a.progress is None,
    ),
    Rule(
        MISSING, "Indicateur", "Sans indicateur, le résultat ne s’évalue pas.",
        lambda a, c: not a.indicators.all(),
    ),
    Rule(
        MISSING, "Cible de l’indicateur", "Un indicateur sans cible ne dit pas si l’on réussit.",
        lambda a, c: any(row.target is None for row in a.indicators.all()),
    ),
    Rule(
        CONTRADICTION, "Avancement", "L’action est terminée, l’avancement n’est pas de 100 %.",
        lambda a, c: a.status == Action.Status.DONE and a.progress not in {None, 100},
    ),
    Rule(
        CONTRADICTION, "Statut", "La fin est passée, l’action n’est ni terminée ni en retard.",
        lambda a, c: a.ends_on and a.ends_on < c.today
        and a.status in {Action.Status.UPCOMING, Action.Status.ONGOING},
    ),
    Rule(
        CONTRADICTION, "Budget dépensé", "La dépense dépasse le budget prévu.",
        lambda a, c: exceeds(a.budget_spent, a.budget_planned),
    ),
]  # fmt: skip


class Completeness:
    """Gaps of what a reading lists, in the order of its rows: projects, then fiches."""

    def __init__(self, figures):
        self.figures = figures
        self.today = figures.today
        self.twins = {}
        self.epcis = set(figures.territory.epcis.values_list("pk", flat=True))

    @staticmethod
    def observed(project):
        return (project.jobs_created_observed or 0) + (project.jobs_maintained_observed or 0) > 0

    def gaps(self, projects=None, actions=None):
        projects = project_rows(self.figures) if projects is None else projects
        self.twins = twins(projects)
        actions = action_rows(self.figures) if actions is None else actions
        return [
            *(
                Gap("projet", row, row.reference, row.title, rule.kind, rule.field,
                    rule.said(row, self), reverse("crm:project_edit", args=[row.pk]))
                for row in projects if not row.is_closed
                for rule in PROJECT_RULES if rule.fails(row, self)
            ),
            *(
                Gap("action", row, row.code, row.title, rule.kind, rule.field,
                    rule.said(row, self), reverse("actions:action_edit", args=[row.pk]))
                for row in actions if row.status != Action.Status.DROPPED
                for rule in ACTION_RULES if rule.fails(row, self)
            ),
        ]  # fmt: skip
