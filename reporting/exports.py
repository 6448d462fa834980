"""Lists as files: exactly the rows of the page, with the same filters, in a fixed query cost."""

import csv
import itertools
from tempfile import TemporaryFile

import xlsxwriter
from django.http import HttpResponse, StreamingHttpResponse

from actions.models import Action, BudgetLine, Decision, PublicContract
from crm.models import Organisation, Project
from funding.models import Application, Program, ReceivedAid, with_money
from funding.models.programs import INSTRUMENTS
from reporting.columns import Column, french, plain
from reporting.workbook import FORMATS, OPTIONS, XLSX, write

CHUNK = 2000


def label(value):
    return value.label if value else None


def of_site(read):
    def value(organisation):
        site = organisation.head_site
        return read(site) if site else None

    return value


ORGANISATIONS = [
    Column("Nom", lambda o: o.name, "text", 34),
    Column("Nature", lambda o: o.get_kind_display(), "text", 18),
    Column("SIREN", lambda o: o.siren, "code", 12),
    Column("SIRET", of_site(lambda s: s.siret), "code", 17),
    Column("Commune", of_site(lambda s: s.commune and s.commune.name), "text", 22),
    Column("Code INSEE", of_site(lambda s: s.commune_id), "code", 11),
    Column(
        "EPCI",
        of_site(lambda s: s.commune and s.commune.epci and s.commune.epci.name),
        "text", 34,
    ),
    Column("NAF rév. 2", of_site(lambda s: s.naf_rev2), "code", 10),
    Column("Effectif connu", lambda o: o.known_headcount, "integer", 12),
    Column("Tranche d’effectif", of_site(lambda s: label(s.workforce_band)), "text", 20),
    Column("Année de la tranche", of_site(lambda s: s.workforce_year), "text", 11),
    Column("Filières", lambda o: ", ".join(s.label for s in o.sectors.all()), "text", 30),
    Column("Projets", lambda o: o.project_count, "integer", 10),
    Column("Dernier échange", lambda o: o.last_contact_on, "date", 13),
]  # fmt: skip

PROJECTS = [
    Column("Référence", lambda p: p.reference, "code", 13),
    Column("Intitulé", lambda p: p.title, "text", 38),
    Column("Porteur", lambda p: p.holder.name, "text", 28),
    Column("Commune", lambda p: p.place and p.place.name, "text", 20),
    Column("Étape", lambda p: p.stage.label, "text", 20),
    Column("Dans l’étape depuis", lambda p: p.stage_since, "date", 13),
    Column("Météo", lambda p: label(p.health), "text", 11),
    Column("Confidentialité", lambda p: p.get_confidentiality_display(), "text", 16),
    Column("Axes nationaux", lambda p: ", ".join(a.short for a in p.priorities.all()), "text", 34),
    Column("Filière", lambda p: label(p.sector), "text", 24),
    Column("Notre part", lambda p: p.get_attribution_display(), "text", 20),
    Column("Référent ou référente", lambda p: p.owner and str(p.owner), "text", 20),
    Column("Prochaine étape", lambda p: p.next_step, "text", 34),
    Column("Échéance", lambda p: p.next_step_on, "date", 12),
    Column("Investissement prévu HT", lambda p: p.planned_investment, "money", 16),
    Column("Assiette éligible HT", lambda p: p.eligible_costs, "money", 16),
    Column("Aides demandées", lambda p: p.requested_total, "money", 15),
    Column("Aides accordées", lambda p: p.granted_total, "money", 15),
    Column("Aides versées", lambda p: p.paid_total, "money", 15),
    Column("Emplois créés, prévus", lambda p: p.jobs_created_planned, "number", 12),
    Column("Emplois maintenus, prévus", lambda p: p.jobs_maintained_planned, "number", 12),
    Column("Emplois créés, constatés", lambda p: p.jobs_created_observed, "number", 12),
    Column("Emplois maintenus, constatés", lambda p: p.jobs_maintained_observed, "number", 12),
    Column("Début", lambda p: p.starts_on, "date", 12),
    Column("Fin", lambda p: p.ends_on, "date", 12),
    Column("Premier engagement ferme", lambda p: p.first_commitment_on, "date", 13),
    Column("Ouvert le", lambda p: p.opened_on, "date", 12),
]

