"""The pure rules of a file: moves, pieces, calendar, payments, delays, what the portal answers."""

import datetime as dt
import json
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.appraisal import calendar, dossier, durations, payments, pieces, statuses
from funding.financing.verdicts import Status


def day(text):
    return dt.date.fromisoformat(text)


# Statuses -------------------------------------------------------------------------------------

# Documentation of the API of Démarche numérique, state by state.
MACHINE = {
    "brouillon": {"en_construction"},
    "en_construction": {"en_instruction", "accepte"},
    "en_instruction": {"en_construction", "accepte", "refuse", "sans_suite"},
    "accepte": {"en_instruction"},
    "refuse": {"en_instruction"},
    "sans_suite": {"en_instruction"},
}


@pytest.mark.parametrize("before", MACHINE)
def test_a_file_of_demarche_numerique_moves_as_the_portal_says(before):
    after = set(statuses.moves(before, on_demarche=True))
    assert after - {"retire"} == MACHINE[before]
    assert ("retire" in after) is (before not in statuses.FINAL)


@pytest.mark.parametrize(
    ("before", "after", "holds"),
    [
        ("a_deposer", "depose", True),
        ("a_deposer", "en_instruction", False),
        ("brouillon", "accepte", False),
        ("brouillon", "depose", True),
        ("depose", "incomplet", True),
        ("depose", "brouillon", False),
        ("incomplet", "complet", True),
        ("incomplet", "accepte", False),
        ("complet", "en_instruction", True),
        ("en_instruction", "ajourne", True),
        ("en_instruction", "liste_d_attente", True),
        ("ajourne", "accepte", True),
        ("liste_d_attente", "accepte", True),
        ("accepte", "refuse", False),
        ("accepte", "en_instruction", True),
        ("accepte", "retire", False),
        ("retire", "a_deposer", True),
        ("retire", "accepte", False),
    ],
)
def test_elsewhere_files_move_as_letters_say(before, after, holds):
    assert (after in statuses.moves(before)) is holds


@given(st.sampled_from(statuses.ORDER), st.booleans())
def test_every_status_leads_somewhere_and_never_to_itself(status, on_demarche):
    after = statuses.moves(status, on_demarche=on_demarche)
    assert after
    assert status not in after
    assert set(after) <= set(statuses.ORDER)


# Pieces ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued", "months", "expires"),
    [
        ("2026-01-15", 3, "2026-04-14"),
        ("2026-11-30", 3, "2027-02-27"),
        ("2023-11-30", 3, "2024-02-28"),
        ("2026-08-01", 6, "2027-01-31"),
        ("2024-02-29", 24, "2026-02-27"),
        ("9999-12-01", 6, None),
        ("2026-01-15", None, None),
        (None, 3, None),
    ],
)
def test_a_piece_is_fresh_for_so_many_months(issued, months, expires):
    found = pieces.expiry(issued and day(issued), months)
    assert found == (expires and day(expires))


@pytest.mark.parametrize(
    ("received", "expires", "filing", "state"),
    [
        (None, None, "2026-12-01", "missing"),
        ("2026-11-01", None, "2026-12-01", "received"),
        ("2026-11-01", "2026-12-01", "2026-12-01", "received"),
        ("2026-11-01", "2026-11-30", "2026-12-01", "expiring"),
        ("2026-11-01", "2026-11-30", None, "received"),
        ("2026-11-01", "2026-11-21", "2026-12-01", "expired"),
        ("2026-11-01", "2026-11-22", None, "received"),
    ],
)
def test_a_piece_is_judged_on_the_filing_day(received, expires, filing, state):
    days = [text and day(text) for text in (received, expires, filing)]
    found = pieces.state(days[0], days[1], day=days[2], today=day("2026-11-22"))
    assert found == state


