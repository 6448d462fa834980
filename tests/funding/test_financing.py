"""Legal cases of a financing plan, by tables. Each row says the text it stands on."""

import datetime as dt
import json
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.financing import legal
from funding.financing import plan as p
from funding.financing.checks import check
from funding.financing.verdicts import Status

TODAY = dt.date(2026, 11, 22)
IN_FORCE, EXPIRED = dt.date(2026, 12, 17), dt.date(2027, 4, 1)
COMPANY = p.Holder(size="medium")
AUTHORITY = p.Holder(is_company=False, is_local_authority=True)
CIRCULAR = p.Scheme(
    "SA.111726-47", "SA.111726", p.EXEMPTED, "intensity.circular_economy", reference="art. 47"
)
SME = p.Scheme("SA.111728-17", "SA.111728", p.EXEMPTED, "intensity.sme_investment")
REGIONAL = p.Scheme("SA.119559", "SA.119559", p.EXEMPTED, "intensity.regional_c")
SMALL_AID = p.Scheme("de-minimis", "De minimis", p.DE_MINIMIS)
NO_AID = p.Scheme("none", "Aucun", p.NO_AID)
CONFORM, BREACH, TO_CHECK, NOT_CONCERNED = (
    Status.CONFORM,
    Status.BREACH,
    Status.TO_CHECK,
    Status.NOT_CONCERNED,
)


def cost(key=1, amount=1_000_000, **fields):
    amount = None if amount is None else D(amount)
    return p.Cost(key, f"Machine {key}", amount, **fields)


def source(key=1, kind=p.GRANT, amount=100_000, **fields):
    amount = None if amount is None else D(amount)
    return p.Source(key, fields.pop("label", f"Source {key}"), kind, amount, **fields)


def program(code="P1", **fields):
    return p.ProgramRules(code, f"Aide {code}", **fields)


MILLION = (cost(),)


def plan(*sources, costs=MILLION, granted_on=IN_FORCE, holder=COMPANY, **fields):
    return p.Plan(costs=costs, sources=sources, holder=holder, granted_on=granted_on, **fields)


def answer(found, code):
    """The check whose code is, or begins with, `code`."""
    checks = [one for one in check(found, TODAY) if one.code.startswith(code)]
    assert len(checks) == 1, [one.code for one in checks]
    return checks[0]


@pytest.mark.parametrize(
    ("size", "amount", "granted_on", "expected"),
    [
        # RGEC (règl. 651/2014) art. 47: 40 % for a large firm, 50 % for a medium one, 60 % small.
        ("large", 400_000, IN_FORCE, CONFORM),
        ("large", 400_001, IN_FORCE, BREACH),
        ("medium", 500_000, IN_FORCE, CONFORM),
        ("medium", 510_000, IN_FORCE, BREACH),
        ("small", 600_000, IN_FORCE, CONFORM),
        ("micro", 600_000, IN_FORCE, CONFORM),
        ("mid_cap", 450_000, IN_FORCE, BREACH),
        # The size is unknown: sure only where every size agrees.
        (None, 400_000, IN_FORCE, CONFORM),
        (None, 500_000, IN_FORCE, TO_CHECK),
        (None, 610_000, IN_FORCE, BREACH),
        # RGEC ends on 31/12/2026: a later grant answers « à vérifier » either way.
        ("medium", 100_000, EXPIRED, TO_CHECK),
        ("medium", 900_000, EXPIRED, TO_CHECK),
        # Nobody said when it would be granted.
        ("medium", 100_000, None, TO_CHECK),
        ("medium", None, IN_FORCE, TO_CHECK),
    ],
)
def test_ceiling_by_regime_and_size(size, amount, granted_on, expected):
    found = plan(
        source(amount=amount, scheme=CIRCULAR), granted_on=granted_on, holder=p.Holder(size=size)
    )
    assert answer(found, "ceiling").status is expected


@pytest.mark.parametrize(("amount", "size"), [(100_000, "medium"), (500_000, "large")])
def test_a_rule_nobody_read_never_settles(amount, size):
    """Art. 17 (10 % medium, closed to large firms) is background knowledge, marked K."""
    found = plan(source(amount=amount, scheme=SME), holder=p.Holder(size=size))
    assert answer(found, "ceiling").status is TO_CHECK


def test_an_expired_text_is_told_with_its_last_day():
    found = answer(plan(source(scheme=CIRCULAR), granted_on=EXPIRED), "ceiling")
    assert "31/12/2026" in found.text


def test_no_regime_no_certainty():
    assert answer(plan(source(scheme=None)), "ceiling").status is TO_CHECK


