"""Where the watch is read: what changed, what closes soon, what is seen."""

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import Role
from funding import watch
from funding.eligibility import Verdict
from funding.models import MatchDecision, WatchNotice
from tests.crm.factories import TerritoryFactory, UserFactory
from tests.funding.changes import headcount, make_project, text
from tests.funding.factories import ApplicationFactory, ProgramFactory, WatchNoticeFactory
from tests.funding.filing import after

pytestmark = pytest.mark.django_db
ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Verdict.ELIGIBLE, Verdict.TO_CONFIRM, Verdict.NOT_ELIGIBLE


@pytest.fixture
def project(territory):
    return make_project(territory)


def closings(client, territory, **options):
    found = watch.closing(client.user, territory, **options)
    return {
        closing.program: [(one.subject, one.verdict) for one in closing.candidates]
        for closing in found
    }


def test_a_program_that_closes_soon_is_told_with_its_live_matches(
    officer_client, territory, project
):
    doubtful = make_project(territory, None)
    make_project(territory, 3)
    soon = ProgramFactory(closes_on=after(40), criteria=headcount(10))
    ProgramFactory(closes_on=after(61))
    ProgramFactory(closes_on=after(-1))
    ProgramFactory()
    found = closings(officer_client, territory)
    assert found == {soon: [(project, ELIGIBLE), (doubtful, TO_CONFIRM)]}
    [closing] = watch.closing(officer_client.user, territory)
    assert (closing.eligible, closing.to_confirm, closing.what) == (1, 1, "Clôture")
    assert "10\u00a0salariés" in closing.candidates[1].doubt


def test_the_next_releve_comes_before_the_closing(officer_client, territory, project):
    ProgramFactory(closes_on=after(300), deadlines=[{"on": after(20).isoformat()}])
    [closing] = watch.closing(officer_client.user, territory)
    assert (closing.on, closing.what) == (after(20), "Relève")


@pytest.mark.parametrize(
    ("status", "stays"),
    [
        ("a_deposer", True),
        ("brouillon", True),
        ("depose", False),
        ("accepte", False),
        ("refuse", True),
    ],
)
def test_what_is_filed_already_is_not_reminded(officer_client, territory, project, status, stays):
    program = ProgramFactory(closes_on=after(40))
    ApplicationFactory(project=project, program=program, status=status)
    assert bool(closings(officer_client, territory)) is stays


def test_what_is_filed_for_the_national_program_is_not_reminded_for_the_local_one(
    officer_client, territory, project
):
    national = ProgramFactory(criteria=headcount(10))
    local = ProgramFactory(
        criteria=headcount(10), closes_on=after(20), national=national, territory=territory
    )
    assert closings(officer_client, territory) == {local: [(project, ELIGIBLE)]}
    ApplicationFactory(project=project, program=national, filed=True)
    assert closings(officer_client, territory) == {}


def test_what_is_set_aside_is_not_reminded(officer_client, territory, project):
    program = ProgramFactory(closes_on=after(40))
    said = MatchDecision.objects.decide(
        project, program, "dismissed", reason="had", by=officer_client.user
    )
    assert closings(officer_client, territory) == {}
    said.revoke(officer_client.user)
    assert closings(officer_client, territory) != {}


def test_closings_cost_the_same_for_one_project_and_for_fifty(
    officer_client, territory, assert_flat_queries
):
    def add(count):
        for _ in range(count):
            make_project(territory)
            ProgramFactory(closes_on=after(30))

    assert_flat_queries(lambda: watch.closing(officer_client.user, territory), add)


def page(client, **query):
    return client.get(reverse("funding:watch_list"), query)


@pytest.mark.parametrize(
    ("role", "confidentiality", "reads"),
    [
        (Role.OFFICER, "interne", True),
        (Role.ELECTED, "interne", False),
        (Role.ELECTED, "binome", True),
        (Role.READER, "binome", False),
        (Role.READER, "partenaires", True),
    ],
)
def test_each_reads_what_the_project_allows(sign_in, territory, role, confidentiality, reads):
    project = make_project(territory, title="Secret de fabrique", confidentiality=confidentiality)
    WatchNoticeFactory(project=project, program=ProgramFactory(closes_on=after(30)))
    client = sign_in(role)
    names = ["funding:watch_list", "funding:watch_closing"]
    for url in [reverse(name) for name in names] + [
        reverse(f"reporting:{name}_export", args=["csv"]) for name in ("watch", "closing")
    ]:
        response = client.get(url)
        assert ("Secret de fabrique" in response.getvalue().decode()) is reads, url
    panel = client.get(reverse("funding:watch_panel", args=[project.pk]))
    assert panel.status_code == (200 if reads else 404)


