import io
import json
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.urls import reverse
from pypdf import PdfReader

from actions.models import AgendaItem
from crm.models import Confidentiality, FollowUp, Interest, Project, Role
from crm.templatetags.french import euros
from reporting import committee_tables, editions, readings
from reporting.committee import DRAFT
from reporting.figures import Figures
from reporting.freezing import IsFrozen
from reporting.models import Edition, EditionFile, Readers, fingerprint
from tests.actions.factories import AgendaItemFactory, MeetingFactory, MilestoneFactory
from tests.crm.factories import (
    ProjectFactory,
    ReviewRequestFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory
from tests.reporting.conftest import TODAY, answer, fill
from tests.reporting.factories import EditionFactory, content

pytestmark = pytest.mark.django_db
NEW = "/rapports/editions/brouillon/"
LIST = "/rapports/editions/"


@pytest.fixture
def by(territory):
    return UserFactory(territory=territory, role=Role.OFFICER, first_name="Inès")


def issue(territory, by, readers=Readers.ELECTED, **more):
    number = Edition.objects.next_number(territory, "comite")
    said = {"title": "Dossier du COPIL", "today": TODAY} | more
    return editions.issue(territory, readers, by=by, number=number, **said)


def opened(content, **options):
    return openpyxl.load_workbook(io.BytesIO(bytes(content)), **options)


def said(edition):
    """All that an edition tells, its workbook included, as one text."""
    book = opened(edition.files.get(kind="xlsx").content)
    cells = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True)
             for cell in row if cell is not None]  # fmt: skip
    return json.dumps(edition.content, ensure_ascii=False) + "\n".join(cells)


def posted(client, **more):
    page = client.get(NEW)
    form = page.context["form"]
    return {name: form.initial[name] for name in ("reunion", "lecteurs", "number", "title")} | more


# Frozen -----------------------------------------------------------------------------------------


def test_the_model_never_updates_nor_deletes_an_edition(territory):
    edition = EditionFactory(territory=territory)
    file = edition.files.get(kind="xlsx")
    for row in (edition, file):
        for refused in (row.save, row.delete):
            with pytest.raises(IsFrozen):
                refused()
    for rows in (Edition.objects.all(), EditionFile.objects.all()):
        for refused in (lambda rows=rows: rows.update(pk=1), rows.delete):
            with pytest.raises(IsFrozen):
                refused()
        with pytest.raises(IsFrozen):
            rows.bulk_update(list(rows), ["pk"])


@pytest.mark.parametrize("table", ["reporting_edition", "reporting_editionfile"])
@pytest.mark.parametrize("column", ["sha256", "content"])
def test_the_database_refuses_to_update_an_edition(territory, table, column):
    EditionFactory(territory=territory)
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {table} SET {column} = {column}")


def test_neither_the_territory_nor_the_meeting_of_an_edition_goes_away(territory):
    meeting = MeetingFactory(territory=territory)
    EditionFactory(territory=territory, meeting=meeting)
    for row in (meeting, territory):
        with pytest.raises(ProtectedError):
            row.delete()


def test_what_was_altered_outside_the_application_is_told(officer_client, territory):
    edition = EditionFactory(territory=territory)
    [frozen] = [one for one in Edition._meta.constraints if one.name == "edition_is_frozen"]
    remove = frozen.remove_sql(Edition, connection.schema_editor())
    with connection.cursor() as cursor:
        cursor.execute(str(remove))
        cursor.execute("UPDATE reporting_edition SET sha256 = %s", ["0" * 64])
    page = officer_client.get(edition.get_absolute_url()).content.decode()
    assert "ne correspond plus à son empreinte" in page