def test_the_tightest_ceiling_is_named():
    aid = program(rate_max=D(60), aid_max=D(200_000), reference="Fiche P35b, 12/06/2026")
    found = answer(plan(source(amount=300_000, scheme=CIRCULAR, program=aid)), "ceiling")
    assert found.status is BREACH
    assert "montant maximum de Aide P1" in found.text
    assert "100\u00a0000\u00a0€" in found.text  # how much too much
    assert "P35b" in found.reference
    assert found.source == "Source 1"


def test_a_program_not_verified_breaks_nothing_for_sure():
    aid = program(aid_max=D(200_000), is_sure=False)
    found = answer(plan(source(amount=300_000, scheme=CIRCULAR, program=aid)), "ceiling")
    assert found.status is TO_CHECK


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        # 300 000 + 200 000 = 50 % of a million: the ceiling of a medium firm, art. 47.
        ({"amount": 200_000, "scheme": CIRCULAR}, CONFORM),
        ({"amount": 200_001, "scheme": CIRCULAR}, BREACH),
        # De minimis has no intensity but adds up (règl. 2023/2831, art. 5).
        ({"amount": 250_000, "scheme": SMALL_AID}, BREACH),
        # A loan counts for its gross grant equivalent, not for its face value.
        ({"kind": p.PUBLIC_LOAN, "amount": 900_000, "equivalent": D(50_000),
          "scheme": CIRCULAR}, CONFORM),
        ({"kind": p.PUBLIC_LOAN, "amount": 900_000, "equivalent": None,
          "scheme": CIRCULAR}, TO_CHECK),
        ({"kind": p.GUARANTEE, "amount": 900_000, "equivalent": D(210_000),
          "scheme": CIRCULAR}, BREACH),
        ({"amount": 10_000, "scheme": None}, TO_CHECK),
        # Whatever the regimes, aids do not pass the cost itself.
        ({"amount": 710_000, "scheme": None}, BREACH),
    ],
)  # fmt: skip
def test_aids_on_the_same_costs(second, expected):
    found = plan(source(amount=300_000, scheme=CIRCULAR), source(2, **second))
    assert answer(found, "cumul").status is expected


def test_a_refused_source_counts_for_nothing():
    found = plan(
        source(amount=300_000, scheme=CIRCULAR),
        source(2, amount=900_000, scheme=CIRCULAR, state=p.REFUSED),
    )
    assert [one for one in check(found, TODAY) if one.code.startswith("cumul")] == []


def test_aids_on_separate_costs_do_not_add_up():
    costs = (cost(1, 500_000), cost(2, 500_000))
    found = plan(
        source(amount=250_000, scheme=CIRCULAR, costs=frozenset({1})),
        source(2, amount=250_000, scheme=CIRCULAR, costs=frozenset({2})),
        costs=costs,
    )
    assert not any(one.code.startswith("cumul") for one in check(found, TODAY))


def test_an_overlap_is_judged_on_the_costs_it_covers():
    """Both fit the whole, but not the one machine they share."""
    costs = (cost(1, 400_000), cost(2, 600_000))
    found = plan(
        source(1, amount=150_000, scheme=CIRCULAR, costs=frozenset({1}), state="granted"),
        source(2, amount=100_000, scheme=CIRCULAR, costs=frozenset({1})),
        source(3, amount=100_000, scheme=CIRCULAR, costs=frozenset({2})),
        costs=costs,
    )
    over = answer(found, "cumul")
    assert over.status is BREACH
    assert over.source == "Source 2"  # the one already granted came first
    assert over.code == "cumul-1"


def test_a_small_group_over_its_ceiling_is_told_although_the_whole_is_not():
    costs = (cost(1, 100_000), cost(2, 900_000))
    found = plan(
        source(1, amount=40_000, scheme=CIRCULAR, costs=frozenset({1}), state="granted"),
        source(2, amount=20_000, scheme=CIRCULAR, costs=frozenset({1})),
        source(3, amount=200_000, scheme=CIRCULAR, costs=frozenset({1, 2})),
        costs=costs,
    )
    statuses = {one.code: one.status for one in check(found, TODAY) if "cumul" in one.code}
    assert statuses == {"cumul-1": BREACH, "cumul-1-2": CONFORM}


def test_many_overlaps_stay_a_short_list():
    costs = tuple(cost(key, 100_000) for key in range(12))
    aids = [
        source(key, amount=1_000, scheme=CIRCULAR, costs=frozenset({key, (key + 1) % 12}))
        for key in range(12)
    ]
    found = [one for one in check(plan(*aids, costs=costs), TODAY) if "cumul" in one.code]
    assert [one.status for one in found] == [CONFORM]


