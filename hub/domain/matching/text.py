"""Words, numerals and legal forms of a name, normalised so that spellings of one name meet."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from cleanco.non_nfkd_map import NON_NFKD_MAP
from cleanco.termdata import terms_by_type

from hub.domain.matching.vocabulary import COMMON_WORDS, HARD_WORDS, ROMAN_NUMERALS

_APOSTROPHES = re.compile(r"['’‘`´]")
_ABBREVIATION_DOTS = re.compile(r"(?<![^\W_]{2})(?<=[^\W_])\.(?=[^\W_](?:[^\w]|$))")
_WORD = re.compile(r"[^\W_]+")
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")


@dataclass(frozen=True, slots=True)
class Name:
    """One name of an organisation or person.

    `words` are all its words in order without the legal form; `core` are the sorted distinct words that can tell it
    from others (all words when there are no such); `numbers` are hard tokens, numerals and compass words ("Site 2" is
    never "Site 3", East never West); `legal_form` are the classes of company that its ending may mean.
    """

    text: str
    words: tuple[str, ...]
    core: tuple[str, ...]
    numbers: frozenset[str]
    legal_form: frozenset[str]
    sorted_text: str
    core_text: str


def fold(text: str) -> str:
    """`text` in lower case, compatibility forms unified and Latin accents removed; other scripts are kept."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(NON_NFKD_MAP.get(c, c) for c in decomposed if not unicodedata.combining(c))


def words_of(text: str) -> tuple[str, ...]:
    """The words of `text`: punctuation gone, & read as and, L.L.C. as llc, O'Hare as ohare."""
    folded = _APOSTROPHES.sub("", fold(text)).replace("&", " and ").replace("+", " and ")
    return tuple(_WORD.findall(_ABBREVIATION_DOTS.sub("", folded)))


@lru_cache(maxsize=8_192)
def name_of(text: str) -> Name | None:
    """The normalised name, or None when `text` holds no letter or digit."""
    all_words = words_of(text)
    if not all_words:
        return None
    words, legal_form = _split_legal_form(all_words)
    plain = tuple(_numeral(word) for word in words)
    core = {w for w in plain if w not in COMMON_WORDS and len(w) > 1} or set(plain)
    numbers = frozenset(w for w in plain if w.isdigit() or w in HARD_WORDS)
    in_order = tuple(sorted(core))
    return Name(
        text=text, words=plain, core=in_order, numbers=numbers, legal_form=legal_form,
        sorted_text=" ".join(sorted(set(plain))), core_text=" ".join(in_order),
    )  # fmt: skip


def _numeral(word: str) -> str:
    ordinal = _ORDINAL.match(word)
    return ordinal.group(1) if ordinal else ROMAN_NUMERALS.get(word, word)


def _split_legal_form(words: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Words without the trailing legal form, and the classes (Limited, Corporation, ...) that the form may mean."""
    forms = _legal_forms()
    for length in range(min(4, len(words) - 1), 0, -1):
        classes = forms.get(words[-length:])
        if classes:
            return words[:-length], classes
    return words, frozenset()


@cache
def _legal_forms() -> dict[tuple[str, ...], frozenset[str]]:
    forms: dict[tuple[str, ...], frozenset[str]] = {}
    for kind, terms in terms_by_type.items():
        for term in terms:
            words = words_of(term)
            if words:
                forms[words] = forms.get(words, frozenset()) | {kind}
    return forms
