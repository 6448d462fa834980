"""Workbooks and exports against the bare work: read the same rows, write the same cells."""

import csv
import io
import time
import tracemalloc
import zipfile
from copy import deepcopy
from unittest.mock import patch

import openpyxl
import xlsxwriter
import xlsxwriter.workbook

ROWS = 10_000
PROJECTS = 300
# What the pack and the largest export may cost: seconds of processor, MiB of memory.
SECONDS, LARGE, MEMORY = 3, 100_000, 80


def measures():
    from tests.crm.factories import TerritoryFactory, UserFactory

    territory = TerritoryFactory(perimeter=True)
    officer = UserFactory(territory=territory)
    yield workbook(territory)
    yield from pack(territory)
    yield from exports(officer, territory)
    yield from large_export(officer, territory)


def workbook(territory):
    """The floor is the same workbook: each call on xlsxwriter again, with nothing else around."""
    from reporting import committee, readings
    from tests.reporting.conftest import fill

    fill(territory, 1, projects=PROJECTS)
    reading = readings.reading("comite", territory)
    tape = Tape()
    with patch.object(xlsxwriter, "Workbook", tape.workbook):
        committee.workbook(reading)
    ours, content = best(lambda: committee.workbook(reading))
    bare, again = best(tape.play)
    assert sheets_of(content) == sheets_of(again), "the floor is not the same workbook"
    return f"committee workbook of {PROJECTS} projects / the same calls bare", ours / bare


def pack(territory):
    """The page of a draft and its three files, for each of their readers, in seconds of processor
    over those that they may take together."""
    from django.template.loader import render_to_string

    from crm.models import Project
    from reporting import editions
    from reporting.models import Readers
    from tests.actions.factories import AgendaItemFactory, MeetingFactory

    Project.objects.update(confidentiality="public")
    meeting = MeetingFactory(territory=territory)
    for project in Project.objects.all()[:8]:
        AgendaItemFactory(territory=territory, meeting=meeting, project=project)

    def whole(readers):
        built = editions.build(territory, readers, meeting=meeting)
        context = {"reading": built.reading, "can_edit": True}
        render_to_string("reporting/_edition_content.html", context)
        return built.forms(title="Dossier", stamp="Document de travail")

    for readers in Readers:
        whole(readers)
        spent, _ = best(lambda readers=readers: whole(readers))
        sentence = f"page and files of {PROJECTS} projects, {readers.label}: {spent:.2f} s"
        yield f"{sentence} / the {SECONDS} s they may take", spent / SECONDS


