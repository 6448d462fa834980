"""What a column of a return may say: one registry, over the same rows as every other figure.

A source says what it is of (projects, fiches, indicators, files, funders, companies, EPCI), reads
the rows of `reporting.returns.records`, and tells where its fact is filled.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from actions.models import Action
from crm.models import Framework, Health, NationalPriority, Project, Sector, Stage
from funding.models import Application
from reporting.figures import JOBS
from reporting.phases import phase, phase_status

PROJECT, ACTION, INDICATOR = "projet", "action", "indicateur"
HOLDER = {PROJECT: "holder", ACTION: "pilot"}
AXES = {PROJECT: "priorities", ACTION: "national_priorities"}
FILE, FUNDER, COMPANY, PLACE = "dossier", "financeur", "entreprise", "epci"
EUROS, BEFORE_TAX, FTE = "€", "€ HT", "ETP"


@dataclass(frozen=True)
class Source:
    """`of` reads a fact: {kind of record: (row, context) → value}.

    `codes(territory)` is the code list of its values; `is_spread` makes a column of each code,
    with 1 where the row has it. `asks` is the field of the form where the fact is filled.
    `expects(row)` is whether a row should say it: an empty cell of the others is no unknown.
    """

    key: str
    label: str
    of: dict[str, Callable]
    format: str = "text"
    width: float = 16
    unit: str = ""
    definition: str = ""
    codes: Callable | None = None
    is_spread: bool = False
    is_summed: bool = False
    asks: str | dict = ""
    expects: Callable | None = None

    def asked_in(self, record):
        """The field of the form of this record where the fact is filled, when there is one."""
        return self.asks if isinstance(self.asks, str) else self.asks.get(record.kind, "")

    def read(self, record, context):
        read = self.of.get(record.kind)
        return read(record.of, context) if read else None


_sources = {}


def register(*sources):
    _sources.update({source.key: source for source in sources})


def get(key):
    """None for what no version of Établi knows any more: an old grid may still name it."""
    return _sources.get(key)


def every(kinds=()):
    """Those that say something of one of these kinds of records, in their order."""
    return [one for one in _sources.values() if not kinds or set(kinds) & set(one.of)]


# Code lists -----------------------------------------------------------------------------------


def listed(model):
    return lambda territory: [(row.pk, row.label) for row in model.objects.of(territory)]


def chosen(choices):
    return lambda territory: [(str(value), label) for value, label in choices]


def stages_and_statuses(territory):
    return [*listed(Stage)(territory), *chosen(Action.Status.choices)(territory)]


PHASES = chosen((one, one) for one in ("Idée", "Étude", "Opération"))
PHASE_STATUSES = chosen(
    (one, one) for one in ("En cours", "En retard", "En pause", "Bloqué", "Abandonné", "Terminé")
)

# Shorthands -----------------------------------------------------------------------------------


def project(read):
    return {PROJECT: lambda row, context: read(row)}


def action(read):
    return {ACTION: lambda row, context: read(row)}


def both(read_project, read_action):
    return project(read_project) | action(read_action)


def same(read):
    return both(read, read)


def label(value):
    return value.label if value else None


def in_place(read):
    """Of the commune of the project, its own or that of its site."""
    return project(lambda row: read(row.place) if row.place else None)


def axes_of(row):
    return row.priorities.all() if isinstance(row, Project) else row.national_priorities.all()


def money(key, label, read, definition, asks="", unit=EUROS, expects=None):
    return Source(
        key, label, read, "money", 16, unit, definition, is_summed=True, asks=asks,
        expects=expects,
    )  # fmt: skip


def is_done(project):
    return project.stage.is_done


def has_files(project):
    return bool(project.applications.all())


def has_grant(project):
    """A file of the project was accepted: somebody knows how much."""
    return any(row.status == Application.Status.ACCEPTED for row in project.applications.all())


def in_framework(name):
    return {ACTION: lambda row, context: context.framework_words(row, name)}


# The fields -----------------------------------------------------------------------------------

register(
    Source(
        "territoire_code", "Territoire",
        {kind: lambda row, context: context.territory.code
         for kind in (PROJECT, ACTION, INDICATOR, FILE, FUNDER, COMPANY, PLACE)},
        width=11, definition="Identifiant du territoire d’industrie.",
    ),
    Source(
        "periode", "Période",
        {kind: lambda row, context: context.territory.period
         for kind in (PROJECT, ACTION, INDICATOR, FILE, FUNDER, COMPANY, PLACE)},
        width=11,
        definition="Période du programme : d’une à l’autre, les identifiants sont repris.",
    ),
    Source(
        "nature", "Nature",
        {PROJECT: lambda row, context: PROJECT, ACTION: lambda row, context: ACTION},
        width=9, definition="Projet d’un porteur, ou fiche action du plan.",
        codes=chosen([(PROJECT, "Projet"), (ACTION, "Fiche action")]),
    ),
    Source("reference", "Référence", both(lambda p: p.reference, lambda a: a.code), "code", 13,
           definition="Numéro du projet, ou code de la fiche dans le plan."),
    Source("intitule", "Intitulé", same(lambda row: row.title), "text", 38, asks="title"),
    Source("porteur", "Porteur ou pilote",
           both(lambda p: p.holder.name, lambda a: a.pilot and a.pilot.name), "text", 28,
           definition="Qui porte le projet, ou pilote la fiche.", asks=HOLDER),
    Source("porteur_siren", "SIREN",
           both(lambda p: p.holder.siren, lambda a: a.pilot and a.pilot.siren), "code", 12,
           asks=HOLDER),
    Source("siret", "SIRET du site", project(lambda p: p.site and p.site.siret), "code", 17,
           asks="site"),
    Source("commune_insee", "Commune (INSEE)", in_place(lambda c: c.pk), "code", 10,
           asks="commune"),
    Source("commune", "Commune", in_place(lambda c: c.name), "text", 20, asks="commune"),
    Source("epci_siren", "EPCI (SIREN)", in_place(lambda c: c.epci_id), "code", 12,
           asks="commune"),
    Source("epci", "EPCI", in_place(lambda c: c.epci and c.epci.name), "text", 30,
           asks="commune"),
    Source("departement", "Département", in_place(lambda c: c.departement_id), "code", 8,
           asks="commune"),
    Source("perimetre", "Périmètre (EPCI)", action(lambda a: [e.name for e in a.epcis.all()]),
           "text", 34, definition="EPCI que la fiche concerne.", asks="epcis"),
    Source("etape_code", "Étape ou statut (code)", both(lambda p: p.stage_id, lambda a: a.status),
           "code", 15, codes=stages_and_statuses, asks={ACTION: "status"}),
    Source("etape", "Étape ou statut",
           both(lambda p: p.stage.label, lambda a: a.get_status_display()), "text", 22),
    Source("phase", "Phase nationale", project(phase), "text", 11, codes=PHASES,
           definition="Schéma « Projets de collectivités » 0.1.0 : Idée, Étude ou Opération."),
    Source("phase_statut", "Statut de la phase",
           {PROJECT: lambda row, context: phase_status(row, today=context.today)}, "text", 12,
           codes=PHASE_STATUSES),
    Source("meteo_code", "Météo (code)", same(lambda row: row.health_id), "code", 11,
           codes=listed(Health), asks="health"),
    Source("meteo", "Météo", same(lambda row: label(row.health)), "text", 11, asks="health"),
    Source("compte", "Compté", project(lambda p: int(not p.is_closed)), "integer", 8,
           definition="1 si le projet entre dans les totaux : tout projet qui n’est pas clos sans "
           "effet."),
    Source("axe_each", "Axe",
           same(lambda row: [priority.pk for priority in axes_of(row)]), "integer", 12,
           definition="Une colonne par axe national, 1 si la ligne en relève. Une ligne de deux "
           "axes compte dans chacun.",
           codes=listed(NationalPriority), is_spread=True, asks=AXES),
    Source("axes", "Axes nationaux",
           same(lambda row: [priority.label for priority in axes_of(row)]), "text", 40,
           asks=AXES),
    Source("axes_codes", "Axes nationaux (codes)",
           same(lambda row: [priority.pk for priority in axes_of(row)]), "code", 24,
           codes=listed(NationalPriority), asks=AXES),
    Source("axe_local", "Action prioritaire locale", action(lambda a: a.priority.label), "text",
           28),
    Source("filiere_code", "Filière (code)", project(lambda p: p.sector_id), "code", 18,
           codes=listed(Sector), asks="sector"),
    Source("filiere", "Filière", project(lambda p: label(p.sector)), "text", 26, asks="sector"),
    Source("besoin", "Description", both(lambda p: p.need, lambda a: a.objectives), "wrap", 50,
           definition="Besoin du projet, ou objectifs de la fiche."),
    Source("attribution_code", "Notre part (code)", project(lambda p: p.attribution), "code", 12,
           codes=chosen(Project.Attribution.choices), asks="attribution",
           definition="Ce que l’équipe du territoire a fait pour le projet : détecté, orienté, "
           "monté avec nous, obtenu."),
    Source("attribution", "Notre part", project(lambda p: p.get_attribution_display()), "text",
           22, asks="attribution"),
    money("investissement_prevu", "Investissement prévu", project(lambda p: p.planned_investment),
          "Montant hors taxes déclaré par le porteur.", "planned_investment", BEFORE_TAX),
    money("assiette_eligible", "Assiette éligible", project(lambda p: p.eligible_costs),
          "Dépenses que les financeurs peuvent retenir.", "eligible_costs", BEFORE_TAX),
    money("aides_demandees", "Aides demandées", project(lambda p: p.requested_total),
          "Somme des montants demandés dans les dossiers du projet.", expects=has_files),
    money("aides_accordees", "Aides accordées", project(lambda p: p.granted_total),
          "Somme des montants notifiés.", expects=has_grant),
    money("aides_versees", "Aides versées", project(lambda p: p.paid_total),
          "Somme des versements notés.", expects=has_grant),
    *(
        Source(name, JOBS[column], project(lambda p, column=column: getattr(p, column)),
               "number", 12, FTE,
               "Équivalents temps plein. Prévus et constatés ne s’additionnent jamais.",
               is_summed=True, asks=column, expects=is_done if "observed" in column else None)
        for name, column in (
            ("emplois_crees_prevus", "jobs_created_planned"),
            ("emplois_crees_constates", "jobs_created_observed"),
            ("emplois_maintenus_prevus", "jobs_maintained_planned"),
            ("emplois_maintenus_constates", "jobs_maintained_observed"),
        )
    ),
    Source("emplois_methode_code", "Méthode (code)", project(lambda p: p.jobs_method), "code", 10,
           codes=chosen(Project.JobsMethod.choices), asks="jobs_method"),
    Source("emplois_methode", "Méthode du décompte",
           project(lambda p: p.get_jobs_method_display()), "text", 26, asks="jobs_method"),
    Source("emplois_preuve", "Preuve du décompte", project(lambda p: p.jobs_evidence), "text", 26,
           asks="jobs_evidence"),
    Source("emplois_constates_le", "Emplois constatés le", project(lambda p: p.jobs_observed_on),
           "date", asks="jobs_observed_on"),
    money("budget_prevu", "Budget prévu", action(lambda a: a.budget_planned),
          "Budget de la fiche, ses sous-actions comprises.", "budget_planned"),
    money("budget_engage", "Budget engagé", action(lambda a: a.budget_committed),
          "Ce que des conventions ou des marchés engagent.", "budget_committed"),
    money("budget_depense", "Budget dépensé", action(lambda a: a.budget_spent),
          "Ce qui est payé.", "budget_spent"),
    Source("avancement", "Avancement (%)", action(lambda a: a.progress), "integer", 11, "%",
           asks="progress"),
    Source("ouvert_le", "Ouvert le", project(lambda p: p.opened_on), "date", 12),
    Source("debut", "Début", same(lambda row: row.starts_on), "date", 12, asks="starts_on"),
    Source("fin", "Fin", same(lambda row: row.ends_on), "date", 12, asks="ends_on"),
    Source("premier_engagement_le", "Premier engagement ferme",
           project(lambda p: p.first_commitment_on), "date", 12, asks="first_commitment_on"),
    Source("mis_a_jour_le", "Mis à jour le",
           same(lambda row: timezone.localtime(row.updated_at).date()), "date", 12),
    Source("pilote", "Pilote", action(lambda a: a.pilot and a.pilot.name), "text", 28,
           asks="pilot"),
    Source("partenaires", "Partenaires techniques",
           action(lambda a: [o.name for o in a.partners.all()]), "text", 34),
    Source("partenaires_financiers", "Partenaires financiers",
           action(lambda a: [o.name for o in a.financial_partners.all()]), "text", 34),
    Source("beneficiaires", "Bénéficiaires", action(lambda a: a.beneficiaries), "text", 28,
           asks="beneficiaries"),
    Source("cadre", "Référentiel ou cadre", in_framework("framework"), "text", 12,
           codes=listed(Framework), definition="Le cadre où la fiche est comptée."),
    Source("cadre_code", "Code dans le cadre", in_framework("code"), "code", 14,
           definition="Code de la fiche dans le référentiel ou le contrat du destinataire."),
    Source("cadre_intitule", "Intitulé dans le cadre", in_framework("title"), "text", 40,
           definition="Intitulé que le destinataire donne à la fiche."),
)  # fmt: skip


def indicator(read):
    return {INDICATOR: lambda row, context: read(row)}


def latest(read):
    return indicator(lambda row: read(row.latest) if row.latest else None)


register(
    Source("indicateur_fiche", "Fiche (code)", indicator(lambda i: i.action.code), "code", 12),
    Source("indicateur_fiche_intitule", "Fiche", indicator(lambda i: i.action.title), "text", 34),
    Source("indicateur", "Indicateur", indicator(lambda i: i.label), "text", 38, asks="label"),
    Source("indicateur_unite", "Unité", indicator(lambda i: i.unit), "text", 14, asks="unit"),
    Source("indicateur_definition", "Définition", indicator(lambda i: i.definition), "wrap", 40,
           asks="definition"),
    Source("indicateur_methode", "Méthode", indicator(lambda i: i.method), "wrap", 30,
           asks="method"),
    Source("indicateur_depart", "Valeur de départ", indicator(lambda i: i.baseline), "number", 12,
           asks="baseline"),
    Source("indicateur_cible", "Cible", indicator(lambda i: i.target), "number", 12,
           asks="target"),
    Source("indicateur_cible_le", "Échéance de la cible", indicator(lambda i: i.target_on),
           "date", 12, asks="target_on"),
    Source("indicateur_valeur", "Dernière valeur", latest(lambda v: v.value), "number", 12,
           definition="La plus récente des valeurs datées."),
    Source("indicateur_valeur_le", "Constatée le", latest(lambda v: v.observed_on), "date", 12),
    Source("indicateur_preuve", "Preuve", latest(lambda v: v.evidence), "text", 30),
)  # fmt: skip


def is_accepted(file):
    return file.status == Application.Status.ACCEPTED


def file(read):
    return {FILE: lambda row, context: read(row)}


register(
    Source("dossier_objet", "Projet ou fiche", file(lambda f: f.subject_code), "code", 13),
    Source("dossier_intitule", "Intitulé", file(lambda f: f.subject.title), "text", 36),
    Source("dossier_porteur", "Porteur", file(lambda f: f.holder and f.holder.name), "text", 28),
    Source("dossier_financeur", "Financeur", file(lambda f: f.program.funder.short_name), "text",
           20),
    Source("dossier_dispositif", "Dispositif", file(lambda f: f.program.name), "text", 38),
    Source("dossier_statut_code", "Statut (code)", file(lambda f: f.status), "code", 16,
           codes=chosen(Application.Status.choices), asks="status"),
    Source("dossier_statut", "Statut", file(lambda f: f.get_status_display()), "text", 16),
    money("dossier_demande", "Montant demandé", file(lambda f: f.amount_requested),
          "Ce que le dossier demande.", "amount_requested"),
    money("dossier_accorde", "Montant accordé", file(lambda f: f.amount_granted),
          "Ce que la décision accorde.", "amount_granted", expects=is_accepted),
    money("dossier_engage", "Montant engagé", file(lambda f: f.amount_committed),
          "Ce que la convention engage.", expects=is_accepted),
    money("dossier_verse", "Montant versé", file(lambda f: f.amount_paid),
          "Ce qui a été versé.", expects=is_accepted),
    Source("dossier_depose_le", "Déposé le", file(lambda f: f.filed_on), "date", 12,
           asks="filed_on"),
    Source("dossier_decide_le", "Décidé le", file(lambda f: f.decided_on), "date", 12,
           asks="decided_on"),
)  # fmt: skip


def funder(read):
    return {FUNDER: lambda row, context: read(row)}


register(
    Source("financeur", "Financeur", funder(lambda line: line.label), "text", 28),
    Source("financeur_dossiers", "Dossiers", funder(lambda line: line.count), "integer", 10,
           is_summed=True),
    money("financeur_demande", "Demandé", funder(lambda line: line.requested),
          "Somme des montants connus de tous les dossiers.",
          expects=lambda line: line.requested_unknown),
    Source("financeur_demande_inconnu", "Demandé, à confirmer",
           funder(lambda line: line.requested_unknown), "integer", 12, is_summed=True),
    money("financeur_accorde", "Accordé", funder(lambda line: line.granted),
          "Somme des montants connus.",
          expects=lambda line: line.granted_unknown),
    money("financeur_engage", "Engagé", funder(lambda line: line.committed),
          "Somme des montants connus.",
          expects=lambda line: line.committed_unknown),
    money("financeur_verse", "Versé", funder(lambda line: line.paid),
          "Somme des montants connus.",
          expects=lambda line: line.paid_unknown),
)  # fmt: skip


def company(read):
    return {COMPANY: lambda row, context: read(row)}


def head_site(read):
    return company(lambda o: read(o.head_site) if o.head_site else None)


register(
    Source("entreprise", "Entreprise", company(lambda o: o.name), "text", 34, asks="name"),
    Source("entreprise_siren", "SIREN", company(lambda o: o.siren), "code", 12, asks="siren"),
    Source("entreprise_siret", "SIRET", head_site(lambda s: s.siret), "code", 17),
    Source("entreprise_commune", "Commune (INSEE)", head_site(lambda s: s.commune_id), "code", 10),
    Source("entreprise_epci", "EPCI",
           head_site(lambda s: s.commune and s.commune.epci and s.commune.epci.name), "text", 30),
    Source("entreprise_naf", "NAF rév. 2", head_site(lambda s: s.naf_rev2), "code", 10),
    Source("entreprise_tranche", "Tranche d’effectif",
           head_site(lambda s: label(s.workforce_band)), "text", 20),
    Source("entreprise_tranche_annee", "Année de la tranche",
           head_site(lambda s: s.workforce_year and str(s.workforce_year)), "text", 11),
    Source("entreprise_projets", "Projets", company(lambda o: o.project_count), "integer", 10,
           definition="Projets de l’entreprise que ce niveau de lecture montre.", is_summed=True),
)  # fmt: skip
