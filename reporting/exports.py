"""Lists as files: exactly the rows of the page, with the same filters, in a fixed query cost."""

import csv
import itertools
from tempfile import TemporaryFile

import xlsxwriter
from django.http import HttpResponse, StreamingHttpResponse

from crm.models import Organisation, Project
from funding.models import Application, with_money
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
    Column("Projet", lambda a: a.project.reference, "code", 13),
    Column("Intitulé", lambda a: a.project.title, "text", 36),
    Column("Porteur", lambda a: a.project.holder.name, "text", 28),
    Column("Financeur", lambda a: a.program.funder.short_name, "text", 20),
    Column("Dispositif", lambda a: a.program.name, "text", 40),
    Column("Statut", lambda a: a.get_status_display(), "text", 16),
    Column("Référence du dossier", lambda a: a.reference, "code", 18),
    Column("Demandé", lambda a: a.amount_requested, "money", 14),
    Column("Accordé", lambda a: a.amount_granted, "money", 14),
    Column("Versé", lambda a: a.amount_paid, "money", 14),
    Column("À déposer le", lambda a: a.due_on, "date", 12),
    Column("Déposé le", lambda a: a.filed_on, "date", 12),
    Column("Complet le", lambda a: a.received_on, "date", 12),
    Column("Décision attendue le", lambda a: a.decision_expected_on, "date", 12),
    Column("Décidé le", lambda a: a.decided_on, "date", 12),
]


def organisations(viewer, territory):
    return Organisation.objects.visible_to(viewer).filter(territory=territory).for_list(viewer)


def projects(viewer, territory):
    return with_money(Project.objects.visible_to(viewer).filter(territory=territory).for_list())


def applications(viewer, territory):
    rows = Application.objects.visible_to(viewer).filter(project__territory=territory)
    return rows.for_list()


def as_csv(columns, rows, name):
    """Streamed, for French spreadsheets: « ; », decimal comma, UTF-8 with its mark."""
    writer = csv.writer(Echo(), delimiter=";")
    heads = [[column.label for column in columns]]
    lines = ([french(column.value(row)) for column in columns] for row in chunked(rows))
    content = itertools.chain(["\ufeff"], map(writer.writerow, itertools.chain(heads, lines)))
    return StreamingHttpResponse(
        content, content_type="text/csv; charset=utf-8", headers=attachment(name)
    )


def as_xlsx(columns, rows, name):
    """Written row by row: only the finished file is held in memory, never the list."""
    with TemporaryFile() as target:
        write_xlsx(target, columns, chunked(rows))
        target.seek(0)
        return HttpResponse(target.read(), content_type=XLSX, headers=attachment(name))


def write_xlsx(target, columns, rows):
    with xlsxwriter.Workbook(target, {"constant_memory": True, **OPTIONS}) as book:
        sheet = book.add_worksheet("Liste")
        head = book.add_format(FORMATS["head"])
        formats = [book.add_format(FORMATS[column.format]) for column in columns]
        for i, column in enumerate(columns):
            sheet.set_column(i, i, column.width)
            sheet.write_string(0, i, column.label, head)
        sheet.freeze_panes(1, 1)
        line = 0
        for line, row in enumerate(rows, start=1):
            for i, column in enumerate(columns):
                value = plain(column.value(row))
                if value is not None:
                    write(sheet, line, i, value, formats[i])
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
