"""The pack in its four forms: the same content, for its readers, of its perimeter."""

import io
from datetime import date

import openpyxl
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from PIL import Image
from pptx import Presentation
from pypdf import PdfReader

from crm.models import Brand, Confidentiality, Epci, Interest, Project, Role
from reporting import committee_tables, editions, gaps
from reporting.committee import DRAFT
from reporting.figures import Figures
from reporting.models import Edition, EditionFile, Readers, fingerprint
from tests.actions.factories import (
    ActionFactory,
    AgendaItemFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MeetingFactory,
)
from tests.crm.factories import (
    OrganisationFactory,
    ProjectFactory,
    ReviewRequestFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory
from tests.reporting.conftest import TODAY, fill
from tests.reporting.factories import EditionFactory

pytestmark = pytest.mark.django_db
NEW = "/rapports/editions/brouillon/"
FORMS = {"xlsx", "pdf", "pptx"}


@pytest.fixture
def by(territory):
    return UserFactory(territory=territory, role=Role.OFFICER)


@pytest.fixture
def meeting(territory):
    return MeetingFactory(territory=territory, title="COPIL n° 7", held_on=date(2031, 1, 15))


def point(territory, meeting, *, title="Ordre des demandes", **more):
    project = ProjectFactory(
        territory=territory,
        title=f"Projet, {title}",
        confidentiality="public",
        planned_investment=1_850_000,
    )
    ApplicationFactory(project=project, amount_requested=616_000)
    said = {"question": "Quel ordre ?", "recommendation": "Le quai d’abord.", "amount": 12_500}
    return AgendaItemFactory(
        territory=territory, meeting=meeting, project=project, title=title, **said | more
    )


def built(territory, readers=Readers.TECHNICIANS, **more):
    return editions.build(territory, readers, **{"today": TODAY} | more)


def drawn(pack, kind, stamp=DRAFT):
    return pack.form(EditionFile.Kind(kind), title="Dossier", stamp=stamp)


def slides_of(content):
    return list(Presentation(io.BytesIO(content)).slides)


def words(slide):
    found = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    for shape in slide.shapes:
        if shape.has_table:
            found += [cell.text for row in shape.table.rows for cell in row.cells]
    return "\n".join(found).replace("\u00a0", " ")


def pdf_text(content):
    pages = PdfReader(io.BytesIO(content)).pages
    return [page.extract_text().replace("\u00a0", " ") for page in pages]


def body(page):
    text = page.content.decode()
    return text[text.index("<main") : text.index("</main>")]


# Four forms of the same content --------------------------------------------------------------


@pytest.mark.parametrize("readers", Readers)
def test_the_four_forms_say_the_same_points(officer_client, territory, meeting, readers):
    titles = ["Ordre des demandes", "Convention de chaleur"]
    for title in titles:
        point(territory, meeting, title=title)
    page = body(officer_client.get(NEW, {"reunion": meeting.pk, "lecteurs": readers.value}))
    pack = built(territory, readers, meeting=meeting)
    book = openpyxl.load_workbook(io.BytesIO(drawn(pack, "xlsx")))
    cells = [str(cell) for row in book["À décider"].iter_rows(values_only=True) for cell in row]
    pdf = " ".join(pdf_text(drawn(pack, "pdf")))
    deck = "\n".join(map(words, slides_of(drawn(pack, "pptx"))))
    for title in titles:
        for said in (page, cells, pdf, deck):
            assert title in said
    for said in (page.replace("\u00a0", " "), pdf, deck):
        assert "12 500 €" in said
        assert "Le quai d’abord." in said


def test_an_issue_freezes_the_three_files_byte_for_byte(officer_client, territory, by, meeting):
    point(territory, meeting)
    edition = editions.issue(
        territory, Readers.TECHNICIANS, by=by, title="Dossier", number=1, meeting=meeting,
        today=TODAY,
    )  # fmt: skip
    before = {file.kind: bytes(file.content) for file in edition.files.all()}
    assert set(before) == FORMS
    Project.objects.update(title="Autre chose", planned_investment=1)
    Brand.objects.create(territory=territory, colour="#123456")
    page = body(officer_client.get(edition.get_absolute_url()))
    for file in edition.files.all():
        response = officer_client.get(file.get_absolute_url())
        assert response.content == before[file.kind]
        assert file.sha256 == fingerprint(response.content)
        assert file.sha256 in page
        assert file.is_intact
        assert file.name in response["Content-Disposition"]
    assert "Autre chose" not in page


@pytest.mark.parametrize("kind", sorted(FORMS))
@pytest.mark.parametrize("readers", Readers)
def test_each_page_of_a_draft_says_that_it_is_one(
    officer_client, territory, meeting, kind, readers
):
    point(territory, meeting)
    territory.is_demo = True
    territory.save()
    url = f"/rapports/editions/brouillon.{kind}"
    response = officer_client.get(url, {"reunion": meeting.pk, "lecteurs": readers.value})
    assert response.status_code == 200
    assert "document-de-travail" in response["Content-Disposition"]
    content = response.content
    if kind == "pptx":
        for slide in slides_of(content):
            assert DRAFT in words(slide)
            assert "DONNÉES FICTIVES" in words(slide)
    elif kind == "pdf":
        for text in pdf_text(content):
            assert DRAFT in text
            assert "FICTIVES" in text
    else:
        for sheet in openpyxl.load_workbook(io.BytesIO(content)):
            assert DRAFT in sheet.oddHeader.center.text
            assert "FICTIVES" in sheet.oddFooter.center.text


@pytest.mark.parametrize("kind", sorted(FORMS))
def test_no_page_of_an_edition_says_that_it_is_a_draft(territory, meeting, kind):
    point(territory, meeting)
    stamp = editions.stamp_of(4, TODAY)
    content = drawn(built(territory, meeting=meeting), kind, stamp)
    if kind == "pptx":
        for slide in slides_of(content):
            assert stamp.replace("\u00a0", " ") in words(slide)
            assert DRAFT not in words(slide)
    elif kind == "pdf":
        assert all(stamp.replace("\u00a0", " ") in text for text in pdf_text(content))
    else:
        for sheet in openpyxl.load_workbook(io.BytesIO(content)):
            assert stamp in sheet.oddHeader.center.text


@pytest.mark.parametrize(
    ("kind", "asked", "status"),
    [
        ("docx", {}, 404),
        ("pdf", {"lecteurs": "tous"}, 400),
        ("pdf", {"meeting": "1"}, 400),
        ("pptx", {"epci": "999999999"}, 400),
        ("pptx", {"reunion": "9" * 40}, 400),
    ],
)
def test_a_draft_of_nothing_is_refused(officer_client, territory, kind, asked, status):
    response = officer_client.get(f"/rapports/editions/brouillon.{kind}", asked)
    assert response.status_code == status


def test_the_options_of_a_point_are_told_with_the_one_proposed(territory, meeting):
    item = point(territory, meeting, recommendation="")
    item.options.create(label="Tout de suite", amount=9_000)
    item.options.create(label="Au printemps", is_recommended=True)
    pack = built(territory, meeting=meeting)
    [read] = pack.reading.points
    assert [one.replace("\u00a0", " ") for one in read.options] == [
        "Tout de suite : 9 000 €", "Au printemps (proposée)",
    ]  # fmt: skip
    assert read.recommendation == "Au printemps"
    assert not read.unsaid
    assert "Tout de suite" in " ".join(pdf_text(drawn(pack, "pdf")))
    deck = slides_of(drawn(pack, "pptx"))
    [slide] = [one for one in deck if one.shapes.title.text.startswith("1. ")]
    assert "Au printemps (proposée)" in words(slide)


# The slides -----------------------------------------------------------------------------------


def test_each_point_has_a_slide_with_its_whole_text_in_the_notes(territory, meeting):
    long = "Une longue proposition. " * 60
    point(territory, meeting, title="Ordre des demandes", recommendation=long)
    point(territory, meeting, title="Convention de chaleur")
    pack = built(territory, meeting=meeting)
    slides = slides_of(drawn(pack, "pptx"))
    for number, title in ((1, "Ordre des demandes"), (2, "Convention de chaleur")):
        [slide] = [one for one in slides if one.shapes.title.text == f"{number}. {title}"]
        notes = slide.notes_slide.notes_text_frame.text
        assert "1 850 000 €" in notes.replace("\u00a0", " ")
        assert "616 000 € demandés" in notes.replace("\u00a0", " ")
    [first] = [one for one in slides if one.shapes.title.text.startswith("1. ")]
    assert long.strip() in first.notes_slide.notes_text_frame.text
    assert long.strip() not in words(first)


def test_slides_have_native_charts_and_tables(territory):
    fill(territory, 3)
    slides = slides_of(drawn(built(territory), "pptx"))
    charts = [shape.chart for slide in slides for shape in slide.shapes if shape.has_chart]
    tables = [shape.table for slide in slides for shape in slide.shapes if shape.has_table]
    assert len(charts) >= 2
    assert len(tables) >= 5
    figures = Figures(Readers.TECHNICIANS.reading(territory), territory, TODAY)
    stages = {line.label: line.investment for line in figures.by_stage}
    for category, value in zip(charts[0].plots[0].categories, charts[0].series[0].values,
                               strict=True):  # fmt: skip
        assert float(value or 0) == float(stages[category] or 0)
    for slide in slides:
        assert slide.shapes.title.text
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")


def test_files_are_signed_with_the_logo_and_the_colour_of_the_territory(territory):
    out = io.BytesIO()
    Image.new("RGBA", (300, 100), "#1B4F72").save(out, "PNG")
    Brand.objects.create(territory=territory, colour="#1B4F72", logo=out.getvalue())
    for readers in Readers:
        pack = built(territory, readers)
        cover = slides_of(drawn(pack, "pptx"))[0]
        assert any(shape.shape_type == 13 for shape in cover.shapes)
        run = cover.shapes.title.text_frame.paragraphs[0].runs[0]
        assert str(run.font.color.rgb) == "1B4F72"
        assert PdfReader(io.BytesIO(drawn(pack, "pdf"))).pages[0].images
        book = openpyxl.load_workbook(io.BytesIO(drawn(pack, "xlsx")))
        assert book["Lisez-moi"]._images
        assert book["Projets"]["A1"].font.color.rgb == "FF1B4F72"


def test_slides_take_any_text(territory, meeting):
    point(territory, meeting, title="<b>&\x0b " + "x" * 180, question="é" * 5000)
    slides = slides_of(drawn(built(territory, meeting=meeting), "pptx"))
    assert any("<b>&" in one.shapes.title.text for one in slides)


# For whom -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 15])
def test_the_elected_get_two_printed_pages(territory, meeting, count):
    fill(territory, 5)
    for number in range(count):
        title = f"Point {number} " + "long " * 30
        point(territory, meeting, title=title, question="Pourquoi ? " * 90,
              recommendation="Parce que. " * 90)  # fmt: skip
    pages = pdf_text(drawn(built(territory, Readers.ELECTED, meeting=meeting), "pdf"))
    assert len(pages) == 2
    assert "À décider" in pages[0]
    assert "L’essentiel" in pages[1]


def test_technicians_get_one_printed_page_a_point(territory, meeting):
    for title in ("Ordre", "Chaleur"):
        point(territory, meeting, title=title)
    pages = pdf_text(drawn(built(territory, meeting=meeting), "pdf"))
    for number, title in ((1, "Ordre"), (2, "Chaleur")):
        [page] = [page for page in pages if f"Point {number}. {title}" in page]
        assert "616 000 €" in page


def test_the_pack_of_the_elected_is_shorter(territory):
    fill(territory, 6)
    short, full = (built(territory, readers) for readers in (Readers.ELECTED, Readers.TECHNICIANS))
    keys = [{one["key"] for one in pack.content["sections"]} for pack in (short, full)]
    assert "Lignes des plans" in keys[1] - keys[0]
    assert len(short.reading.headlines) < len(full.reading.headlines)
    assert len(short.reading.charts) < len(full.reading.charts)


def test_what_the_pair_was_asked_is_neither_shown_to_technicians_nor_said_missing(
    officer_client, territory, meeting
):
    item = point(territory, meeting, question="Faut-il aider un concurrent ?")
    item.review_request = ReviewRequestFactory(project=item.project, question=item.question)
    item.save()
    pack = built(territory, meeting=meeting)
    [read] = pack.reading.points
    assert read.question is None
    assert "Question" not in read.unsaid
    for kind in ("pdf", "pptx"):
        content = drawn(pack, kind)
        text = " ".join(pdf_text(content)) if kind == "pdf" else " ".join(
            words(one) + (one.notes_slide.notes_text_frame.text if one.has_notes_slide else "")
            for one in slides_of(content)
        )  # fmt: skip
        assert "concurrent" not in text


def test_the_pack_of_the_pair_holds_no_project_of_a_rival_of_one_of_them(territory):
    industrialist = UserFactory(territory=territory, role=Role.INDUSTRIALIST)
    UserFactory(territory=territory, role=Role.ELECTED)
    rival = OrganisationFactory(territory=territory)
    ProjectFactory(territory=territory, holder=rival, title="Secret", confidentiality="binome")
    ProjectFactory(territory=territory, title="Ouvert", confidentiality="binome")
    Interest.objects.create(user=industrialist, organisation=rival, kind=Interest.Kind.RIVAL)
    pack = built(territory, Readers.ELECTED)
    assert [row.title for row in pack.tables.project_rows] == ["Ouvert"]
    assert "1 d’un concurrent d’un membre du binôme" in pack.content["withheld"]


# Of which perimeter ---------------------------------------------------------------------------


def test_a_pack_of_some_epci_holds_their_projects_and_no_other(territory):
    here, there = list(Epci.objects.filter(territories=territory)[:2])
    inside = ProjectFactory(territory=territory, commune=here.communes.first(),
                            confidentiality="public", planned_investment=100)  # fmt: skip
    outside = ProjectFactory(territory=territory, commune=there.communes.first(),
                             confidentiality="public", planned_investment=1000)  # fmt: skip
    ProjectFactory(territory=territory, commune=None, site=None, confidentiality="public")
    for project in (inside, outside):
        AgendaItemFactory(territory=territory, project=project, title=f"Sur {project.pk}")
    everywhere, elsewhere = ActionFactory(territory=territory), ActionFactory(territory=territory)
    both = ActionFactory(territory=territory)
    elsewhere.epcis.add(there)
    both.epcis.add(here, there)
    pack = built(territory, epcis=[here])
    assert [row.pk for row in pack.tables.project_rows] == [inside.pk]
    assert [row.pk for row in pack.tables.plan_rows] == [everywhere.pk, both.pk]
    assert [one["title"] for one in pack.content["points"]] == [f"Sur {inside.pk}"]
    figures = pack.tables.figures
    assert figures.total.investment == 100
    assert here.short_name in pack.content["perimeter"]["told"]


def test_an_edition_compares_with_one_of_the_same_perimeter(officer_client, territory):
    epci = Epci.objects.filter(territories=territory).first()
    EditionFactory(territory=territory, number=1)
    page = officer_client.get(NEW, {"lecteurs": "techniciens", "epci": epci.pk})
    sent = page.context["form"].initial
    assert page.context["reading"].since is None
    response = officer_client.post(NEW, sent)
    assert response.status_code == 302
    edition = Edition.objects.get(number=2)
    assert (edition.perimeter, edition.previous) == (epci.pk, None)
    assert epci.short_name in body(officer_client.get(edition.get_absolute_url()))


def test_the_page_of_a_meeting_leads_to_its_own_draft(officer_client, territory, meeting):
    point(territory, meeting)
    panel = body(officer_client.get(f"/rapports/reunions/{meeting.pk}/editions/"))
    url = f"{NEW}?reunion={meeting.pk}"
    assert url in panel
    page = officer_client.get(url)
    assert page.status_code == 200
    assert page.context["meeting"] == meeting


# What is missing ------------------------------------------------------------------------------


def test_what_is_missing_stands_where_it_is_missing_with_its_link(
    officer_client, sign_in, territory, meeting, by, settings
):
    settings.SITE_URL = "https://etabli.example"
    item = point(territory, meeting, recommendation="")
    project = item.project
    edition = editions.issue(
        territory, Readers.TECHNICIANS, by=by, title="Dossier", number=1, meeting=meeting,
        today=TODAY,
    )  # fmt: skip
    edit, page = f"/projets/{project.pk}/modifier/", project.get_absolute_url()
    assert edit in body(officer_client.get(edition.get_absolute_url()))
    read = body(sign_in(Role.READER).get(edition.get_absolute_url()))
    assert "Informations manquantes" in read
    assert edit not in read
    assert f'href="{page}"' in read
    files = {file.kind: bytes(file.content) for file in edition.files.all()}
    sheet = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))[committee_tables.MISSING]
    links = {cell.hyperlink.target for row in sheet for cell in row if cell.hyperlink}
    assert f"https://etabli.example{page}" in links
    found = [
        link.get_object()["/A"]["/URI"]
        for one in PdfReader(io.BytesIO(files["pdf"])).pages
        for link in one.get("/Annots", [])
    ]
    assert f"https://etabli.example{page}" in found
    [slide] = [one for one in slides_of(files["pptx"]) if one.shapes.title.text.startswith("1. ")]
    assert "Informations manquantes : proposition" in words(slide)


