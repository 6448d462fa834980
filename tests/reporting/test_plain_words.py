import pytest

from reporting import frozen
from reporting.plain_words import sentence, shortened, some


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (("entered", 0, None, 0), "aucun projet n’est entré"),
        (("entered", 1, "820000", 0), "1 projet est entré (820 000 €)"),
        (("won", 2, "10.50", 1), "2 aides sont gagnées (10,50 € + 1 à confirmer)"),
        (("late", 3, None, 0), "3 promesses sont en retard"),
    ],
)
def test_changes_are_told_in_sentences(change, wanted):
    key, count, amount, unknown = change
    said = sentence({"key": key, "count": count, "unknown": unknown,
                     "amount": frozen.thawed(amount, "money")})  # fmt: skip
    assert said.replace("\u00a0", " ") == wanted


def test_a_text_is_cut_between_two_words():
    assert shortened("Un quai réfrigéré, partagé", 20) == "Un quai réfrigéré…"
    assert shortened("Court", 19) == "Court"


def test_the_first_rows_are_named_and_the_others_counted():
    rows = [{"title": title} for title in ("Séchoir", "Quai", "Four", "Silo")]
    assert some(rows, 2) == "Séchoir\u00a0; Quai\u00a0; et 2\u00a0autres"
    assert some(rows[:2], 2) == "Séchoir\u00a0; Quai"
