import datetime as dt
from decimal import Decimal as D

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from crm.models import Commune, Organisation, Project, Role, Theme
from funding import ranking
from funding.eligibility import Answer, Rules, Verdict, Window
from funding.facts import FactReader, with_facts, with_holder_facts
from funding.forms.answers import AnswerForm
from funding.matching import Matcher, matches_of
from funding.models import DeclaredFact
from tests.crm.factories import OrganisationFactory, ProjectFactory, SiteFactory
from tests.funding.factories import ApplicationFactory, MatchDecisionFactory, ProgramFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
AUDIT = {
    "kind": "prior_study",
    "key": "audit",
    "study": "energy_audit",
    "question": "De quand date l’audit énergétique ?",
}
TURNOVER = {"kind": "turnover", "key": "turnover", "max": "10000000"}
IN_DIFFICULTY = {
    "kind": "fact",
    "key": "difficulty",
    "fact": "in_difficulty",
    "type": "bool",
    "expected": False,
    "label": "L’entreprise n’est pas en difficulté",
    "question": "L’entreprise est-elle en difficulté ?",
}
COSTS = {"kind": "eligible_costs", "key": "costs", "min": "100000"}
SITE_HEADCOUNT = {"kind": "headcount", "key": "site", "scope": "site", "min": 20}


@pytest.fixture
def project(territory):
    holder = OrganisationFactory(territory=territory, headcount=42)
    SiteFactory(organisation=holder, commune=Commune.objects.get(pk="32132"))
    project = ProjectFactory(
        territory=territory,
        holder=holder,
        eligible_costs=D("500000"),
        first_commitment_on=dt.date(2027, 3, 1),
        confidentiality="partenaires",
    )
    project.themes.set(Theme.objects.filter(pk__in=["deca", "agro"]))
    return project


def panel(client, project, **query):
    return client.get(reverse("funding:project_panel", args=[project.pk]), query)


def reply(client, project, fact, value, **data):
    url = reverse("funding:answer", args=[project.pk])
    return client.post(url, {"fact": fact, "value": value, **data})


def verdict_of(project, viewer):
    return [match.verdict for match in matches_of(project, viewer, today=TODAY)]


def test_facts_come_from_the_records_with_their_source(officer_client, project):
    ProgramFactory(
        criteria=[
            {"kind": "headcount", "key": "h", "min": 20, "max": 250},
            {"kind": "naf", "key": "naf", "vintage": "rev2", "accepted": ["C"]},
            {"kind": "place", "key": "ti", "in_ti": True},
            {"kind": "place", "key": "region", "regions": ["76"]},
            {"kind": "themes", "key": "themes", "any": ["deca"]},
            {"kind": "not_started", "key": "not_started"},
            {"kind": "eligible_costs", "key": "costs", "min": "100000"},
        ]
    )
    match = matches_of(project, officer_client.user, today=TODAY)[0]
    assert match.verdict is Verdict.ELIGIBLE
    found = {result.key: result.found for result in match.assessment.results}
    assert "42" in found["h"]
    assert "500" in found["costs"]


def test_an_answer_in_place_settles_the_verdict(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    assert verdict_of(project, officer_client.user) == [Verdict.TO_CONFIRM]

    response = reply(officer_client, project, "turnover", "9 400 000,50")

    assertRedirects(
        response, f"{project.get_absolute_url()}#financements", fetch_redirect_response=False
    )
    project.holder.refresh_from_db()
    assert project.holder.turnover == D("9400000.50")
    assert "saisi par" in project.holder.source_of("turnover")
    assert verdict_of(project, officer_client.user) == [Verdict.ELIGIBLE]


def test_an_answer_with_letters_is_refused_naming_it_and_writes_nothing(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    response = reply(officer_client, project, "turnover", "beaucoup")
    assertContains(response, "«\u00a0beaucoup\u00a0» n’est pas un nombre", status_code=422)
    project.holder.refresh_from_db()
    assert project.holder.turnover is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"value": "2025-05-12"}, Verdict.ELIGIBLE),
        ({"value": "", "done": "non"}, Verdict.NOT_ELIGIBLE),
    ],
)
def test_a_study_is_dated_or_said_not_done(officer_client, project, data, expected):
    ProgramFactory(criteria=[AUDIT])
    reply(officer_client, project, "study:energy_audit", **data)
    assert verdict_of(project, officer_client.user) == [expected]


def test_a_judgement_holds_for_its_program_only(officer_client, project):
    text = {"kind": "text", "key": "ambition", "text": "Le projet est ambitieux."}
    first = ProgramFactory(criteria=[text], code="A1")
    ProgramFactory(criteria=[text], code="A2")
    reply(officer_client, project, f"judgement:{first.code}:ambition", "oui")
    verdicts = {
        match.program.code: match.verdict
        for match in matches_of(project, officer_client.user, today=TODAY)
    }
    assert verdicts == {"A1": Verdict.ELIGIBLE, "A2": Verdict.TO_CONFIRM}


