import pytest
from django.urls import reverse

from crm.models import Health, Membership, Role, Sector, Stage, User
from tests.crm.factories import TerritoryFactory, UserFactory

TEAM = reverse("crm:setting_team")
SECTORS = reverse("crm:setting_references", args=["filieres"])


@pytest.fixture
def manager_client(sign_in):
    return sign_in(Role.MANAGER)


def own_sector(territory, code="cosmetique_bio", **fields):
    return Sector.objects.create(code=code, territory=territory, **{"label": "Bio"} | fields)


def test_the_settings_lead_to_every_list(officer_client, territory):
    own_sector(territory)
    lists = officer_client.get(reverse("crm:settings")).context["lists"]
    for row in lists:
        url = reverse("crm:setting_references", args=[row["slug"]])
        assert officer_client.get(url).status_code == 200
    (sectors,) = [row for row in lists if row["slug"] == "filieres"]
    assert (sectors["own"], sectors["shared"]) == (1, Sector.objects.filter(territory=None).count())


@pytest.mark.parametrize("name", ["crm:settings", "crm:setting_team"])
def test_readers_have_no_settings(sign_in, name):
    assert sign_in(Role.READER).get(reverse(name)).status_code == 403


def test_an_unknown_list_is_404(officer_client):
    assert officer_client.get(reverse("crm:setting_references", args=["x"])).status_code == 404


# Code lists.


def test_a_manager_adds_a_row_to_a_list(manager_client, territory):
    page = manager_client.post(
        SECTORS,
        {"label": "Photonique & lasers", "position": "50", "is_active": "on"},
        follow=True,
    )
    row = Sector.objects.get(territory=territory)
    assert row.code == "photonique_lasers"
    assert row in Sector.objects.of(territory)
    assert "Photonique &amp; lasers" in page.content.decode()


def test_a_form_sent_twice_adds_one_row(manager_client, territory):
    fields = {"label": "Photonique", "position": "50", "is_active": "on"}
    manager_client.post(SECTORS, fields)
    response = manager_client.post(SECTORS, fields)
    assert response.status_code == 422
    assert "Cette liste a déjà" in response.content.decode()
    assert Sector.objects.filter(territory=territory).count() == 1


def test_the_same_word_elsewhere_takes_another_code(manager_client, territory):
    elsewhere = TerritoryFactory(perimeter=True)
    own_sector(elsewhere, code="photonique", label="Photonique")
    manager_client.post(SECTORS, {"label": "Photonique", "position": "50", "is_active": "on"})
    assert Sector.objects.get(territory=territory).code == "photonique_2"
    assert Sector.objects.get(pk="photonique").territory == elsewhere


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"label": ""}, "obligatoire"),
        ({"label": "!!!"}, "lettres ou des chiffres"),
        ({"label": "AGROALIMENTAIRE"}, "Cette liste a déjà"),
        ({"position": "premier"}, "nombre entier"),
        ({"position": "-1"}, "supérieure ou égale"),
    ],
)
def test_a_refused_row_says_why(manager_client, territory, fields, said):
    response = manager_client.post(SECTORS, {"label": "Photonique", "position": "50"} | fields)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Sector.objects.filter(territory=territory).exists()


def test_a_stage_and_a_health_say_more_than_a_label(manager_client, territory):
    manager_client.post(
        reverse("crm:setting_references", args=["etapes"]),
        {"label": "En due diligence", "kind": "pipeline", "position": "45", "warn_days": "30",
         "late_days": "60", "is_active": "on"},
    )  # fmt: skip
    manager_client.post(
        reverse("crm:setting_references", args=["meteo"]),
        {"label": "Très favorable", "tone": "ok", "position": "5", "is_active": "on"},
    )
    assert Stage.objects.get(pk="en_due_diligence").late_days == 60
    assert Health.objects.get(pk="tres_favorable").tone == "ok"


def test_a_stage_is_late_after_it_is_to_watch(manager_client):
    response = manager_client.post(
        reverse("crm:setting_references", args=["etapes"]),
        {"label": "Essai", "kind": "pipeline", "position": "45", "warn_days": "60",
         "late_days": "30"},
    )  # fmt: skip
    assert response.status_code == 422
    assert "avant la vigilance" in response.content.decode()