def test_usual_pieces_follow_the_holder_and_the_funder():
    def codes(**about):
        return {one.code for one in pieces.usual(**{"funder": "", "program": "", **about})}

    company, authority = codes(holder="company"), codes(holder="authority")
    assert {"rib", "fiscale", "kbis"} <= company
    assert "deliberation" in authority - company
    assert "kbis" not in authority
    assert "impact_score" in codes(holder="company", funder="region_occitanie") - company
    assert "soutien" in codes(holder="company", program="P01")


def test_each_template_says_how_sure_it_is():
    assert {one.confidence for one in pieces.templates()} <= {"V", "V2", "K", "TBV"}
    codes = [one.code for one in pieces.templates()]
    assert len(codes) == len(set(codes))


# Calendar -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "sunday"), [(2024, "2024-03-31"), (2026, "2026-04-05"), (2038, "2038-04-25")]
)
def test_easter_falls_where_the_almanac_says(year, sunday):
    assert calendar.easter(year) == day(sunday)


def test_nobody_works_on_a_public_holiday():
    assert len(calendar.holidays(2026)) == 11
    assert not calendar.is_working(day("2026-05-25"))  # Whit Monday
    assert not calendar.is_working(day("2026-11-11"))
    assert calendar.is_working(day("2026-11-12"))


def step(key, days, rank, is_done=False):
    return calendar.Step(key, key, days, rank, is_done)


def test_steps_are_counted_back_from_the_filing_day():
    steps = [step("quotes", 3, 1), step("pieces", 2, 2), step("council", 5, 2), step("file", 1, 3)]
    found = {
        row.step.key: (row.starts_on, row.ends_on)
        for row in calendar.backwards(steps, day("2026-12-06"))  # a Sunday
    }
    assert found == {
        "file": (day("2026-12-04"), day("2026-12-04")),
        "pieces": (day("2026-12-02"), day("2026-12-03")),
        "council": (day("2026-11-27"), day("2026-12-03")),
        "quotes": (day("2026-11-24"), day("2026-11-26")),
    }


@pytest.mark.parametrize(
    ("done", "today", "state"),
    [
        (True, "2026-12-09", "done"),
        (False, "2026-12-09", "late"),
        (False, "2026-12-02", "now"),
        (False, "2026-11-20", "ahead"),
    ],
)
def test_a_step_is_late_once_its_last_day_is_past(done, today, state):
    [dated] = calendar.backwards([step("x", 3, 1, done)], day("2026-12-04"))
    assert dated.state(day(today)) == state


def test_days_that_lack_are_said():
    steps = [step("a", 5, 1, True), step("b", 5, 2), step("c", 3, 2), step("d", 2, 3)]
    assert calendar.missing_days(steps, day("2026-12-04"), day("2026-11-30")) == 2
    assert calendar.missing_days(steps, day("2026-12-18"), day("2026-11-30")) == 0
    assert calendar.missing_days([], day("2026-12-04"), day("2026-12-20")) == 0


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 4)), max_size=6),
    st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)),
)
def test_no_step_begins_before_what_it_waits_for_is_over(rows, filing):
    dated = calendar.backwards([step(n, d, r) for n, (d, r) in enumerate(rows)], filing)
    for row in dated:
        assert row.starts_on <= row.ends_on <= filing
        assert calendar.working_days(row.starts_on, row.ends_on) == row.step.days
        for other in dated:
            if row.step.rank < other.step.rank:
                assert row.ends_on < other.starts_on


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-12-01", "mardi 1er décembre"),
        ("2026-12-24", "jeudi 24 décembre"),
        ("2027-02-02", "mardi 2 février 2027"),
    ],
)
def test_a_day_is_said_in_words(text, words):
    assert calendar.in_words(day(text), day("2026-11-22")) == words