# The same figures, then for ever ----------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 5])
@pytest.mark.parametrize("readers", Readers)
def test_frozen_rows_are_those_of_the_workbook_and_of_the_figures(territory, by, seed, readers):
    fill(territory, seed)
    edition = issue(territory, by, readers)
    figures = Figures(readers.reading(territory), territory, TODAY)
    shown = {line["key"]: line["value"] for line in edition.content["headlines"]}
    assert shown["open"] == str(figures.portfolio.count)
    assert float(shown["investment"] or 0) == float(figures.portfolio.investment or 0)
    book = opened(edition.files.get(kind="xlsx").content, data_only=True)
    for section in edition.content["sections"]:
        rows = [list(row) for row in book[section["key"]].iter_rows(min_row=5, values_only=True)]
        for line, frozen in zip(rows, section["rows"], strict=False):
            reading = zip(section["columns"], line, frozen, strict=False)
            for column, cell, value in reading:
                same(cell, value, column["format"])
    numbers = {section["key"]: len(section["rows"]) for section in edition.content["sections"]}
    assert numbers["Projets"] == figures.projects.count()
    assert numbers["Financements"] == figures.applications.count()


def same(cell, value, form):
    if value is None:
        assert cell is None
    elif form in {"money", "number", "integer", "percent"}:
        assert float(cell) == pytest.approx(float(value))
    elif form in {"date", "month"}:
        assert cell.date().isoformat() == value
    else:
        assert cell == value


def test_an_edition_says_the_same_whatever_becomes_of_the_data(officer_client, territory, by):
    fill(territory, 2)
    meeting = MeetingFactory(territory=territory)
    AgendaItemFactory(territory=territory, meeting=meeting, title="Ordre des demandes")
    edition = issue(territory, by, meeting=meeting)
    file = edition.files.get(kind="xlsx")
    page = officer_client.get(edition.get_absolute_url())
    bytes_before = officer_client.get(file.get_absolute_url()).content
    pdf = edition.files.get(kind="pdf")
    Project.objects.update(planned_investment=1, stage="realise", title="Autre chose")
    ApplicationFactory(project=Project.objects.first(), amount_requested=99_000_000)
    AgendaItem.objects.all().delete()
    meeting.title = "Une autre réunion"
    meeting.save()
    later = officer_client.get(edition.get_absolute_url())
    assert body(later).replace("Une autre réunion", str(edition.content["meeting"]["title"])) == (
        body(page)
    )
    again = officer_client.get(file.get_absolute_url())
    assert again.content == bytes_before == bytes(file.content)
    assert fingerprint(again.content) == file.sha256
    assert file.name in again["Content-Disposition"]
    assert officer_client.get(pdf.get_absolute_url()).content == bytes(pdf.content)
    assert file.sha256 in page.content.decode()


def body(page):
    """What the page says between its heads: neither the token of the form nor the menu."""
    text = page.content.decode()
    return text[text.index("<main") : text.index("</main>")]


def test_the_page_of_an_edition_reads_no_row_of_the_data(officer_client, territory, by, cost_of):
    edition = issue(territory, by)
    cost = cost_of(lambda: officer_client.get(edition.get_absolute_url()))
    for table in ("funding_", "crm_project", "actions_action", "actions_agendaitem"):
        read = [sql for sql in cost.sql.splitlines() if f'FROM "{table}' in sql]
        assert not [sql for sql in read if "COUNT(" not in sql], table


@pytest.mark.parametrize("seed", [1, 5])
def test_the_pdf_says_what_the_page_says(territory, by, seed):
    fill(territory, seed)
    project = ProjectFactory(territory=territory, title="Séchoir → vapeur ● CO₂", need="x" * 9000,
                             confidentiality="public", next_step="Un mot. " * 20)  # fmt: skip
    AgendaItemFactory(territory=territory, project=project, question="Très long. " * 900)
    edition = issue(territory, by, Readers.TECHNICIANS)
    pages = PdfReader(io.BytesIO(bytes(edition.files.get(kind="pdf").content))).pages
    text = " ".join(page.extract_text() for page in pages).replace("\u00a0", " ")
    for section in edition.content["sections"]:
        assert section["title"] in text
    assert "Séchoir > vapeur" in " ".join(text.split())
    assert all(f"Édition n° {edition.number}" in page.extract_text().replace("\u00a0", " ")
               for page in pages)  # fmt: skip
    for line in edition.content["headlines"]:
        if line["value"] and line["format"] == "money":
            assert euros(Decimal(line["value"])).replace("\u00a0", " ") in text


# For whom ---------------------------------------------------------------------------------------