def test_a_fact_about_the_holder_serves_all_its_projects(officer_client, project):
    fact = {
        "kind": "fact",
        "key": "difficulty",
        "fact": "in_difficulty",
        "type": "bool",
        "expected": False,
        "label": "Entreprise qui n’est pas en difficulté",
        "question": "L’entreprise est-elle en difficulté ?",
    }
    ProgramFactory(criteria=[fact])
    reply(officer_client, project, "in_difficulty", "non")
    other = ProjectFactory(territory=project.territory, holder=project.holder)
    assert verdict_of(other, officer_client.user) == [Verdict.ELIGIBLE]


def test_the_size_is_proposed_from_insee_with_a_warning_and_stays_to_be_said(
    officer_client, project
):
    project.holder.insee_category = "PME"
    project.holder.save()
    ProgramFactory(criteria=[{"kind": "size", "key": "size", "accepted": ["micro", "small"]}])
    page = officer_client.get(reverse("funding:question_panel", args=[project.pk]))
    assertContains(page, '<option value="small" selected>Petite entreprise</option>', html=True)
    assertContains(page, "Proposé d’après la catégorie de l’INSEE, à relire.")
    assert verdict_of(project, officer_client.user) == [Verdict.TO_CONFIRM]


def test_the_portfolio_asks_the_size_with_the_same_care(officer_client, project):
    other = OrganisationFactory(territory=project.territory, headcount=42)
    ProjectFactory(territory=project.territory, holder=other)
    project.holder.insee_category = "PME"
    project.holder.save()
    ProgramFactory(criteria=[{"kind": "size", "key": "size", "accepted": ["micro", "small"]}])
    page = officer_client.get(reverse("funding:information_list"))
    cards = {card["one"].subject.holder: card for card in page.context["top"]}
    prefills = {holder.pk: card["one"].question.prefill for holder, card in cards.items()}
    assert prefills == {project.holder.pk: "small", other.pk: ""}
    assertContains(page, '<option value="small" selected>Petite entreprise</option>', html=True)
    assertContains(page, "Proposé d’après la catégorie de l’INSEE, à relire.")
    assertContains(page, reverse("funding:eu_size", args=[other.pk]))


@pytest.mark.parametrize(
    ("filed_on", "expected"),
    [
        (None, Verdict.NOT_ELIGIBLE),
        ("2026-10-31", Verdict.ELIGIBLE),
        ("2026-11-01", Verdict.NOT_ELIGIBLE),
    ],
)
def test_a_commitment_must_follow_the_first_filing(officer_client, project, filed_on, expected):
    project.first_commitment_on = dt.date(2026, 11, 1)
    project.save()
    program = ProgramFactory(criteria=[{"kind": "not_started", "key": "n"}])
    other = ProgramFactory(criteria=[{"kind": "not_started", "key": "n"}])
    ApplicationFactory(project=project, program=program, filed_on=filed_on)
    found = {
        match.program.pk: match.verdict
        for match in matches_of(project, officer_client.user, today=TODAY)
    }
    assert found == {program.pk: expected, other.pk: Verdict.NOT_ELIGIBLE}


def test_an_unasked_fact_is_not_written(officer_client, project):
    ProgramFactory()
    response = reply(officer_client, project, "anything", "oui")
    assert response.status_code in {302, 409}
    assert not DeclaredFact.objects.exists()


STUDY = ("study:energy_audit", "2025-05-12")
# One answer for each place where answers live, with the program that asks for it.
ANSWERS = {
    "the project’s own fact": (AUDIT, *STUDY),
    "the holder’s fact": (IN_DIFFICULTY, "in_difficulty", "non"),
    "a field of the holder": (TURNOVER, "turnover", "1 250 000,50"),
    "a field of the project": (COSTS, "eligible_costs", "120000"),
    "a field of the site": (SITE_HEADCOUNT, "site_headcount", "42"),
}


def take_back(client, project, **query):
    """What the panel offers, sent as it offers it: the first answer noted is taken back."""
    page = client.get(reverse("funding:question_panel", args=[project.pk]), query)
    answer = page.context["answers"][0]
    url = reverse("funding:forget", args=[project.pk])
    return client.post(url, {"fact": answer.fact, "seen": answer.seen}, follow=True)


@pytest.mark.parametrize("where", ANSWERS)
def test_an_answer_is_taken_back_wherever_it_lives_and_put_back(officer_client, project, where):
    criterion, fact, value = ANSWERS[where]
    ProgramFactory(criteria=[criterion])
    Project.objects.update(eligible_costs=None)
    reply(officer_client, project, fact, value)
    answered = verdict_of(project, officer_client.user)
    assert answered != [Verdict.TO_CONFIRM]
    response = take_back(officer_client, project)
    assert verdict_of(project, officer_client.user) == [Verdict.TO_CONFIRM]
    [said] = response.context["messages"]
    officer_client.post(said.extra_tags)
    assert verdict_of(project, officer_client.user) == answered
    again = officer_client.post(said.extra_tags, headers={"HX-Request": "true"})
    assert again.status_code == 409


