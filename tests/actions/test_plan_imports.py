"""A plan received as a spreadsheet: read as it is, previewed row by row, written whole, undone."""

import datetime
import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django.asserts import assertContains

from actions.models import Action, FrameworkCode, PlanImport
from actions.plan_imports.columns import guess
from crm.models import LocalPriority, NationalPriority, Role
from tests.actions.factories import (
    ActionFactory,
    BudgetLineFactory,
    FrameworkCodeFactory,
    MilestoneFactory,
)
from tests.crm.factories import OrganisationFactory, TerritoryFactory, UserFactory

pytestmark = pytest.mark.django_db
HEAD = "Code;Intitulé;Action prioritaire;Statut;Avancement (%);Budget prévu;Pilote;Début;Fin"


@pytest.fixture
def petr(territory):
    return OrganisationFactory(territory=territory, name="PETR, Portes de Gascogne", kind="epci")


def send(client, content, name="plan.csv"):
    """Send a file; the response, or the page of the columns it was read with."""
    data = content if isinstance(content, bytes) else content.encode()
    return client.post("/plan/importer/", {"file": SimpleUploadedFile(name, data)})


def preview(client, content, name="plan.csv"):
    response = send(client, content, name)
    assert response.status_code == 302, response.content.decode()
    batch = PlanImport.objects.order_by("-pk").first()
    return client.get(f"/plan/importer/{batch.token}/")


def write(client, content, name="plan.csv"):
    page = preview(client, content, name)
    batch = page.context["batch"]
    url = f"/plan/importer/{batch.token}/"
    response = client.post(url, {"digest": page.context["digest"]})
    assert response.status_code == 302
    return PlanImport.objects.get(pk=batch.pk)


def fates(page):
    return [(row.line, row.fate) for row in page.context["plan"].rows]


def reasons(page):
    return [" ".join(row.reasons) for row in page.context["plan"].rows]


def lines(*rows, head=HEAD):
    return "\n".join([head, *rows])


def test_fiches_are_created_with_what_the_file_says(officer_client, territory, petr):
    file = lines(
        "LOG-1;Logements;Logement;en cours;35 %;120 000,00 €;PETR, Portes de Gascogne;"
        "01/03/2026;31/12/2027",
        "LOG-1.1;Bourse;;non démarrée;;;;;",
        head=HEAD,
    )
    file = file.replace(HEAD, f"{HEAD};Sous-action de").replace(
        "LOG-1.1;Bourse;;non démarrée;;;;;", "LOG-1.1;Bourse;;non démarrée;;;;;;LOG-1"
    )
    batch = write(officer_client, file)
    assert batch.counts == {"read": 2, "created": 2, "updated": 0, "unchanged": 0, "refused": 0}
    whole, part = Action.objects.order_by("code")
    assert (whole.status, whole.progress, whole.budget_planned) == ("en_cours", 35, 120000)
    assert (whole.pilot, whole.priority_id) == (petr, "logement")
    assert (whole.starts_on, whole.ends_on) == (
        datetime.date(2026, 3, 1),
        datetime.date(2027, 12, 31),
    )
    assert (part.parent, part.priority_id, part.status) == (whole, "logement", "a_venir")
    assert whole.history.first().history_change_reason.startswith("import ")


def test_the_export_of_the_plan_comes_back_without_a_change(officer_client, territory, petr):
    action = ActionFactory(
        territory=territory,
        code="1.10",
        title="=Logement, habitat ; mobilité",
        status="en_retard",
        progress=35,
        importance="elevee",
        maturity="etude",
        health_id="alerte",
        pilot=petr,
        owner=UserFactory(territory=territory, role=Role.OFFICER),
        beneficiaries="Salariés, apprentis",
        budget_planned=Decimal("1234567.89"),
        budget_spent=0,
        starts_on=datetime.date(2024, 1, 5),
        ends_on=datetime.date(2029, 3, 31),
    )
    action.national_priorities.set(NationalPriority.objects.all()[:3])
    for relation in (action.partners, action.financial_partners):
        relation.set([petr, OrganisationFactory(territory=territory, name="CCI ; antenne")])
    FrameworkCodeFactory(action=action, framework_id="crte", code="2.1")
    FrameworkCodeFactory(action=action, framework_id="leader", code="A b")
    MilestoneFactory(action=action)
    BudgetLineFactory(action=ActionFactory(plan=action.plan, code="2"), planned=10)
    ActionFactory(plan=action.plan, parent=action, code="1.10.1")
    before = snapshot_of()
    for kind in ("xlsx", "csv"):
        response = officer_client.get(f"/rapports/actions.{kind}")
        content = b"".join(response) if response.streaming else response.content
        page = preview(officer_client, content, f"plan.{kind}")
        found = [
            (row.code, row.fate, row.changes, row.reasons) for row in page.context["plan"].rows
        ]
        assert found == [
            ("1.10", "unchanged", [], []),
            ("1.10.1", "unchanged", [], []),
            ("2", "unchanged", [], []),
        ]
        assertContains(page, "Rien à changer")
    assert snapshot_of() == before


