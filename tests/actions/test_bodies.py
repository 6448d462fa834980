import datetime

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Attendance, Body, EditConflict, Seat, Sheet
from crm.models import MeetingKind, Role
from tests.actions.factories import AttendanceFactory, BodyFactory, MeetingFactory, SeatFactory
from tests.crm.factories import ContactFactory, OrganisationFactory, TerritoryFactory, UserFactory

pytestmark = pytest.mark.django_db
COPIL = "/instances/membres/copil/"
YESTERDAY = datetime.date(2026, 11, 21)


@pytest.fixture
def body(territory):
    return BodyFactory(territory=territory)


@pytest.fixture
def held(territory):
    return MeetingFactory(territory=territory, title="COPIL de novembre", held_on=YESTERDAY)


def fields(*statuses, meeting, **more):
    keys = [f"m{seat.pk}" for seat in Seat.objects.order_by("pk")]
    said = {f"status-{key}": status for key, status in zip(keys, statuses, strict=True)}
    meeting.refresh_from_db()
    return said | {"version": meeting.version} | more


def test_the_rule_of_a_body_is_written_once_and_edited(officer_client, territory):
    assertContains(officer_client.get("/instances/membres/"), "à confirmer")
    said = {"quorum": "moitie", "rule_source": "Règlement du 12/03/2024", "version": ""}
    officer_client.post(f"{COPIL}quorum/", said)
    body = Body.objects.get()
    assert (body.territory, body.kind_id, body.quorum) == (territory, "copil", "moitie")
    officer_client.post(f"{COPIL}quorum/", {"quorum": "tiers", "version": body.version})
    body.refresh_from_db()
    assert body.quorum == "tiers"
    assertContains(officer_client.get("/instances/membres/"), "Un tiers au moins")


def test_the_slower_of_two_rules_is_told(officer_client, body):
    for version in ("", body.version + 5):
        said = {"quorum": "deux_tiers", "version": version}
        response = officer_client.post(f"{COPIL}quorum/", said)
        assertContains(response, "a changé par ailleurs", status_code=409)
        assertContains(response, 'value="deux_tiers" selected', status_code=409)
    body.refresh_from_db()
    assert body.quorum == "majorite"


def test_a_kind_of_another_territory_is_not_found(officer_client):
    kind = MeetingKind.objects.create(code="ailleurs", label="X", territory=TerritoryFactory())
    for path in ("", "quorum/", "nouveau/"):
        assert officer_client.get(f"/instances/membres/{kind.pk}/{path}").status_code == 404


def test_a_contact_and_a_colleague_take_seats(officer_client, territory):
    contact = ContactFactory(organisation=OrganisationFactory(territory=territory))
    colleague = UserFactory(territory=territory)
    officer_client.post(f"{COPIL}nouveau/", {"contact": contact.pk, "quality": "élue"})
    said = {"user": colleague.pk, "quality": "chargée de mission", "has_voice": "on"}
    officer_client.post(f"{COPIL}nouveau/", said)
    assert {(seat.contact, seat.user, seat.has_voice) for seat in Seat.objects.all()} == {
        (contact, None, False),
        (None, colleague, True),
    }
    page = officer_client.get(COPIL)
    assertContains(page, contact.last_name)
    assertContains(page, "chargée de mission")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "Choisissez un contact ou un compte"),
        ({"both": True}, "Choisissez un contact ou un compte"),
        ({"contact": "99999"}, "Sélectionnez un choix valide"),
        ({"contact": "²"}, "Sélectionnez un choix valide"),
        ({"own": True, "quality": ""}, "est obligatoire"),
        ({"own": True, "joined_on": "hier"}, "Écrivez une date"),
    ],
)
def test_a_refused_seat_writes_nothing(officer_client, territory, said, sentence):
    contact = ContactFactory(organisation=OrganisationFactory(territory=territory))
    said = {"quality": "élue"} | said
    if said.pop("both", False) or said.pop("own", False):
        said["contact"] = contact.pk
    if "Choisissez" in sentence and "contact" in said:
        said["user"] = officer_client.user.pk
    assertContains(officer_client.post(f"{COPIL}nouveau/", said), sentence, status_code=422)
    assert not Seat.objects.exists()
    assert not Body.objects.exists()


def test_nobody_sits_twice_nor_from_elsewhere(officer_client, territory, body):
    seat, stranger = SeatFactory(body=body), ContactFactory()
    said = {"contact": seat.contact_id, "quality": "maire"}
    response = officer_client.post(f"{COPIL}nouveau/", said)
    assertContains(response, "siège déjà", status_code=422)
    response = officer_client.post(f"{COPIL}nouveau/", said | {"contact": stranger.pk})
    assertContains(response, "Sélectionnez un choix valide", status_code=422)
    assert Seat.objects.get() == seat