APPLICATIONS = [
    Column("Projet", lambda a: a.subject_code, "code", 13),
    Column("Intitulé", lambda a: a.subject.title, "text", 36),
    Column("Porteur", lambda a: a.holder and a.holder.name, "text", 28),
    Column("Financeur", lambda a: a.program.funder.short_name, "text", 20),
    Column("Dispositif", lambda a: a.program.name, "text", 40),
    Column("Statut", lambda a: a.get_status_display(), "text", 16),
    Column("Référence du dossier", lambda a: a.reference, "code", 18),
    Column("Demandé", lambda a: a.amount_requested, "money", 14),
    Column("Accordé", lambda a: a.amount_granted, "money", 14),
    Column("Engagé", lambda a: a.amount_committed, "money", 14),
    Column("Dépenses justifiées", lambda a: a.amount_justified, "money", 14),
    Column("Versé", lambda a: a.amount_paid, "money", 14),
    Column("À déposer le", lambda a: a.due_on, "date", 12),
    Column("Déposé le", lambda a: a.filed_on, "date", 12),
    Column("Complet le", lambda a: a.received_on, "date", 12),
    Column("Décision attendue le", lambda a: a.decision_expected_on, "date", 12),
    Column("Décidé le", lambda a: a.decided_on, "date", 12),
]

ACTIONS = [
    Column("Code", lambda a: a.code, "code", 9),
    Column("Intitulé", lambda a: a.title, "text", 38),
    Column("Sous-action de", lambda a: a.parent and a.parent.code, "code", 10),
    Column("Action prioritaire", lambda a: a.priority.label, "text", 28),
    Column(
        "Axes nationaux", lambda a: ", ".join(p.short for p in a.national_priorities.all()),
        "text", 30,
    ),
    Column("Statut", lambda a: a.get_status_display(), "text", 13),
    Column("Météo", lambda a: label(a.health), "text", 11),
    Column("Niveau de priorité", lambda a: a.get_importance_display(), "text", 12),
    Column("Maturité", lambda a: a.get_maturity_display(), "text", 16),
    Column("Avancement (%)", lambda a: a.progress, "integer", 12),
    Column("Budget prévu", lambda a: a.budget_planned, "money", 14),
    Column("Engagé", lambda a: a.budget_committed, "money", 14),
    Column("Dépensé", lambda a: a.budget_spent, "money", 14),
    Column("Pilote", lambda a: a.pilot and a.pilot.name, "text", 28),
    Column("Partenaires", lambda a: ", ".join(o.name for o in a.partners.all()), "text", 34),
    Column(
        "Partenaires financiers",
        lambda a: ", ".join(o.name for o in a.financial_partners.all()), "text", 34,
    ),
    Column(
        "Cadres", lambda a: "\u00a0; ".join(str(row) for row in a.framework_codes.all()), "text", 24
    ),
    Column("Bénéficiaires", lambda a: a.beneficiaries, "text", 28),
    Column("Suivie par", lambda a: a.owner and str(a.owner), "text", 20),
    Column("Début", lambda a: a.starts_on, "date", 12),
    Column("Fin", lambda a: a.ends_on, "date", 12),
    Column("Prochain jalon", lambda a: a.next_milestone, "text", 30),
    Column("Échéance du jalon", lambda a: a.next_milestone_on, "date", 13),
    Column("Entreprises", lambda a: a.organisation_count, "integer", 11),
    Column("Projets", lambda a: a.project_count, "integer", 10),
]  # fmt: skip


def in_unit(name, unit):
    """An amount in its own column: full-time equivalents stand apart from euros."""
    return lambda line: getattr(line, name) if line.unit == unit else None