def test_only_the_eligible_part_of_a_cost_counts():
    costs = (cost(1, 500_000, eligible="part", eligible_amount=D(200_000)),)
    found = plan(source(amount=110_000, scheme=CIRCULAR), costs=costs)
    assert answer(found, "ceiling").status is BREACH


@pytest.mark.parametrize(
    ("started", "filed", "expected"),
    [
        # Règl. 651/2014 art. 6: the application comes first, strictly.
        (dt.date(2027, 3, 1), dt.date(2027, 2, 15), CONFORM),
        (dt.date(2027, 3, 1), dt.date(2027, 3, 1), BREACH),
        (dt.date(2027, 3, 1), dt.date(2027, 3, 2), BREACH),
        # Signed already, and nothing is filed.
        (dt.date(2026, 11, 20), None, BREACH),
        (dt.date(2027, 3, 1), None, TO_CHECK),
        (None, dt.date(2027, 2, 15), TO_CHECK),
    ],
)
def test_incentive_effect(started, filed, expected):
    found = plan(source(scheme=CIRCULAR, filed_on=filed), first_commitment_on=started)
    assert answer(found, "incentive_effect").status is expected


def test_a_file_already_requested_was_filed_some_day():
    found = plan(
        source(scheme=CIRCULAR, state="requested"), first_commitment_on=dt.date(2026, 11, 20)
    )
    assert answer(found, "incentive_effect").status is TO_CHECK


@pytest.mark.parametrize(
    ("said", "sure", "granted_on", "expected"),
    [
        # A program that says so, read at its source, holds beyond the regulation.
        (True, True, EXPIRED, BREACH),
        (True, False, EXPIRED, TO_CHECK),
        # FIPU, tax credits: the program says it does not ask for it.
        (False, True, IN_FORCE, NOT_CONCERNED),
    ],
)
def test_incentive_effect_of_a_program(said, sure, granted_on, expected):
    aid = program(incentive_effect=said, is_sure=sure)
    found = plan(
        source(scheme=CIRCULAR, program=aid, filed_on=dt.date(2027, 3, 2)),
        first_commitment_on=dt.date(2027, 3, 1),
        granted_on=granted_on,
    )
    assert answer(found, "incentive_effect").status is expected


def aid(amount, day, siren="000000019"):
    return p.GrantedAid(siren, None if amount is None else D(amount), day)


@pytest.mark.parametrize(
    ("past", "asked", "expected"),
    [
        # Règl. 2023/2831 art. 3: 300 000 € over three years rolling to the day.
        ((), 300_000, CONFORM),
        ((), 300_001, BREACH),
        ((aid(250_000, dt.date(2024, 12, 18)),), 50_000, CONFORM),
        ((aid(250_000, dt.date(2024, 12, 18)),), 50_001, BREACH),
        # Three years before 17/12/2026 to the day: it has just left the window.
        ((aid(250_000, dt.date(2023, 12, 17)),), 300_000, CONFORM),
        ((aid(None, dt.date(2025, 1, 1)),), 10_000, TO_CHECK),
        # Nobody has looked: only what the plan itself asks can be too much.
        (None, 10_000, TO_CHECK),
        (None, 300_001, BREACH),
        ((), None, TO_CHECK),
    ],
)
def test_de_minimis(past, asked, expected):
    found = plan(source(amount=asked, scheme=SMALL_AID), holder=p.Holder(size="small", aids=past))
    assert answer(found, "de_minimis").status is expected


def test_de_minimis_says_when_room_reopens():
    past = (aid(260_000, dt.date(2025, 3, 14)),)
    found = plan(source(amount=50_000, scheme=SMALL_AID), holder=p.Holder(aids=past))
    assert "14/03/2028" in answer(found, "de_minimis").text


def test_an_aid_of_the_plan_already_in_the_ledger_counts_once():
    past = (aid(200_000, dt.date(2026, 5, 1)),)
    granted = source(
        amount=200_000, scheme=SMALL_AID, state="granted", granted_on=dt.date(2026, 5, 1)
    )
    assert answer(plan(granted, holder=p.Holder(aids=past)), "de_minimis").status is CONFORM


