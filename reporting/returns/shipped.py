"""The grids that come with Établi. None of the recipients has published an official one: each is a
proposal, said to be so wherever it shows, until a manager puts the recipient’s own in its place."""

import datetime

from reporting.returns import fields, records
from reporting.returns.grids import column_of, sheet_of

NOTICE = (
    "Grille proposée par Établi, à remplacer par celle du destinataire : aucune grille officielle "
    "n’a été publiée."
)
EVERY_FILE = "Tous les dossiers, ceux des fiches action et des projets clos compris."
APPLIES_FROM = datetime.date(2026, 1, 1)  # of the first version of each
REQUIRED = {"reference", "intitule", "porteur"}
# The columns of the national return: names never change, a new one goes at the end.
NATIONAL = (
    "territoire_code periode nature reference intitule porteur porteur_siren siret commune_insee "
    "commune epci_siren epci departement etape_code etape phase phase_statut meteo_code meteo "
    "compte axe_each axes filiere_code filiere investissement_prevu assiette_eligible "
    "aides_demandees aides_accordees aides_versees emplois_crees_prevus emplois_crees_constates "
    "emplois_maintenus_prevus emplois_maintenus_constates emplois_methode_code emplois_methode "
    "emplois_preuve emplois_constates_le budget_prevu budget_engage budget_depense avancement "
    "ouvert_le debut fin premier_engagement_le mis_a_jour_le attribution_code attribution"
)
REGION = (
    "reference intitule porteur porteur_siren siret commune_insee epci departement phase "
    "phase_statut axes filiere besoin investissement_prevu assiette_eligible aides_demandees "
    "aides_accordees aides_versees emplois_crees_prevus emplois_maintenus_prevus "
    "emplois_crees_constates emplois_maintenus_constates emplois_methode debut fin compte"
)
FUNDERS = (
    "financeur financeur_dossiers financeur_demande financeur_demande_inconnu financeur_accorde "
    "financeur_engage financeur_verse"
)
COMPANIES = (
    "entreprise entreprise_siren entreprise_siret entreprise_commune entreprise_epci "
    "entreprise_naf entreprise_tranche entreprise_tranche_annee entreprise_projets"
)
CRTE_ACTIONS = (
    "cadre_code cadre_intitule reference intitule axe_local pilote perimetre etape avancement "
    "debut fin budget_prevu budget_engage budget_depense partenaires_financiers"
)
CRTE_FILES = (
    "dossier_objet dossier_intitule dossier_porteur dossier_financeur dossier_dispositif "
    "dossier_statut dossier_demande dossier_accorde dossier_engage dossier_verse "
    "dossier_depose_le dossier_decide_le"
)
COT_ACTIONS = (
    "cadre cadre_code cadre_intitule intitule pilote perimetre etape_code avancement debut fin "
    "budget_prevu budget_depense partenaires besoin"
)
INDICATORS = (
    "indicateur_fiche indicateur_fiche_intitule indicateur indicateur_unite indicateur_definition "
    "indicateur_methode indicateur_depart indicateur_cible indicateur_cible_le indicateur_valeur "
    "indicateur_valeur_le indicateur_preuve"
)
EPCI = (
    "nature reference intitule porteur commune etape phase axes filiere investissement_prevu "
    "aides_demandees aides_accordees aides_versees emplois_crees_prevus emplois_crees_constates "
    "emplois_maintenus_prevus emplois_maintenus_constates budget_prevu debut fin mis_a_jour_le "
    "compte"
)
# What ADEME calls the statuses of a fiche; an example of a translated code list.
COT_STATUSES = {
    "a_venir": "À venir",
    "en_cours": "En cours",
    "en_retard": "En cours",
    "en_pause": "En pause",
    "bloque": "En pause",
    "abandonne": "Abandonné",
    "termine": "Réalisé",
}


def columns(names, required=(), **changed):
    return [
        column_of(
            fields.get(name),
            required=name in REQUIRED | set(required),
            **changed.get(name, {}),
        )
        for name in names.split()
    ]


def grid(*sheets, names=False, by_axis=False):
    return {"names": names, "by_axis": by_axis, "sheets": list(sheets)}


def shipped():
    """[(code, name, recipient, grid)] in the order of the page."""
    return [
        (
            "nationale", "Remontée nationale", "national",
            grid(
                sheet_of("remontee", "Remontée", records.PROJECTS_ACTIONS, columns(
                    NATIONAL, {"etape_code", "phase", "phase_statut"},
                    axe_each={"name": "axe"})),
                names=True, by_axis=True,
            ),
        ),
        (
            "region", "Remontée à la Région", "region",
            grid(
                sheet_of("projets", "Projets", records.PROJECTS, columns(
                    REGION, {"porteur_siren", "phase", "filiere", "investissement_prevu"})),
                sheet_of("aides", "Aides par financeur", records.FUNDERS, columns(FUNDERS),
                         note=EVERY_FILE),
                sheet_of("entreprises", "Entreprises", records.COMPANIES, columns(
                    COMPANIES, {"entreprise_siren"})),
                by_axis=False,
            ),
        ),
        (
            "crte", "Remontée à la préfecture et au SGAR (CRTE)", "etat",
            grid(
                sheet_of("actions", "Actions du CRTE", records.ACTIONS, columns(
                    CRTE_ACTIONS, {"cadre_code", "pilote", "budget_prevu"}), frameworks=["crte"],
                    note="Les fiches que le CRTE compte, sous son code et son intitulé."),
                sheet_of("dossiers", "Financements", records.FILES, columns(
                    CRTE_FILES, {"dossier_demande"}), note=EVERY_FILE),
                sheet_of("indicateurs", "Indicateurs", records.INDICATORS, columns(INDICATORS),
                         frameworks=["crte"]),
            ),
        ),
        (
            "cot", "Remontée à l’ADEME (COT)", "ademe",
            grid(
                sheet_of("actions", "Actions du COT", records.ACTIONS, columns(
                    COT_ACTIONS, {"cadre_code", "cadre_intitule", "pilote", "etape_code"},
                    etape_code={"label": "Statut", "name": "statut", "format": "text",
                                "codes": COT_STATUSES}),
                    frameworks=["cae", "eci"],
                    note="Seulement les fiches comptées dans les référentiels Climat-Air-Énergie "
                    "et Économie circulaire, sous leur code et leur intitulé."),
                sheet_of("indicateurs", "Indicateurs", records.INDICATORS, columns(
                    INDICATORS, {"indicateur_unite"}), frameworks=["cae", "eci"]),
            ),
        ),
        (
            "epci", "Retour à chaque EPCI", "epci",
            grid(
                sheet_of("epci", "EPCI", records.PROJECTS_ACTIONS, columns(EPCI), by_epci=True,
                         note="Ses projets, ses fiches, et celles qui valent pour tout le "
                         "territoire."),
            ),
        ),
    ]  # fmt: skip
