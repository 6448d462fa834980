import pytest

from actions import quorum


@pytest.mark.parametrize(
    ("rule", "voices", "needed"),
    [
        ("majorite", 8, 5),
        ("majorite", 9, 5),
        ("moitie", 8, 4),
        ("moitie", 9, 5),
        ("tiers", 9, 3),
        ("tiers", 10, 4),
        ("deux_tiers", 9, 6),
        ("deux_tiers", 10, 7),
        ("majorite", 1, 1),
        ("aucun", 9, None),
        ("", 9, None),
    ],
)
def test_heads_that_a_rule_needs(rule, voices, needed):
    assert quorum.needed(rule, voices) == needed


@pytest.mark.parametrize(
    ("statuses", "counts_represented", "reached"),
    [
        (["present", "present", "absent"], False, True),
        (["present", "absent", "excuse"], False, False),
        (["present", "represente", "absent"], False, False),
        (["present", "represente", "absent"], True, True),
        # Whoever was not noted may have been there: no answer, unless it changes nothing.
        (["present", "", "absent"], False, None),
        (["", "absent", "absent"], False, False),
        (["present", "present", ""], False, True),
        ([], False, None),
    ],
)
def test_answer_of_more_than_half(statuses, counts_represented, reached):
    count = quorum.count("majorite", statuses, counts_represented=counts_represented)
    assert count.is_reached is reached


def test_no_answer_without_a_rule():
    assert quorum.count("", ["present"], counts_represented=False).is_reached is None
