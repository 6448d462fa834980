"""What another tool may read: the projects and the fiches at the level of the partners."""

import csv
import io
import json

from actions.models import FrameworkCode
from reporting.columns import DANGEROUS
from reporting.exchange import schema
from reporting.figures import Figures
from reporting.models import ExchangedProject
from reporting.phases import phase, phase_status
from reporting.readings import PARTNERS, reading
from reporting.rows import action_rows, project_rows


def projects(territory, *, today=None):
    """Each project as the schema says one, in a fixed number of queries."""
    figures = Figures(reading(PARTNERS, territory), territory, today)
    rows = project_rows(figures)
    known = ExchangedProject.objects.filter(territory=territory)
    known = dict(known.values_list("project", "identifier"))
    return [project(row, territory, known.get(row.pk), figures.today) for row in rows]


def project(row, territory, known, today):
    place = row.place
    own = schema.identifier(territory.code, territory.period, row.reference)
    return {
        "id": str(known or own),
        "nom": row.title,
        "description": row.need,
        "budgetPrevisionnel": schema.whole(row.planned_investment),
        "dateDebutPrevisionnelle": row.starts_on and row.starts_on.isoformat(),
        "phase": phase(row),
        "phaseStatut": phase_status(row, today=today),
        "programme": schema.PROGRAMME,
        "porteurCodeSiret": row.site.siret if row.site else None,
        "competences": [],
        "leviers": [],
        "mecId": None,
        "tetId": None,
        "recocoId": None,
        "collectiviteIds": [code for code in (place.pk, place.epci_id) if code] if place else [],
    }


def as_json(rows):
    return json.dumps(rows, ensure_ascii=False, indent=1)


def as_csv(rows):
    """Text of a CSV, with commas as the schema has it; no cell is a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(schema.FIELDS)
    writer.writerows([harmless(schema.cell(row[name])) for name in schema.FIELDS] for row in rows)
    return out.getvalue()


def harmless(text):
    return f"'{text}" if text.startswith(DANGEROUS) else text


def fiches(territory, *, today=None):
    """Each fiche of the plan in force as `CreateFicheActionRequest` takes one."""
    figures = Figures(reading(PARTNERS, territory), territory, today)
    rows = action_rows(figures, figures.actions)
    inscriptions = {}
    codes = FrameworkCode.objects.filter(action__in=figures.actions).select_related("framework")
    for code in codes:
        inscriptions.setdefault(code.action_id, []).append(code)
    return [fiche(row, territory, inscriptions.get(row.pk, [])) for row in rows]


def fiche(row, territory, inscriptions):
    plan = row.plan
    return {
        "nom": row.title,
        "externalId": external(territory, row),
        "description": row.context,
        "objectifs": row.objectives,
        "statut": row.get_status_display(),
        "parentExternalId": external(territory, row.parent) if row.parent else None,
        "collectivites": [{"type": "EPCI", "code": epci.pk} for epci in row.epcis.all()],
        "plans": [
            {"externalId": f"{territory.code}-plan-{plan.pk}", "nom": plan.title, "type": "TI"},
            *(
                {
                    "externalId": f"{code.framework_id}-{code.code}",
                    "nom": code.title or code.framework.label,
                    "type": code.framework.short,
                }
                for code in inscriptions
            ),
        ],
        "budgetPrevisionnel": schema.whole(row.budget_planned),
        "dateDebutPrevisionnelle": row.starts_on and row.starts_on.isoformat(),
        "competences": [],
        "leviers": [],
    }


def external(territory, action):
    return f"{territory.code}-{territory.period}-{action.plan_id}-{action.code}"