def test_taking_back_what_is_said_of_the_company_says_whom_it_concerns(officer_client, project):
    ProgramFactory(criteria=[IN_DIFFICULTY, AUDIT])
    other = ProjectFactory(territory=project.territory, holder=project.holder)
    reply(officer_client, project, "in_difficulty", "non")
    page = officer_client.get(reverse("funding:question_panel", args=[other.pk]))
    assertContains(page, f"Vaut pour tout ce que porte {project.holder}")
    response = take_back(officer_client, other)
    assertContains(response, f"Cela vaut pour tout ce que porte {project.holder}")
    assert not DeclaredFact.objects.exists()


@pytest.mark.parametrize("where", ANSWERS)
def test_an_answer_that_changed_meanwhile_is_not_taken_back(officer_client, project, where):
    criterion, fact, value = ANSWERS[where]
    ProgramFactory(criteria=[criterion])
    Project.objects.update(eligible_costs=None)
    reply(officer_client, project, fact, value)
    url = reverse("funding:forget", args=[project.pk])
    fields = {"fact": fact, "seen": "something else"}
    response = officer_client.post(url, fields, headers={"HX-Request": "true"})
    assert response.status_code == 409
    assertContains(response, "a changé entre-temps", status_code=409)
    assert verdict_of(project, officer_client.user) != [Verdict.TO_CONFIRM]


def test_what_was_typed_on_a_record_is_not_offered_as_an_answer(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    project.holder.note_source(["turnover"], "saisi par Inès", TODAY)
    project.holder.turnover = 5
    project.holder.save()
    page = officer_client.get(reverse("funding:question_panel", args=[project.pk]))
    assertNotContains(page, "réponse donnée")


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


def test_uncertain_rule_never_gives_a_certain_verdict(officer_client, project):
    ProgramFactory(criteria=[{"kind": "headcount", "key": "h", "max": 250, "confidence": "TBV"}])
    match = matches_of(project, officer_client.user, today=TODAY)[0]
    assert match.verdict is Verdict.TO_CONFIRM
    result = next(r for r in match.assessment.results if r.key == "h")
    assert result.answer is Answer.UNKNOWN
    assert result.rule_to_check


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_readers_see_the_verdicts_but_do_not_answer(sign_in, project, role):
    ProgramFactory(criteria=[TURNOVER])
    client = sign_in(role)
    assert panel(client, project).status_code == 200
    assert reply(client, project, "turnover", "1").status_code == 403


def test_the_project_of_another_territory_is_not_found(officer_client):
    assert panel(officer_client, ProjectFactory()).status_code == 404


def test_cost_does_not_grow_with_programs_or_facts(officer_client, project, assert_flat_queries):
    def add(count):
        ProgramFactory.create_batch(count, criteria=[AUDIT, TURNOVER])
        SiteFactory.create_batch(count, organisation=project.holder)

    assert_flat_queries(lambda: panel(officer_client, project), add)


def test_matching_many_projects_costs_what_one_costs(
    officer_client, project, territory, assert_flat_queries
):
    from funding.facts import with_facts

    ProgramFactory.create_batch(2)

    def match_all():
        matcher = Matcher(officer_client.user, today=TODAY)
        return [matcher.matches(one) for one in with_facts(Project.objects.all())]

    assert_flat_queries(
        match_all, lambda count: ProjectFactory.create_batch(count, territory=territory)
    )


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


def test_a_closed_site_tells_neither_the_place_nor_the_activity(project, officer_client):
    holder = project.holder
    holder.sites.update(closed_on="2025-01-01", is_head_office=True)
    elsewhere = Commune.objects.exclude(pk="32132").first()
    still = SiteFactory(organisation=holder, naf_rev2="46.31Z", commune=elsewhere)
    project.site = project.commune = None
    project.save()
    facts = FactReader(TODAY).facts_of(with_facts(Project.objects.all()).get(pk=project.pk))
    assert facts["naf_rev2"].value == "46.31Z"
    assert facts["commune"].value == elsewhere.pk
    alone = with_holder_facts(Organisation.objects.all()).get(pk=holder.pk)
    assert FactReader(TODAY).facts_of_holder(alone)["naf_rev2"].value == "46.31Z"
    assert Organisation.objects.with_head_site().get(pk=holder.pk).place == still.commune.search


@pytest.mark.parametrize(
    ("row", "is_allowed"),
    [({"kind": "equity", "key": "equity", "min": "1"}, True), (TURNOVER, False), (COSTS, False)],
)
def test_equity_may_be_negative_and_costs_may_not(row, is_allowed):
    form = AnswerForm({"value": "-3"}, question=question_of(row))
    assert form.is_valid() is is_allowed


def question_of(row):
    return Rules.parse([row], Window("open")).assess({}, TODAY).questions[0]


def test_equity_below_zero_is_a_record_like_another(project):
    project.holder.equity = D(-3)
    project.holder.full_clean()