def test_an_edition_holds_only_what_its_readers_may_read(officer_client, territory, by, pair):
    for level in Confidentiality:
        ProjectFactory(territory=territory, title=f"Projet {level}", confidentiality=level)
    asked = ReviewRequestFactory(
        project=Project.objects.get(confidentiality=Confidentiality.PUBLIC),
        question="Faut-il aider un concurrent ?",
    )
    answer(asked, pair, elected="agree", industrialist="disagree")
    elected, technicians = said(issue(territory, by)), said(
        issue(territory, by, Readers.TECHNICIANS)
    )  # fmt: skip
    for text in (elected, technicians):
        assert "Projet interne" not in text
        assert "Projet public" in text
    assert f"Projet {Confidentiality.PAIR}" in elected
    assert f"Projet {Confidentiality.PAIR}" not in technicians
    assert "concurrent" in elected
    assert "concurrent" not in technicians


READ = {
    Role.OFFICER: set(Readers),
    Role.MANAGER: set(Readers),
    Role.ELECTED: set(Readers),
    Role.INDUSTRIALIST: set(Readers),
    Role.READER: {Readers.TECHNICIANS},
}


@pytest.mark.parametrize("role", Role)
def test_who_opens_an_edition_is_who_may_read_all_of_it(sign_in, territory, role):
    client = sign_in(role)
    for readers in Readers:
        edition = EditionFactory(territory=territory, readers=readers)
        wanted = 200 if readers in READ[role] else 404
        for url in (edition.get_absolute_url(), edition.files.get(kind="xlsx").get_absolute_url()):
            assert client.get(url).status_code == wanted, (role, readers)
    page = client.get(LIST)
    assert {one.readers for one in page.context["page"]} == READ[role]


@pytest.mark.parametrize("readers", Readers)
def test_a_member_of_the_pair_opens_no_edition_that_tells_of_a_competitor(
    sign_in, territory, by, readers
):
    """Issued before they declared it, or for technicians, it holds the competitor’s amounts."""
    project = ProjectFactory(
        territory=territory, confidentiality=Confidentiality.PUBLIC, planned_investment=4_321_000
    )
    before = issue(territory, by, readers)
    client = sign_in(Role.INDUSTRIALIST)
    assert client.get(before.get_absolute_url()).status_code == 200
    Interest.objects.create(user=client.user, organisation=project.holder, kind=Interest.Kind.RIVAL)
    for url in (before.get_absolute_url(), before.files.get(kind="xlsx").get_absolute_url()):
        assert client.get(url).status_code == 404
    after = issue(territory, by, readers)
    opens = readers == Readers.ELECTED  # drawn for the pair: the competitor is not in it
    assert client.get(after.get_absolute_url()).status_code == (200 if opens else 404)
    assert list(client.get(LIST).context["page"]) == ([after] if opens else [])
    officer = sign_in(Role.OFFICER)
    assert officer.get(before.get_absolute_url()).status_code == 200


def test_levels_of_readers_are_those_of_the_reports():
    assert {one.level for one in Readers} == set(readings.LEVELS)


def test_the_team_elsewhere_opens_nothing(client, territory):
    edition = EditionFactory(territory=territory)
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    client.force_login(UserFactory(territory=elsewhere, role=Role.MANAGER))
    assert client.get(edition.get_absolute_url()).status_code == 404
    assert client.get(edition.files.get(kind="xlsx").get_absolute_url()).status_code == 404


# From draft to issue ----------------------------------------------------------------------------


def test_a_draft_says_so_on_its_page_and_on_each_sheet(officer_client, territory):
    page = officer_client.get(NEW).content.decode()
    assert "Ceci est un document de travail" in page
    file = officer_client.get(reverse("reporting:committee_workbook"))
    assert "brouillon" in file["Content-Disposition"]
    for sheet in opened(file.content):
        assert DRAFT in sheet.oddHeader.center.text, sheet.title
        told = str(sheet["A1"].value) + str(sheet["A3"].value)
        assert DRAFT in told, sheet.title