def test_what_is_missing_is_grouped_by_field():
    rows = [
        {"kind": "Manque", "field": "SIREN", "why": "a", "n": 1},
        {"kind": "Manque", "field": "Commune", "why": "b", "n": 2},
        {"kind": "Manque", "field": "Commune", "why": "c", "n": 3},
    ]
    found = [(field, why, len(group)) for _, field, why, group in gaps.by_field(rows)]
    assert found == [("Commune", "", 2), ("SIREN", "a", 1)]


# The plan -------------------------------------------------------------------------------------


def test_sub_actions_stand_under_their_fiche_and_count_once(territory):
    fiche = ActionFactory(territory=territory, code="1.1", budget_planned=100, budget_spent=40)
    ActionFactory(plan=fiche.plan, code="2.1", budget_planned=None)
    ActionFactory(plan=fiche.plan, code="1.1.a", parent=fiche, budget_planned=60, title="Bourse")
    pack = built(territory)
    [plan] = [one for one in pack.content["sections"] if one["key"] == "Plan d’actions"]
    heads = [column["label"] for column in plan["columns"]]
    rows = [dict(zip(heads, row, strict=True)) for row in plan["rows"]]
    assert [(row["Code"], row["Niveau"]) for row in rows] == [
        ("1.1", "Fiche"), ("1.1.a", "Sous-action"), ("2.1", "Fiche"),
    ]  # fmt: skip
    assert rows[1]["Action"] == "↳ Bourse"
    total = dict(zip(heads, plan["totals"], strict=True))
    unknown = dict(zip(heads, plan["unknown"], strict=True))
    assert (total["Budget prévu"], unknown["Budget prévu"]) == ("100.00", 1)