EUROS, FTE = BudgetLine.Unit.EUROS, BudgetLine.Unit.FTE
BUDGET_LINES = [
    Column("Code", lambda b: b.action.code, "code", 9),
    Column("Fiche", lambda b: b.action.title, "text", 38),
    Column("Année", lambda b: b.year, "code", 8),
    Column("Nature", lambda b: b.get_nature_display(), "text", 15),
    Column("Source", lambda b: b.source_name, "text", 30),
    Column("Objet", lambda b: b.label, "text", 34),
    Column("Prévu (€)", in_unit("planned", EUROS), "money", 14),
    Column("Engagé (€)", in_unit("committed", EUROS), "money", 14),
    Column("Dépensé (€)", in_unit("spent", EUROS), "money", 14),
    Column("Prévu (ETP)", in_unit("planned", FTE), "number", 12),
    Column("Engagé (ETP)", in_unit("committed", FTE), "number", 12),
    Column("Dépensé (ETP)", in_unit("spent", FTE), "number", 12),
]
PUBLIC_CONTRACTS = [
    Column("Code", lambda c: c.action.code, "code", 9),
    Column("Fiche", lambda c: c.action.title, "text", 38),
    Column("Objet du marché", lambda c: c.title, "text", 38),
    Column("Prestataire", lambda c: c.provider_name, "text", 30),
    Column("Montant HT", lambda c: c.amount, "money", 14),
    Column("Notifié le", lambda c: c.notified_on, "date", 12),
    Column("Fin du marché", lambda c: c.ends_on, "date", 12),
]

PROGRAMS = [
    Column("Code", lambda p: p.code, "code", 10),
    Column("Dispositif", lambda p: p.name, "text", 46),
    Column("Financeur", lambda p: p.funder.short_name, "text", 20),
    Column("Opérateur", lambda p: p.operator, "text", 24),
    Column("Instruments", lambda p: ", ".join(INSTRUMENTS[i] for i in p.instruments), "text", 22),
    Column("État", lambda p: p.get_state_display(), "text", 12),
    Column("Territoire", lambda p: p.scope_label, "text", 24),
    Column("Taux minimum (%)", lambda p: p.rate_min, "number", 11),
    Column("Taux maximum (%)", lambda p: p.rate_max, "number", 11),
    Column("Assiette minimum", lambda p: p.costs_min, "money", 15),
    Column("Assiette maximum", lambda p: p.costs_max, "money", 15),
    Column("Aide minimum", lambda p: p.aid_min, "money", 15),
    Column("Aide maximum", lambda p: p.aid_max, "money", 15),
    Column("Ouvre le", lambda p: p.opens_on, "date", 12),
    Column("Ferme le", lambda p: p.closes_on, "date", 12),
    Column("Base juridique", lambda p: p.legal_basis, "text", 30),
    Column("Source", lambda p: p.source, "text", 40),
    Column("Fiabilité", lambda p: p.get_confidence_display(), "text", 18),
    Column("Vérifié le", lambda p: p.verified_on, "date", 12),
    Column("En bref", lambda p: p.summary, "text", 60),
]

RECEIVED_AIDS = [
    Column("SIREN", lambda a: a.siren, "code", 12),
    Column("Entreprise", lambda a: a.firm, "text", 34),
    Column("Octroyée le", lambda a: a.granted_on, "date", 12),
    Column("Équivalent-subvention brut", lambda a: a.amount, "money", 16),
    Column("Règlement", lambda a: a.get_regulation_display(), "text", 34),
    Column("Accordée par", lambda a: a.funder, "text", 30),
    Column("Objet", lambda a: a.purpose, "text", 40),
    Column("Preuve", lambda a: a.evidence, "text", 24),
]