def test_a_stranger_reads_nothing_and_marks_nothing(client, territory, project):
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    notice = WatchNoticeFactory(project=project, program=ProgramFactory(closes_on=after(30)))
    client.force_login(UserFactory(territory=elsewhere, role=Role.MANAGER))
    assert project.title not in text(page(client))
    assert project.title not in text(client.get(reverse("funding:watch_closing")))
    client.post(reverse("funding:watch_seen"), {"notice": notice.pk})
    notice.refresh_from_db()
    assert notice.seen_at is None


def test_the_list_says_the_criterion_before_and_after(officer_client, project):
    WatchNoticeFactory(project=project)
    said = text(page(officer_client))
    assert "Effectif d’au moins 50 salariés" in said
    assert "Auparavant : Effectif d’au moins 10 salariés" in said
    assert "Remplie → non remplie" in said
    assert "34 salariés" in said


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 3),
        ({"seen": "false"}, 2),
        ({"seen": "true"}, 1),
        ({"kind": "not_eligible"}, 2),
        ({"kind": "new"}, 1),
        ({"kind": ["new", "not_eligible"]}, 3),
        ({"kind": "eligible"}, 0),
        ({"q": "chaudière"}, 1),
        ({"stakes": "true"}, 1),
    ],
)
def test_the_list_is_filtered(officer_client, territory, query, count):
    first = WatchNoticeFactory(project=make_project(territory, title="Chaudière à bois"))
    WatchNoticeFactory(project=make_project(territory), seen_at=timezone.now())
    WatchNoticeFactory(project=make_project(territory), verdict_before=None, verdict_after=2)
    ApplicationFactory(project=first.project, program=first.program)
    response = page(officer_client, **query)
    assert response.status_code == 200
    assert response.context["page"].paginator.count == count
    export = officer_client.get(reverse("reporting:watch_export", args=["csv"]), query)
    assert len(export.getvalue().decode().splitlines()) == 1 + count


def test_a_filter_that_is_not_understood_shows_nothing(officer_client, project):
    WatchNoticeFactory(project=project)
    for name in ("funding:watch_list", "funding:watch_closing"):
        response = officer_client.get(reverse(name), {"program": "douze"})
        assert response.status_code == 400
        assert response.context["page"].paginator.count == 0
    for name in ("watch", "closing"):
        url = reverse(f"reporting:{name}_export", args=["xlsx"])
        assert officer_client.get(url, {"kind": "?"}).status_code == 400


def test_the_closing_list_narrows_to_a_project_or_a_program(officer_client, territory, project):
    other = make_project(territory)
    soon, later = ProgramFactory(closes_on=after(10)), ProgramFactory(closes_on=after(50))
    url = reverse("funding:watch_closing")
    counts = {
        name: officer_client.get(url, query).context["page"].paginator.count
        for name, query in {
            "all": {},
            "project": {"project": other.pk},
            "program": {"program": later.pk},
            "within": {"within": 20},
            "words": {"q": soon.name},
        }.items()
    }
    assert counts == {"all": 4, "project": 2, "program": 2, "within": 2, "words": 2}
    assert project.title in text(officer_client.get(url))


def test_a_project_tells_on_its_page_what_changed(officer_client, project):
    notice = WatchNoticeFactory(project=project)
    assert reverse("funding:watch_panel", args=[project.pk]) in text(
        officer_client.get(project.get_absolute_url())
    )
    said = text(officer_client.get(reverse("funding:watch_panel", args=[project.pk])))
    assert notice.program.name in said
    assert "Auparavant : Effectif d’au moins 10 salariés" in said


@pytest.mark.parametrize(
    "address",
    [
        ("reporting:today",),
        ("funding:watch_list",),
        ("funding:watch_closing",),
        ("reporting:watch_export", "xlsx"),
        ("reporting:closing_export", "csv"),
    ],
)
def test_each_page_costs_the_same_for_one_notice_and_for_fifty(
    officer_client, territory, assert_flat_queries, address
):
    url = reverse(address[0], args=address[1:])

    def add(count):
        for _ in range(count):
            program = ProgramFactory(closes_on=after(30))
            WatchNoticeFactory(project=make_project(territory), program=program)

    assert_flat_queries(lambda: officer_client.get(url), add)