def snapshot_of():
    return list(Action.objects.order_by("pk").values())


def test_a_fiche_found_by_its_code_is_changed_and_said_before(officer_client, territory, petr):
    action = ActionFactory(territory=territory, code="LOG-1", progress=20, budget_planned=100)
    file = lines("log-1;Logement des salariés;;;50;;PETR, Portes de Gascogne;;")
    page = preview(officer_client, file)
    [row] = page.context["plan"].rows
    assert [(one.label, one.old, one.new) for one in row.changes] == [
        ("Code", "LOG-1", "log-1"),
        ("Intitulé", action.title, "Logement des salariés"),
        ("Avancement (%)", "20\u00a0%", "50\u00a0%"),
        ("Pilote", "vide", "PETR, Portes de Gascogne"),
    ]
    write(officer_client, file)
    action.refresh_from_db()
    assert (action.progress, action.pilot, action.budget_planned) == (50, petr, 100)
    assert action.version == 2


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("LOG-1;;Logement;;;;;;", "L’intitulé manque."),
        (";Navette;Logement;;;;;;", "Le code manque"),
        ("LOG-1;Navette;;;;;;;", "L’action prioritaire manque"),
        ("LOG-1;Navette;Astronomie;;;;;;", "n’est pas une action prioritaire"),
        ("LOG-1;Navette;Logement;peut-être;;;;;", "un statut est attendu"),
        ("LOG-1;Navette;Logement;;120;;;;", "l’avancement va de 0 à 100"),
        ("LOG-1;Navette;Logement;;beaucoup;;;;", "un pourcentage est attendu"),
        ("LOG-1;Navette;Logement;;Infinity;;;;", "un pourcentage est attendu"),
        ("LOG-1;Navette;Logement;;;beaucoup;;;", "un montant est attendu"),
        ("LOG-1;Navette;Logement;;;#REF!;;;", "erreur de formule"),
        ("LOG-1;Navette;Logement;;;;Fantôme;;", "n’est pas connu du territoire"),
        ("LOG-1;Navette;Logement;;;;;31/02/2026;", "une date est attendue"),
        ("LOG-1;Navette;Logement;;;;;01/03/2026;01/01/2026", "précède son début"),
        (f"{'L' * 30};Navette;Logement;;;;;;", "20 signes au plus"),
        (f"LOG-1;{'L' * 300};Logement;;;;;;", "200 signes au plus"),
    ],
)
def test_a_refused_row_says_its_number_and_why(officer_client, territory, row, why):
    page = preview(officer_client, lines(row, "ECI-1;Chaleur;Logement;;;;;;"))
    assert fates(page) == [(2, "refused"), (3, "created")]
    assert why in reasons(page)[0].replace("\u00a0", " ")
    write(officer_client, lines(row, "ECI-1;Chaleur;Logement;;;;;;"))
    assert [action.code for action in Action.objects.all()] == ["ECI-1"]


def test_the_refused_rows_are_a_file_to_mend(officer_client, territory):
    file = lines("LOG-1;=1+1;Astronomie;;;;;;", "ECI-1;Chaleur;Logement;;;;;;")
    batch = write(officer_client, file)
    response = officer_client.get(f"/plan/importer/{batch.token}/refus.csv")
    text = response.content.decode("utf-8-sig")
    assert "Motif du refus" in text
    assert "'=1+1" in text
    assert "ECI-1" not in text
    mended = text.replace("Astronomie", "Logement").split(";Motif")[0]
    assert mended


def test_a_row_of_a_refused_fiche_is_refused_with_it(officer_client, territory):
    head = "Code;Intitulé;Action prioritaire;Sous-action de"
    file = lines(
        "LOG-1.1;Bourse;;LOG-1", "LOG-1;Logements;Astronomie;", "X-1;Rien;;NULLE-PART", head=head
    )
    page = preview(officer_client, file)
    assert [fate for _, fate in fates(page)] == ["refused"] * 3
    file = lines("LOG-1.1;Bourse;;LOG-1", "LOG-1;Logements;Logement;", head=head)
    write(officer_client, file)
    assert Action.objects.get(code="LOG-1.1").parent.code == "LOG-1"
    file = lines("A;Une;;LOG-1.1", "LOG-1;Logements;;LOG-1", "LOG-1;x;;", head=head)
    page = preview(officer_client, file)
    assert [fate for _, fate in fates(page)] == ["refused"] * 3
    assert "déjà une sous-action" in reasons(page)[0].replace("\u00a0", " ")
    assert "sa propre sous-action" in reasons(page)[1]
    assert "déjà à la ligne 3" in reasons(page)[2]


