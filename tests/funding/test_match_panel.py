"""The panel of the programs of a project: which come first, and what when none fits."""

import datetime as dt
from decimal import Decimal as D

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from funding import ranking
from funding.matching import matches_of
from tests.actions.factories import ActionFactory
from tests.funding.factories import MatchDecisionFactory, ProgramFactory
from tests.funding.test_matching import AUDIT, TODAY, TURNOVER, panel, project_to_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(territory):
    return project_to_match(territory)


def test_closing_dates_give_the_whole_name(officer_client, project):
    name = "Fonds d’un nom si long qu’aucune ligne de téléphone ne le tient en entier"
    ProgramFactory(name=name, closes_on=timezone.localdate() + dt.timedelta(days=12))
    text = panel(officer_client, project).content.decode()
    closing = text.partition("Prochaines clôtures")[2].partition("</ul>")[0]
    assert name in closing
    assert "J-12" in closing


def test_panel_ranks_and_explains(officer_client, project):
    ProgramFactory(name="Aide sûre", rate_max=D("40"), closes_on=TODAY + dt.timedelta(days=4000))
    ProgramFactory(name="Aide à confirmer", criteria=[TURNOVER])
    ProgramFactory(
        name="Aide d’ailleurs",
        criteria=[{"kind": "place", "key": "region", "regions": ["53"]}],
    )
    page = panel(officer_client, project).content.decode()
    assert page.index("Aide sûre") < page.index("Aide à confirmer")
    assert "Aide d’ailleurs" not in page
    refused = panel(officer_client, project, vue="non-eligibles")
    assertContains(refused, "Aide d’ailleurs")
    assertNotContains(refused, "Aide sûre")


ELSEWHERE = {"kind": "place", "key": "region", "regions": ["53"]}
FOR_COMMUNES = {"kind": "beneficiary", "key": "who", "accepted": ["commune"]}
LARGE = {"kind": "headcount", "key": "h", "min": 500}


@pytest.mark.parametrize(
    ("programs", "kind", "text"),
    [
        ([], "no_program", "Le catalogue est vide"),
        ([[FOR_COMMUNES]], "no_program_for_kind", "ne s’adresse à ce genre de porteur"),
        ([[FOR_COMMUNES, ELSEWHERE]], "no_program_for_kind", "entreprise"),
        ([[ELSEWHERE]], "no_program_here", "ne couvre ce lieu"),
        ([[LARGE]], "none_fits", "aucun ne convient"),
        ([[LARGE], [FOR_COMMUNES]], "none_fits", "Un seul critère manque"),
        ([[TURNOVER]], "data_missing", "Aucun verdict certain"),
        ([[TURNOVER]], "data_missing", "Quel est le chiffre d’affaires"),
    ],
)
def test_the_kinds_of_empty_say_which_they_are(officer_client, project, programs, kind, text):
    for criteria in programs:
        ProgramFactory(criteria=criteria)
    page = panel(officer_client, project)
    assert page.context["empty"] == kind
    assertContains(page, text)


def test_all_set_aside_is_an_empty_of_its_own(officer_client, project):
    MatchDecisionFactory(project=project, dismissed=True)
    assertContains(panel(officer_client, project), "ont été écartés par l’équipe")


def test_the_nearest_programs_say_the_one_criterion_that_fails(officer_client, project):
    ProgramFactory(name="À un critère", criteria=[LARGE])
    ProgramFactory(name="À deux critères", criteria=[LARGE, ELSEWHERE])
    page = panel(officer_client, project)
    assert [match.program.name for match in page.context["nearest"]] == ["À un critère"]
    assertContains(page, "42\u00a0salariés")
    assertNotContains(page, "À deux critères")


def test_each_match_shows_its_points_part_by_part(officer_client, project):
    ProgramFactory(rate_max=D("40"))
    page = panel(officer_client, project)
    [line] = page.context["rows"]
    for reason in line.match.rank.reasons:
        assertContains(
            page, f"<b>{'+' if reason.points > 0 else ''}{reason.points}</b>", html=False
        )
    assertContains(page, f"Règle v{ranking.RULE_VERSION}")


