"""The European size: the rules by tables and by property, then the pages of an officer."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from crm.models import Organisation, Role
from funding.eligibility import eu_size
from funding.eligibility.eu_size import (
    LINKED,
    OWN,
    PARTNER,
    PUBLIC,
    SIZES,
    Figures,
    Firm,
    arithmetic,
    assess,
    limits_on,
    shares_on,
)
from funding.eu_size import Reading
from funding.facts import FactReader, with_holder_facts
from funding.models import CountedFirm, FirmAccounts, Undertaking
from tests.crm.factories import OrganisationFactory, ProjectFactory, siren
from tests.funding.factories import CountedFirmFactory, ProgramFactory

NBSP = "\u00a0"
TODAY = dt.date(2026, 11, 22)
LAST = 2025


def figures(headcount=None, turnover=None, balance=None):
    """Heads, and millions of euros."""
    amounts = [None if one is None else D(str(one)) * 1_000_000 for one in (turnover, balance)]
    return Figures(None if headcount is None else D(str(headcount)), *amounts)


def firm(*years, tie=OWN, share=None, name="Usine", is_excepted=None):
    """Accounts of 2025, 2024… from their figures."""
    accounts = {LAST - n: figures(*one) for n, one in enumerate(years) if one is not None}
    part = None if share is None else D(str(share))
    return Firm(name, tie, part, is_excepted, accounts)


def size(*firms, since=None):
    return assess(firms, LAST, TODAY, since).size


# ── Thresholds (art. 2) ──


@pytest.mark.parametrize(
    ("one_year", "expected"),
    [
        ((9, 2, 2), "micro"),
        ((9.99, 0, 0), "micro"),
        ((10, 2, 2), "small"),
        ((9, 2.01, 2), "micro"),  # one of the two amounts is enough
        ((9, 2.01, 2.01), "small"),
        ((49, 10, 50), "small"),
        ((49, 50, 10), "small"),
        ((50, 1, 1), "medium"),
        ((49, 10.01, 10.01), "medium"),
        ((249, 50, 43), "medium"),
        ((249, 50.01, 43), "medium"),
        ((249, 50.01, 43.01), "mid_cap"),
        ((250, 1, 1), "mid_cap"),
        ((5000, 1, 1), "large"),
        ((10, 1501, 2001), "large"),
    ],
)
def test_two_equal_years_give_the_size_of_the_table(one_year, expected):
    assert size(firm(one_year, one_year)) == expected


def test_thresholds_are_dated_rows_with_their_reference():
    rows = limits_on(TODAY)
    assert [row.size for row in rows] == ["micro", "small", "medium", "mid_cap"]
    assert "2003/361" in rows[0].reference
    assert [row.is_sure for row in rows] == [True, True, True, False]
    before = dt.date(2004, 12, 31)
    assert limits_on(before) == ()
    assert shares_on(before) is None
    assert assess([firm((5, 1, 1), (5, 1, 1))], LAST, before).possible == SIZES


def test_a_size_that_rests_on_an_unread_threshold_is_not_sure():
    assert assess([firm((38, 6, 5), (38, 6, 5))], LAST, TODAY).is_sure
    assert not assess([firm((300, 6, 5), (300, 6, 5))], LAST, TODAY).is_sure


# ── Linked, partners, public bodies (art. 3 and 6) ──

ALONE = firm((38, 6, 5), (38, 6, 5))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (firm((11, 1, 1), (11, 1, 1), tie=LINKED, share=80), "small"),
        (firm((12, 1, 1), (12, 1, 1), tie=LINKED, share=80), "medium"),
        (firm((12, 1, 1), (12, 1, 1), tie=LINKED), "medium"),  # control needs no share
        (firm((12, 1, 1), (12, 1, 1), tie=PARTNER, share=50), "small"),
        (firm((39, 1, 1), (39, 1, 1), tie=PARTNER, share=30), "small"),
        (firm((40, 1, 1), (40, 1, 1), tie=PARTNER, share=30), "medium"),
        (firm((900, 90, 90), (900, 90, 90), tie=PARTNER, share=24.99), "small"),
        (firm((900, 90, 90), (900, 90, 90), tie=PARTNER, share=25), "mid_cap"),
        (firm((12, 1, 1), (12, 1, 1), tie=PARTNER, share=50.01), "medium"),  # linked, in fact
        (firm((900, 9, 9), (900, 9, 9), tie=PARTNER, share=40, is_excepted=True), "small"),
        (firm((900, 9, 9), (900, 9, 9), tie=PUBLIC, share=24.99), "small"),
        (firm((1, 0, 0), tie=PUBLIC, share=25, is_excepted=False), "mid_cap"),
        (firm(tie=PUBLIC, share=25, is_excepted=True), "small"),
        (firm(tie=PUBLIC, share=51, is_excepted=True), "mid_cap"),  # no exception beyond 50 %
        (firm(tie=PUBLIC, share=25), None),
        (firm(tie=PUBLIC), None),
    ],
)
def test_each_tie_counts_for_its_part(other, expected):
    assert size(ALONE, other) == expected


def test_public_bodies_are_counted_together():
    town = firm(tie=PUBLIC, share=15, is_excepted=False, name="Commune")
    assert size(ALONE, town) == "small"
    region = replace(town, share=D(10), name="Région")
    found = assess([ALONE, town, region], LAST, TODAY)
    assert found.size == "mid_cap"
    assert found.is_public is True
    assert found.held_publicly.low == 25


def test_an_exception_nobody_confirmed_leaves_both_sizes():
    found = assess([ALONE, firm(tie=PUBLIC, share=30, name="Commune de Gimont")], LAST, TODAY)
    assert found.possible == ("small", "mid_cap")
    assert found.missing == [
        f"L’exception de l’article 3, §{NBSP}2 reste à confirmer pour Commune de Gimont."
    ]


# ── Two years running (art. 4) ──

SMALL, MEDIUM, MICRO = (38, 6, 5), (55, 6, 5), (8, 1, 1)


@pytest.mark.parametrize(
    ("years", "since", "expected"),
    [
        ((SMALL, SMALL), None, "small"),
        ((MEDIUM, SMALL), None, None),  # what was it before?
        ((MEDIUM, SMALL, SMALL), None, "small"),
        ((MEDIUM, MEDIUM, SMALL), None, "medium"),
        ((SMALL, MEDIUM, MEDIUM), None, "medium"),
        ((MEDIUM, SMALL, MEDIUM), None, None),
        ((MEDIUM, SMALL), 2024, "small"),  # new in 2024: its first size was small
        ((MEDIUM, SMALL, MEDIUM), 2023, "medium"),
        ((MEDIUM,), 2025, "medium"),
        ((MICRO, MEDIUM, MEDIUM), None, "medium"),
        # Two years below « medium », by however much: the nearer of the two is where it falls.
        ((MICRO, SMALL, MEDIUM), None, "small"),
    ],
)
def test_a_size_changes_after_two_closed_years(years, since, expected):
    assert size(firm(*years), since=since) == expected


def test_one_year_is_not_enough_and_says_what_it_would_give():
    found = assess([firm(SMALL)], LAST, TODAY)
    assert found.size is None
    assert found.alone == "small"
    assert found.missing == ["Les comptes 2024 de l’entreprise manquent."]


def test_years_that_alternate_ask_what_it_was_before():
    found = assess([firm(MEDIUM, SMALL, MEDIUM)], LAST, TODAY)
    assert found.possible == ("small", "medium")
    assert found.missing == [
        f"La taille d’avant 2023 manque{NBSP}: les exercices connus tombent de part et d’autre "
        "d’un seuil."
    ]


def test_the_third_year_is_asked_only_when_the_two_last_disagree():
    assert assess([firm(SMALL, SMALL)], LAST, TODAY).missing == []
    found = assess([firm(MEDIUM, SMALL)], LAST, TODAY)
    assert found.missing == ["Les comptes 2023 de l’entreprise manquent."]


# ── Unknown figures ──


@pytest.mark.parametrize(
    ("firms", "missing"),
    [
        ([firm((38, 6, None), (38, 6, None))], []),  # one amount under the ceiling settles it
        (
            [firm((38, 12, None), (38, 6, 5))],
            ["Le total du bilan 2025 de l’entreprise manque."],
        ),
        (
            [firm((None, 6, 5), (38, 6, 5))],
            ["L’effectif 2025 de l’entreprise manque."],
        ),
        (
            [firm((38, None, None), (38, 6, 5))],
            ["Le chiffre d’affaires et le total du bilan 2025 de l’entreprise manquent."],
        ),
        (
            [ALONE, firm(None, (5, 1, 1), tie=LINKED, name="Élan")],
            ["Les comptes 2025 d’Élan manquent."],
        ),
        (
            [ALONE, firm((30, 1, 1), (30, 1, 1), tie=PARTNER, name="Minoterie")],
            ["La part du capital ou des votes de Minoterie manque."],
        ),
        # Whatever the share from 25 to 50 %, the size is the same: nothing to ask.
        ([ALONE, firm((2, 1, 1), (2, 1, 1), tie=PARTNER, name="Minoterie")], []),
        # Already too many people: the amounts no longer matter below 5 000.
        ([firm((300, 20, None), (300, 20, None))], []),
    ],
)
def test_what_is_missing_is_said_and_nothing_else(firms, missing):
    found = assess(firms, LAST, TODAY)
    assert found.missing == missing
    assert (found.size is None) is bool(missing)


def test_nothing_known_leaves_every_size():
    assert assess([firm()], LAST, TODAY).possible == SIZES


@pytest.mark.parametrize(
    ("firms", "measure", "text"),
    [
        (
            [ALONE, firm((120, 20, 15), tie=PARTNER, share=30)],
            "headcount",
            "38 + 120 × 30 % = 74 salariés",
        ),
        ([ALONE], "headcount", "38 salariés"),
        ([ALONE, firm(tie=LINKED)], "headcount", "38 + ? = au moins 38 salariés"),
        (
            [ALONE, firm((10, 1, 1), tie=PARTNER)],
            "headcount",
            "38 + 10 × 25 à 50 % = de 40,5 à 43 salariés",
        ),
        ([firm((0.5, 1, 1))], "headcount", "0,5 salarié"),
        (
            [firm((1, 1, 1)), firm((1, 2, 1), tie=LINKED)],
            "turnover",
            "1 000 000 + 2 000 000 = 3 000 000 €",
        ),
        ([firm()], "turnover", "? = à confirmer"),
        ([ALONE, firm((900, 90, 90), tie=PUBLIC, share=30)], "headcount", "38 salariés"),
    ],
)
def test_the_sum_is_shown(firms, measure, text):
    said = arithmetic(firms, LAST, measure, shares_on(TODAY))
    assert said.replace(NBSP, " ") == text


# ── Properties ──

HEADS = st.none() | st.integers(0, 6000).map(D)
EUROS = st.none() | st.sampled_from([0, 1, 2, 3, 9, 10, 11, 42, 43, 44, 50, 51, 1600, 2100]).map(
    lambda millions: D(millions) * 1_000_000
)
ACCOUNTS = st.dictionaries(
    st.sampled_from([2025, 2024, 2023]), st.builds(Figures, HEADS, EUROS, EUROS)
)
OTHERS = st.builds(
    Firm,
    st.just("Sœur"),
    st.sampled_from([LINKED, PARTNER, PUBLIC]),
    st.none() | st.integers(25, 50).map(D),
    st.none() | st.booleans(),
    ACCOUNTS,
)
GROUPS = st.tuples(
    st.builds(Firm, st.just("Usine"), st.just(OWN), accounts=ACCOUNTS), st.lists(OTHERS, max_size=3)
).map(lambda pair: [pair[0], *pair[1]])
SINCE = st.none() | st.sampled_from([2023, 2024, 2025])


def ranks(found):
    return [SIZES.index(size) for size in found.possible]


@given(GROUPS, st.builds(Firm, st.just("Fille"), st.just(LINKED), accounts=ACCOUNTS), SINCE)
def test_adding_a_linked_firm_never_makes_the_size_smaller(firms, added, since):
    before = ranks(assess(firms, LAST, TODAY, since))
    after = ranks(assess([*firms, added], LAST, TODAY, since))
    assert min(after) >= min(before)
    assert max(after) >= max(before)


@given(GROUPS, SINCE, st.data())
def test_knowing_less_never_tells_more(firms, since, data):
    known = assess(firms, LAST, TODAY, since)
    at = data.draw(st.integers(0, len(firms) - 1))
    one = firms[at]
    lost = [
        replace(one, share=None),
        replace(one, is_excepted=None if one.tie == PUBLIC else one.is_excepted),
        replace(one, accounts={}),
    ]
    for year, kept in one.accounts.items():
        for measure in eu_size.MEASURES:
            less = {**one.accounts, year: replace(kept, **{measure: None})}
            lost.append(replace(one, accounts=less))
    # A firm whose creation is not known may have had any size before.
    for other in lost:
        less = assess([*firms[:at], other, *firms[at + 1 :]], LAST, TODAY, since)
        assert set(known.possible) <= set(less.possible)


@given(GROUPS, SINCE)
def test_a_size_to_confirm_always_says_what_to_ask(firms, since):
    found = assess(firms, LAST, TODAY, since)
    assert bool(found.missing) is (found.size is None)


@given(GROUPS, st.integers(1, 60))
def test_a_larger_figure_never_makes_the_size_smaller(firms, more):
    grown = [
        replace(
            one,
            accounts={
                year: Figures(
                    *(None if f is None else f * more for f in (y[m] for m in eu_size.MEASURES))
                )
                for year, y in one.accounts.items()
            },
        )
        for one in firms
    ]
    before, after = (ranks(assess(group, LAST, TODAY)) for group in (firms, grown))
    assert min(after) >= min(before)
    assert max(after) >= max(before)


# ── The pages ──


@pytest.fixture
def company(territory):
    return OrganisationFactory(
        territory=territory, name="Laboratoires Sylvagone", insee_category="PME"
    )


def closed(*years):
    """Accounts of the last closed years, as the model keeps them."""
    last = timezone.localdate().year - 1
    return {last - n: figures(*one) for n, one in enumerate(years)}


def own(company, *years):
    return CountedFirmFactory(
        organisation=company, tie="own", name=company.name, share=None, years=closed(*years)
    )


def page(company):
    return reverse("funding:eu_size", args=[company.pk])


def typed(*years, **rest):
    """What the table of accounts sends."""
    last = timezone.localdate().year - 1
    data = dict(rest)
    for n, (heads, sales, total) in enumerate(years):
        data |= {f"headcount_{last - n}": heads, f"turnover_{last - n}": sales}
        data[f"balance_sheet_{last - n}"] = total
    return data


YEAR = ("120", "21 000 000,00 €", "16500000")


@pytest.mark.django_db
def test_officer_counts_a_partner_and_keeps_the_size(officer_client, company):
    """From the accounts to the verdicts: small alone, medium with its partner."""
    program = ProgramFactory(criteria=[{"kind": "size", "key": "size", "accepted": ["medium"]}])
    project = ProjectFactory(territory=company.territory, holder=company)
    accounts = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    response = officer_client.post(accounts, typed(*[("38", "6 800 000", "5 100 000")] * 2))
    assertRedirects(response, page(company))
    assertContains(officer_client.get(page(company)), "Petite entreprise")

    new = reverse("funding:eu_size_firm_new", args=[company.pk])
    data = typed(YEAR, YEAR, tie="partner", name="Cosmélys", share="30", is_excepted="false")
    assertRedirects(officer_client.post(new, data), page(company))
    response = officer_client.get(page(company))
    assertContains(response, f"38 + 120 × 30{NBSP}% = 74{NBSP}salariés")
    assertContains(response, "Comptée seule, elle serait « petite entreprise »")

    adopt = reverse("funding:eu_size_adopt", args=[company.pk])
    assertRedirects(officer_client.post(adopt, {"size": "medium", "held": ""}), page(company))
    company.refresh_from_db()
    assert company.eu_size == "medium"
    [holder] = with_holder_facts(Organisation.objects.filter(pk=company.pk))
    fact = FactReader().facts_of_holder(holder)["eu_size"]
    today = timezone.localdate()
    assert fact.source == f"calculée sur les comptes {today.year - 1}, {today:%d/%m/%Y}"
    panel = officer_client.get(reverse("funding:project_panel", args=[project.pk]))
    assertContains(panel, program.name)
    assert panel.context["eligible"] == 1


@pytest.mark.django_db
def test_the_size_kept_can_be_taken_back(officer_client, company):
    own(company, SMALL, SMALL)
    company.eu_size = "large"
    company.note_source(["eu_size"], "déclarée par l’entreprise", 2024)
    company.save()
    adopt = reverse("funding:eu_size_adopt", args=[company.pk])
    response = officer_client.post(adopt, {"size": "small", "held": "large"}, follow=True)
    [message] = response.context["messages"]
    officer_client.post(message.extra_tags, follow=True)
    company.refresh_from_db()
    assert company.eu_size == "large"
    assert company.source_of("eu_size") == "déclarée par l’entreprise, 2024"
    # Once taken back there is nothing of ours to undo.
    assertContains(officer_client.post(message.extra_tags, follow=True), "Une autre réponse")


@pytest.mark.django_db
def test_it_can_be_taken_back_where_a_bulk_write_left_no_history(officer_client, company):
    own(company, SMALL, SMALL)
    Organisation.objects.filter(pk=company.pk).update(eu_size="medium")
    company.history.all().delete()
    adopt = reverse("funding:eu_size_adopt", args=[company.pk])
    response = officer_client.post(adopt, {"size": "small", "held": "medium"}, follow=True)
    [message] = response.context["messages"]
    officer_client.post(message.extra_tags)
    company.refresh_from_db()
    assert company.eu_size == "medium"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sent", [{"size": "medium", "held": ""}, {"size": "small", "held": "large"}, {}, {"size": "x"}]
)
def test_a_size_that_is_not_the_one_shown_is_not_kept(officer_client, company, sent):
    own(company, SMALL, SMALL)
    response = officer_client.post(reverse("funding:eu_size_adopt", args=[company.pk]), sent)
    assertContains(response, "a changé entre-temps", status_code=409)
    company.refresh_from_db()
    assert company.eu_size == ""


@pytest.mark.django_db
def test_nothing_can_be_kept_while_something_is_missing(officer_client, company):
    own(company, SMALL)
    response = officer_client.get(page(company))
    year = timezone.localdate().year - 1
    assertContains(response, f"Les comptes {year - 1} de l’entreprise manquent.")
    assertNotContains(response, "Retenir cette taille")
    response = officer_client.post(
        reverse("funding:eu_size_adopt", args=[company.pk]), {"size": "small", "held": ""}
    )
    assert response.status_code == 409


@pytest.mark.django_db
def test_a_firm_of_the_aid_ledger_counts_without_being_typed_again(officer_client, company):
    own(company, SMALL, SMALL)
    undertaking = Undertaking.objects.create(territory=company.territory, name="Groupe")
    other = siren(4343)
    for number, name in ((company.siren, company.name), (other, "Négoce")):
        undertaking.firms.create(territory=company.territory, siren=number, name=name)
    year = timezone.localdate().year - 1
    response = officer_client.get(page(company))
    assertContains(response, f"Les comptes {year} de Négoce manquent.")
    link = f"{reverse('funding:eu_size_firm_new', args=[company.pk])}?registre={other}"
    assertContains(response, link)
    form = officer_client.get(link).context["form"]
    assert (form["name"].value(), form["siren"].value(), form["tie"].value()) == (
        "Négoce",
        other,
        "linked",
    )
    # It may not be noted as a partner: the ledger says that it is linked.
    data = typed(YEAR, YEAR, tie="partner", name="Négoce", siren=other, share="30")
    response = officer_client.post(link, data)
    assertContains(response, "Le registre des aides la compte comme liée", status_code=422)
    officer_client.post(link, data | {"tie": "linked", "share": ""})
    assertContains(officer_client.get(page(company)), f"38 + 120 = 158{NBSP}salariés")


@pytest.mark.django_db
def test_a_firm_we_follow_brings_the_accounts_of_its_own_page(officer_client, company):
    own(company, SMALL, SMALL)
    sister = OrganisationFactory(territory=company.territory, name="Minoterie")
    own(sister, (20, 1, 1), (20, 1, 1))
    CountedFirmFactory(
        organisation=company, tie="linked", name="Minoterie", siren=sister.siren, share=None
    )
    response = officer_client.get(page(company))
    assertContains(response, f"38 + 20 = 58{NBSP}salariés")
    assertContains(response, "d’où viennent ses comptes")
    # Another territory’s accounts of the same SIREN stay there.
    elsewhere = OrganisationFactory(siren=sister.siren)
    FirmAccounts.objects.all().filter(firm__organisation=sister).delete()
    own(elsewhere, (900, 1, 1), (900, 1, 1))
    assertContains(officer_client.get(page(company)), f"38 +{NBSP}? = au moins 38")


@pytest.mark.django_db
def test_a_firm_is_removed_and_comes_back_with_its_accounts(officer_client, company):
    own(company, SMALL, SMALL)
    partner = CountedFirmFactory(organisation=company, years=closed((120, 9, 9), (120, 9, 9)))
    remove = reverse("funding:eu_size_firm_remove", args=[partner.pk])
    response = officer_client.post(remove, follow=True)
    assertNotContains(response, "120 × 30")
    [message] = response.context["messages"]
    for _ in range(2):  # a second click finds it
        response = officer_client.post(message.extra_tags, follow=True)
    assertContains(response, f"38 + 120 × 30{NBSP}% = 74{NBSP}salariés")
    assert FirmAccounts.objects.filter(firm__organisation=company).count() == 4
    assert CountedFirm.history.filter(id=partner.pk).count() == 3


@pytest.mark.django_db
def test_the_slower_of_two_people_is_told(officer_client, company):
    partner = CountedFirmFactory(organisation=company)
    url = reverse("funding:eu_size_firm_edit", args=[partner.pk])
    data = typed(YEAR, tie="partner", name="Cosmélys", share="40", version="1")
    officer_client.post(url, data)
    response = officer_client.post(url, data | {"share": "45"})
    assertContains(response, "Quelqu’un a modifié", status_code=409)
    partner.refresh_from_db()
    assert partner.share == 40
    # What was typed is kept, and passes when sent again.
    form = response.context["form"]
    officer_client.post(url, data | {"share": "45", "version": form["version"].value()})
    partner.refresh_from_db()
    assert partner.share == 45


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"name": ""}, "est obligatoire"),
        ({"tie": ""}, "est obligatoire"),
        ({"tie": "own"}, "choix"),
        ({"share": "24,99"}, f"En dessous de 25{NBSP}%"),
        ({"share": "50,01"}, f"Au-delà de 50{NBSP}%"),
        ({"share": "101"}, "cent pour cent"),
        ({"share": "-1"}, "supérieure à zéro"),
        ({"share": "trente"}, "nombre"),
        ({"tie": "linked", "share": "", "is_excepted": "true"}, "ne vaut pas pour une entreprise"),
        ({"siren": "123"}, "9 chiffres"),
        ({"siren": "900 000 002"}, "clé de contrôle"),
        ({"headcount_{year}": "beaucoup"}, "n’est pas un nombre"),
        ({"headcount_{year}": "-3"}, "négatif"),
        ({"turnover_{year}": "9" * 40}, "14"),
        ({"balance_sheet_{year}": "-1"}, "négatif"),
        ({"turnover_{year}": "1,234"}, "2"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_written(
    officer_client, company, sent, sentence
):
    sent = {name.format(year=timezone.localdate().year - 1): one for name, one in sent.items()}
    data = typed(YEAR, tie="partner", name="Cosmélys", share="30") | sent
    url = reverse("funding:eu_size_firm_new", args=[company.pk])
    response = officer_client.post(url, data)
    assertContains(response, sentence, status_code=422)
    [field] = sent if len(sent) == 1 else ["is_excepted"]
    assert list(response.context["form"].errors) == [field]
    assert not CountedFirm.objects.exists()


@pytest.mark.django_db
def test_its_own_siren_and_a_second_row_are_refused(officer_client, company):
    url = reverse("funding:eu_size_firm_new", args=[company.pk])
    data = typed(tie="linked", name="Elle", siren=company.siren)
    assertContains(officer_client.post(url, data), "de l’entreprise elle-même", status_code=422)
    data["siren"] = siren(4343)
    assert officer_client.post(url, data).status_code == 302
    assertContains(officer_client.post(url, data), "déjà dans la liste", status_code=422)
    assert CountedFirm.objects.count() == 1


@pytest.mark.django_db
def test_a_form_sent_twice_writes_one_firm(officer_client, company):
    url = reverse("funding:eu_size_firm_new", args=[company.pk])
    for _ in range(2):
        officer_client.post(url, typed(YEAR, tie="partner", name="Cosmélys", share="30"))
    assert CountedFirm.objects.count() == 1
    accounts = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    for _ in range(2):
        officer_client.post(accounts, typed(YEAR))
    assert CountedFirm.objects.filter(tie="own").count() == 1
    assert FirmAccounts.objects.count() == 2


@pytest.mark.django_db
def test_the_accounts_are_first_proposed_from_the_record(officer_client, company):
    year = timezone.localdate().year - 1
    company.turnover, company.headcount = D(6_800_000), 38
    company.note_source(["turnover"], "comptes déposés", year - 1)
    company.note_source(["headcount"], "visite", f"{year + 1}-01-15")
    company.save()
    url = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    response = officer_client.get(url)
    form = response.context["form"]
    assert form[f"turnover_{year - 1}"].value() == 6_800_000
    assert form[f"headcount_{year}"].value() == 38
    assertContains(response, "comptes déposés")
    # Proposed is not noted: nothing counts before it is saved.
    assert not CountedFirm.objects.exists()
    assertContains(
        officer_client.get(page(company)), f"Les comptes {year} de l’entreprise manquent"
    )


@pytest.mark.django_db
def test_the_category_of_insee_stands_beside_and_warns_when_it_differs(officer_client, company):
    own(company, (300, 9, 9), (300, 9, 9))
    assertContains(officer_client.get(page(company)), "Les deux diffèrent")
    company.insee_category = "ETI"
    company.save()
    response = officer_client.get(page(company))
    assertNotContains(response, "Les deux diffèrent")
    assertContains(response, "elle n’est pas une preuve")
    assertContains(response, "à vérifier avant de s’en prévaloir")  # a threshold nobody read


@pytest.mark.django_db
def test_old_accounts_are_said_to_be_old(officer_client, company):
    firm = own(company)
    year = timezone.localdate().year - 3
    firm.note({year: figures(38, 6, 5), year - 1: figures(38, 6, 5)})
    assertContains(officer_client.get(page(company)), f"sont ceux de {year}")


@pytest.mark.django_db
def test_a_year_emptied_is_forgotten(officer_client, company):
    firm = own(company, SMALL, SMALL)
    accounts = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    officer_client.post(accounts, typed(("38", "6000000", "5000000"), version=firm.version))
    assert [row.year for row in firm.accounts.all()] == [timezone.localdate().year - 1]


@pytest.mark.django_db
def test_the_questions_of_a_company_lead_there_and_only_the_team(sign_in, company):
    own(company, SMALL, SMALL)
    url = reverse("funding:holder_informations", args=[company.pk])
    assertContains(sign_in(Role.OFFICER).get(url), page(company))
    assertNotContains(sign_in(Role.READER).get(url), page(company))
    assert sign_in(Role.READER).get(page(company)).status_code == 403


@pytest.mark.django_db
def test_the_page_costs_the_same_for_fifty_firms(officer_client, company, assert_flat_queries):
    own(company, SMALL, SMALL)

    def add(count):
        for _ in range(count):
            other = OrganisationFactory(territory=company.territory)
            own(other, SMALL, SMALL)
            CountedFirmFactory(organisation=company, siren=other.siren, years=closed(SMALL))

    assert_flat_queries(lambda: officer_client.get(page(company)), add)


@pytest.mark.django_db
def test_a_reading_ignores_what_the_viewer_may_not_know(sign_in, company):
    own(company, SMALL, SMALL)
    reader = sign_in(Role.READER).user
    assert Reading(company, reader, timezone.localdate()).size is None