@pytest.mark.parametrize(
    ("own", "grants", "expected"),
    [
        # CGCT L1111-10 III: 20 % of public financing. 178 000 of 890 000 is 20 %.
        ((178_000,), (712_000,), CONFORM),
        ((177_999,), (712_001,), BREACH),
        # Private money is out of the sum: 15 % of the cost may be 20 % of public financing.
        ((150_000,), (600_000,), CONFORM),
        ((None,), (600_000,), TO_CHECK),
        ((150_000, None), (600_000,), CONFORM),
        ((150_000,), (600_000, None), TO_CHECK),
        ((100_000,), (600_000, None), BREACH),
    ],
)
def test_local_authority_brings_a_fifth_of_public_financing(own, grants, expected):
    sources = [source(i, p.OWN, amount) for i, amount in enumerate(own)]
    sources += [source(9 + i, amount=amount, scheme=NO_AID) for i, amount in enumerate(grants)]
    sources.append(source(99, p.PRIVATE, 250_000))
    found = plan(*sources, holder=AUTHORITY)
    assert answer(found, "local_authority").status is expected


def test_a_loan_of_the_authority_is_its_own_money():
    found = plan(source(1, p.BANK_LOAN, 200_000), source(2, amount=800_000), holder=AUTHORITY)
    assert answer(found, "local_authority").status is CONFORM


@pytest.mark.parametrize(
    ("leader", "other", "holder", "own", "expected"),
    [
        # PSN 77.05, Occitanie: 1 € of other public money brings 4 € of LEADER; floor 10 000 €.
        (40_000, 10_000, COMPANY, 0, CONFORM),
        (40_001, 10_000, COMPANY, 0, BREACH),
        (9_999, 10_000, COMPANY, 0, BREACH),
        (40_000, None, COMPANY, 0, TO_CHECK),
        # A firm’s own money is no public money; an authority’s is.
        (40_000, 0, COMPANY, 100_000, BREACH),
        (40_000, 0, AUTHORITY, 10_000, CONFORM),
    ],
)
def test_leader_and_other_public_money(leader, other, holder, own, expected):
    found = plan(
        source(1, amount=leader, funder="ue_leader"),
        source(2, amount=other),
        source(3, p.OWN, own),
        holder=holder,
    )
    assert answer(found, "leader").status is expected


def test_leader_after_2027_is_to_check():
    found = plan(
        source(1, amount=40_000, funder="ue_leader"), source(2), granted_on=dt.date(2028, 2, 1)
    )
    assert answer(found, "leader").status is TO_CHECK


def test_afr_own_contribution_is_a_rule_to_read():
    """Règl. 651/2014 art. 14: 25 % free of public aid, known but not read."""
    found = plan(source(1, amount=900_000, scheme=REGIONAL), source(2, p.OWN, 100_000))
    contribution = answer(found, "own_contribution")
    assert contribution.status is TO_CHECK
    assert "10\u00a0%" in contribution.text


@pytest.mark.parametrize(
    ("bank", "expected"), [(500_000, CONFORM), (499_999, BREACH), (None, TO_CHECK)]
)
def test_pret_vert_asks_for_as_much_from_a_bank(bank, expected):
    found = plan(
        source(1, p.PUBLIC_LOAN, 500_000, program=program("P49")), source(2, p.BANK_LOAN, bank)
    )
    assert answer(found, "match").status is expected


@pytest.mark.parametrize(
    ("equity", "expected"), [(500_000, CONFORM), (499_999, BREACH), (None, TO_CHECK)]
)
def test_a_loan_within_the_equity(equity, expected):
    holder = p.Holder(size="small", equity=None if equity is None else D(equity))
    found = plan(source(1, p.PUBLIC_LOAN, 500_000, program=program("P53")), holder=holder)
    assert answer(found, "equity").status is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({1}, {2}, CONFORM),
        ({1}, {1, 2}, BREACH),  # règl. 2021/1060, art. 63
        (set(), {1}, TO_CHECK),  # nobody said which costs
    ],
)
def test_one_european_fund_on_a_cost(first, second, expected):
    found = plan(
        source(1, funder="ue_feder", costs=frozenset(first)),
        source(2, funder="ue_feader", costs=frozenset(second)),
        costs=(cost(1), cost(2)),
    )
    assert answer(found, "eu_funds").status is expected


@pytest.mark.parametrize("sides", [({"P2"}, set()), (set(), {"P1"})])
def test_programs_that_exclude_each_other(sides):
    one, other = (
        program(code, incompatible_with=frozenset(excluded))
        for code, excluded in zip(("P1", "P2"), sides, strict=True)
    )
    found = plan(source(1, program=one, state="granted"), source(2, program=other))
    clash = answer(found, "exclusions")
    assert clash.status is BREACH
    assert clash.source == "Source 2"


