"""Who is concerned when the catalogue changes: told once, to who may know, with the reason."""

import datetime as dt

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from crm.models import Role
from funding import catalogue, watch
from funding.catalogue_imports.commit import commit, receive
from funding.catalogue_imports.undo import undo
from funding.eligibility import Verdict
from funding.matching import matches_of
from funding.models import (
    DigestSubscription,
    MatchDecision,
    Program,
    ProgramVersion,
    WatchNotice,
)
from tests.crm.factories import OrganisationFactory, ProjectFactory, TerritoryFactory, UserFactory
from tests.funding.catalogues import as_json, transition
from tests.funding.factories import (
    ApplicationFactory,
    FunderFactory,
    ProgramFactory,
    WatchNoticeFactory,
)

pytestmark = pytest.mark.django_db
COMPANY = {"kind": "beneficiary", "key": "beneficiary", "accepted": ["company"]}
ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Verdict.ELIGIBLE, Verdict.TO_CONFIRM, Verdict.NOT_ELIGIBLE


def today():
    return timezone.localdate()


def after(days):
    return today() + dt.timedelta(days=days)


def headcount(low):
    return [COMPANY, {"kind": "headcount", "key": "headcount", "min": low}]


def costs(low):
    return [COMPANY, {"kind": "eligible_costs", "key": "costs", "min": low}]


@pytest.fixture
def project(territory):
    return make_project(territory)


def make_project(territory, headcount=34, **fields):
    holder = OrganisationFactory(territory=territory, headcount=headcount)
    fields.setdefault("confidentiality", "public")
    return ProjectFactory(territory=territory, holder=holder, **fields)


def publish(program, on=None, **values):
    return catalogue.publish(program, values, source="arrêté", applies_from=on or today())


def new_program(**values):
    values = {
        "code": "N1",
        "name": "Aide neuve",
        "funder": FunderFactory().pk,
        "summary": "Pour essayer.",
        "scope_level": "national",
        "scope_label": "France",
        "state": "open",
        "confidence": "V",
        "criteria": [COMPANY],
        **values,
    }
    return publish(None, **values).program


def told():
    """{(project, program): (before, after)} of what is kept."""
    rows = WatchNotice.objects.filter(reverted_at=None)
    return {(row.project_id, row.program_id): (row.before, row.after) for row in rows}


# What is noticed.


def test_a_raised_floor_tells_the_project_it_leaves_out_and_the_criterion(project):
    program = ProgramFactory(criteria=headcount(10))
    publish(program, criteria=headcount(50))
    watch.catch_up()
    [notice] = WatchNotice.objects.all()
    assert (notice.project, notice.before, notice.after) == (project, ELIGIBLE, NOT_ELIGIBLE)
    assert (notice.version_before.number, notice.version_after.number) == (1, 2)
    [reason] = notice.told
    assert reason.before == "Effectif d’au moins 10\u00a0salariés"
    assert reason.after == "Effectif d’au moins 50\u00a0salariés"
    assert (reason.was.label, reason.now.label) == ("Remplie", "Non remplie")
    assert reason.found == "34\u00a0salariés"


def test_the_notice_says_what_the_page_of_the_project_says(project, officer_client):
    program = ProgramFactory(criteria=headcount(10))
    before = matches_of(project, officer_client.user)[0].verdict
    publish(program, criteria=[*headcount(10), {"kind": "text", "key": "t", "text": "Un avis."}])
    watch.catch_up()
    after = matches_of(project, officer_client.user)[0].verdict
    assert told() == {(project.pk, program.pk): (before, after)}
    assert after is TO_CONFIRM


@pytest.mark.parametrize(
    ("low", "high", "headcount_of", "moved"),
    [
        (10, 50, 34, (ELIGIBLE, NOT_ELIGIBLE)),
        (50, 10, 34, (NOT_ELIGIBLE, ELIGIBLE)),
        (10, 20, 34, None),
        (10, 20, None, None),
    ],
)
def test_only_verdicts_that_move_are_told(territory, low, high, headcount_of, moved):
    project = make_project(territory, headcount_of)
    program = ProgramFactory(criteria=headcount(low))
    publish(program, criteria=headcount(high))
    watch.catch_up()
    assert told() == ({(project.pk, program.pk): moved} if moved else {})