WATCH = [
    Column("Constaté le", lambda n: n.noticed_at, "date", 13),
    Column("Projet ou action", lambda n: n.subject.reference, "code", 16),
    Column("Intitulé", lambda n: n.subject.title, "text", 36),
    Column("Porteur ou pilote", lambda n: n.holder_name, "text", 28),
    Column("Financeur", lambda n: n.program.funder.short_name, "text", 20),
    Column("Dispositif", lambda n: n.program.name, "text", 40),
    Column("Version", lambda n: n.version_after.number, "integer", 9),
    Column(
        "Verdict précédent",
        lambda n: "nouveau dispositif" if n.is_new_program else n.before.label,
        "text", 17,
    ),
    Column("Verdict", lambda n: n.after.label, "text", 14),
    Column("Ce qui a changé", lambda n: n.summary, "text", 70),
    Column("Vu le", lambda n: n.seen_at, "date", 12),
    Column("Vu par", lambda n: n.seen_by and str(n.seen_by), "text", 20),
]  # fmt: skip

# Of (closing, candidate): a project or an action that may still ask a program that closes soon.
CLOSINGS = [
    Column("Date", lambda row: row[0].on, "date", 12),
    Column("Nature", lambda row: row[0].what, "text", 10),
    Column("Financeur", lambda row: row[0].program.funder.short_name, "text", 20),
    Column("Dispositif", lambda row: row[0].program.name, "text", 40),
    Column("Projet ou action", lambda row: row[1].subject.reference, "code", 16),
    Column("Intitulé", lambda row: row[1].subject.title, "text", 36),
    Column("Porteur ou pilote", lambda row: row[1].holder_name, "text", 28),
    Column("Verdict", lambda row: row[1].verdict.label, "text", 14),
    Column("À confirmer", lambda row: row[1].doubt, "text", 60),
]


def met(read):
    """What `read` says of the meeting where a decision was taken, if it is still known."""
    return lambda decision: read(decision.item.meeting) if decision.item.meeting else None


def day_of(other):
    return other.item.meeting.held_on if other.item.meeting else None


DECISIONS = [
    Column("Séance", met(lambda m: m.held_on), "date", 12),
    Column("Instance", met(lambda m: m.kind.label), "text", 26),
    Column("Réunion", met(lambda m: m.title), "text", 24),
    Column("Point", lambda d: d.item.title, "text", 36),
    Column("Décision", lambda d: d.text, "text", 60),
    Column("Qui", lambda d: d.responsible, "text", 24),
    Column("Pour le", lambda d: d.due_on, "date", 12),
    Column("État", lambda d: d.state_label, "text", 16),
    Column("Remplacée le", lambda d: day_of(d.superseded_by) if d.newer else None, "date", 12),
    Column("Remplace celle du", lambda d: day_of(d.supersedes) if d.older else None, "date", 12),
    Column("Montant en jeu", lambda d: d.item.amount, "money", 14),
    Column("Projet", lambda d: d.item.project and d.item.project.reference, "code", 13),
    Column("Fiche", lambda d: d.item.action and d.item.action.code, "code", 10),
    Column("Dossier", lambda d: ", ".join(tie.label for tie in d.item.ties), "text", 30),
]


def decisions(viewer, territory):
    rows = Decision.objects.visible_to(viewer).filter(item__territory=territory)
    return rows.with_state().for_list(viewer)


def organisations(viewer, territory):
    return Organisation.objects.visible_to(viewer).filter(territory=territory).for_list(viewer)


def projects(viewer, territory):
    return with_money(Project.objects.visible_to(viewer).filter(territory=territory).for_list())


def applications(viewer, territory):
    return Application.objects.visible_to(viewer).in_territory(territory).for_list()


def actions(viewer, territory):
    rows = Action.objects.visible_to(viewer).current().filter(plan__territory=territory)
    return rows.for_list().with_links(viewer).prefetch_related("framework_codes__framework")


