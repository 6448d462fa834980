import json
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from crm.models import Project, Role, Stage
from funding.envelope_facts import EnvelopeReader
from funding.financing.envelope import NOTHING, PART, UNKNOWN, WHOLE, spend
from funding.models import Application, Envelope
from tests.actions.factories import ActionFactory
from tests.crm.factories import ProjectFactory
from tests.funding.factories import (
    ApplicationFactory,
    EnvelopeFactory,
    FinancingPlanFactory,
    FunderFactory,
    ProgramFactory,
    SourceLineFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def text(response):
    page = strip_tags(response.content.decode())
    return re.sub(r"\s+", " ", page.replace("\u00a0", " "))


@pytest.mark.parametrize(
    ("amount", "asked", "states", "left", "excess"),
    [
        (100, [60, 40], [WHOLE, WHOLE], 0, 0),
        (100, [60, 60], [WHOLE, PART], -20, 20),
        (100, [100, 10], [WHOLE, NOTHING], -10, 10),
        (100, [60, None, 30], [WHOLE, UNKNOWN, WHOLE], 10, 0),
        (100, [0], [WHOLE], 100, 0),
        (100, [], [], 100, 0),
    ],
)
def test_envelope_pays_in_order_of_priority(amount, asked, states, left, excess):
    choices = [(str(i), None if one is None else Decimal(one)) for i, one in enumerate(asked)]
    spending = spend(Decimal(amount), choices)
    assert [share.state for share in spending.shares] == states
    assert (spending.left, spending.excess) == (left, excess)
    assert spending.unknown == asked.count(None)
    assert sum(share.paid or 0 for share in spending.shares) <= amount


@pytest.fixture
def envelope(territory):
    return EnvelopeFactory(territory=territory, amount=100_000)


def file_of(territory, amount, **fields):
    project = ProjectFactory(territory=territory, **fields)
    return ApplicationFactory(project=project, amount_requested=amount, status="depose")


def key(file):
    return f"dossier-{file.pk}"


def reading(envelope, client):
    envelope = Envelope.objects.get(pk=envelope.pk)
    return EnvelopeReader(client.user, envelope.territory).reading(envelope)


def choose(client, envelope, *kept, headers=None, **data):
    data = {"version": Envelope.objects.get(pk=envelope.pk).version, "keep": kept} | data
    url = reverse("funding:envelope_choose", args=[envelope.pk])
    return client.post(url, data, headers=headers or {})


def test_tick_keeps_a_file_and_says_what_remains(officer_client, territory, envelope):
    file = file_of(territory, 30_000)
    response = choose(officer_client, envelope, key(file), headers=HTMX)
    assert "Il reste 70 000 €" in text(response)
    assert "<html" not in response.content.decode()
    announced = json.loads(response.headers["HX-Trigger"])["announce"]
    assert announced.replace("\u00a0", " ") == "Il reste 70 000 €."
    assert reading(envelope, officer_client).spending.left == 70_000


def test_without_script_the_same_form_leads_back_to_the_page(officer_client, territory, envelope):
    file = file_of(territory, 30_000)
    response = choose(officer_client, envelope, key(file))
    assert response.status_code == 302
    assert "Il reste 70 000 €" in text(officer_client.get(response.url))


def test_going_over_is_said_and_saved(officer_client, territory, envelope):
    files = [file_of(territory, 80_000), file_of(territory, 50_000)]
    response = choose(officer_client, envelope, *map(key, files), headers=HTMX)
    assert "Dépassée de 30 000 €" in text(response)
    assert "il en manque 30 000 €" in text(response)


def test_an_unknown_amount_is_never_nought(officer_client, territory, envelope):
    response = choose(officer_client, envelope, key(file_of(territory, None)), headers=HTMX)
    assert "Il reste au plus 100 000 € : 1 montant à confirmer" in text(response)
    assert reading(envelope, officer_client).aid_per_job is None


def test_order_is_kept_and_moved(officer_client, territory, envelope):
    first, second = (key(file_of(territory, 10_000)) for _ in range(2))
    choose(officer_client, envelope, first, second)
    choose(officer_client, envelope, first, second, monter=second)
    assert Envelope.objects.get().keys == [second, first]
    choose(officer_client, envelope, first, second, descendre=first)
    assert Envelope.objects.get().keys == [second, first]
    choose(officer_client, envelope, first)
    assert Envelope.objects.get().keys == [first]


def test_amount_typed_holds_and_amount_of_the_file_is_followed(officer_client, territory, envelope):
    file = file_of(territory, 30_000)
    choose(officer_client, envelope, key(file), **{f"montant-{key(file)}": "12 500,50"})
    assert reading(envelope, officer_client).spending.used == Decimal("12500.50")
    choose(officer_client, envelope, key(file), **{f"montant-{key(file)}": "30000"})
    file.amount_requested = 45_000
    file.save()
    assert reading(envelope, officer_client).spending.used == 45_000


@pytest.mark.parametrize("typed", ["beaucoup", "-5", "1e99", "12345678901234567890"])
def test_what_is_no_amount_is_refused_and_kept_on_screen(
    officer_client, territory, envelope, typed
):
    file, other = file_of(territory, 30_000), file_of(territory, 20_000)
    fields = {f"montant-{key(file)}": typed}
    response = choose(officer_client, envelope, key(file), key(other), headers=HTMX, **fields)
    assert response.status_code == 422
    assert typed in response.content.decode()
    assert Envelope.objects.get().choices == []
    # Both ticks are still there to send again.
    assert response.content.decode().count(" checked") == 2


def test_a_choice_that_nobody_offered_is_refused(officer_client, envelope):
    stranger = ApplicationFactory(project=ProjectFactory())
    for asked in (key(stranger), "dossier-0", "x" * 500):
        assert choose(officer_client, envelope, asked).status_code == 422
    assert Envelope.objects.get().choices == []


def test_slower_of_two_people_is_told_and_overwrites_nothing(officer_client, territory, envelope):
    mine, theirs = file_of(territory, 1), file_of(territory, 2)
    choose(officer_client, envelope, key(theirs))
    response = choose(officer_client, envelope, key(mine), version=1, headers=HTMX)
    assert response.status_code == 409
    assert "Quelqu’un a modifié" in text(response)
    assert Envelope.objects.get().keys == [key(theirs)]


@pytest.mark.parametrize("version", ["", "x", "-1"])
def test_a_form_without_its_version_is_refused(officer_client, territory, envelope, version):
    file = file_of(territory, 1)
    assert choose(officer_client, envelope, key(file), version=version).status_code == 422


def test_candidates_are_live_files_and_what_has_none(officer_client, territory, envelope):
    live = file_of(territory, 10_000)
    ApplicationFactory(project=ProjectFactory(territory=territory), status="refuse")
    action = ActionFactory(territory=territory)
    offered = {one.key for one in reading(envelope, officer_client).others}
    refused = Application.objects.get(status="refuse")
    assert offered == {key(live), f"projet-{refused.project_id}", f"fiche-{action.pk}"}


def test_funder_of_the_envelope_offers_their_files_alone(officer_client, territory):
    region = ProgramFactory(funder=FunderFactory(code="region", short_name="Région"))
    project = ProjectFactory(territory=territory)
    theirs = ApplicationFactory(project=project, program=region, status="depose")
    ApplicationFactory(project=project, status="depose")
    envelope = EnvelopeFactory(territory=territory, funder=region.funder)
    assert [one.key for one in reading(envelope, officer_client).others] == [key(theirs)]


@pytest.mark.parametrize(
    ("amounts", "expected"), [([10_000, 5_000], 15_000), ([10_000, None], None), ([], None)]
)
def test_without_file_the_chosen_plan_says_what_is_expected(
    officer_client, territory, envelope, amounts, expected
):
    project = ProjectFactory(territory=territory)
    plan = FinancingPlanFactory(project=project)
    for amount in amounts:
        SourceLineFactory(plan=plan, grant=True, amount=amount)
    SourceLineFactory(plan=plan, grant=True, amount=99, state="refused")
    [candidate] = reading(envelope, officer_client).others
    assert candidate.amount == expected


def test_jobs_of_a_project_count_once_whatever_its_files(officer_client, territory, envelope):
    project = ProjectFactory(territory=territory, jobs_created_planned=4)
    other = ProgramFactory(funder=FunderFactory(code="region"))
    files = [
        ApplicationFactory(project=project, amount_requested=10_000),
        ApplicationFactory(project=project, program=other, amount_requested=30_000),
    ]
    choose(officer_client, envelope, *map(key, files))
    found = reading(envelope, officer_client)
    assert (found.jobs, found.aid_per_job, len(found.projects)) == (4, 10_000, 1)


def test_job_that_nobody_has_told_leaves_the_aid_per_job_unknown(
    officer_client, territory, envelope
):
    known = file_of(territory, 10_000, jobs_created_planned=4)
    choose(officer_client, envelope, key(known), key(file_of(territory, 10_000)))
    found = reading(envelope, officer_client)
    assert (found.jobs, found.jobs_unknown, found.aid_per_job) == (4, 1, None)


def test_deleted_choice_is_said_and_counts_for_nothing(officer_client, territory, envelope):
    file = file_of(territory, 10_000)
    choose(officer_client, envelope, key(file))
    file.delete()
    response = officer_client.get(envelope.get_absolute_url())
    assert "1 choix ne se lit plus" in text(response)
    assert response.context["reading"].spending.used == 0


def test_project_kept_before_its_file_opened_is_kept_by_the_file(
    officer_client, territory, envelope
):
    project = ProjectFactory(territory=territory)
    choose(
        officer_client,
        envelope,
        f"projet-{project.pk}",
        **{f"montant-projet-{project.pk}": "20000"},
    )
    file = ApplicationFactory(project=project, amount_requested=25_000, status="depose")
    found = reading(envelope, officer_client)
    assert [one.candidate.key for one in found.choices] == [key(file)]
    assert found.spending.used == 20_000
    assert found.others == []
    choose(officer_client, envelope, key(file), f"projet-{project.pk}")
    assert [one.candidate.key for one in reading(envelope, officer_client).choices] == [key(file)]


def test_choice_that_cannot_be_read_keeps_its_place_until_it_is_forgotten(
    officer_client, territory, envelope
):
    project = ProjectFactory(territory=territory)
    gone, file = f"projet-{project.pk}", file_of(territory, 5_000)
    choose(officer_client, envelope, gone, **{f"montant-{gone}": "20000"})
    closed = Stage.objects.get(code="abandonne")
    Project.objects.filter(pk=project.pk).update(stage=closed)
    choose(officer_client, envelope, key(file))
    assert Envelope.objects.get(pk=envelope.pk).choices[0] == {"key": gone, "amount": "20000"}
    choose(officer_client, envelope, key(file), oublier="1")
    assert Envelope.objects.get(pk=envelope.pk).keys == [key(file)]


def test_file_answered_since_stays_and_says_so(officer_client, territory, envelope):
    file = file_of(territory, 10_000)
    choose(officer_client, envelope, key(file))
    Application.objects.update(status="refuse")
    assert "Refusé depuis" in text(officer_client.get(envelope.get_absolute_url()))


def test_envelope_is_opened_once_however_often_it_is_sent(officer_client, territory):
    fields = {"title": "DETR 2027", "amount": "1 200 000", "funder": "", "notes": ""}
    for _ in range(2):
        officer_client.post(reverse("funding:envelope_new"), fields)
    assert Envelope.objects.get().amount == 1_200_000


@pytest.mark.parametrize("amount", ["", "0", "-1", "gros"])
def test_envelope_needs_an_amount(officer_client, territory, amount):
    fields = {"title": "DETR", "amount": amount}
    response = officer_client.post(reverse("funding:envelope_new"), fields)
    assert response.status_code == 422
    assert not Envelope.objects.exists()


def test_copy_has_the_same_choices_and_its_own_life(officer_client, territory, envelope):
    file = file_of(territory, 10_000)
    choose(officer_client, envelope, key(file))
    address = reverse("funding:envelope_duplicate", args=[envelope.pk])
    title = officer_client.get(address).context["form"]["title"].value()
    officer_client.post(address, {"title": title, "amount": "50000"})
    copy = Envelope.objects.exclude(pk=envelope.pk).get()
    choose(officer_client, copy)
    assert Envelope.objects.get(pk=envelope.pk).keys == [key(file)]
    assert copy.keys == [key(file)]


def test_edit_over_someone_else_s_is_refused_and_kept(officer_client, envelope):
    address = reverse("funding:envelope_edit", args=[envelope.pk])
    fields = {"title": "Autre", "amount": "5", "version": envelope.version}
    assert officer_client.post(address, fields).status_code == 302
    response = officer_client.post(address, fields | {"title": "Encore"})
    assert response.status_code == 409
    assert "Encore" in response.content.decode()
    assert Envelope.objects.get().title == "Autre"


def test_removed_envelope_comes_back_whole(officer_client, territory, envelope):
    file = file_of(territory, 10_000)
    choose(officer_client, envelope, key(file))
    officer_client.post(reverse("funding:envelope_remove", args=[envelope.pk]))
    assert not Envelope.objects.exists()
    trace = Envelope.history.filter(history_type="-").get()
    officer_client.post(reverse("funding:envelope_restore", args=[trace.pk]))
    assert Envelope.objects.get().keys == [key(file)]


def test_compared_side_by_side_with_what_is_in_and_out(officer_client, territory, envelope):
    shared, alone = file_of(territory, 10_000), file_of(territory, 20_000)
    other = EnvelopeFactory(territory=territory, amount=15_000)
    choose(officer_client, envelope, key(shared))
    choose(officer_client, other, key(shared), key(alone))
    address = reverse("funding:envelope_compare")
    response = officer_client.get(address, {"e": [other.pk, envelope.pk, other.pk, "x"]})
    assert [one.envelope for one in response.context["readings"]] == [other, envelope]
    states = [
        [choice and choice.share.state for choice in choices]
        for _, choices in response.context["rows"]
    ]
    assert states == [[WHOLE, WHOLE], [PART, None]]
    assert "dépassée" in text(response)


def test_export_says_what_the_page_compares(officer_client, territory, envelope):
    file = file_of(territory, 10_000)
    choose(officer_client, envelope, key(file))
    address = reverse("reporting:envelopes_export", args=["csv"])
    rows = b"".join(officer_client.get(address, {"e": envelope.pk}).streaming_content)
    lines = [line.split(";") for line in rows.decode("utf-8-sig").splitlines()]
    heads, first = lines[0], lines[1]
    assert first[heads.index(f"{envelope.title}, retenu")] == "10000,00"
    assert {line[0]: line[6] for line in lines}["Reste"] == "90000,00"


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_who_may_lose_money_in_it_does_not_read_it(sign_in, envelope, role):
    client = sign_in(role)
    assert client.get(reverse("funding:envelope_list")).status_code == 403
    assert client.get(envelope.get_absolute_url()).status_code == 404
    page = client.get(reverse("funding:application_list")).content.decode()
    assert reverse("funding:envelope_list") not in page


def test_comparison_shows_no_envelope_of_another_territory(officer_client):
    stranger = EnvelopeFactory()
    response = officer_client.get(reverse("funding:envelope_compare"), {"e": stranger.pk})
    assert response.context["readings"] == []


def test_search_finds_a_candidate(officer_client, territory, envelope):
    file = file_of(territory, 10_000, title="Séchoir à noisettes")
    file_of(territory, 10_000, title="Autre")
    response = officer_client.get(envelope.get_absolute_url(), {"q": "sechoir"})
    assert [one.key for one in response.context["others"]] == [key(file)]


def test_anonymous_cannot_choose(envelope):
    url = reverse("funding:envelope_choose", args=[envelope.pk])
    assert Client().post(url, {}).status_code == 302


def test_costs_are_flat(officer_client, territory, envelope, assert_flat_queries):
    program = ProgramFactory()

    def add(count):
        found = Envelope.objects.get(pk=envelope.pk)
        for _ in range(count):
            file = ApplicationFactory(
                project=ProjectFactory(territory=territory), program=program, amount_requested=1
            )
            FinancingPlanFactory(project=ProjectFactory(territory=territory))
            ActionFactory(territory=territory)
            found.choices.append({"key": key(file), "amount": None})
            EnvelopeFactory(territory=territory, choices=found.choices)
        found.save()

    pages = [
        reverse("funding:envelope_list"),
        envelope.get_absolute_url(),
        f"{reverse('funding:envelope_compare')}?e={envelope.pk}",
        f"{reverse('reporting:envelopes_export', args=['xlsx'])}?e={envelope.pk}",
    ]
    assert_flat_queries(lambda: [officer_client.get(page) for page in pages], add)
