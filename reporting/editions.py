"""From figures to an edition: what is built of a pack, and what of it is frozen.

Every form is made from the same lists (`reporting.committee_tables`), read once: the page, the PDF
and the slides show the content, and the workbook adds formulas to the same rows.
"""

import datetime
from dataclasses import dataclass
from functools import cached_property

from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.freezing import app_version
from crm.models import Brand
from funding.bulk import collector_paused
from reporting import committee, edition_brief, edition_pdf, perimeters
from reporting.committee_tables import MISSING, POINTS, Tables
from reporting.edition_charts import chart_rows
from reporting.edition_reading import Reading, with_amounts
from reporting.edition_slides import slides
from reporting.figures import Figures
from reporting.frozen import frozen, section
from reporting.headlines import headlines
from reporting.models import Edition, EditionFile, Readers, fingerprint
from reporting.since import compare
from reporting.trace import trace

FORMAT = 2
COMMITTEE = Edition.Report.COMMITTEE
Kind = EditionFile.Kind


class NumberTaken(Exception):
    """Someone issued an edition under this number in the meantime."""


# From figures to content -------------------------------------------------------------------


@dataclass(frozen=True)
class Pack:
    """The content of a report and what its files are made of: an issue keeps them, a draft shows
    them; a form that nobody asks for is not made."""

    tables: Tables
    brand: Brand
    content: dict
    previous: Edition | None
    is_short: bool

    @property
    def drawn_on(self):
        return self.tables.figures.today

    @cached_property
    def reading(self):
        return Reading(self.content)

    @collector_paused()
    def form(self, kind, *, title, stamp):
        """The bytes of one form, under what says whether it is a draft or which edition."""
        if kind == Kind.XLSX:
            book = committee.draw(
                self.tables, stamp=stamp, is_short=self.is_short, brand=self.brand
            )
            return book.content
        draw = slides
        if kind == Kind.PDF:
            draw = edition_brief.pdf if self.is_short else edition_pdf.pdf
        return draw(self.reading, title=title, stamp=stamp, logo=self.brand.picture)

    def forms(self, *, title, stamp):
        return {kind: self.form(kind, title=title, stamp=stamp) for kind in Kind}


@collector_paused()
def build(territory, readers, *, meeting=None, epcis=(), today=None):
    """The pack as its readers may read it: with their rights, and never those of who asks."""
    figures = Figures(readers.reading(territory), territory, today, epcis=epcis)
    is_short = readers == Readers.ELECTED
    before = Edition.objects.last_for(territory, COMMITTEE, readers, perimeters.code_of(epcis))
    tables = Tables(figures, meeting=meeting)
    traced = trace(tables)
    tables.since = since = since_edition(before, traced, figures.today)
    brand = Brand.of(territory)
    content = {
        "format": FORMAT,
        "territory": {
            "name": territory.name,
            "code": territory.code,
            "period": territory.period,
            "lead_body": territory.lead_body,
            "is_demo": territory.is_demo,
        },
        "brand": {"colour": brand.colour},
        "perimeter": {"label": perimeters.label(epcis), "told": perimeters.told(figures)},
        "is_short": is_short,
        "meeting": meeting and {"title": str(meeting), "held_on": meeting.held_on.isoformat()},
        "readers": {"label": figures.viewer.label, "note": figures.viewer.note},
        "withheld": committee.withheld(figures),
        "headlines": [headline(line) for line in headlines(figures)],
        "charts": chart_rows(tables),
        "since": since,
        "points": tables.points,
        "missing": tables.gaps,
        "sections": [
            section(listing)
            for listing in tables.all(is_short=is_short)
            if listing.name not in {POINTS, MISSING}
        ],
        "definitions": [list(pair) for pair in committee.DEFINITIONS],
        "trace": traced,
    }
    return Pack(tables, brand, content, before, is_short)


def headline(line):
    return {
        "key": line.key,
        "label": line.label,
        "value": frozen(line.value),
        "format": line.format,
        "meaning": line.meaning,
        "unknown": line.unknown,
    }


def since_edition(before, traced, on):
    """What changed since an edition, or None when there is none to compare with."""
    if before is None:
        return None
    return {
        "number": before.number,
        "title": before.title,
        "drawn_on": f"{before.drawn_on:%d/%m/%Y}",
        "changes": compare(before.content["trace"], traced, on=on),
    }


def between(before, after):
    """What changed between two editions for the same readers, from their frozen rows."""
    return with_amounts(since_edition(before, after.content["trace"], after.drawn_on))


# Issuing -----------------------------------------------------------------------------------


@transaction.atomic
def issue(territory, readers, *, by, title, number, meeting=None, epcis=(), today=None, at=None):
    """Freeze the pack under `number`; NumberTaken when someone was faster."""
    today = today or timezone.localdate()
    pack = build(territory, readers, meeting=meeting, epcis=epcis, today=today)
    forms = pack.forms(title=title, stamp=stamp_of(number, today))
    said = {"territory": territory, "readers": readers, "meeting": meeting, "title": title}
    return keep(pack, forms, **said, number=number, issued_by=by, issued_at=at or timezone.now())


def stamp_of(number, drawn_on):
    """What stands on every sheet, page and slide of an edition."""
    return f"Édition n°\u00a0{number} du {drawn_on:%d/%m/%Y}"


def file_name(territory, what, drawn_on: datetime.date, kind):
    return committee.file_name(territory, what, drawn_on, kind.value)


@transaction.atomic
def keep(pack, forms, *, number, **facts):
    """Write a pack that was built, with its forms: the edition, then its files."""
    try:
        with transaction.atomic():
            edition = Edition.objects.create(
                report=COMMITTEE,
                number=number,
                perimeter=perimeters.code_of(pack.tables.figures.epcis),
                drawn_on=pack.drawn_on,
                issuer=str(facts["issued_by"]),
                previous=pack.previous,
                content=pack.content,
                sha256=fingerprint(pack.content),
                app_version=app_version(),
                **facts,
            )
    except IntegrityError:
        raise NumberTaken from None
    what = f"edition-{number}-{facts['readers'].value}"
    for kind, content in forms.items():
        EditionFile.objects.create(
            edition=edition,
            kind=kind,
            name=file_name(facts["territory"], what, pack.drawn_on, kind),
            content=content,
            size=len(content),
            sha256=fingerprint(content),
        )
    return edition