def test_an_edition_is_never_taken_for_a_draft(officer_client, territory, by):
    edition = issue(territory, by)
    page = body(officer_client.get(edition.get_absolute_url()))
    assert DRAFT.lower() not in page.lower()
    for sheet in opened(edition.files.get(kind="xlsx").content):
        assert f"Édition n°\u00a0{edition.number}" in sheet.oddHeader.center.text
        texts = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell]
        assert not [text for text in texts if DRAFT.lower() in text.lower()]


def test_an_officer_issues_the_pack_of_a_meeting(officer_client, territory):
    fill(territory, 4)
    meeting = MeetingFactory(territory=territory, title="COPIL n° 7", held_on=date(2031, 1, 15))
    AgendaItemFactory(territory=territory, meeting=meeting, title="Ordre des demandes")
    sent = posted(officer_client, title="Dossier du COPIL de janvier")
    assert sent["reunion"] == meeting.pk
    response = officer_client.post(NEW, sent, follow=True)
    edition = Edition.objects.get()
    assert response.redirect_chain[-1][0] == edition.get_absolute_url()
    assert (edition.meeting, edition.number) == (meeting, 1)
    assert edition.issued_by == officer_client.user
    assert edition.sha256 == fingerprint(edition.content)
    assert edition.app_version
    assert "Ordre des demandes" in body(response)
    agenda = opened(edition.files.get(kind="xlsx").content)["Ordre du jour"]
    assert agenda["C5"].value == "Ordre des demandes"


def test_two_people_who_issue_at_once_make_one_edition(officer_client, territory):
    sent = posted(officer_client)
    assert officer_client.post(NEW, sent).status_code == 302
    second = officer_client.post(NEW, sent)
    assert second.status_code == 409
    assert Edition.objects.count() == 1
    assert "une édition vient de l’être" in body(second)
    assert second.context["form"].initial["number"] == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("title", ""), ("title", "x" * 201), ("number", ""), ("number", "0"), ("number", "9" * 40)],
)
def test_a_refused_issue_keeps_what_was_typed(officer_client, territory, name, value):
    response = officer_client.post(NEW, posted(officer_client, **{name: value}))
    assert response.status_code == 422
    assert name in response.context["form"].errors
    assert not Edition.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [
        {"reunion": "abc"},
        {"reunion": "9" * 40},
        {"lecteurs": "tous"},
        {"lecteurs": ""},
        {"autre": "1"},
    ],
)
def test_a_draft_of_what_does_not_exist_is_refused(officer_client, territory, asked):
    assert officer_client.get(NEW, asked).status_code == 400
    if "autre" not in asked:
        sent = posted(officer_client, **asked)
        assert officer_client.post(NEW, sent).status_code == 400
    assert not Edition.objects.exists()


def test_the_meeting_of_another_territory_has_no_draft_here(officer_client, territory):
    elsewhere = MeetingFactory(territory=TerritoryFactory(name="Ailleurs", perimeter=True))
    assert officer_client.get(NEW, {"reunion": elsewhere.pk}).status_code == 400


# The list, the meeting, the comparison ----------------------------------------------------------


def test_the_list_is_filtered_and_says_when_it_is_empty(officer_client, territory):
    assert "Aucune édition n’a été émise" in body(officer_client.get(LIST))
    meeting = MeetingFactory(territory=territory)
    EditionFactory(territory=territory, readers=Readers.ELECTED, meeting=meeting)
    other = EditionFactory(territory=territory)
    shown = officer_client.get(LIST, {"readers": "techniciens"}).context["page"]
    assert list(shown) == [other]
    assert len(officer_client.get(LIST, {"meeting": meeting.pk}).context["page"]) == 1
    nothing = officer_client.get(LIST, {"issued_until": "2020-01-01"})
    assert "Aucune édition ne répond à ces filtres" in body(nothing)
    for wrong in ({"readers": "tous"}, {"meeting": "9" * 40}, {"issued_from": "hier"}, {"x": "1"}):
        response = officer_client.get(LIST, wrong)
        assert response.status_code == 400
        assert not response.context["page"].object_list