# Money ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "rate", "costs", "final"),
    [
        ("100000", "25", "400000", "100000.00"),
        ("100000", "25", "360000", "90000.00"),
        ("100000", "25", "480000", "100000.00"),
        ("100000", "33.33", "100.01", "33.33"),
        ("0", "25", "1000", "0"),
        (None, "25", "400000", None),
        ("100000", None, "400000", None),
        ("100000", "25", None, None),
    ],
)
def test_final_grant_is_the_least_of_the_grant_and_of_its_rate(granted, rate, costs, final):
    found = payments.final_grant(*(value and D(value) for value in (granted, rate, costs)))
    assert found == (final and D(final))


@given(*[st.decimals(0, 10**7, places=2) for _ in range(2)], st.decimals(0, 100, places=2))
def test_final_grant_never_exceeds_what_was_granted(granted, costs, rate):
    assert payments.final_grant(granted, rate, costs) <= granted


def pay(kind, amount, state="prevue"):
    return payments.Payment(kind, state, None if amount is None else D(amount))


@pytest.mark.parametrize(
    ("due", "rows", "left"),
    [
        ("100", [pay("advance", 30, "versee"), pay("final_payment", 70)], 70),
        ("90", [pay("advance", 100, "versee")], -10),
        ("100", [pay("advance", 30, "rejetee")], 100),
        (None, [pay("advance", 30, "versee")], None),
    ],
)
def test_what_is_left_to_pay_counts_what_was_paid(due, rows, left):
    assert payments.left_to_pay(due and D(due), rows) == (None if left is None else D(left))


# Décret 2018-514, art. 12; règlement of the Fonds vert TI (P01) and of DECARB FLASH (P14).
@pytest.mark.parametrize(
    ("rows", "about", "statuses_"),
    [
        ([pay("advance", 30)], {}, ["conforme"]),
        ([pay("advance", 31)], {}, ["non_conforme"]),
        ([pay("advance", 60)], {"guaranteed": True}, ["conforme"]),
        ([pay("advance", 20), pay("interim_payment", 60)], {}, ["conforme", "conforme"]),
        ([pay("advance", 20), pay("interim_payment", 61)], {}, ["conforme", "non_conforme"]),
        ([pay("interim_payment", 90)], {"months": 49}, ["conforme"]),
        ([pay("interim_payment", 90)], {"months": 48}, ["non_conforme"]),
        ([pay("advance", 20)], {"program": "P01"}, ["non_conforme"]),
        ([pay("advance", 30, "rejetee")], {}, []),
        ([pay("advance", None)], {}, ["a_verifier"]),
        ([pay("advance", 90)], {"funder": "region_occitanie"}, ["a_verifier"]),
        ([pay("final_payment", 100)], {}, []),
    ],
)
def test_advance_and_interim_stay_within_the_limits_of_the_day(rows, about, statuses_):
    about = {"program": "P07", "funder": "etat", "day": day("2026-06-01")} | about
    found = payments.limits(D(100), rows, **about)
    assert [check.status for check in found] == [Status(one) for one in statuses_]


def test_a_rule_without_a_row_on_that_day_is_to_check():
    [check] = payments.limits(
        D(100), [pay("advance", 10)], program="P07", funder="etat", day=day("2015-01-01")
    )
    assert check.status is Status.TO_CHECK


# Delays ---------------------------------------------------------------------------------------


def test_delays_are_medians_with_their_count():
    files = [
        durations.Past(day("2026-01-01"), day("2026-01-11"), day("2026-03-01"), None),
        durations.Past(day("2026-01-01"), day("2026-01-21"), None, None),
        durations.Past(day("2026-01-01"), day("2026-01-31"), day("2026-01-01"), None),
    ]
    found = durations.learn(files)
    assert found.completeness == durations.Delay(20, 3)
    assert found.completeness.is_thin
    assert found.decision == durations.Delay(49, 1)  # a decision before completeness tells nothing
    assert found.payment is None