def test_the_question_panel_counts_what_becomes_certain(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    ProgramFactory(criteria=[{**TURNOVER, "confidence": "TBV"}, AUDIT])
    page = officer_client.get(reverse("funding:question_panel", args=[project.pk]))
    assertContains(page, "Ces 2 informations débloquent 1\u00a0dispositif")


def test_points_decide_of_the_order_and_the_panel_says_so(officer_client, project):
    """What covers the costs and is to confirm comes before what is certain and gives little."""
    ProgramFactory(name="Sûre et petite", rate_min=D(1), rate_max=D(1))
    doubtful = {"kind": "turnover", "key": "t", "max": "10000000"}
    ProgramFactory(name="Grande à confirmer", rate_min=D(100), rate_max=D(100), criteria=[doubtful])
    matches = matches_of(project, officer_client.user, today=TODAY)
    assert [(match.program.name, match.is_eligible) for match in matches] == [
        ("Grande à confirmer", False),
        ("Sûre et petite", True),
    ]
    assert [match.rank.score for match in matches] == sorted(
        (match.rank.score for match in matches), reverse=True
    )
    page = panel(officer_client, project)
    assertContains(page, "Classés par points")
    assertContains(page, "un dispositif à confirmer peut précéder un éligible")


def test_a_closed_program_is_never_proposed(officer_client, project):
    ProgramFactory(name="Aide fermée", state="closed")
    page = panel(officer_client, project)
    assertNotContains(page, "Aide fermée")


def test_the_rate_of_a_study_is_not_applied_to_the_whole_project(officer_client, project):
    ProgramFactory(name="Étude", rate_max=D("80"), rate_on_project=False)
    ProgramFactory(name="Investissement", rate_max=D("80"))
    aids = {
        match.program.name: match.rank.aid
        for match in matches_of(project, officer_client.user, today=TODAY)
    }
    assert aids == {"Étude": None, "Investissement": (None, D("400000.00"))}


def test_the_best_matches_come_first_and_the_others_when_they_are_asked_for(
    officer_client, project
):
    ProgramFactory.create_batch(27, criteria=[TURNOVER])
    page = panel(officer_client, project)
    assert [match_names(page), page.context["live"]] == [10, 27]
    assertContains(page, "Afficher les 10 suivants")
    assert len(page.content) < 90_000

    url = f"{reverse('funding:project_panel', args=[project.pk])}?depuis="
    second, last = (
        officer_client.get(f"{url}{start}", headers={"HX-Request": "true"}) for start in (10, 20)
    )
    assertContains(page, f'hx-get="{url}10"')
    assertContains(second, f'hx-get="{url}20"')
    assertContains(second, "11 à 20, sur 27\u00a0dispositifs à étudier")
    assertNotContains(second, 'id="panel-funding"')
    assert [match_names(second), match_names(last)] == [10, 7]
    assertNotContains(last, "depuis=")
    shown = [line.match.program.pk for one in (page, second, last) for line in one.context["rows"]]
    assert len(set(shown)) == 27


def match_names(response):
    return response.content.count(b'class="match"')


def test_the_following_matches_have_a_page_of_their_own_without_script(officer_client, project):
    ProgramFactory.create_batch(12)
    page = panel(officer_client, project, depuis="10")
    assertContains(page, "<h1>")
    assertContains(page, "11 à 12, sur 12\u00a0dispositifs à étudier")
    assert match_names(page) == 2


def test_the_shortlist_is_sent_whole_and_printed(officer_client, project):
    for program in ProgramFactory.create_batch(16)[:12]:
        MatchDecisionFactory(project=project, program=program)
    page = panel(officer_client, project)
    assert match_names(page) == 12 + 4
    assertContains(page, 'class="prog is-printed"', count=12)


def test_the_excluded_follow_in_the_same_way(officer_client, project):
    ProgramFactory.create_batch(53, criteria=[LARGE])
    page = panel(officer_client, project, vue="non-eligibles")
    assertContains(page, "Afficher les 3 suivants")
    following = panel(officer_client, project, vue="non-eligibles", depuis="50")
    assert len(following.context["rows"]) == 3
    assertContains(following, "51 à 53, sur 53\u00a0dispositifs non éligibles")


@pytest.mark.parametrize("start", ["", "dix", "-1", "²", "9" * 30])
def test_a_start_that_is_no_number_is_refused_with_its_name(officer_client, project, start):
    page = panel(officer_client, project, depuis=start)
    assertContains(page, f"Début de liste inconnu\u00a0: «\u00a0{start}\u00a0»", status_code=400)


def test_a_start_past_the_end_says_so(officer_client, project):
    ProgramFactory()
    page = panel(officer_client, project, depuis="10")
    assertContains(page, "La liste s’arrête avant.")


def test_a_closing_date_leads_to_its_match_or_to_its_program(officer_client, project):
    near = timezone.localdate() + dt.timedelta(days=20)
    ProgramFactory.create_batch(11, rate_max=D("80"))
    far = ProgramFactory(closes_on=near, criteria=[TURNOVER])
    page = panel(officer_client, project)
    assert far.pk not in page.context["here"]
    assertContains(page, f'<a href="{far.get_absolute_url()}">{far.name}</a>')
    assertNotContains(page, f'href="#prog-{far.code}"')


@pytest.mark.parametrize(("stage", "said"), [("realise", "réalisé"), ("abandonne", "clos")])
def test_what_is_over_is_offered_nothing_unless_somebody_asks(officer_client, project, stage, said):
    ProgramFactory(name="Aide à confirmer", criteria=[TURNOVER])
    project.stage_id = stage
    project.save()
    page = panel(officer_client, project)
    sentence = f"Ce projet est {said}\u00a0: les dispositifs ne sont plus proposés."
    assertContains(page, sentence)
    assertNotContains(page, "Aide à confirmer")
    assertContains(panel(officer_client, project, vue="a-etudier"), "Aide à confirmer")
    url = reverse("funding:question_panel", args=[project.pk])
    asked = officer_client.get(url)
    assertContains(asked, f"Ce projet est {said}\u00a0: plus rien n’est demandé.")
    assertNotContains(asked, "chiffre d’affaires")
    assertContains(officer_client.get(url, {"vue": "questions"}), "chiffre d’affaires")


def test_an_action_that_is_over_says_so(officer_client, territory):
    action = ActionFactory(territory=territory, status="termine")
    page = officer_client.get(reverse("funding:action_panel", args=[action.pk]))
    assertContains(page, "Cette action est terminée\u00a0: les dispositifs ne sont plus proposés.")


def test_lines_asked_for_are_there_again_on_the_way_back(officer_client, project):
    for number in range(25):
        ProgramFactory(name=f"Aide {number:02}")
    first = panel(officer_client, project)
    address = f"{project.get_absolute_url()}?dispositifs=20"
    assertContains(first, f'hx-replace-url="{address}"')
    page = officer_client.get(address)
    url = reverse("funding:project_panel", args=[project.pk])
    assertContains(page, f'hx-get="{url}?jusqua=20"')
    again = panel(officer_client, project, jusqua=20)
    assert len(again.context["rows"]) == 20
    assertContains(again, "Afficher les 5 suivants")
    assert panel(officer_client, project, jusqua="douze").status_code == 400
    assert len(panel(officer_client, project, jusqua=0).context["rows"]) == 10
