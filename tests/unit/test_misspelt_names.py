"""Keys of names that survive typos, and which of them are looked for."""

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.matching import KeyShares, likenesses, sought_parts, spelling_keys

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


def test_what_is_looked_for_lets_few_names_through() -> None:
    keys = spelling_keys([("global", "trading", "systems", "partners")])
    shares = KeyShares(dict.fromkeys(keys, 0.02), names=1_000_000)
    groups = sought_parts(("global", "trading", "systems", "partners"), shares)
    assert 1 <= len(groups) <= 10
    assert all(len(group) == 3 for group in groups)


def test_likeness_minds_neither_the_order_of_words_nor_small_typos() -> None:
    same_words, typo, other = likenesses("lindberg bau", ["bau lindberg", "lindbreg bau", "nordlicht logistik"])
    assert same_words == 100
    assert typo > 90
    assert other < 50


def test_nothing_is_looked_for_where_there_are_no_words() -> None:
    assert sought_parts((), KeyShares()) == []
