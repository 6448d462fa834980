"""What the slides of the house are made of, by python-pptx: titles, native tables and charts.

Lengths are inches on a slide of 13.33 × 7.5; sizes of letters are points.
"""

import io
import re
from xml.sax.saxutils import escape

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Emu, Inches, Pt

from reporting.workbook import BAND, BAND_BRICK, BRICK, FRENCH, HAIR, INK, INK_2, NBSP

# Every machine has it, or one of the same widths.
FONT = "Arial"
WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.6
ROOM = WIDTH - 2 * MARGIN
TOP, BOTTOM = 1.45, 6.85  # between the title and the foot
TITLE_ONLY = 5  # the layout of the empty template that has a title and nothing else
LETTER = 0.0071  # the width of a letter of one point, in inches
LINE = 0.0169  # the height of a line of one point


class Deck:
    """A presentation under the colour of a territory; each slide says what it is worth."""

    def __init__(self, *, title, colour, stamp, is_draft, foot, logo=None):
        self.deck = Presentation()
        self.deck.slide_width, self.deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
        self.layout = self.deck.slide_layouts[TITLE_ONLY]
        self.colour = colour or BRICK
        self.stamp, self.is_draft, self.foot, self.logo = stamp, is_draft, foot, logo
        in_ink(self.deck)
        about = self.deck.core_properties
        about.title, about.author, about.language = f"{title}, {stamp}", "Établi", "fr-FR"

    @property
    def content(self):
        out = io.BytesIO()
        self.deck.save(out)
        return out.getvalue()

    def slide(self, title, *, notes="", size=26):
        """A slide under its title, its stamp and its foot; `notes` are what one says of it."""
        slide = self.deck.slides.add_slide(self.layout)
        number = len(self.deck.slides)
        self.band(slide, 0, 0, WIDTH, 0.14, self.colour)
        words = slide.shapes.title
        place(words, MARGIN, 0.3, ROOM - 2.6, 1.0)
        write(words.text_frame, title, size=size if len(title) < 70 else size - 6,
              colour=self.colour, bold=True, align=PP_ALIGN.LEFT,
              anchor=MSO_ANCHOR.MIDDLE)  # fmt: skip
        self.mark(slide)
        self.box(slide, self.foot, MARGIN, 7.02, ROOM - 1.2, 0.32, size=10, colour=INK_2)
        self.box(slide, str(number), WIDTH - MARGIN - 1, 7.02, 1, 0.32, size=10, colour=INK_2,
                 align=PP_ALIGN.RIGHT)  # fmt: skip
        if notes:
            slide.notes_slide.notes_text_frame.text = clean(notes)
        return slide

    def mark(self, slide):
        """The stamp in the corner: on a draft, in the colour of what is not settled."""
        shape = slide.shapes.add_shape(
            MSO_SHAPE.RECTANGLE, *inches(WIDTH - MARGIN - 2.5, 0.42, 2.5, 0.4)
        )
        fill(shape, BAND_BRICK if self.is_draft else BAND)
        write(
            shape.text_frame, self.stamp, size=12, bold=True, align=PP_ALIGN.CENTER,
            anchor=MSO_ANCHOR.MIDDLE, colour=BRICK if self.is_draft else INK,
        )  # fmt: skip

    def band(self, slide, x, y, width, height, colour):
        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *inches(x, y, width, height))
        fill(shape, colour)
        return shape

    def box(self, slide, words, x, y, width, height, **look):
        """A text where it is put; what one gives it must hold in it."""
        shape = slide.shapes.add_textbox(*inches(x, y, width, height))
        write(shape.text_frame, words, **look)
        return shape

    def picture(self, slide, x, y, width, height):
        """The logo within a box, as large as it holds."""
        if not self.logo:
            return
        shape = slide.shapes.add_picture(io.BytesIO(self.logo), *inches(x, y), None, None)
        scale = min(Inches(width) / shape.width, Inches(height) / shape.height)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape.left = Inches(x + width) - shape.width
        describe(shape, "Logo du territoire")

    # Tables ---------------------------------------------------------------------------------

    def table(self, slide, heads, rows, x, y, width, *, size=12, name="Tableau"):
        """A native table; `heads` are (words, share of the width, whether numeric)."""
        frame = slide.shapes.add_table(1, len(heads), *inches(x, y, width, 0.3))
        describe(frame, name)
        whole = sum(share for _, share, _ in heads)
        widths = [Inches(width * share / whole) for _, share, _ in heads]
        old = frame._element.graphic.graphicData.tbl
        new = parse_xml(table_xml(heads, rows, widths, size))
        old.getparent().replace(old, new)
        frame.height = Inches(
            sum(heights(heads, [[head for head, *_ in heads], *rows], width, size))
        )
        return frame

    # Charts ---------------------------------------------------------------------------------

    def bars(self, slide, title, bars, x, y, width, height, *, form="#,##0"):
        """A native chart of horizontal bars: `bars` are (label, value); the unknown has none."""
        data = CategoryChartData(number_format=form)
        data.categories = [label for label, _ in bars]
        data.add_series(title, [None if value is None else float(value) for _, value in bars])
        frame = slide.shapes.add_chart(
            XL_CHART_TYPE.BAR_CLUSTERED, *inches(x, y, width, height), data
        )
        describe(frame, title)
        chart = frame.chart
        chart.has_title = chart.has_legend = False
        chart.font.size, chart.font.name = Pt(12), FONT
        chart.font.color.rgb = rgb(INK)
        axis = chart.category_axis
        axis.reverse_order, axis.has_major_gridlines = True, False
        axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
        axis.format.line.color.rgb = rgb(HAIR)
        chart.value_axis.visible = chart.value_axis.has_major_gridlines = False
        chart.value_axis.minimum_scale = 0
        # Room for the label of the longest bar; every label of the other axis is written.
        longest = max((float(value) for _, value in bars if value), default=1)
        chart.value_axis.maximum_scale = longest * 1.35
        axis._element.xpath("c:noMultiLvlLbl")[0].addprevious(
            parse_xml(f'<c:tickLblSkip {nsdecls("c")} val="1"/>')
        )
        plot = chart.plots[0]
        plot.gap_width, plot.has_data_labels = 45, True
        plot.data_labels.number_format, plot.data_labels.number_format_is_linked = form, False
        plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
        plot.data_labels.font.size = Pt(12)
        plot.data_labels._element.xpath(".//a:bodyPr")[0].set("wrap", "none")
        plot.series[0].format.fill.solid()
        plot.series[0].format.fill.fore_color.rgb = rgb(self.colour)
        return frame


