"""Fictitious catalogues in the shape of the three sources."""

import csv
import io
import json

NEXT_YEAR = "31/12/2027"


def transition(**fields):
    """One program as Mission Transition publishes it; numbers may be texts."""
    return {
        "id": "diag-copeaux",
        "titre": "Diag Copeaux",
        "promesse": "Faites mesurer vos pertes de matière",
        "description": "Un conseiller mesure vos **pertes**.\n\n- sur site\n- en trois jours",
        "début de validité": "01/02/2026",
        "fin de validité": NEXT_YEAR,
        "opérateur de contact": "Agence des Copeaux",
        "url": "https://exemple.fr/diag-copeaux ",
        "nature de l'aide": "financement",
        "montant du financement": "Jusqu'à 50 000 €",
        "objectifs": [
            {"description": "Déposez.", "liens": [{"lien": "https://exemple.fr/d", "texte": "ici"}]}
        ],
        "conditions d'éligibilité": {
            "taille de l'entreprise": ["Plus de 20 salariés", "Non éligible aux micro-entreprises"],
            "secteur géographique": ["Occitanie"],
            "secteur d'activité": ["Tous secteurs d’activité"],
            "nombre d'années d'activité": ["Au moins 3 ans d’activité"],
            "autres critères d'éligibilité": ["Avoir réalisé un bilan matière de moins de 2 ans"],
        },
        "eligibilityData": {
            "company": {
                "minEmployees": "20",
                "excludeMicroentrepreneur": True,
                "allowedNafSections": ["C"],
                "allowedRegion": ["Occitanie"],
            },
            "questionnaire": {"priorityObjectives": ["waste"]},
        },
        **fields,
    }


GOUV_COLUMNS = [
    *("id", "titre", "promesse", "description", "eligibilite", "types_aides", "porteurs"),
    *("programmes_parents", "url_source", "cibles", "eligibilite_geographique"),
    *("eligibilite_geographique_exclusions", "date_ouverture", "date_cloture"),
    "date_mise_a_jour",
]


def gouv(**fields):
    """One row of the data.gouv CSV: cells of several lines, instants of the evening before."""
    return {
        "id": "5a1c0000-0000-4000-8000-000000000001",
        "titre": "Prêt Atelier propre",
        "promesse": "Financez un atelier propre",
        "description": "Un prêt pour votre atelier.\n\nMontant de l'aide ou cout: Jusqu'à 80 000 €",
        "eligibilite": "Eligibilité Sectorielle : Industrie\n"
        "Eligibilité en fonction du nombre de salariés: Toutes tailles\n\n"
        " Autres conditions d'éligibilité :\n- Être à jour de ses cotisations",
        "types_aides": "prêt",
        "porteurs": json.dumps(
            [
                {"nom": "Relais des Ateliers", "siren": "", "roles": ["diffuseur"]},
                {"nom": "Caisse des Ateliers", "siren": "", "roles": ["instructeur", "financeur"]},
            ]
        ),
        "programmes_parents": "Plan Ateliers",
        "url_source": "https://exemple.fr/atelier",
        "cibles": "professionnels|associations",
        "eligibilite_geographique": "REG-76|DEP-40",
        "eligibilite_geographique_exclusions": "",
        "date_ouverture": "2026-01-31T23:00:00.000Z",
        "date_cloture": "2027-12-30T23:00:00.000Z",
        "date_mise_a_jour": "2026-09-29T15:10:04.842Z",
        **fields,
    }


def territoires(**fields):
    """One aid as the API of Aides-territoires tells it."""
    return {
        "id": 4242,
        "slug": "abcd-requalifier-une-halle",
        "url": "/aides/abcd-requalifier-une-halle/",
        "name": "Requalifier une halle",
        "name_initial": "Requalification des halles",
        "short_title": None,
        "financers": ["Département imaginaire"],
        "instructors": ["Préfectures de département"],
        "programs": ["Plan Halles"],
        "description": "<p>Remettre une <b>halle</b> en usage.</p><script>alert(1)</script>",
        "eligibility": "<ul><li>Halle vacante depuis 2 ans</li><li>Avis de l'architecte</li></ul>",
        "perimeter": "Occitanie",
        "perimeter_scale": "Région",
        "mobilization_steps": ["Réflexion / conception", "Mise en œuvre / réalisation"],
        "origin_url": "https://exemple.fr/halles",
        "application_url": "javascript:alert(1)",
        "categories": ["Aménagement|Foncier"],
        "is_call_for_project": False,
        "targeted_audiences": ["Communes", "Intercommunalités / Pays"],
        "aid_types": ["Subvention"],
        "is_charged": False,
        "destinations": ["Dépenses d’investissement"],
        "start_date": "2026-01-01",
        "predeposit_date": None,
        "submission_deadline": "2027-06-30",
        "subvention_rate_lower_bound": 10,
        "subvention_rate_upper_bound": 40,
        "subvention_comment": "selon la commune",
        "recurrence": "Ponctuelle",
        "date_updated": "2026-10-01T08:00:00+02:00",
        **fields,
    }


def as_json(*rows):
    return json.dumps(rows, ensure_ascii=False).encode()


def as_csv(*rows, columns=GOUV_COLUMNS, delimiter=","):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


SHEET = {
    "Nom": "Moderniser un atelier communal",
    "Programmes": "Plan Ateliers",
    "Nom initial": "Ateliers communaux",
    "Porteurs d'aides": "Région imaginaire",
    "Instructeurs": "",
    "Bénéficiaires de l'aide": "Commune, Intercommunalité / Pays",
    "Types d'aide": "Subvention, Prêt",
    "Taux de subvention, min. et max. (en %, nombre entier)": "10,22",
    "Taux de subvention (commentaire optionnel)": "selon le projet",
    "Appel à projet / Manifestation d'intérêt": "oui",
    "Description complète de l'aide et de ses objectifs": "Première ligne\n\nSuite",
    "Exemples de projets réalisables": "",
    "Sous-thématiques": "Equipement public, Eau potable",
    "Récurrence": "Ponctuelle",
    "Date d'ouverture": "04/07/26",
    "Date de clôture": "04/10/27",
    "Éligibilité": "Atelier ouvert\nà tous",
    "État d'avancement du projet pour bénéficier du dispositif": "Réflexion / conception",
    "Types de dépenses / actions couvertes": "Dépenses d’investissement",
    "Périmètre": "71016",
    "URL d'origine": "https://exemple.fr/ateliers",
    "Lien vers une démarche en ligne": "",
    "Contact": "",
}


def as_workbook(*rows):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(list(SHEET))
    for row in rows:
        book.active.append(list(row.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