@pytest.mark.parametrize(
    ("before", "after", "verdicts", "said"),
    [
        ([COMPANY], costs(1000), (ELIGIBLE, TO_CONFIRM), "condition nouvelle"),
        (costs(1000), [COMPANY], (TO_CONFIRM, ELIGIBLE), "condition retirée"),
        (headcount(50), headcount(10), (NOT_ELIGIBLE, ELIGIBLE), "devient"),
        (costs(1000) + headcount(50)[1:], costs(1000), (NOT_ELIGIBLE, TO_CONFIRM), "retirée"),
        ([], [COMPANY], (TO_CONFIRM, ELIGIBLE), "Toutes les conditions"),
        ([COMPANY], [], (ELIGIBLE, TO_CONFIRM), "aucune condition"),
    ],
)
def test_the_reason_is_the_criterion_that_decides(project, before, after, verdicts, said):
    program = ProgramFactory(criteria=before)
    publish(program, criteria=after)
    watch.catch_up()
    [notice] = WatchNotice.objects.all()
    assert (notice.before, notice.after) == verdicts
    assert said in notice.summary


def test_a_closed_program_is_told_with_its_state(project):
    program = ProgramFactory()
    publish(program, state="closed")
    watch.catch_up()
    [notice] = WatchNotice.objects.all()
    assert notice.after is NOT_ELIGIBLE
    assert "Dispositif fermé" in notice.summary


def test_a_new_program_is_told_to_the_projects_it_may_fit(territory):
    small, large = make_project(territory, 5), make_project(territory, 80)
    unknown = make_project(territory, None)
    program = new_program(criteria=headcount(50))
    watch.catch_up()
    assert told() == {
        (large.pk, program.pk): (None, ELIGIBLE),
        (unknown.pk, program.pk): (None, TO_CONFIRM),
    }
    assert (small.pk, program.pk) not in told()
    assert WatchNotice.objects.get(project=large).is_new_program


def test_what_changes_no_condition_is_compared_with_nothing(project, django_assert_max_num_queries):
    program = ProgramFactory()
    publish(program, rate_max=50, name="Autre nom")
    with django_assert_max_num_queries(14):
        caught = watch.catch_up()
    assert (caught.versions, caught.notices) == (1, 0)


def test_nothing_is_told_twice(project):
    publish(ProgramFactory(criteria=headcount(10)), criteria=headcount(50))
    assert watch.catch_up().notices == 1
    assert watch.catch_up() == watch.Caught()


def test_the_catalogue_one_begins_with_is_no_news(project):
    catalogue.load()
    assert watch.catch_up() == watch.Caught()
    call_command("load_catalogue", verbosity=0)
    assert WatchNotice.objects.count() == 0


def test_a_program_changed_for_the_first_time_is_not_new(project):
    """It had no version until now: what it said is what it replaces."""
    publish(ProgramFactory(), rate_max=50)
    watch.catch_up()
    assert WatchNotice.objects.count() == 0


def test_an_announced_version_is_told_on_its_day(project, time_machine):
    program = ProgramFactory(criteria=headcount(10))
    publish(program, on=after(10), criteria=headcount(50))
    assert watch.catch_up().notices == 0
    time_machine.move_to(timezone.now() + dt.timedelta(days=10))
    call_command("daily", verbosity=0)
    assert told() == {(project.pk, program.pk): (ELIGIBLE, NOT_ELIGIBLE)}


def test_a_closed_project_is_not_told(territory):
    make_project(territory, stage_id="abandonne", stage_reason="cédé")
    make_project(territory, stage_id="realise")
    publish(ProgramFactory(criteria=headcount(10)), criteria=headcount(50))
    assert watch.catch_up().notices == 0


def test_a_program_set_aside_is_told_only_when_it_fits_at_last(project, officer_client):
    aside, again = ProgramFactory(criteria=headcount(10)), ProgramFactory(criteria=headcount(50))
    for program in (aside, again):
        MatchDecision.objects.decide(
            project, program, "dismissed", reason="theme", by=officer_client.user
        )
    publish(aside, criteria=headcount(50))
    publish(again, criteria=headcount(10))
    watch.catch_up()
    assert told() == {(project.pk, again.pk): (NOT_ELIGIBLE, ELIGIBLE)}


