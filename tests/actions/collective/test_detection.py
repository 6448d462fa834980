"""The clusters, by tables and by properties: what companies ask for, and what was decided of it."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.collective import detection
from actions.collective.detection import Cluster, Company, Decided, Member, Standing, Voice
from actions.collective.distances import Place, centre_of, haversine, kilometres, said

FLEURANCE, LECTOURE, MOISSAC = (43.85, 0.66), (43.93, 0.62), (44.11, 1.09)
DAY = dt.date(2026, 3, 12)


def company(pk, point=None, commune="32132", name="Fleurance", sectors=()):
    return Company(pk, f"Usine {pk}", Place(commune, name, point), frozenset(sectors))


def voice(pk, need="emp", on=DAY, fact="", text=""):
    return Voice(pk, need, on, fact or f"echange-{pk}", text)


def found(companies, voices=None, **asked):
    voices = [voice(one.pk) for one in companies] if voices is None else voices
    asked = {"radius": 20, "least": 2} | asked
    return detection.clusters(voices, {one.pk: one for one in companies}, **asked)


def of(cluster):
    return sorted(cluster.companies)


def test_neighbours_with_one_need_make_one_project():
    here = [company(1, FLEURANCE), company(2, LECTOURE), company(3, FLEURANCE)]
    [cluster] = found(here)
    assert of(cluster) == [1, 2, 3]
    assert detection.sentence(cluster, "Emploi") == (
        "3 entreprises à moins de 20\u00a0km de Fleurance cherchent à recruter"
    )


def test_a_far_company_is_in_no_circle():
    here = [company(1, FLEURANCE), company(2, LECTOURE), company(3, MOISSAC, "82112", "Moissac")]
    assert [of(cluster) for cluster in found(here)] == [[1, 2]]


def test_too_few_make_nothing():
    assert found([company(1, FLEURANCE), company(2, LECTOURE)], least=3) == []


def test_each_need_stands_alone():
    here = [company(1, FLEURANCE), company(2, FLEURANCE)]
    assert found(here, [voice(1, "emp"), voice(2, "form")]) == []


def test_without_a_point_only_the_same_commune_is_near():
    here = [
        company(1),
        company(2),
        company(3, commune="32208", name="Lectoure"),
        company(4, commune="", name=""),
    ]
    [cluster] = found(here)
    assert of(cluster) == [1, 2]
    assert (cluster.without_place, cluster.without_point) == (1, 1)


def test_the_whole_territory_asks_for_no_distance():
    here = [company(1), company(2, commune="32208"), company(3, commune="", name="")]
    [cluster] = found(here, radius=None)
    assert of(cluster) == [1, 2, 3]
    assert detection.sentence(cluster, "Emploi").startswith("3 entreprises du territoire ")
    assert (cluster.without_place, cluster.without_point) == (0, 0)


def test_one_filiere_at_a_time_counts_those_without_any():
    here = [
        company(1, FLEURANCE, sectors=["agro", "bois"]),
        company(2, FLEURANCE, sectors=["agro"]),
        company(3, FLEURANCE, sectors=["bois"]),
        company(4, FLEURANCE),
    ]
    clusters = found(here, by_sector=True)
    assert [(one.sector, of(one)) for one in clusters] == [("agro", [1, 2]), ("bois", [1, 3])]
    assert {one.without_sector for one in clusters} == {1}


def test_a_need_of_the_territory_says_its_label():
    here = [company(1, FLEURANCE), company(2, FLEURANCE)]
    [cluster] = found(here, [voice(1, "cantine"), voice(2, "cantine")])
    told = detection.sentence(cluster, "Cantine", [("repas", 2)], sector="Bois")
    assert told == (
        "2 entreprises (Bois) à moins de 20\u00a0km de Fleurance ont un besoin commun, "
        "«\u00a0Cantine\u00a0», dont 2 parlent de «\u00a0repas\u00a0»"
    )


def test_the_facts_come_latest_first_and_once():
    here = [company(1, FLEURANCE), company(2, FLEURANCE)]
    old = voice(1, on=DAY - dt.timedelta(days=9), fact="projet-7")
    [cluster] = found(here, [old, voice(1), voice(1), voice(2)])
    assert [one.fact for one in cluster.voices] == ["echange-2", "echange-1", "projet-7"]
    assert cluster.last_on == DAY


def words_of(*texts, elsewhere=()):
    here = [company(pk, FLEURANCE) for pk in range(len(texts))]
    voices = [voice(pk, text=text) for pk, text in enumerate(texts)]
    [cluster] = found(here, voices)
    return detection.shared_words(
        cluster,
        lambda text: {word.rstrip("s"): word for word in text.split()},
        lambda word, count: dict(elsewhere).get(word, 0),
    )


def test_the_words_in_common_are_told_as_they_were_written():
    assert words_of("soudeurs usineurs", "soudeurs", "soudeur") == [("soudeurs", 3)]


def test_a_word_that_everybody_says_everywhere_is_not_told():
    texts = ("projet soudeurs", "projet soudeurs", "projet")
    assert words_of(*texts, elsewhere=[("projet", 0.9)]) == [("soudeurs", 2)]


def decided(pk, *companies, heard=(), facts=(), need="emp"):
    heard = frozenset(heard or companies)
    return Decided(pk, need, frozenset(companies), heard, frozenset(facts))


def test_a_decision_stays_with_the_most_of_its_companies():
    clusters = [Standing("emp", frozenset(pks)) for pks in ({1, 2}, {3, 4, 5, 6})]
    assert detection.paired(clusters, [decided(9, 2, 3, 4)]) == {1: decided(9, 2, 3, 4)}


def test_a_decision_of_which_too_few_are_left_says_nothing():
    assert detection.paired([Standing("emp", frozenset({1, 7}))], [decided(9, 1, 2, 3)]) == {}


def test_a_decision_is_about_its_need():
    assert detection.paired([Standing("form", frozenset({1, 2}))], [decided(9, 1, 2)]) == {}


def test_only_what_nobody_had_told_is_news():
    here = [company(pk, FLEURANCE) for pk in (1, 2, 3, 4)]
    [cluster] = found(here)
    before = decided(
        9, 1, 2, heard=[1, 2, 3], facts=["echange-1", "echange-2", "echange-3"]
    )  # 3 was known then, only too far for the distance that was asked
    news = before.news(cluster)
    assert (news.companies, news.facts) == (1, 1)
    assert not decided(9, 1, heard=[1, 2, 3, 4], facts=cluster.facts).news(cluster)


points = st.one_of(
    st.none(),
    st.tuples(
        st.floats(43.4, 44.4, allow_nan=False).map(lambda x: round(x, 3)),
        st.floats(0.4, 1.4, allow_nan=False).map(lambda x: round(x, 3)),
    ),
)
towns = st.sampled_from(["", "32132", "32208", "82112"])
many = st.lists(
    st.tuples(points, towns, st.frozensets(st.sampled_from(["agro", "bois"]))), max_size=14
).map(
    lambda rows: [
        company(pk, point, town, town, sectors)
        for pk, (point, town, sectors) in enumerate(rows, start=1)
    ]
)


@given(many, st.sampled_from([5, 20, 50]), st.booleans())
def test_every_member_is_as_near_as_the_sentence_says(companies, radius, by_sector):
    for cluster in found(companies, radius=radius, by_sector=by_sector):
        assert len(cluster.members) >= 2
        for member in cluster.members:
            if member.company.pk != cluster.centre.pk:
                assert kilometres(cluster.centre.place, member.company.place) <= radius


@given(many)
def test_without_filiere_nobody_is_counted_twice(companies):
    told = [pk for cluster in found(companies) for pk in cluster.companies]
    assert len(told) == len(set(told))


@given(many, st.randoms())
def test_the_order_of_what_was_heard_changes_nothing(companies, chance):
    voices = [voice(one.pk) for one in companies]
    mixed = voices[:]
    chance.shuffle(mixed)
    shuffled = companies[:]
    chance.shuffle(shuffled)
    assert found(companies, voices) == found(shuffled, mixed)


@given(many, st.data())
def test_a_decision_survives_the_companies_that_come(companies, data):
    """What was decided of the only cluster of a need is found again when others join it."""
    here = [one for one in companies if one.place.point]
    clusters = found(here, radius=None)
    if not clusters:
        return
    [before] = clusters
    decision = decided(4, *before.companies, facts=before.facts)
    more = [company(pk, FLEURANCE) for pk in range(100, 100 + data.draw(st.integers(0, 5)))]
    [after] = found([*here, *more], radius=None)
    assert detection.paired([after], [decision]) == {0: decision}
    assert decision.news(after).companies == len(more)


@given(st.lists(st.frozensets(st.integers(1, 9), min_size=1), max_size=6), st.data())
def test_a_decision_and_a_cluster_meet_once(sets, data):
    clusters = [Standing("emp", one) for one in sets]
    chosen = data.draw(st.lists(st.frozensets(st.integers(1, 9), min_size=1), max_size=6))
    decisions = [decided(pk, *one) for pk, one in enumerate(chosen, start=1)]
    pairs = detection.paired(clusters, decisions)
    assert len({one.pk for one in pairs.values()}) == len(pairs)
    assert all(2 * len(clusters[at].companies & one.companies) >= len(one.companies)
               for at, one in pairs.items())  # fmt: skip


def test_a_cluster_reads_as_a_plain_value():
    assert Cluster("emp", "", (Member(company(1), (voice(1),), None),), None, None).facts == {
        "echange-1"
    }


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        (Place("32132", "Fleurance"), Place("32132", "Fleurance"), "dans la même commune"),
        (Place("32132"), Place("32208"), "à une distance inconnue"),
        (Place(), Place(), "à une distance inconnue"),
        (Place("32132", point=FLEURANCE), Place("32208", point=LECTOURE), "à 9\u00a0km"),
        (Place("32132", point=FLEURANCE), Place("32208", point=(43.852, 0.66)),
         "à moins d’1\u00a0km"),
    ],
)  # fmt: skip
def test_a_distance_is_said_or_owned_unknown(here, there, words):
    assert said(here, there) == words


def test_a_degree_of_latitude_is_a_hundred_and_eleven_km():
    assert haversine((43, 1), (44, 1)) == pytest.approx(111.19, abs=0.01)


@given(st.tuples(st.floats(-89, 89), st.floats(-179, 179)),
       st.tuples(st.floats(-89, 89), st.floats(-179, 179)))  # fmt: skip
def test_a_distance_is_the_same_both_ways(one, other):
    assert haversine(one, other) == pytest.approx(haversine(other, one))
    assert haversine(one, one) == pytest.approx(0)


SQUARE = [[0.0, 43.0], [1.0, 43.0], [1.0, 44.0], [0.0, 44.0]]


def test_the_middle_of_a_commune_is_that_of_its_area():
    assert centre_of([[SQUARE]]) == pytest.approx((43.5, 0.5))
    east = [[x + 2, y] for x, y in SQUARE]
    assert centre_of([[SQUARE], [east]]) == pytest.approx((43.5, 1.5))
    hole = [[0.5, 43.0], [1.0, 43.0], [1.0, 44.0], [0.5, 44.0]]
    assert centre_of([[SQUARE, hole]]) == pytest.approx((43.5, 0.25))
    assert centre_of([[[*reversed(SQUARE)]]]) == pytest.approx((43.5, 0.5))


def test_an_outline_without_area_has_no_middle():
    assert centre_of([]) is None
    assert centre_of([[[[0.0, 43.0], [1.0, 43.0]]]]) is None