def test_a_manager_changes_the_territory_s_own_row_but_not_its_code(manager_client, territory):
    row = own_sector(territory)
    url = reverse("crm:setting_reference", args=["filieres", row.code])
    assert manager_client.get(url).status_code == 200
    manager_client.post(url, {"label": "Cosmétique", "position": "7", "code": "autre"})
    row.refresh_from_db()
    assert (row.code, row.label, row.position) == ("cosmetique_bio", "Cosmétique", 7)
    assert not row.is_active
    assert row not in Sector.objects.of(territory)


def test_a_shared_row_is_nobody_s_to_change(manager_client):
    url = reverse("crm:setting_reference", args=["filieres", "agroalimentaire"])
    assert manager_client.get(url).status_code == 403
    assert manager_client.post(url, {"label": "X", "position": "1"}).status_code == 403


def test_another_territory_s_row_does_not_exist(manager_client):
    row = own_sector(TerritoryFactory(perimeter=True), label="Ailleurs")
    url = reverse("crm:setting_reference", args=["filieres", row.code])
    assert manager_client.get(url).status_code == 404
    assert "Ailleurs" not in manager_client.get(SECTORS).content.decode()


def test_officers_read_the_lists_only(officer_client, territory):
    row = own_sector(territory)
    page = officer_client.get(SECTORS)
    assert page.status_code == 200
    assert page.context["form"] is None
    assert officer_client.post(SECTORS, {"label": "X", "position": "1"}).status_code == 403
    url = reverse("crm:setting_reference", args=["filieres", row.code])
    assert officer_client.post(url, {"label": "X", "position": "1"}).status_code == 403


def test_a_list_costs_the_same_for_many_rows(manager_client, territory, assert_flat_queries):
    def add_rows(count):
        for n in range(count):
            own_sector(territory, code=f"f{count}-{n}", label=f"Filière {count}-{n}")

    assert_flat_queries(lambda: manager_client.get(SECTORS), add_rows)


# The team.


def newcomer(**fields):
    return {
        "email": "Paul.Durand@etabli.test",
        "first_name": "Paul",
        "last_name": "Durand",
        "role": Role.READER,
    } | fields


def invitation(page):
    content = page.content.decode()
    return content.split('id="lien"')[1].split('value="')[1].split('"')[0]


def test_a_manager_invites_someone_who_chooses_a_password(manager_client, client, territory):
    page = manager_client.post(TEAM, newcomer(), follow=True)
    user = User.objects.get(email="paul.durand@etabli.test")
    assert user.territories_as(Role.READER) == [territory.pk]
    assert not user.has_usable_password()
    link = invitation(page)
    assert link not in manager_client.get(TEAM).content.decode()

    client.logout()
    form = client.get(link, follow=True)
    assert "paul.durand@etabli.test" in form.content.decode()
    weak = client.post(form.redirect_chain[-1][0], {"new_password1": "a", "new_password2": "b"})
    assert weak.status_code == 422
    chosen = {"new_password1": "moulin-a-vent-82", "new_password2": "moulin-a-vent-82"}
    client.post(form.redirect_chain[-1][0], chosen)
    assert "Votre mot de passe est choisi" in client.get("/compte/").content.decode()
    client.logout()
    assert client.login(username="paul.durand@etabli.test", password="moulin-a-vent-82")
    client.logout()
    assert "Ce lien ne sert plus" in client.get(link, follow=True).content.decode()


def test_an_account_that_exists_gets_the_role_and_no_link(manager_client, territory):
    elsewhere = TerritoryFactory(perimeter=True)
    user = UserFactory(territory=elsewhere, email="paul.durand@etabli.test", first_name="Jean")
    page = manager_client.post(TEAM, newcomer(), follow=True)
    assert page.context["invitation"] is None
    user.refresh_from_db()
    assert user.first_name == "Jean"
    assert user.memberships.count() == 2


def test_an_invited_account_of_another_territory_is_not_handed_over(manager_client, territory):
    """A link opens the account: it would give this manager the other territory too."""
    elsewhere = TerritoryFactory(perimeter=True)
    invited = User.objects.create_user("paul.durand@etabli.test")
    invited.memberships.create(territory=elsewhere, role=Role.OFFICER)
    page = manager_client.post(TEAM, newcomer(), follow=True)
    assert page.context["invitation"] is None
    member = invited.memberships.get(territory=territory)
    url = reverse("crm:setting_member_invite", args=[member.pk])
    assert manager_client.post(url, follow=True).context["invitation"] is None