def test_a_seat_is_edited_over_what_was_read(officer_client, body):
    seat = SeatFactory(body=body)
    said = {"contact": seat.contact_id, "quality": "maire", "version": seat.version}
    url = f"/instances/membre/{seat.pk}/"
    assert officer_client.post(url, said).url == COPIL
    assertContains(officer_client.post(url, said), "a changé par ailleurs", status_code=409)
    seat.refresh_from_db()
    assert seat.quality == "maire"
    assert officer_client.get(f"/instances/membre/{SeatFactory().pk}/").status_code == 404


def test_whoever_left_or_came_later_is_not_expected(body, held):
    there = SeatFactory(body=body)
    SeatFactory(body=body, left_on=YESTERDAY)
    SeatFactory(body=body, joined_on=datetime.date(2026, 11, 22))
    assert [line.seat for line in Sheet(held).lines] == [there]


def test_presences_make_the_quorum(officer_client, body, held):
    SeatFactory.create_batch(3, body=body)
    SeatFactory(body=body, has_voice=False)
    page = officer_client.get(held.get_absolute_url())
    assertContains(page, "Quorum à confirmer")
    url = f"{held.get_absolute_url()}presences/"
    officer_client.post(url, fields("present", "present", "absent", "present", meeting=held))
    assertContains(officer_client.get(held.get_absolute_url()), "Quorum atteint")
    officer_client.post(url, fields("present", "excuse", "absent", "present", meeting=held))
    page = officer_client.get(held.get_absolute_url())
    assertContains(page, "Quorum non atteint")
    assertContains(page, "1\u00a0présence comptée")
    assert Attendance.objects.count() == 4
    assert Attendance.history.filter(status="excuse").exists()


def test_a_represented_member_is_named_and_counts_where_the_rule_says(officer_client, body, held):
    SeatFactory(body=body)
    key = f"m{Seat.objects.get().pk}"
    url = f"{held.get_absolute_url()}presences/"
    response = officer_client.post(url, fields("represente", meeting=held))
    assertContains(response, "Écrivez qui représente", status_code=422)
    response = officer_client.post(url, fields("present", meeting=held, **{f"by-{key}": "M. Sol"}))
    assertContains(response, "pas noté comme représenté", status_code=422)
    assertContains(response, 'value="M. Sol"', status_code=422)
    assert not Attendance.objects.exists()
    officer_client.post(url, fields("represente", meeting=held, **{f"by-{key}": "M. Sol"}))
    assertContains(officer_client.get(held.get_absolute_url()), "par M. Sol")
    assert Sheet(held).count.is_reached is False


def test_a_status_that_does_not_exist_is_refused(officer_client, body, held):
    SeatFactory(body=body)
    response = officer_client.post(
        f"{held.get_absolute_url()}presences/", fields("enchante", meeting=held)
    )
    assertContains(response, "Sélectionnez un choix valide", status_code=422)
    assert not Attendance.objects.exists()


def test_the_slower_of_two_sheets_is_told_and_keeps_what_was_typed(officer_client, body, held):
    SeatFactory(body=body)
    url, stale = f"{held.get_absolute_url()}presences/", fields("excuse", meeting=held)
    officer_client.post(url, fields("present", meeting=held))
    response = officer_client.post(url, stale)
    assertContains(response, "a changé par ailleurs", status_code=409)
    assertContains(response, 'value="excuse" selected', status_code=409)
    assert Attendance.objects.get().status == "present"


def test_the_sheet_keeps_the_names_and_the_rule_of_its_day(body, held):
    seat = SeatFactory(body=body, quality="maire")
    name, sheet = seat.name, Sheet(held)
    [line] = sheet.every_line()
    line.status = "present"
    sheet.save_over([line], held.version)
    body.quorum = "aucun"
    body.save()
    seat.contact.delete()
    held.refresh_from_db()
    [kept] = Sheet(held).lines
    assert (kept.name, kept.quality, kept.seat) == (name, "maire", None)
    assert Sheet(held).rule == "majorite"
    with pytest.raises(EditConflict):
        Sheet(held).save_over([kept], 1)


@pytest.mark.parametrize("role", [Role.ELECTED, Role.READER])
def test_readers_see_who_was_there_and_change_nothing(sign_in, body, held, role):
    held.attendance = "CCI du Gers"
    held.save()
    AttendanceFactory(meeting=held, name="Mme Montaut")
    client = sign_in(role)
    page = client.get(held.get_absolute_url())
    assertContains(page, "Mme Montaut")
    assertContains(page, "CCI du Gers")  # what was noted in plain text stays
    assertNotContains(page, "/presences/")
    for path in (f"{held.get_absolute_url()}presences/", f"{COPIL}quorum/", f"{COPIL}nouveau/"):
        assert client.post(path, {}).status_code == 403