def test_a_decision_is_expected_from_the_last_date_known():
    delays = durations.Delays(
        decision=durations.Delay(90, 6), whole=durations.Delay(120, 4), payment=None
    )
    filed, received = day("2026-06-01"), day("2026-07-01")
    found = durations.expected_decision(delays, filed, received)
    assert (found.on, found.is_thin) == (day("2026-09-29"), False)
    found = durations.expected_decision(delays, filed, None)
    assert (found.on, found.is_thin) == (day("2026-09-29"), True)
    assert durations.expected_decision(delays, None, None) is None
    assert durations.expected_payment(delays, filed) is None


# What Démarche numérique answers ----------------------------------------------------------------

ANSWER = {
    "__typename": "Dossier",
    "number": 5522885577,
    "state": "en_instruction",
    "dateDepot": "2026-10-16T23:30:00Z",  # already the 17th in Paris
    "datePassageEnConstruction": "2026-10-17T01:30:00+02:00",
    "datePassageEnInstruction": "2026-11-02T09:00:00+01:00",
    "dateTraitement": None,
    "usager": {"email": "personne@exemple.test"},
    "demandeur": {"nom": "Personne"},
    "champs": [{"label": "Téléphone", "stringValue": "01 99 00 00 00"}],
    "futureField": {"x": 1},
}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda row: row,
        lambda row: {"data": {"dossier": row}},
        lambda row: {"data": {"demarche": {"dossiers": {"nodes": [row]}}}},
        lambda row: [row],
    ],
)
def test_a_dossier_is_read_whatever_wraps_it(wrap):
    found = dossier.read("\ufeff" + json.dumps(wrap(ANSWER)))
    assert found == dossier.Dossier(
        number=5522885577,
        state="en_instruction",
        filed_on=day("2026-10-17"),
        in_construction_on=day("2026-10-17"),
        received_on=day("2026-11-02"),
    )
    assert found.state_since == day("2026-11-02")


def test_nothing_about_a_person_is_read():
    kept = json.dumps(dossier.read(json.dumps(ANSWER)).as_json())
    assert "Personne" not in kept
    assert "exemple.test" not in kept
    assert "01 99" not in kept


def test_a_dossier_travels_as_json_and_back():
    found = dossier.read(json.dumps(ANSWER))
    assert dossier.Dossier.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_the_right_dossier_is_picked_in_a_list():
    rows = [ANSWER | {"number": n, "state": s} for n, s in ((1, "accepte"), (2, "refuse"))]
    text = json.dumps({"data": {"demarche": {"dossiers": {"nodes": rows}}}})
    assert dossier.read(text, 2).state == "refuse"
    with pytest.raises(dossier.Unreadable, match="2 dossiers"):
        dossier.read(text)
    with pytest.raises(dossier.Unreadable, match="n° 3"):
        dossier.read(text, 3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("pas du json", "pas du JSON"),
        ("[" * 100_000, "pas du JSON"),
        ("{}", "Aucun dossier"),
        ("[]", "Aucun dossier"),
        ("null", "Aucun dossier"),
        ('{"errors": [{"message": "Dossier not found"}]}', "Dossier not found"),
        ('{"errors": "x"}', "Aucun dossier"),
        ('{"number": "douze", "state": "accepte"}', "numéro"),
        ('{"number": 1, "state": "rêvé"}', "rêvé"),
        ('{"number": 1, "state": ["accepte"]}', "état"),
        ('{"number": 99999999999999999999, "state": "accepte"}', "numéro"),
        ('{"number": 1, "state": "accepte", "dateDepot": "hier"}', "dateDepot"),
        ('{"number": 1, "state": "accepte", "dateDepot": 12}', "dateDepot"),
        (
            '{"number": 1, "state": "accepte", "dateDepot": "0001-01-01T00:00:00+14:00"}',
            "dateDepot",
        ),
        ('{"number": 1, "state": "accepte", "dateDepot": "9999-12-31"}', "dateDepot"),
    ],
)
def test_an_answer_that_tells_nothing_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(dossier.Unreadable, match=sentence):
        dossier.read(text)