def test_a_new_link_is_given_while_the_first_was_not_used(manager_client, territory):
    manager_client.post(TEAM, newcomer())
    member = Membership.objects.get(user__email="paul.durand@etabli.test")
    url = reverse("crm:setting_member", args=[member.pk])
    assert "Donner un nouveau lien" in manager_client.get(url).content.decode()
    url = reverse("crm:setting_member_invite", args=[member.pk])
    assert "/invitation/" in invitation(manager_client.post(url, follow=True))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "pas une adresse"}, "adresse"),
        ({"last_name": ""}, "obligatoire"),
        ({"role": "roi"}, "roi"),
    ],
)
def test_a_refused_person_says_why(manager_client, fields, said):
    response = manager_client.post(TEAM, newcomer() | fields)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not User.objects.filter(first_name="Paul").exists()


def test_a_person_is_added_once(manager_client):
    manager_client.post(TEAM, newcomer())
    response = manager_client.post(TEAM, newcomer())
    assert response.status_code == 422
    assert "a déjà un rôle" in response.content.decode()


def test_a_closed_account_is_not_reopened(manager_client):
    UserFactory(email="paul.durand@etabli.test", is_active=False)
    assert "Ce compte est fermé" in manager_client.post(TEAM, newcomer()).content.decode()


def test_a_manager_changes_a_role(manager_client, territory):
    user = UserFactory(territory=territory, role=Role.READER)
    url = reverse("crm:setting_member", args=[user.memberships.get().pk])
    manager_client.post(url, {"role": Role.OFFICER})
    assert user.memberships.get().role == Role.OFFICER


def test_a_manager_removes_someone_from_this_territory_only(manager_client, territory):
    user = UserFactory(territory=territory)
    elsewhere = TerritoryFactory(perimeter=True)
    other = user.memberships.create(territory=elsewhere, role=Role.READER)
    member = user.memberships.get(territory=territory)
    manager_client.post(reverse("crm:setting_member_remove", args=[member.pk]))
    assert list(user.memberships.all()) == [other]
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("name", ["crm:setting_member", "crm:setting_member_remove"])
def test_the_last_manager_stays(manager_client, name):
    member = manager_client.user.memberships.get()
    response = manager_client.post(reverse(name, args=[member.pk]), {"role": Role.READER})
    assert response.status_code == 422
    assert "la seule personne responsable" in response.content.decode()
    member.refresh_from_db()
    assert member.role == Role.MANAGER


def test_one_of_two_managers_may_leave(manager_client, territory):
    UserFactory(territory=territory, role=Role.MANAGER)
    member = manager_client.user.memberships.get()
    manager_client.post(reverse("crm:setting_member_remove", args=[member.pk]))
    assert not manager_client.user.memberships.exists()


@pytest.mark.parametrize(
    "name", ["crm:setting_member", "crm:setting_member_remove", "crm:setting_member_invite"]
)
def test_another_territory_s_member_does_not_exist(manager_client, name):
    user = UserFactory(territory=TerritoryFactory(perimeter=True))
    url = reverse(name, args=[user.memberships.get().pk])
    assert manager_client.post(url, {"role": Role.READER}).status_code == 404
    assert user.memberships.get().role == Role.OFFICER


def test_officers_do_not_keep_the_team(officer_client):
    member = officer_client.user.memberships.get()
    assert officer_client.get(TEAM).status_code == 403
    assert officer_client.post(TEAM, newcomer()).status_code == 403
    url = reverse("crm:setting_member", args=[member.pk])
    assert officer_client.post(url, {"role": Role.MANAGER}).status_code == 403


def test_the_team_costs_the_same_for_many_people(manager_client, territory, assert_flat_queries):
    def add_rows(count):
        UserFactory.create_batch(count, territory=territory, role=Role.READER)

    assert_flat_queries(lambda: manager_client.get(TEAM), add_rows)


# Components.


def test_the_components_are_shown_in_debug_only(officer_client, settings):
    url = reverse("crm:components")
    assert officer_client.get(url).status_code == 404
    settings.DEBUG = True
    assert officer_client.get(url).status_code == 200