def test_merged_cells_and_title_lines_give_the_axis_of_the_fiches_below(officer_client, territory):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Plan d’actions 2024"])
    sheet.append(["Axe", "Code", "Intitulé", "Budget"])
    sheet.append(["Logement", "LOG-1", "Logements", "=10*2"])
    sheet.append([None, "LOG-2", "Navette", None])
    sheet.merge_cells("A3:A4")
    sheet.append([])
    foncier = LocalPriority.objects.exclude(pk="logement").first()
    sheet.append([foncier.label])
    sheet.append([None, "FON-1", "Friches", "21 667,00 €"])
    out = io.BytesIO()
    book.save(out)
    page = preview(officer_client, out.getvalue(), "plan.xlsx")
    assert [fate for _, fate in fates(page)] == ["created"] * 3
    rows = {row.code: row for row in page.context["plan"].rows}
    assert rows["LOG-2"].values["priority"].pk == "logement"
    assert "Axe repris de la ligne" in rows["LOG-2"].notes[0]
    assert rows["FON-1"].values["priority"] == foncier
    assert rows["FON-1"].values["budget_planned"] == Decimal("21667.00")
    assert "budget_planned" not in rows["LOG-1"].values  # a formula that nobody computed


def test_the_axis_of_a_fiche_that_stands_is_that_of_the_new_one_below(officer_client, territory):
    ActionFactory(territory=territory, code="LOG-1", title="Logements")
    label = LocalPriority.objects.get(pk="logement").label
    page = preview(officer_client, f"Axe;Code;Intitulé\n{label};LOG-1;Logements\n;LOG-2;Navette\n")
    assert fates(page) == [(2, "unchanged"), (3, "created")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("plan.pdf", b"%PDF-1.7", "est un PDF"),
        ("plan.xlsx", b"%PDF-1.7", "est un PDF"),
        ("plan.xlsx", b"PK\x03\x04 rien", "abîmé"),
        ("plan.csv", b"", "est vide"),
        ("plan.csv", b"Couleur;Taille\nrouge;12\n", "aucune colonne reconnue"),
        ("plan.csv", b"Code;Intitule\n", "aucune ligne"),
        ("gros.csv", b"Code;Intitule\n" + b"A;B\n" * 1200, "trop de lignes"),
        ("plan.csv", b"x" * (21 * 1024 * 1024), "21\u00a0Mo"),
    ],
)
def test_an_ugly_file_gets_a_clear_answer(officer_client, name, content, said):
    response = send(officer_client, content, name)
    assertContains(response, said, status_code=422)
    assert not PlanImport.objects.exists()


def test_a_file_of_windows_keeps_its_accents(officer_client, territory):
    file = lines("ÉCI-1;Écologie à côté – œuvre;Logement;Terminé;;21 667,00 €;;;")
    write(officer_client, file.encode("cp1252"))
    action = Action.objects.get()
    assert (action.title, action.status) == ("Écologie à côté – œuvre", "termine")


def test_columns_are_recognised_by_heading_and_corrected_by_hand(officer_client, territory):
    assert guess(["N°", "Fiche action", "Axe stratégique", "Chef de file", "Coût (€)", "Bla"]) == {
        "0": "code", "1": "title", "2": "priority", "3": "pilot", "4": "budget_planned",
    }  # fmt: skip
    send(officer_client, "Code;Machin;Axe\nA-1;Navette;Logement\n")
    batch = PlanImport.objects.get()
    url = f"/plan/importer/{batch.token}/colonnes/"
    assertContains(officer_client.get(url), "Navette")
    both = officer_client.post(url, {"c0": "code", "c1": "code", "c2": "priority"})
    assertContains(both, "est déjà la colonne", status_code=422)
    none = officer_client.post(url, {"c0": "", "c1": "", "c2": "priority"})
    assertContains(none, "au moins la colonne", status_code=422)
    right = {"c0": "code", "c1": "title", "c2": "priority"}
    assert officer_client.post(url, right).status_code == 302
    page = officer_client.get(f"/plan/importer/{batch.token}/")
    assert fates(page) == [(2, "created")]


def test_what_was_not_shown_is_not_written(officer_client, territory):
    action = ActionFactory(territory=territory, code="LOG-1", progress=20)
    page = preview(officer_client, lines("LOG-1;;;;50;;;;"))
    Action.objects.filter(pk=action.pk).update(progress=30)
    url = f"/plan/importer/{page.context['batch'].token}/"
    response = officer_client.post(url, {"digest": page.context["digest"]})
    assertContains(response, "rien n’a été écrit", status_code=409)
    assert officer_client.post(url).status_code == 409
    assert Action.objects.get().progress == 30
    digest = response.context["digest"]
    for _ in range(2):  # a double click
        assert officer_client.post(url, {"digest": digest}).status_code == 302
    assert Action.objects.get().progress == 50


