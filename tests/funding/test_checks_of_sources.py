"""What a check says of each source: the sure breach first, and no certainty from silence."""

import datetime as dt
from decimal import Decimal as D

import pytest

from funding.financing import plan as p
from funding.financing.checks import check
from funding.financing.payments import months_begun
from funding.financing.verdicts import Status

TODAY, IN_FORCE = dt.date(2026, 11, 22), dt.date(2026, 12, 17)
CIRCULAR = p.Scheme("47", "SA.111726", p.EXEMPTED, "intensity.circular_economy", reference="47")
SMALL_AID = p.Scheme("de-minimis", "De minimis", p.DE_MINIMIS)
NONE = p.Scheme("none", "Aucun", p.NO_AID, reference="TFUE")
CONFORM, BREACH, TO_CHECK = Status.CONFORM, Status.BREACH, Status.TO_CHECK
IDLE = Status.NOT_CONCERNED
AUTHORITY = p.Holder(is_company=False, is_local_authority=True)
SEPTEMBER, OCTOBER = dt.date(2026, 9, 1), dt.date(2026, 10, 1)


def cost(key=1, amount=1_000_000, **fields):
    return p.Cost(key, f"Machine {key}", D(amount), **fields)


def source(key=1, kind=p.GRANT, amount=100_000, **fields):
    fields = {"label": f"Source {key}", "scheme": NONE, "funder": "ademe"} | fields
    return p.Source(key=key, kind=kind, amount=None if amount is None else D(amount), **fields)


def program(code="P1", **fields):
    return p.ProgramRules(code, f"Aide {code}", reference=f"Fiche {code}", **fields)


MACHINE = (cost(),)


def answers(*sources, code, costs=MACHINE, size="medium", holder=None, **fields):
    fields = {"granted_on": IN_FORCE} | fields
    holder = holder or p.Holder(size=size)
    plan = p.Plan(costs=costs, sources=sources, holder=holder, **fields)
    return [one for one in check(plan, TODAY) if one.code.startswith(code)]


def answer(*sources, **fields):
    (found,) = answers(*sources, **fields)
    return found


# ── Before the works ──


def test_an_unsure_source_does_not_hide_the_breach_of_a_sure_one():
    late = source(
        1, program=program(incentive_effect=True), state="requested", filed_on=dt.date(2026, 10, 15)
    )
    unread = program("P2", incentive_effect=True, is_sure=False)
    idea = source(2, program=unread, granted_on=dt.date(2028, 1, 1))
    for sources in ((late,), (late, idea)):
        found = answer(*sources, code="incentive_effect", first_commitment_on=OCTOBER)
        assert (found.status, found.source) == (BREACH, "Source 1")


@pytest.mark.parametrize(
    ("received_on", "expected"),
    [
        # Fonds vert TI: the commitment follows completeness, and not the mere filing.
        (None, TO_CHECK),
        (dt.date(2026, 9, 9), CONFORM),
        (dt.date(2026, 9, 10), BREACH),
        (dt.date(2026, 9, 20), BREACH),
    ],
)
def test_the_fonds_vert_waits_for_completeness(received_on, expected):
    filed = source(
        program=program("P01", incentive_effect=True),
        state="requested",
        filed_on=SEPTEMBER,
        received_on=received_on,
    )
    signed = dt.date(2026, 9, 10)
    found = answer(filed, code="incentive_effect", first_commitment_on=signed)
    assert found.status is expected
    assert "complétude" in found.text
    other = source(program=program(incentive_effect=True), state="requested", filed_on=SEPTEMBER)
    assert answer(other, code="incentive_effect", first_commitment_on=signed).status is CONFORM