MONEY = f"{FRENCH}#,##0{NBSP}€"
COUNT = "#,##0"
PERCENT = f'0{NBSP}"%"'


def heights(heads, rows, width, size):
    """How high each row of a table is, in inches, once its words are wrapped."""
    whole = sum(share for _, share, _ in heads)
    rooms = [max(1, int((width * share / whole - 0.16) / (LETTER * size))) for _, share, _ in heads]
    return [
        0.1 + LINE * size * max(
            sum(-(-max(1, len(line)) // room) for line in str(cell or "").split("\n"))
            for cell, room in zip(row, rooms, strict=True)
        )
        for row in rows
    ]  # fmt: skip


def pages(heads, rows, width, size, room):
    """The rows in as many groups as slides must hold them under their heads."""
    first, *each = heights(heads, [[head for head, *_ in heads], *rows], width, size)
    found, used = [], 0
    for row, height in zip(rows, each, strict=True):
        if not found or used + height > room:
            found.append([])
            used = first
        found[-1].append(row)
        used += height
    return found


def table_xml(heads, rows, widths, size):
    """The table written at once: a call of the library for each cell would cost ten times more."""
    grid = "".join(f'<a:gridCol w="{width}"/>' for width in widths)
    numeric = [is_numeric for *_, is_numeric in heads]
    lines = [row_xml([head for head, *_ in heads], numeric, size, is_head=True)]
    lines += [row_xml(row, numeric, size) for row in rows]
    return (
        f'<a:tbl {nsdecls("a")}><a:tblPr firstRow="1"/><a:tblGrid>{grid}</a:tblGrid>'
        f"{''.join(lines)}</a:tbl>"
    )


def row_xml(cells, numeric, size, *, is_head=False):
    made = "".join(
        cell_xml(cell, right, size, is_head) for cell, right in zip(cells, numeric, strict=True)
    )
    return f'<a:tr h="{Inches(0.1 + LINE * size)}">{made}</a:tr>'


def cell_xml(words, right, size, is_head):
    look = f'lang="fr-FR" sz="{int(size * 100)}"' + (' b="1"' if is_head else "")
    ink = "FFFFFF" if is_head else INK[1:]
    run = (
        f'<a:rPr {look}><a:solidFill><a:srgbClr val="{ink}"/></a:solidFill>'
        f'<a:latin typeface="{FONT}"/></a:rPr>'
    )
    side = "r" if right else "l"
    paragraphs = "".join(
        f'<a:p><a:pPr algn="{side}"/><a:r>{run}<a:t>{escape(line)}</a:t></a:r>'
        f"<a:endParaRPr {look}/></a:p>"
        for line in clean(words or "").split("\n")
    )
    back = INK[1:] if is_head else "FFFFFF"
    return (
        f"<a:tc><a:txBody><a:bodyPr/><a:lstStyle/>{paragraphs}</a:txBody>"
        f'<a:tcPr marL="72000" marR="72000" marT="36000" marB="36000">'
        f'<a:lnL w="0"><a:noFill/></a:lnL><a:lnR w="0"><a:noFill/></a:lnR>'
        f'<a:lnB w="6350"><a:solidFill><a:srgbClr val="{HAIR[1:]}"/></a:solidFill></a:lnB>'
        f'<a:solidFill><a:srgbClr val="{back}"/></a:solidFill></a:tcPr></a:tc>'
    )


def clean(words):
    """Without the characters that XML has no place for."""
    return "".join(letter for letter in str(words) if letter >= " " or letter in "\n\t")


def write(
    frame, words, *, size=16, colour=INK, bold=False, align=None, anchor=MSO_ANCHOR.TOP, link=""
):
    """Paragraphs in a frame: a text, or (text, look) pairs for those that differ."""
    frame.word_wrap, frame.vertical_anchor = True, anchor
    frame.margin_left = frame.margin_right = Inches(0.05)
    frame.margin_top = frame.margin_bottom = Inches(0.03)
    parts = words if isinstance(words, list) else [(words, {})]
    for i, (part, look) in enumerate(parts):
        paragraph = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
        paragraph.alignment = align
        run = paragraph.add_run()
        run.text = clean(part)
        font = run.font
        font.name, font.language_id = FONT, MSO_LANGUAGE_ID.FRENCH
        font.size = Pt(look.get("size", size))
        font.bold = look.get("bold", bold)
        font.color.rgb = rgb(look.get("colour", colour))
        paragraph.space_before = Pt(look.get("before", 0))
        if address := look.get("link", link):
            run.hyperlink.address = address


def in_ink(deck):
    """Links in the ink of the house, where the theme has a blue of its own."""
    theme = deck.slide_master.part.part_related_by(RT.THEME)
    for name in (b"hlink", b"folHlink"):
        theme._blob = re.sub(
            b"<a:%b>.*?</a:%b>" % (name, name),
            b'<a:%b><a:srgbClr val="%b"/></a:%b>' % (name, INK[1:].encode(), name),
            theme._blob,
            flags=re.DOTALL,
        )


def place(shape, x, y, width, height):
    shape.left, shape.top, shape.width, shape.height = inches(x, y, width, height)


def inches(*lengths):
    return [Emu(int(length * 914_400)) for length in lengths]


def rgb(colour):
    return RGBColor.from_string(colour[1:])


def fill(shape, colour):
    shape.fill.solid()
    shape.fill.fore_color.rgb = rgb(colour)
    shape.line.fill.background()
    # The style of the template would add a shadow.
    for style in shape._element.xpath("./p:style"):
        shape._element.remove(style)


def describe(shape, words):
    """What is read aloud in place of a picture, a chart or a table."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", words)
