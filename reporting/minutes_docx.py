"""The minutes of a meeting as a docx to amend: the same words as the PDF, in the same order."""

import io

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from crm.templatetags.french import day
from reporting.declaration import HAIR, INK
from reporting.minutes import BETWEEN, FICTION, HEADS, MILLIMETRES, NBSP, row

WARN = RGBColor(0xA8, 0x45, 0x2A)
SIZES = {"Title": 20, "Heading 1": 13, "Heading 2": 11}


def docx(minutes):
    """The bytes of the file, with true headings."""
    document = Document()
    document.core_properties.title = f"Relevé de décisions, {minutes.title}"
    document.core_properties.author = "Établi"
    document.core_properties.language = "fr-FR"
    dress(document)
    document.add_paragraph(minutes.territory)
    document.add_heading(f"Relevé de décisions{NBSP}: {minutes.title}", level=0)
    document.add_paragraph(f"{minutes.body}, {minutes.when}")
    if minutes.is_demo:
        warn(document, FICTION)
    document.add_heading("Présences", level=1)
    document.add_paragraph(minutes.quorum)
    for label, lines in minutes.present:
        say(document, label, f"{BETWEEN.join(lines)}.")
    if minutes.others:
        say(document, "Aussi noté", BETWEEN.join(minutes.others))
    document.add_heading("Décisions", level=1)
    add_table(document, minutes)
    for title in minutes.open_points:
        warn(document, f"Sans décision consignée{NBSP}: {title}")
    document.add_heading("Point par point", level=1)
    for one in minutes.points:
        add_point(document, one)
    document.add_paragraph()
    document.add_paragraph(f"Établi le {day(minutes.drawn_on)}.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def add_point(document, one):
    """A heading and its lines, which stay on its page as far as they can."""
    document.add_heading(f"{one.number}. {one.title} ({one.kind.lower()})", level=2)
    if one.reserved:
        warn(document, one.reserved)
    for label, words in one.lines:
        say(document, label, words).paragraph_format.keep_with_next = bool(one.decision)
    if one.decision:
        said = say(document, "Décision", one.decision)
        said.paragraph_format.keep_with_next = True
        document.add_paragraph(f"{one.responsible}, {one.due}. {one.replaced}".rstrip())


def dress(document):
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Calibri", Pt(10.5)
    style.paragraph_format.space_after = Pt(3)
    for name, size in SIZES.items():
        heading = document.styles[name]
        heading.font.size, heading.font.color.rgb = Pt(size), rgb(INK)
        heading.font.bold = True
        fonts = heading.element.rPr.find(qn("w:rFonts"))
        for key in list(fonts.attrib):  # the theme’s own would win over a name
            del fonts.attrib[key]
        heading.font.name = "Calibri"
    rule = document.styles["Title"].element.pPr.find(qn("w:pBdr"))
    document.styles["Title"].element.pPr.remove(rule)
    for section in document.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(17)
        section.top_margin = section.bottom_margin = Mm(18)
        number(section.footer.paragraphs[0])


def rgb(color):
    return RGBColor.from_string(color.hexval()[2:].upper())


def number(paragraph):
    """« Page 2 », counted by whoever opens the file."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    paragraph.add_run("Page ").font.size = Pt(8)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)


def say(document, label, words):
    paragraph = document.add_paragraph()
    paragraph.add_run(f"{label}{NBSP}: ").bold = True
    paragraph.add_run(words)
    return paragraph


def warn(document, words):
    run = document.add_paragraph().add_run(words)
    run.bold, run.font.color.rgb = True, WARN


def add_table(document, minutes):
    if not minutes.decisions:
        document.add_paragraph("Aucune décision n’est consignée.")
        return
    table = document.add_table(rows=1, cols=len(HEADS))
    table.autofit = False
    rule(table)
    for cell, head in zip(table.rows[0].cells, HEADS, strict=True):
        cell.paragraphs[0].add_run(head).bold = True
    for one in minutes.decisions:
        for cell, value in zip(table.add_row().cells, row(one), strict=True):
            cell.text = str(value)
    for column, width in zip(table.columns, MILLIMETRES, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)
    for line in table.rows:
        flag(line, "w:cantSplit")
    flag(table.rows[0], "w:tblHeader")


def flag(line, name):
    line._tr.get_or_add_trPr().append(OxmlElement(name))


def rule(table):
    """A thin line under each row, as on paper."""
    borders = OxmlElement("w:tblBorders")
    for side in ("bottom", "insideH"):
        border = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", "4"), ("color", HAIR.hexval()[2:])):
            border.set(qn(f"w:{key}"), value)
        borders.append(border)
    table._tbl.tblPr.append(borders)