def test_the_rule_of_completeness_is_that_of_its_edition():
    """Filed in 2027, after the last text that was read: to check again."""
    filed = source(
        program=program("P01", incentive_effect=True),
        state="requested",
        filed_on=dt.date(2027, 2, 1),
        received_on=dt.date(2027, 2, 9),
    )
    signed = dt.date(2027, 3, 1)
    assert answer(filed, code="incentive_effect", first_commitment_on=signed).status is TO_CHECK


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"program": program(incentive_effect=None)}, TO_CHECK),
        ({"scheme": None}, TO_CHECK),
        ({"program": program(incentive_effect=False)}, IDLE),
        ({"scheme": SMALL_AID}, IDLE),
    ],
)
def test_nothing_said_of_the_works_is_no_permission(fields, expected):
    found = answer(source(**fields), code="incentive_effect", first_commitment_on=OCTOBER)
    assert found.status is expected


def test_one_silent_source_leaves_the_others_to_check():
    filed = source(
        program=program(incentive_effect=True), state="requested", filed_on=dt.date(2026, 9, 1)
    )
    silent = source(2, program=program("P2"))
    for sources, expected in (((filed,), CONFORM), ((filed, silent), TO_CHECK)):
        found = answer(*sources, code="incentive_effect", first_commitment_on=OCTOBER)
        assert found.status is expected
    assert "Source 2" in found.text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"funder": "", "label": "LEADER GAL Portes de Gascogne"}, TO_CHECK),
        ({"funder": "", "label": "Feder", "funder_label": "Région"}, TO_CHECK),
        ({"funder": ""}, TO_CHECK),
        ({"funder": "", "funder_label": "Région Occitanie"}, IDLE),
        ({"funder": "ademe"}, IDLE),
    ],
)
def test_a_grant_of_nobody_may_be_european(fields, expected):
    assert answer(source(**fields), code="leader").status is expected
    both = (source(1, **fields), source(2, **fields))
    assert answer(*both, code="eu_funds").status is expected


# ── Ceilings ──

FLASH = program(
    "P9",
    rate_max=D(60),
    rates_by_size={"small": D(50), "medium": D(40), "large": D(30)},
    costs_max=D(3_000_000),
)


@pytest.mark.parametrize(
    ("size", "amount", "expected"),
    [
        ("large", 300_000, CONFORM),
        ("large", 300_001, BREACH),
        ("mid_cap", 300_001, BREACH),
        ("medium", 400_000, CONFORM),
        ("micro", 500_000, CONFORM),
        ("micro", 500_001, BREACH),
        (None, 300_000, CONFORM),
        (None, 400_000, TO_CHECK),
        (None, 500_001, BREACH),
    ],
)
def test_a_program_has_the_rate_of_the_size(size, amount, expected):
    found = answer(source(amount=amount, program=FLASH), code="ceiling", size=size)
    assert found.status is expected


def test_a_program_counts_no_more_than_its_own_ceiling_of_costs():
    study = program("P24", rate_max=D(70), costs_max=D(100_000))
    found = answer(source(amount=70_001, program=study), code="ceiling")
    assert found.status is BREACH
    assert "70\u00a0%" in dict(found.figures)["taux de Aide P24"]
    assert "70\u00a0000\u00a0€" in dict(found.figures)["taux de Aide P24"]
    assert answer(source(amount=70_000, program=study), code="ceiling").status is CONFORM


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, TO_CHECK),
        ({"basis": D(100_000)}, BREACH),
        ({"basis": D(112_500)}, CONFORM),
        ({"costs": frozenset({2})}, BREACH),
    ],
)
def test_a_rate_of_its_own_spending_waits_for_that_spending(fields, expected):
    study = program("P36", rate_max=D(80), rate_on_project=False)
    costs = (cost(1, 900_000), cost(2, 100_000))
    found = answer(source(amount=90_000, program=study, **fields), code="ceiling", costs=costs)
    assert found.status is expected


def test_a_basis_typed_above_the_costs_counts_for_the_costs():
    rate = program(rate_max=D(60))
    found = answer(
        source(amount=120_000, program=rate, basis=D(200_000)),
        code="ceiling",
        costs=(cost(1, 100_000),),
    )
    assert found.status is BREACH
    assert "L’aide dépasse la dépense elle-même" in found.text


def test_one_source_alone_does_not_pass_the_cost():
    found = answer(source(amount=100_001, scheme=SMALL_AID), code="ceiling", costs=(cost(1, 1e5),))
    assert (found.status, found.source) == (BREACH, "Source 1")


