import pytest
from stdnum import luhn

from crm.identifiers import LA_POSTE, clean_siren, clean_siret
from tests.crm.factories import siren, siret


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (siren(1), siren(1)),
        (" 000 000 018 ", "000000018"),
        ("000.000.018", "000000018"),
        ("000\u00a0000\u202f018", "000000018"),
        ("000-000-018", "000000018"),
    ],
)
def test_siren_is_read_with_its_separators(typed, read):
    assert clean_siren(typed) == read


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("000000017", "clé de contrôle"),
        ("000000000", "n’existe pas"),
        ("12345678", "9 chiffres"),
        ("1234567890", "9 chiffres"),
        ("", "9 chiffres"),
        ("ABCDEFGHI", "9 chiffres"),
        ("١٢٣٤٥٦٧٨٩", "9 chiffres"),
        ("1,23457E+08", "tableur"),
        ("1.23457E+08", "tableur"),
    ],
)
def test_wrong_siren_is_refused_with_a_sentence(typed, sentence):
    with pytest.raises(ValueError, match=sentence):
        clean_siren(typed)


def test_siret_is_read_with_its_spaces():
    spaced = f"{siret(7)[:3]} {siret(7)[3:6]} {siret(7)[6:9]} {siret(7)[9:]}"
    assert clean_siret(spaced) == siret(7)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("00000000000000", "n’existe pas"),
        ("00000000000018", "n’existe pas"),
        (siret(7)[:-1] + str((int(siret(7)[-1]) + 1) % 10), "clé de contrôle"),
        (siren(7), "14 chiffres"),
        ("3,56E+13", "tableur"),
        ("35600000012E45", "14 chiffres"),
    ],
)
def test_wrong_siret_is_refused_with_a_sentence(typed, sentence):
    with pytest.raises(ValueError, match=sentence):
        clean_siret(typed)


def test_siret_whose_siren_is_false_is_refused():
    """The key of the whole may be right by chance while that of the SIREN is not."""
    wrong = siren(7)[:8] + str((int(siren(7)[8]) + 1) % 10) + "0001"
    with pytest.raises(ValueError, match="clé de contrôle"):
        clean_siret(wrong + luhn.calc_check_digit(wrong))


def test_establishments_of_la_poste_follow_their_own_rule():
    head_office = LA_POSTE + "00048"
    assert clean_siret(head_office) == head_office
    branch = LA_POSTE + "00019"  # the digits add up to 24: no multiple of five
    with pytest.raises(ValueError, match="clé de contrôle"):
        clean_siret(branch)
    assert sum(map(int, LA_POSTE + "00079")) == 30
    assert clean_siret(LA_POSTE + "00079")