def test_indicators_go_into_the_pack_with_their_path(territory):
    indicator = IndicatorFactory(
        action=ActionFactory(territory=territory), label="Logements", baseline=0, target=40
    )
    IndicatorValueFactory(indicator=indicator, value=10)
    IndicatorFactory(action=indicator.action, label="Visites", baseline=None, target=None)
    charts = {chart["kind"]: chart for chart in built(territory).content["charts"]}
    bars = {bar[0]: bar[1:] for bar in charts["indicators"]["bars"]}
    assert bars["Logements"][0] == "25"
    assert bars["Visites"] == [None, "à confirmer", 1]


# Frozen in the database -----------------------------------------------------------------------


@pytest.mark.parametrize("table", ["reporting_editionfile", "reporting_edition"])
def test_the_database_refuses_to_delete_what_was_issued(territory, table):
    EditionFactory(territory=territory)
    with (
        pytest.raises(IntegrityError, match="never deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM {table}")
    assert EditionFile.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_database_emptied_on_purpose_keeps_its_guard(territory):
    EditionFactory(territory=territory)
    call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
    assert not Edition.objects.exists()
    EditionFactory()
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("DELETE FROM reporting_editionfile")


def test_levels_hide_what_their_readers_may_not_open(territory):
    for level in Confidentiality:
        ProjectFactory(territory=territory, title=level.value, confidentiality=level)
    seen = {
        readers: {row.title for row in built(territory, readers).tables.project_rows}
        for readers in Readers
    }
    assert seen[Readers.ELECTED] == {"binome", "partenaires", "public"}
    assert seen[Readers.TECHNICIANS] == {"partenaires", "public"}