def test_costs_taken_out_of_the_plan_leave_a_source_to_check():
    """No box is ticked on screen, and yet it does not aid all the costs, nor none."""
    lost = source(amount=10_000, costs=frozenset({9}))
    found = answer(lost, code="ceiling")
    assert found.status is TO_CHECK
    assert "ne sont plus dans le plan" in found.text
    others = (source(2, amount=10_000), source(3, amount=10_000))
    (group,) = answers(lost, *others, code="cumul")
    assert group.status is TO_CHECK
    assert "Source 1" not in group.text


# ── Who brings how much ──


def test_a_fifth_is_not_always_enough():
    own, aid = source(1, p.OWN, 220_000), source(2, amount=780_000)
    found = answer(own, aid, code="local_authority", holder=AUTHORITY)
    assert found.status is TO_CHECK
    assert "L1111-9" in found.reference
    own, aid = source(1, p.OWN, 300_000), source(2, amount=700_000)
    found = answer(own, aid, code="local_authority", holder=AUTHORITY)
    assert (found.status, "L1111-9" in found.reference) == (CONFORM, False)


def test_what_an_authority_borrows_answers_for_leader_too():
    loan, aid = source(1, p.BANK_LOAN, 10_000), source(2, amount=40_000, funder="ue_leader")
    assert answer(loan, aid, code="leader", holder=AUTHORITY).status is CONFORM
    assert answer(loan, aid, code="leader").status is BREACH  # a firm's loan is no public money


@pytest.mark.parametrize(("second", "expected"), [(8_000, CONFORM), (1_000, BREACH)])
def test_the_floor_of_leader_is_that_of_the_project(second, expected):
    sources = (
        source(1, amount=8_000, funder="ue_leader"),
        source(2, amount=second, funder="ue_leader"),
        source(3, amount=50_000),
    )
    assert answer(*sources, code="leader").status is expected


def test_a_bank_loan_answers_for_one_public_loan():
    sources = (
        source(1, p.PUBLIC_LOAN, 100_000, program=program("P49"), state="granted"),
        source(2, p.PUBLIC_LOAN, 100_000, program=program("P53")),
    )
    bank = source(3, p.BANK_LOAN, 100_000)
    statuses = {one.code: one.status for one in answers(*sources, bank, code="match")}
    assert statuses == {"match-1": CONFORM, "match-2": BREACH}
    bank = source(3, p.BANK_LOAN, 200_000)
    assert {one.status for one in answers(*sources, bank, code="match")} == {CONFORM}


# ── Exclusions ──


def test_a_clash_is_as_sure_as_the_record_that_tells_it():
    telling = program("P1", incompatible_with=frozenset({"P2"}), is_sure=False)
    sources = (source(1, program=telling), source(2, program=program("P2")))
    found = answer(*sources, code="exclusions")
    assert found.status is TO_CHECK
    assert found.reference == "Fiche P1"


def test_an_unsure_clash_does_not_hide_a_sure_one():
    unsure = program("P1", incompatible_with=frozenset({"P2"}), is_sure=False)
    sure = program("P3", incompatible_with=frozenset({"P4"}))
    programs = (unsure, program("P2"), sure, program("P4"))
    sources = [source(key, program=one) for key, one in enumerate(programs, 1)]
    found = answer(*sources, code="exclusions")
    assert (found.status, found.reference) == (BREACH, "Fiche P3")
    assert found.source in {"Source 3", "Source 4"}


# ── Months ──


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (dt.date(2026, 1, 1), dt.date(2030, 1, 1), 48),
        (dt.date(2026, 1, 1), dt.date(2030, 1, 15), 49),
        (dt.date(2026, 1, 15), dt.date(2026, 2, 10), 1),
        (dt.date(2026, 1, 31), dt.date(2026, 3, 1), 2),
        (dt.date(2026, 1, 31), dt.date(2026, 1, 31), 0),
        (dt.date(2026, 3, 1), dt.date(2026, 1, 1), 0),
    ],
)
def test_months_begun_count_whole(first, last, months):
    assert months_begun(first, last) == months