def test_a_change_taken_back_the_same_day_leaves_nothing_to_tell(project):
    program = ProgramFactory(criteria=headcount(10))
    for low in (40, 10):
        publish(program, criteria=headcount(low))
        watch.catch_up()
    assert told() == {}
    publish(program, criteria=headcount(40))
    watch.catch_up()
    assert told() == {(project.pk, program.pk): (ELIGIBLE, NOT_ELIGIBLE)}


def test_a_change_taken_back_later_is_told_too(project, time_machine):
    program = ProgramFactory(criteria=headcount(10))
    publish(program, criteria=headcount(40))
    watch.catch_up()
    time_machine.move_to(timezone.now() + dt.timedelta(days=3))
    publish(program, criteria=headcount(10))
    watch.catch_up()
    assert [notice.after for notice in WatchNotice.objects.order_by("pk")] == [
        NOT_ELIGIBLE,
        ELIGIBLE,
    ]


def test_a_local_version_moves_the_projects_of_its_territory_only(territory):
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    mine, theirs = make_project(territory), make_project(elsewhere)
    national = ProgramFactory(criteria=headcount(10))
    local = new_program(
        code="N1-ti", national=national, territory=territory, criteria=headcount(50)
    )
    watch.catch_up()
    assert told() == {(mine.pk, local.pk): (ELIGIBLE, NOT_ELIGIBLE)}
    publish(national, criteria=headcount(60))
    watch.catch_up()
    assert (theirs.pk, national.pk) in told()
    assert (mine.pk, national.pk) not in told()


def test_an_old_rule_that_no_longer_reads_stops_nothing(project):
    program, other = ProgramFactory(), ProgramFactory(criteria=headcount(10))
    publish(program, criteria=headcount(50))
    first = program.versions.get(number=1)
    first.values["criteria"] = [{"kind": "astrology", "key": "a"}]
    first.save()
    publish(other, criteria=headcount(50))
    watch.catch_up()
    assert set(told()) == {(project.pk, other.pk)}


def test_an_import_of_fifty_programs_costs_the_queries_of_one(project, assert_flat_queries):
    """But for the rows inserted, some tens at a time on SQLite."""
    make_project(project.territory, 90)

    def add(count):
        for _ in range(count):
            publish(ProgramFactory(criteria=headcount(10)), criteria=headcount(50))

    def tell_again():
        ProgramVersion.objects.exclude(number=1).update(watched_at=None)
        WatchNotice.objects.all().delete()
        watch.catch_up()

    assert_flat_queries(tell_again, add)
    assert WatchNotice.objects.count() == 50


def test_an_import_tells_and_its_undo_leaves_nothing(project, territory):
    """A notice does not hold back a program that the import created."""
    batch = receive("catalogue.json", as_json(transition()))
    batch.save()
    commit(batch)
    [program] = Program.objects.all()
    assert told() == {(project.pk, program.pk): (None, TO_CONFIRM)}
    batch.refresh_from_db()
    assert undo(batch) == []
    assert (Program.objects.count(), WatchNotice.objects.count()) == (0, 0)


def test_too_many_vague_possibilities_are_counted_and_not_told(territory, monkeypatch):
    monkeypatch.setattr(watch, "MOST", 2)
    for _ in range(3):
        make_project(territory, None)
    lost = make_project(territory, 34)
    program = ProgramFactory(criteria=headcount(10))
    publish(program, criteria=headcount(50))
    new_program(criteria=headcount(50))
    caught = watch.catch_up()
    assert (caught.notices, caught.left_out) == (2, 2)
    assert (lost.pk, program.pk) in told()


# What closes soon.


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


# Who reads it.


def page(client, **query):
    return client.get(reverse("funding:watch_list"), query)


def text(response):
    return response.content.decode().replace("\u00a0", " ")


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


# Marking as seen.


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


# The digest.


@pytest.fixture
def officer(territory):
    return UserFactory(territory=territory, role=Role.OFFICER, email="ines@exemple.test")


def send(**options):
    call_command("send_digest", **options)
    return mail.outbox