def sheets_of_plan(actions):
    """What stands beside the fiches in their workbook, for exactly these fiches."""
    keys = actions.order_by().values("pk")
    lines = BudgetLine.objects.filter(action__in=keys).select_related("action", "funder")
    contracts = PublicContract.objects.filter(action__in=keys)
    order = ("action__priority__position", "action__code", "action")
    return [
        ("Budget", BUDGET_LINES, lines.order_by(*order, "year", "pk")),
        (
            "Marchés",
            PUBLIC_CONTRACTS,
            contracts.select_related("action", "provider").order_by(*order, "notified_on", "pk"),
        ),
    ]


def framework_columns(framework):
    """The codes and the words of one framework, as those who read it know the fiches."""

    def told(name):
        def value(action):
            rows = (row for row in action.framework_codes.all() if row.framework == framework)
            return "\u00a0; ".join(filter(None, (getattr(row, name) for row in rows)))

        return value

    return [
        Column(f"Code {framework.short}", told("code"), "text", 14),
        Column(f"Intitulé {framework.short}", told("title"), "text", 38),
    ]


def action_columns(frameworks):
    """Those of every fiche; first, what each framework that was asked for calls it."""
    asked = [column for framework in frameworks for column in framework_columns(framework)]
    return [*ACTIONS[:2], *asked, *ACTIONS[2:]]


def programs(viewer, territory):
    return Program.objects.visible_to(viewer).for_territory(territory).for_list()


def received_aids(viewer, territory):
    return ReceivedAid.objects.visible_to(viewer).filter(territory=territory).for_list()


def as_csv(columns, rows, name):
    """Streamed, for French spreadsheets: « ; », decimal comma, UTF-8 with its mark."""
    writer = csv.writer(Echo(), delimiter=";")
    heads = [[column.label for column in columns]]
    lines = ([french(column.value(row)) for column in columns] for row in chunked(rows))
    content = itertools.chain(["\ufeff"], map(writer.writerow, itertools.chain(heads, lines)))
    return StreamingHttpResponse(
        content, content_type="text/csv; charset=utf-8", headers=attachment(name)
    )


def as_xlsx(columns, rows, name, beside=()):
    """Written row by row: only the finished file is held in memory, never the list.

    `beside` are more sheets: (name, columns, rows).
    """
    with TemporaryFile() as target:
        write_xlsx(target, columns, chunked(rows), beside)
        target.seek(0)
        return HttpResponse(target.read(), content_type=XLSX, headers=attachment(name))


def write_xlsx(target, columns, rows, beside=()):
    with xlsxwriter.Workbook(target, {"constant_memory": True, **OPTIONS}) as book:
        write_sheet(book, "Liste", columns, rows)
        for name, heads, lines in beside:
            write_sheet(book, name, heads, chunked(lines))


def write_sheet(book, name, columns, rows):
    sheet = book.add_worksheet(name)
    head = book.add_format(FORMATS["head"])
    formats = [book.add_format(FORMATS[column.format]) for column in columns]
    for i, column in enumerate(columns):
        sheet.set_column(i, i, column.width)
        sheet.write_string(0, i, column.label, head)
    sheet.freeze_panes(1, 1)
    write_string, line = sheet.write_string, 0
    cells = [(i, column.value, form) for i, (column, form) in
             enumerate(zip(columns, formats, strict=True))]  # fmt: skip
    for line, row in enumerate(rows, start=1):
        for i, value_of, form in cells:
            value = value_of(row)
            if value is None or value == "":
                continue
            # Most cells are text: what a spreadsheet makes of a value need not be asked.
            if type(value) is str:
                write_string(line, i, value, form)
            else:
                write(sheet, line, i, plain(value), form)
    sheet.autofilter(0, 0, line, len(columns) - 1)


def chunked(rows):
    """Never the whole list in memory; prefetches go by chunk."""
    return rows.iterator(chunk_size=CHUNK) if hasattr(rows, "iterator") else rows


def attachment(name):
    return {"Content-Disposition": f'attachment; filename="{name}"'}


class Echo:
    """A file that returns each line instead of keeping it."""

    def write(self, line):
        return line
