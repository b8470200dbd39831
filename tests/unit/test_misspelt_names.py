"""Keys of names that survive typos, and which of them are looked for."""

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.matching import KeyShares, Part, key_sets, likenesses, sought_parts, spelling_keys

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORDS = st.text(_LETTERS, min_size=4, max_size=14)


@given(word=_WORDS, data=st.data())
def test_a_word_with_one_typo_has_a_key_of_the_right_one(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    letter = data.draw(st.sampled_from(_LETTERS))
    typo = data.draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at:],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    )
    if (len(word) < 7) == (len(typo) < 7):
        assert set(spelling_keys([(word,)])) & set(spelling_keys([(typo,)]))


def test_a_rare_word_is_looked_for_alone_and_frequent_ones_together() -> None:
    frequent = dict.fromkeys(spelling_keys([("bau", "tech")]), 0.05)
    shares = KeyShares({**frequent, 1: 0.0001}, names=10_000)

    rare = sought_parts(("lindberg", "bau", "tech"), shares)
    assert [[part.word for part in group] for group in rare[:2]] == [[0], [0]]

    common = sought_parts(("bau", "tech"), shares)
    assert [[part.word for part in group] for group in common] == [[0, 1]]


def test_a_frequent_spelling_is_right_and_looked_for_as_it_is() -> None:
    right, typo = sought_parts(("bank",), KeyShares()), sought_parts(("bnak",), KeyShares())
    [[bank]], [[bnak]] = right, typo
    shares = KeyShares(dict.fromkeys(bank.keys, 0.01), names=10_000)

    [[sought]] = sought_parts(("bank",), shares)
    assert sought.keys == bank.keys[:1]
    assert set(sought.keys) <= set(spelling_keys([("bank",)]))
    [[sought]] = sought_parts(("bnak",), shares)
    assert sought.keys == bnak.keys
    assert set(bnak.keys) & set(bank.keys)


def test_what_is_looked_for_lets_few_names_through() -> None:
    keys = spelling_keys([("global", "trading", "systems", "partners")])
    shares = KeyShares(dict.fromkeys(keys, 0.02), names=1_000_000)
    groups = sought_parts(("global", "trading", "systems", "partners"), shares)
    assert 1 <= len(groups) <= 10
    assert all(len(group) == 3 for group in groups)


_GROUPS = st.lists(
    st.sets(st.integers(0, 6), min_size=1, max_size=3).map(lambda group: tuple(sorted(group))), unique=True, max_size=10
)


@given(groups=_GROUPS, names=st.lists(st.sets(st.integers(0, 20), max_size=8), max_size=20))
def test_few_sets_of_keys_find_what_the_groups_find(groups: list[tuple[int, ...]], names: list[set[int]]) -> None:
    parts = [Part(n, (3 * n, 3 * n + 1, 3 * n + 2)) for n in range(7)]
    sought = [tuple(parts[n] for n in group) for group in groups]
    sets = key_sets(sought)
    for keys in names:
        meant = any(all(keys & set(part.keys) for part in group) for group in sought)
        assert any(all(keys & set(one) for one in of) for of in sets) == meant
    assert len(sets) <= max(1, len(groups))


def test_pairs_of_two_words_are_looked_for_in_one_go() -> None:
    a, b, c, d, e = (Part(n // 2, (n,)) for n in range(5))
    assert key_sets([(e,), (a, c), (b, c), (b, d), (a, d)]) == [[(4,)], [(0, 1), (2, 3)]]


def test_likeness_minds_neither_the_order_of_words_nor_small_typos() -> None:
    same_words, typo, other = likenesses("lindberg bau", ["bau lindberg", "lindbreg bau", "nordlicht logistik"])
    assert same_words == 100
    assert typo > 90
    assert other < 50


def test_nothing_is_looked_for_where_there_are_no_words() -> None:
    assert sought_parts((), KeyShares()) == []