def test_an_end_comes_after_a_start(officer_client):
    said = {"kind": "copil", "held_on": "2026-12-10", "starts_at": "10:00", "ends_at": "09:00"}
    response = officer_client.post("/instances/nouvelle/", said)
    assertContains(response, "finirait avant de commencer", status_code=422)
    response = officer_client.post("/instances/nouvelle/", said | {"starts_at": ""})
    assertContains(response, "l’heure du début", status_code=422)


def test_an_unwritten_sheet_costs_three_queries(body, held, django_assert_num_queries):
    SeatFactory.create_batch(3, body=body)
    with django_assert_num_queries(3):
        sheet = Sheet(held)
        assert (len(sheet.lines), len(sheet.tally), sheet.count.voices) == (3, 1, 3)


def test_a_seat_written_by_mistake_is_removed_and_comes_back(officer_client, body):
    seat = SeatFactory(body=body, quality="maire")
    assertContains(officer_client.get(COPIL), f"/plan/retirer/membre/{seat.pk}/")
    page = officer_client.post(f"/plan/retirer/membre/{seat.pk}/", follow=True)
    assertContains(page, "Retiré")
    assert page.redirect_chain[-1][0] == COPIL
    assert not Seat.objects.exists()
    trace = Seat.history.filter(history_type="-").get()
    officer_client.post(f"/plan/retablir/membre/{trace.pk}/")
    assert Seat.objects.get() == seat


def test_a_seat_that_sat_stays_and_one_taken_again_does_not_come_back(officer_client, body, held):
    seat = SeatFactory(body=body)
    line = AttendanceFactory(meeting=held, seat=seat)
    url = f"/plan/retirer/membre/{seat.pk}/"
    assertContains(officer_client.post(url), "1\u00a0feuille de présence", status_code=409)
    line.delete()
    officer_client.post(url)
    SeatFactory(body=body, contact=seat.contact)
    trace = Seat.history.filter(history_type="-").get()
    page = officer_client.post(f"/plan/retablir/membre/{trace.pk}/", follow=True)
    assertContains(page, "siège de nouveau")
    assert officer_client.post(f"/plan/retirer/membre/{SeatFactory().pk}/").status_code == 404


def test_a_line_of_the_sheet_is_removed_and_comes_back(officer_client, body, held):
    line = AttendanceFactory(meeting=held, name="Mme Erreur")
    assertContains(officer_client.get(f"{held.get_absolute_url()}presences/"), "Mme Erreur")
    page = officer_client.post(f"/plan/retirer/presence/{line.pk}/", follow=True)
    assertNotContains(page, "Mme Erreur</p>")
    trace = Attendance.history.filter(history_type="-").get()
    officer_client.post(f"/plan/retablir/presence/{trace.pk}/")
    assert Attendance.objects.get() == line


def test_a_whole_sheet_is_wiped_and_put_back(officer_client, body, held):
    SeatFactory.create_batch(2, body=body)
    officer_client.post(
        f"{held.get_absolute_url()}presences/", fields("present", "excuse", meeting=held)
    )
    held.refresh_from_db()
    url = f"{held.get_absolute_url()}presences/effacer/"
    assertContains(officer_client.get(url), "2\u00a0présences notées s’effacent")
    stale = officer_client.post(url, {"version": 1}, follow=True)
    assertContains(stale, "rien n’est effacé")
    page = officer_client.post(url, {"version": held.version}, follow=True)
    undo = page.content.decode().partition('action="/instances/')[2].partition('"')[0]
    assert not Attendance.objects.exists()
    held.refresh_from_db()
    assert held.quorum == ""
    assertContains(officer_client.get(url, follow=True), "pas encore notée")
    page = officer_client.post(f"/instances/{undo}", follow=True)
    assertContains(page, "2\u00a0lignes sont remises")
    assert sorted(Attendance.objects.values_list("status", flat=True)) == ["excuse", "present"]
    held.refresh_from_db()
    assert held.quorum == "majorite"


def test_a_sheet_noted_anew_keeps_the_old_one_away(officer_client, body, held):
    SeatFactory(body=body)
    url = f"{held.get_absolute_url()}presences/"
    officer_client.post(url, fields("present", meeting=held))
    held.refresh_from_db()
    page = officer_client.post(f"{url}effacer/", {"version": held.version}, follow=True)
    undo = page.content.decode().partition('action="/instances/')[2].partition('"')[0]
    officer_client.post(url, fields("absent", meeting=held))
    assertContains(officer_client.post(f"/instances/{undo}", follow=True), "reste effacée")
    assert Attendance.objects.get().status == "absent"
    elsewhere = MeetingFactory()
    other = undo.replace(f"{held.pk}/", f"{elsewhere.pk}/", 1)
    assert officer_client.post(f"/instances/{other}").status_code == 404


def test_a_member_removed_meanwhile_stops_the_sheet(body, held):
    seat = SeatFactory(body=body)
    sheet = Sheet(held)
    lines = sheet.every_line()
    seat.remove()
    with pytest.raises(EditConflict):
        sheet.save_over(lines, held.version)
    assert not Attendance.objects.exists()
