"""Words, numerals and legal forms of a name, normalised so that spellings of one name meet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.domain.matching.legal_forms import part_glued_forms, split_legal_form
from hub.domain.matching.vocabulary import COMMON_WORDS, HARD_WORDS, ROMAN_NUMERALS
from hub.domain.matching.words import fold, latin_word, words_of, written_words

_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")


@dataclass(frozen=True, slots=True)
class Name:
    """One name of an organisation or person.

    `words` are all its words in order without the legal form; `core` are the sorted distinct words that can tell it
    from others (all words when there are no such); `numbers` are hard tokens, numerals and compass words ("Site 2" is
    never "Site 3", East never West); `legal_form` are the classes of company that its form may mean (see legal_forms).
    `latin` is a name of another script in Latin letters; None where it has none but Latin ones.
    """

    text: str
    words: tuple[str, ...]
    core: tuple[str, ...]
    numbers: frozenset[str]
    legal_form: frozenset[str]
    sorted_text: str
    core_text: str
    latin: Name | None = None


@lru_cache(maxsize=8_192)
def name_of(text: str) -> Name | None:
    """The normalised name of an organisation, or None when `text` holds no letter or digit."""
    if text.isascii():
        words = words_of(text)
        return _name(text, *split_legal_form(words)) if words else None
    written = written_words(part_glued_forms(text))
    return _in_two_scripts(text, written, *split_legal_form(tuple(map(fold, written)))) if written else None


@lru_cache(maxsize=8_192)
def person_name_of(text: str) -> Name | None:
    """The normalised name of a person, who has no legal form: "van Ek" and "de Sá" stay whole."""
    if text.isascii():
        words = words_of(text)
        return _name(text, words) if words else None
    written = written_words(text)
    return _in_two_scripts(text, written, tuple(map(fold, written))) if written else None


def _in_two_scripts(
    text: str, written: Sequence[str], words: tuple[str, ...], legal_form: frozenset[str] = frozenset()
) -> Name:
    if all(map(str.isascii, words)):
        return _name(text, words, legal_form)
    latin = _name(text, _in_latin_letters(written, words), legal_form)
    return _name(text, words, legal_form, latin=latin)


def _name(text: str, words: Sequence[str], legal_form: frozenset[str] = frozenset(), latin: Name | None = None) -> Name:
    plain = tuple(_numeral(word) for word in words)
    core = {w for w in plain if w not in COMMON_WORDS and (len(w) > 1 or not w.isascii())} or set(plain)
    numbers = frozenset(w for w in plain if w.isdigit() or w in HARD_WORDS)
    in_order = tuple(sorted(core))
    return Name(
        text=text, words=plain, core=in_order, numbers=numbers, legal_form=legal_form,
        sorted_text=" ".join(sorted(set(plain))), core_text=" ".join(in_order), latin=latin,
    )  # fmt: skip


def _in_latin_letters(written: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """`words` in Latin letters, each from the word as it was written."""
    unfolded = {fold(word): word for word in written}
    latin = (latin_word(unfolded.get(word, word)) for word in words)
    return tuple(word for word in latin if word) or tuple(words)


def _numeral(word: str) -> str:
    ordinal = _ORDINAL.match(word) if word[0].isdigit() else None
    return ordinal.group(1) if ordinal else ROMAN_NUMERALS.get(word, word)