def test_a_meeting_shows_its_editions_to_who_may_read_them(sign_in, territory):
    meeting = MeetingFactory(territory=territory)
    EditionFactory(territory=territory, meeting=meeting, readers=Readers.ELECTED, title="Pour élus")
    url = reverse("reporting:meeting_editions", args=[meeting.pk])
    assert url in sign_in(Role.ELECTED).get(meeting.get_absolute_url()).content.decode()
    assert "Pour élus" in body(sign_in(Role.ELECTED).get(url))
    reader = body(sign_in(Role.READER).get(url))
    assert "Pour élus" not in reader
    assert "Préparer" not in reader
    assert f"{NEW}?reunion={meeting.pk}" in body(sign_in(Role.OFFICER).get(url))


def test_a_page_that_does_not_exist_is_a_404(officer_client, territory):
    edition = EditionFactory(territory=territory)
    for kind in ("pdf", "exe"):
        url = reverse("reporting:edition_file", args=[edition.pk, kind])
        assert officer_client.get(url).status_code == 404


def test_an_edition_compares_with_one_for_the_same_readers_only(officer_client, territory):
    first = EditionFactory(territory=territory)
    other = EditionFactory(territory=territory, readers=Readers.ELECTED)
    last = EditionFactory(territory=territory)
    url = reverse("reporting:edition_compare", args=[last.pk])
    assert officer_client.get(url).context["other"] == first
    assert officer_client.get(url, {"avec": first.pk}).status_code == 200
    for wrong in (other.pk, last.pk, "abc", "9" * 40):
        assert officer_client.get(url, {"avec": wrong}).status_code == 400
    alone = reverse("reporting:edition_compare", args=[first.pk])
    assert "Rien à comparer" in body(officer_client.get(alone))


def test_a_second_edition_says_what_changed_since_the_first(officer_client, territory, by):
    moved, closed = (
        ProjectFactory(territory=territory, title=title, confidentiality="public")
        for title in ("Séchoir", "Quai")
    )
    milestone = MilestoneFactory(action__territory=territory, due_on=date(2026, 10, 1))
    item = AgendaItemFactory(territory=territory, project=moved)
    decision = item.decide("Écrire au préfet", by=by, due_on=date(2026, 10, 20))
    file = ApplicationFactory(project=moved, status="en_instruction", amount_paid=None)
    issue(territory, by, today=date(2026, 9, 1))
    Project.objects.filter(pk=moved.pk).update(stage="qualifie", planned_investment=400_000)
    Project.objects.filter(pk=closed.pk).update(stage="abandonne")
    ProjectFactory(territory=territory, title="Four", confidentiality="public",
                   planned_investment=90_000)  # fmt: skip
    FollowUp.objects.filter(decision=decision).get().mark_done(by=by)
    type(file).objects.filter(pk=file.pk).update(
        status="accepte", amount_granted=30_000, amount_paid=5_000
    )
    edition = issue(territory, by)
    found = {one["key"]: one for one in edition.content["since"]["changes"]}
    titles = {key: [row["title"] for row in one["rows"]] for key, one in found.items()}
    assert [title.split(", ")[1] for title in titles["moved"]] == ["Séchoir"]
    assert [title.split(", ")[1] for title in titles["entered"]] == ["Four"]
    assert [title.split(", ")[1] for title in titles["abandoned"]] == ["Quai"]
    assert (found["entered"]["amount"], found["won"]["amount"]) == ("90000.00", "30000.00")
    assert found["paid"]["amount"] == "5000.00"
    assert titles["kept"] == ["Écrire au préfet"]
    assert titles["late"] == [milestone.label]
    page = body(officer_client.get(edition.get_absolute_url()))
    assert "Séchoir" in page
    sheet = opened(edition.files.get(kind="xlsx").content)[committee_tables.SINCE]
    assert {row[0] for row in sheet.iter_rows(min_row=5, values_only=True)} == {
        one["label"] for one in found.values() if one["rows"]
    }


def test_a_fingerprint_does_not_depend_on_the_order_of_keys():
    one = content()
    assert fingerprint(one) == fingerprint(dict(reversed(one.items())))
    assert fingerprint(one) != fingerprint(one | {"withheld": "autre"})