def test_the_budget_of_a_fiche_with_lines_is_theirs(officer_client, territory):
    action = ActionFactory(territory=territory, code="LOG-1")
    BudgetLineFactory(action=action, planned=500)
    page = preview(officer_client, lines("LOG-1;;;;;900;;;"))
    [row] = page.context["plan"].rows
    assert row.fate == "unchanged"
    assert "total de ses lignes" in row.notes[0]


def test_frameworks_are_added_and_none_is_taken_away(officer_client, territory):
    action = ActionFactory(territory=territory, code="LOG-1")
    FrameworkCodeFactory(action=action, framework_id="crte", code="2.1")
    write(officer_client, 'Code;Intitulé;Cadres\nLOG-1;;"LEADER 1.3 ; TI 4"\n')
    codes = set(FrameworkCode.objects.values_list("framework", "code"))
    assert codes == {("crte", "2.1"), ("leader", "1.3"), ("ti", "4")}
    page = preview(officer_client, "Code;Intitulé;Cadres\nLOG-1;;CRTE\n")
    assert "écrivez le cadre puis le code" in reasons(page)[0]


def test_an_import_is_undone_but_for_what_was_edited_since(officer_client, territory, petr):
    old = ActionFactory(territory=territory, code="OLD-1", title="Ancien", progress=10)
    edited = ActionFactory(territory=territory, code="OLD-2", progress=10)
    batch = write(
        officer_client,
        lines(
            "OLD-1;Nouveau;;terminé;100;5 000;PETR, Portes de Gascogne;01/01/2026;",
            "OLD-2;;;;90;;;;",
            "NEW-1;Créée;Logement;;;;;;",
            "NEW-2;Gardée;Logement;;;;;;",
        ),
    )
    MilestoneFactory(action=Action.objects.get(code="NEW-2"))
    later = Action.objects.get(pk=edited.pk)
    later.progress = 95
    later.save_over(later.version)
    response = officer_client.post(f"/plan/importer/{batch.token}/annuler/", follow=True)
    assertContains(response, "2\u00a0fiches modifiées depuis restent")
    back = Action.objects.get(pk=old.pk)
    assert (back.title, back.status, back.progress) == ("Ancien", "a_venir", 10)
    assert (back.budget_planned, back.pilot, back.starts_on) == (None, None, None)
    assert {action.code for action in Action.objects.all()} == {"OLD-1", "OLD-2", "NEW-2"}
    assert Action.objects.get(pk=edited.pk).progress == 95
    again = officer_client.post(f"/plan/importer/{batch.token}/annuler/", follow=True)
    assertContains(again, "ne peut plus être annulé")


def test_an_import_is_not_undone_after_two_days(officer_client, territory):
    batch = write(officer_client, lines("NEW-1;Créée;Logement;;;;;;"))
    late = timezone.now() - datetime.timedelta(hours=49)
    PlanImport.objects.filter(pk=batch.pk).update(committed_at=late)
    officer_client.post(f"/plan/importer/{batch.token}/annuler/")
    assert Action.objects.exists()


def test_a_file_is_abandoned_with_its_rows(officer_client, territory):
    page = preview(officer_client, lines("NEW-1;Créée;Logement;;;;;;"))
    url = f"/plan/importer/{page.context['batch'].token}/abandonner/"
    assert officer_client.post(url).status_code == 302
    assert not PlanImport.objects.exists()


def test_others_import_nothing(sign_in, client, officer_client, territory):
    batch = preview(officer_client, lines("A;B;Logement;;;;;;")).context["batch"]
    for role in (Role.READER, Role.ELECTED):
        assert sign_in(role).get("/plan/importer/").status_code == 403
    client.force_login(UserFactory(territory=TerritoryFactory(perimeter=True), role=Role.MANAGER))
    for url in ("", "colonnes/", "refus.csv"):
        assert client.get(f"/plan/importer/{batch.token}/{url}").status_code == 404


def test_the_preview_costs_the_same_for_two_rows_and_for_eighty(
    officer_client, territory, django_assert_max_num_queries
):
    for number in range(40):
        ActionFactory(territory=territory, code=f"A-{number}", progress=1)
    rows = [f"A-{n};;;;2;;;;" for n in range(40)] + [
        f"N-{n};T{n};Logement;;;;;;" for n in range(40)
    ]
    with django_assert_max_num_queries(45):
        page = preview(officer_client, lines(*rows))
    assert page.context["counts"]["updated"] == page.context["counts"]["created"] == 40
