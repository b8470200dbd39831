"""The words of a text in any script, folded so that spellings of one word are one."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii
from cleanco.non_nfkd_map import NON_NFKD_MAP

_APOSTROPHES = re.compile(r"['’‘`´]")
_ABBREVIATION_DOTS = re.compile(r"(?<![^\W_]{2})(?<=[^\W_])\.(?=[^\W_](?:[^\w]|$))")
_WORD = re.compile(r"[^\W_]+")
_LATIN = {**NON_NFKD_MAP, "ı": "i"}


def fold(text: str) -> str:
    """`text` in lower case, compatibility forms unified, marks removed, digits as 0 to 9; the script is kept."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(_LATIN.get(c, c) for c in map(_digit, unicodedata.normalize("NFKD", folded)) if not _mark(c))


def words_of(text: str) -> tuple[str, ...]:
    """The words of `text`: punctuation gone, & read as and, L.L.C. as llc, O'Hare as ohare."""
    return tuple(_WORD.findall(_plain(fold(text))))


def written_words(text: str) -> list[str]:
    """The words as they are written, marks included: what is read aloud must not lose them."""
    folded = _plain(unicodedata.normalize("NFKC", text).casefold())
    parts = "".join(c if c.isalnum() or _mark(c) else " " for c in folded).split()
    return [part for part in parts if fold(part)]  # a mark alone is no word


def latin_words(text: str) -> tuple[str, ...]:
    """The words of `text`, those of other scripts in Latin letters."""
    if text.isascii():
        return words_of(text)
    return tuple(latin for word in written_words(text) if (latin := latin_word(word)))


def latin_word(written: str) -> str:
    """One word as it is written, in Latin letters; empty when nothing of it can be read."""
    folded = fold(written)
    return folded if folded.isascii() else "".join(words_of(anyascii(written)))


def _plain(text: str) -> str:
    if text.replace(" ", "").isalnum():  # as most are
        return text
    return _ABBREVIATION_DOTS.sub("", _APOSTROPHES.sub("", text).replace("&", " and ").replace("+", " and "))


def _mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"


def _digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char