def test_european_programs_exclude_each_other_on_a_cost_only():
    one, other = (program(code, incompatible_with=frozenset({"P1", "P2"})) for code in ("P1", "P2"))
    found = plan(
        source(1, program=one, funder="ue_feder"), source(2, program=other, funder="ue_leader")
    )
    assert answer(found, "exclusions").status is CONFORM


@pytest.mark.parametrize(
    ("fields", "months", "expected"),
    [
        # Décret 2018-514 art. 12: 30 %, or 60 % guaranteed; 80 % with interim, 90 % past 48 months.
        ({"advance_rate": D(30)}, None, CONFORM),
        ({"advance_rate": D(31)}, None, BREACH),
        ({"advance_rate": D(60), "advance_is_guaranteed": True}, None, CONFORM),
        ({"advance_rate": D(30), "interim_rate": D(50)}, None, CONFORM),
        ({"advance_rate": D(30), "interim_rate": D(60)}, 48, BREACH),
        ({"advance_rate": D(30), "interim_rate": D(60)}, 49, CONFORM),
    ],
)
def test_advance_and_interim_payments_of_the_state(fields, months, expected):
    found = plan(source(funder="etat", **fields), months=months)
    assert answer(found, "payment").status is expected


def test_a_program_has_its_own_advance():
    """DECARB FLASH: 15 % (cahier des charges 2025-2027)."""
    found = plan(
        source(funder="etat", program=program("P14"), advance_rate=D(30)), granted_on=EXPIRED
    )
    advance = answer(found, "payment")
    assert advance.status is BREACH
    assert "15\u00a0%" in advance.text


def test_the_advance_of_another_funder_is_to_check():
    found = plan(source(funder="region_occitanie", advance_rate=D(30)))
    assert answer(found, "payment").status is TO_CHECK


amounts = st.one_of(st.none(), st.integers(0, 2_000_000))
lines = st.builds(
    source,
    key=st.integers(1, 9),
    kind=st.sampled_from([p.OWN, p.BANK_LOAN, p.PUBLIC_LOAN, p.GRANT, p.ADVANCE, p.GUARANTEE]),
    amount=amounts,
    equivalent=st.one_of(st.none(), st.integers(0, 100_000).map(D)),
    scheme=st.sampled_from([None, CIRCULAR, SME, SMALL_AID, NO_AID, REGIONAL]),
    funder=st.sampled_from(["", "etat", "ue_leader", "ue_feder", "region_occitanie"]),
    costs=st.sets(st.integers(1, 3)).map(frozenset),
    granted_on=st.one_of(st.none(), st.dates(dt.date(2020, 1, 1), dt.date(2032, 1, 1))),
)
plans = st.builds(
    plan,
    lines,
    lines,
    lines,
    costs=st.tuples(st.builds(cost, st.just(1), amounts), st.builds(cost, st.just(2), amounts)),
    granted_on=st.one_of(st.none(), st.just(IN_FORCE), st.just(EXPIRED)),
    holder=st.sampled_from([COMPANY, AUTHORITY, p.Holder()]),
)


@given(plans)
def test_every_plan_is_argued_without_a_fault(found):
    checks = check(found, TODAY)
    assert len({(one.code, one.title) for one in checks if one.code == "de_minimis"}) == 1
    assert all(one.text and one.reference for one in checks)


@given(plans)
def test_without_a_day_of_grant_nothing_dated_conforms(found):
    dateless = p.Plan(
        costs=found.costs,
        sources=tuple(
            p.Source(
                s.key, s.label, s.kind, s.amount, s.equivalent, s.scheme, costs=s.costs,
                funder=s.funder,
            )
            for s in found.sources
        ),
        holder=found.holder,
    )  # fmt: skip
    dated = ("ceiling", "cumul", "de_minimis", "local_authority", "leader", "equity")
    for one in check(dateless, TODAY):
        assert not (one.code.startswith(dated) and one.status is CONFORM), one


def test_every_row_of_the_legal_table_is_whole():
    for rule, rows in legal.limits().items():
        for row in rows:
            assert row.reference, rule
            assert row.confidence in {"V", "V2", "K", "TBV"}, rule
            assert row.value >= 0, rule
        for before, after in zip(rows, rows[1:], strict=False):
            assert before.ends_on is not None, rule
            assert before.ends_on < after.starts_on, rule


def test_the_schemes_name_ceilings_that_exist():
    path = legal.FILE.parent / "schemes.json"
    for row in json.loads(path.read_text(encoding="utf-8")):
        if row["ceiling"]:
            rules = {f"intensity.{row['ceiling']}.{size}" for size in ("small", "medium")}
            assert rules <= set(legal.limits()), row["code"]