def test_the_orders_of_the_watch_are_told_in_french(officer_client, project):
    WatchNoticeFactory(project=project)
    form = officer_client.get(reverse("funding:watch_list")).context["filterset"].form
    labels = [str(label) for _, label in form.fields["order"].choices]
    assert [label for label in labels[1:] if "(" not in label] == [
        "Date",
        "Dispositif",
        "Projet ou action",
        "Verdict",
    ]


def test_seen_is_for_the_team_and_is_taken_back_in_one_click(officer_client, project):
    notices = [WatchNoticeFactory(project=project) for _ in range(3)]
    page = text(officer_client.get(reverse("funding:watch_list")))
    assert "Tout marquer comme vu pour toute l’équipe" in page
    url = reverse("funding:watch_seen")
    response = officer_client.post(url, {"newest": notices[1].pk}, follow=True)
    assert WatchNotice.objects.unseen().count() == 1
    assert "2 changements marqués comme vus." in text(response)
    mark = WatchNotice.objects.filter(seen_at__isnull=False).first().seen_mark
    undo = reverse("funding:watch_unseen", args=[mark])
    assert undo in text(response)
    assert "2 changements sont de nouveau à voir." in text(officer_client.post(undo, follow=True))
    assert WatchNotice.objects.unseen().count() == 3


def test_seen_marks_one_or_those_of_a_program_or_those_of_the_filters(officer_client, project):
    one, two, new = (WatchNoticeFactory(project=project) for _ in range(3))
    WatchNotice.objects.filter(pk=new.pk).update(verdict_before=None, verdict_after=2)
    url = reverse("funding:watch_seen")

    def left():
        return set(WatchNotice.objects.unseen().values_list("pk", flat=True))

    officer_client.post(f"{url}?kind=new")
    assert left() == {one.pk, two.pk}
    officer_client.post(url, {"program": two.program_id})
    assert left() == {one.pk}
    officer_client.post(f"{url}?kind=nonsense")
    officer_client.post(url, {"notice": "²"})
    assert left() == {one.pk}
    officer_client.post(url, {"notice": one.pk})
    assert left() == set()
    again = officer_client.post(url, {"notice": one.pk}, follow=True)
    assert "plus rien à marquer" in text(again)


def test_one_sees_for_the_whole_team(officer_client, project, sign_in):
    WatchNoticeFactory(project=project)
    officer_client.post(reverse("funding:watch_seen"))
    who = officer_client.user
    manager = sign_in(Role.MANAGER)
    assert f"vu par {who}" in text(page(manager))


def test_what_a_new_program_leaves_to_confirm_is_one_line_with_its_count(officer_client, territory):
    program = ProgramFactory(name="Aide neuve")
    for number in range(3):
        WatchNoticeFactory(
            project=make_project(territory, title=f"Atelier {number}"),
            program=program,
            verdict_before=None,
            verdict_after=TO_CONFIRM,
        )
    fits = make_project(territory, title="Presse neuve")
    WatchNoticeFactory(project=fits, program=program, verdict_before=None, verdict_after=ELIGIBLE)
    response = page(officer_client)
    said = text(response)
    assert "4 changements, dont <strong>4 à voir" in said
    assert "3 à confirmer" in said
    assert "Presse neuve" in said
    assert "Atelier 1</a>" not in said
    home = text(officer_client.get(reverse("reporting:today")))
    assert "3 à confirmer" in home
    assert "Presse neuve" in home
    # The link tells each of them.
    assert f"?program={program.pk}" in said
    assert "Atelier 1</a>" in text(page(officer_client, program=program.pk))
    # The export and « tout est vu » have them all; « vu » of the line, only what it counts.
    seen = reverse("funding:watch_seen")
    newest = response.context["newest"]
    officer_client.post(seen, {"program": program.pk, "vague": "1", "newest": newest})
    assert [one.project for one in WatchNotice.objects.unseen()] == [fits]
    officer_client.post(seen, {"newest": newest})
    assert not WatchNotice.objects.unseen().exists()


def test_only_new_programs_to_confirm_is_not_an_empty_list(officer_client, project):
    WatchNoticeFactory(project=project, verdict_before=None, verdict_after=TO_CONFIRM)
    said = text(page(officer_client))
    assert "1 à confirmer" in said
    assert "Aucun autre changement" in said
    assert f"{project.title}</a>" not in said