def test_the_digest_tells_what_is_new_with_its_reasons(officer, project, capsys):
    notice = WatchNoticeFactory(project=project)
    closing = ProgramFactory(closes_on=after(40), name="Fonds des ateliers")
    [message] = send()
    assert message.to == ["ines@exemple.test"]
    assert (
        message.subject == "Veille des financements\u00a0: 1\u00a0changement, 1\u00a0clôture proche"
    )
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    for body in (message.body, html):
        assert project.title in body
        assert notice.program.name in body
        assert closing.name in body
        assert "éligible → " in body
        assert "http://127.0.0.1:8000/projets/" in body
        assert "34\u00a0salariés" in body or "34 salariés" in body
    assert "src=" not in html
    assert "&#" not in message.body
    said = capsys.readouterr().out
    assert "1\u00a0résumé envoyé" in said
    for secret in ("ines@", project.title, str(officer)):
        assert secret not in said


def test_nothing_new_sends_nothing(officer, project):
    assert send() == []
    assert not DigestSubscription.objects.exists()


def test_the_same_news_is_written_once(officer, project, time_machine):
    WatchNoticeFactory(project=project)
    ProgramFactory(closes_on=after(40))
    send()
    send()
    assert len(mail.outbox) == 1
    time_machine.move_to(timezone.now() + dt.timedelta(days=7))
    send()
    assert len(mail.outbox) == 1
    WatchNoticeFactory(project=project)
    send()
    assert len(mail.outbox) == 2
    assert "1\u00a0changement" in mail.outbox[1].subject


def test_a_closing_is_told_when_in_sight_then_two_weeks_before(officer, project, time_machine):
    ProgramFactory(closes_on=after(61))
    now, told_on = timezone.now(), []
    for week in range(9):
        time_machine.move_to(now + dt.timedelta(days=7 * week))
        sent = len(mail.outbox)
        if len(send()) > sent:
            told_on.append(61 - 7 * week)
    assert told_on == [54, 12]


def test_a_closing_is_told_again_when_its_day_its_date_or_its_projects_are_new(
    officer, project, territory, time_machine
):
    now = timezone.now()
    first = ProgramFactory(closes_on=after(58), name="Fonds des ateliers")
    send()

    def told_after(days):
        time_machine.move_to(now + dt.timedelta(days=days))
        sent = len(mail.outbox)
        return [message.body for message in send()[sent:]]

    new_program(name="Fonds neuf", closes_on=after(40))
    [body] = told_after(7)
    assert "Fonds neuf" in body
    assert "Fonds des ateliers" not in body
    publish(first, closes_on=after(40))
    [body] = told_after(14)
    assert "Fonds des ateliers" in body
    assert told_after(21) == []
    late = make_project(territory)
    [body] = told_after(28)
    assert late.title in body


def test_only_what_the_person_may_read_is_written(project, territory):
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    WatchNoticeFactory(project=project)
    UserFactory(territory=elsewhere, role=Role.OFFICER, email="loin@exemple.test")
    UserFactory(territory=territory, role=Role.READER, email="region@exemple.test")
    UserFactory(territory=territory, role=Role.ELECTED, email="elue@exemple.test")
    UserFactory(territory=territory, role=Role.OFFICER, email="parti@exemple.test", is_active=False)
    assert send() == []


def test_what_is_seen_is_not_written(officer, project):
    WatchNoticeFactory(project=project, seen_at=timezone.now())
    assert send() == []


def test_who_does_not_want_it_gets_none(officer_client, project):
    WatchNoticeFactory(project=project)
    officer_client.user.email = "agent@exemple.test"
    officer_client.user.save()
    url = reverse("funding:watch_digest")
    assert "ne recevrez plus" in text(officer_client.post(url, {"wanted": "0"}, follow=True))
    assert send() == []
    officer_client.post(url, {"wanted": "1"})
    assert len(send()) == 1


def test_a_dry_run_sends_and_notes_nothing(officer, project, capsys):
    WatchNoticeFactory(project=project)
    assert send(dry_run=True, verbosity=2) == []
    assert not DigestSubscription.objects.exists()
    said = capsys.readouterr().out
    assert project.title in said
    assert "1\u00a0résumé à envoyer" in said
    assert "ines@" not in said


def test_a_refused_mail_is_tried_again_and_names_nobody(officer, project, settings, capsys):
    WatchNoticeFactory(project=project)
    good = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(CommandError, match="1\u00a0envoi refusé"):
        send()
    settings.EMAIL_BACKEND = good
    assert len(send()) == 1