def sheets_of(content):
    """Everything in the file but the instant it was made at."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return {name: parts.read(name) for name in parts.namelist() if "core.xml" not in name}


class Tape:
    """The calls made on a workbook and on what it gave: sheets, formats and charts."""

    def __init__(self):
        self.calls = []
        self.made = 0

    def workbook(self, target, options):
        self.options = options
        return Recorder(xlsxwriter.workbook.Workbook(target, options), 0, self)

    def play(self):
        target = io.BytesIO()
        objects = {0: xlsxwriter.workbook.Workbook(target, self.options)}
        for number, name, args, kwargs, made in self.calls:
            args = [objects[arg.number] if type(arg) is Reference else arg for arg in args]
            result = getattr(objects[number], name)(*args, **kwargs)
            if made:
                objects[made] = result
        return target.getvalue()


class Reference:
    def __init__(self, number):
        self.number = number


class Recorder:
    """Stands for an object of xlsxwriter and writes each call on the tape."""

    def __init__(self, real, number, tape):
        self._real, self._number, self._tape = real, number, tape

    def __getattr__(self, name):
        def call(*args, **kwargs):
            noted = [Reference(arg._number) if type(arg) is Recorder else arg for arg in args]
            entry = [self._number, name, deepcopy(noted), deepcopy(kwargs), None]
            self._tape.calls.append(entry)
            bare = [arg._real if type(arg) is Recorder else arg for arg in args]
            result = getattr(self._real, name)(*bare, **kwargs)
            if not type(result).__module__.startswith("xlsxwriter"):
                return result
            self._tape.made += 1
            entry[-1] = self._tape.made
            return Recorder(result, self._tape.made, self._tape)

        return call


def exports(officer, territory):
    from crm.models import Organisation
    from crm.search import normalise
    from reporting import exports

    Organisation.objects.bulk_create(
        Organisation(territory=territory, name=f"Atelier {n}", search=normalise(f"Atelier {n}"))
        for n in range(ROWS)
    )
    for kind, write in (("csv", exports.as_csv), ("xlsx", exports.as_xlsx)):
        ours, content = best(lambda write=write: exported(write, officer, territory), times=2)
        cells = read(kind, content)
        rows = exports.organisations(officer, territory)
        read_only, _ = best(lambda rows=rows: sum(1 for _ in exports.chunked(rows)), times=2)
        bare, _ = best(lambda kind=kind, cells=cells: bare_export(kind, cells), times=2)
        sentence = f"export of {ROWS} organisations to {kind} / rows read and cells written bare"
        yield sentence, ours / (read_only + bare)


def large_export(officer, territory):
    """Companies with their sites: against their rows read, and the same cells written bare."""
    from crm.models import Organisation, Site
    from crm.search import normalise
    from reporting import exports

    Site.objects.filter(organisation__name__startswith="Atelier").delete()
    Organisation.objects.filter(name__startswith="Atelier").delete()
    firms = Organisation.objects.bulk_create(
        [
            Organisation(territory=territory, name=f"Usine {n}", search=normalise(f"Usine {n}"),
                         siren=f"8{n:08}", headcount=n % 500)
            for n in range(LARGE)
        ],
        batch_size=ROWS,
    )  # fmt: skip
    Site.objects.bulk_create(
        (
            Site(organisation=firm, siret=f"8{n:013}", commune_id="32132", naf_rev2="10.13A",
                 workforce_band_id="12", workforce_year=2023, is_head_office=True)
            for n, firm in enumerate(firms)
        ),
        batch_size=ROWS,
    )  # fmt: skip
    del firms
    columns = exports.ORGANISATIONS

    def rows():
        return exports.chunked(exports.organisations(officer, territory))

    def export():
        target = io.BytesIO()
        exports.write_xlsx(target, columns, rows())

    told = f"export of {LARGE} organisations to xlsx"
    yield from against_bare(told, columns, rows, export)
    tracemalloc.start()
    export()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    peak /= 2**20
    yield f"{told}: {peak:.0f} MiB at most / the {MEMORY} MiB it may hold", peak / MEMORY


def against_bare(told, columns, rows, export):
    from reporting import exports
    from reporting.columns import plain

    ours, _ = best(export, times=1)
    read_only, _ = best(lambda: sum(1 for _ in rows()), times=1)
    cells = [[plain(column.value(row)) for column in columns] for row in rows()]
    bare, _ = best(lambda: bare_large(cells), times=1)
    yield f"{told} / rows read and cells written by constant_memory", ours / (read_only + bare)
    at_hand = [Cells(row) for row in cells]
    as_read = [
        exports.Column(column.label, Cell(i), column.format) for i, column in enumerate(columns)
    ]
    ours, _ = best(lambda: exports.write_xlsx(io.BytesIO(), as_read, at_hand), times=1)
    yield f"{told}, rows at hand / cells written by constant_memory", ours / bare


class Cells:
    """A row that was read, by the place of its cells."""

    def __init__(self, values):
        self.values = values


class Cell:
    def __init__(self, at):
        self.at = at

    def __call__(self, row):
        return row.values[self.at]


def bare_large(cells):
    target = io.BytesIO()
    options = {"constant_memory": True, "default_date_format": "dd/mm/yyyy",
               "strings_to_urls": False}  # fmt: skip
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(cells):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(at, column, value)


def exported(write, officer, territory):
    from reporting import exports

    rows = exports.organisations(officer, territory)
    response = write(exports.ORGANISATIONS, rows, "bench")
    return response.getvalue() if response.streaming else response.content


def read(kind, content):
    if kind == "csv":
        text = content.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text), delimiter=";"))
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def bare_export(kind, cells):
    if kind == "xlsx":
        return bare_workbook([("Liste", cells)])
    target = io.StringIO()
    csv.writer(target, delimiter=";").writerows(cells)
    return target.getvalue()


def bare_workbook(sheets):
    target = io.BytesIO()
    options = {"in_memory": True, "default_date_format": "dd/mm/yyyy"}
    with xlsxwriter.Workbook(target, options) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write(at, column, value)
    return target.getvalue()


def best(work, times=3):
    """(least time of processor, last result): the machine’s other work disturbs it least."""
    results = []
    for _ in range(times):
        start = time.process_time()
        result = work()
        results.append(time.process_time() - start)
    return min(results), result
