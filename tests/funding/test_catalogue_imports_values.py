"""What a catalogue writes → plain text, days, amounts. Tables; no page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.catalogue_imports.cleaning import items, plain, shortened, web_address
from funding.catalogue_imports.values import Problem, day, percent, terms, whole

# ── Text without markup ──


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("<p>Un <b>deux</b></p><p>trois</p>", "Un deux\n\ntrois"),
        ("<ul><li>a</li><li>b</li></ul>", "– a\n– b"),
        ("<ol><li>un<li>deux</ol>fin", "1. un\n2. deux\nfin"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ('<a href="https://a.fr/x">ici</a>', "ici (https://a.fr/x)"),
        ('<a href="https://a.fr">https://a.fr</a>', "https://a.fr"),
        ('<a href="javascript:alert(1)">ici</a>', "ici"),
        ('<a href="data:text/html,x">ici</a>', "ici"),
        ("<script>alert(1)</script>reste", "reste"),
        ("<script>jamais fermé", "jamais fermé"),
        ("<!-- jamais fermé <p>reste", "jamais fermé\n\nreste"),
        ("<img src=x onerror=alert(1)>reste", "reste"),
        ("effectif <PME et <10 salariés", "effectif <PME et <10 salariés"),
        ("a &lt;b&gt; &amp;lt; &lol9;", "a <b> &lt; &lol9;"),
        ("**gras** et [lien](https://a.fr/b)", "gras et lien (https://a.fr/b)"),
        ("[mal](javascript:alert)", "mal"),
        ("## Titre\n* un\n• deux", "Titre\n– un\n– deux"),
        ("invi\u200bsible \u202eet retourné\x00", "invisible et retourné"),
        ("a\r\n\r\n\r\n\r\nb", "a\n\nb"),
    ],
)
def test_markup_becomes_plain_text_with_lists_and_addresses(received, expected):
    assert plain(received) == expected


@given(st.text(alphabet="<>/&;!-abp ilscrt=\"'\n[]()*", max_size=300))
def test_no_text_received_can_hold_a_tag_or_break_the_reader(received):
    found = plain(received)
    assert plain(f"{received}<b>Fin</b>").endswith("Fin") or "<" in found
    assert "\n\n\n" not in found


def test_an_endless_text_is_cut_and_read_quickly():
    for unit in ("<ul><li>", "<script", "<!--", "[a](", "**a", "&", "<p>"):
        assert len(plain(unit * 60_000)) <= 110_000


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://exemple.fr/a ", "https://exemple.fr/a"),
        ("HTTP://exemple.fr", "HTTP://exemple.fr"),
        ("ftp://exemple.fr", ""),
        ("//exemple.fr", ""),
        ("https://", ""),
        ("https://a b", ""),
        ("http://[mal", ""),
    ],
)
def test_only_web_addresses_are_kept(address, expected):
    assert web_address(address) == expected


def test_lines_and_cuts():
    assert items("Un\n– deux\n3. trois\n\n") == ["Un", "deux", "trois"]
    assert items("Atelier ouvert\nà tous\n– sans but\nlucratif") == [
        "Atelier ouvert à tous", "sans but lucratif",
    ]  # fmt: skip
    assert items("Fin.\nsuite :\nliste\n\nautre") == ["Fin.", "suite :", "liste", "autre"]
    assert shortened("Une phrase. Une autre qui est longue.", 20) == "Une phrase."
    assert shortened("sansespaceaucunetlong", 10).endswith("…")


# ── Values ──


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("31/12/2027", "2027-12-31"),
        ("1/2/2027", "2027-02-01"),
        ("04/07/24", "2024-07-04"),
        ("2027-12-31", "2027-12-31"),
        ("2027-12-30T23:00:00.000Z", "2027-12-31"),
        ("2027-06-30T22:00:00Z", "2027-07-01"),
        ("2027-06-30T21:59:59Z", "2027-06-30"),
        ("2027-06-30 00:00:00", "2027-06-30"),
        ("", None),
        (None, None),
    ],
)
def test_days(received, expected):
    assert day(received, "date") == expected


@pytest.mark.parametrize("received", ["31/02/2027", "demain", "01/01/0001", "2027-13-01", 12, []])
def test_what_is_no_day_is_refused_by_name(received):
    with pytest.raises(Problem, match="date"):
        day(received or "[]", "date")


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("50 000 €", {"aid_max": "50000"}),
        ("Jusqu’à 50\u202f000 € HT", {"aid_max": "50000"}),
        ("1,5 M€", {"aid_max": "1500000"}),
        ("30 %", {"rate_max": "30"}),
        ("jusqu'à 70%", {"rate_max": "70"}),
        ("de 5 000 € HT à 200 000 € HT", {"aid_min": "5000", "aid_max": "200000"}),
        ("entre 10 et 20 %", {"rate_min": "10", "rate_max": "20"}),
        ("jusqu'à 70% du coût de l'étude", {}),
        ("80 %, dans un maximum de 18 000 €", {}),
        ("selon projet", {}),
        ("120 %", {}),
        ("de 20 000 € à 5 000 €", {}),
        ("", {}),
    ],
)
def test_only_certain_amounts_are_read(received, expected):
    assert terms(received) == expected


def test_numbers_may_be_texts_and_absurd_ones_are_refused():
    assert whole("250", "x") == whole(250, "x") == whole("2 50", "x") == 250
    assert whole("", "x") is None
    assert percent("40 %", "x") == percent(40, "x") == "40"
    for bad in ("dix", True, -1, 2.5, "1e999", "NaN"):
        with pytest.raises(Problem):
            whole(bad, "x")
    with pytest.raises(Problem, match="120"):
        percent(120, "taux")
