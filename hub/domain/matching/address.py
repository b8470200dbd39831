"""Street addresses as house number, direction and street words, and how far two of them agree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from hub.domain.matching.vocabulary import DIRECTIONS, HOUSE_WORDS, STREET_TYPES, UNIT_WORDS
from hub.domain.matching.words import latin_words

_NUMBERED = re.compile(r"^(\d+)(?:st|nd|rd|th)[a-z]?$")
_HOUSE_SIGN = re.compile(r"(?<=\d)\s*[号號番번]|(?<=[\u3040-\u9fff\uac00-\ud7af])(?=\d)")
_CALLE = re.compile(r"\bc/", re.IGNORECASE)
_NEIGHBOUR_DISTANCE = 20


@dataclass(frozen=True, slots=True)
class Street:
    """`number` is the first house number ("1710" of "1710-1718"), `direction` n, s, e, w or empty.

    `words` are the street's own words in Latin letters, without type, direction and unit.
    """

    text: str
    number: str
    direction: str
    words: tuple[str, ...]
    core: str


@lru_cache(maxsize=8_192)
def street_of(text: str) -> Street | None:
    """The parsed street, or None when `text` has no word. Lines are parted by commas."""
    words = _words(_telling_line(text))
    if not words:
        return None
    number = _take_number(words)
    kept = _without_unit(words)
    direction = next((DIRECTIONS[w] for w in kept if w in DIRECTIONS), "")
    core = [w for w in kept if w not in DIRECTIONS and w not in STREET_TYPES] or kept
    core = [_plain_word(w) for w in core]
    return Street(text=text, number=number, direction=direction, words=tuple(core), core=" ".join(core))


def compare_streets(a: Street, b: Street) -> str:
    """`same`, `similar` (one number, street misspelt), `near` (a neighbour number) or `different`.

    Streets without a house number on one side are at best `similar`: they say less than a door.
    """
    if a.direction != b.direction and a.direction and b.direction:
        return "different"
    street = _street_agreement(a, b)
    if not street:
        return "different"
    if not a.number or not b.number:
        return "similar" if street == "same" else "different"
    if a.number == b.number:
        return street
    return "near" if street == "same" and _neighbours(a.number, b.number) else "different"


def _street_agreement(a: Street, b: Street) -> str:
    shorter, longer = sorted((a.words, b.words), key=len)
    if not shorter:
        return ""
    if longer[: len(shorter)] == shorter or a.core.replace(" ", "") == b.core.replace(" ", ""):
        return "same"
    if shorter[0].isdigit() or longer[0].isdigit():
        return ""
    if fuzz.ratio(a.core, b.core) >= 80 or fuzz.ratio(a.words[0], b.words[0]) >= 80:
        return "similar"
    return "similar" if any(len(w) > 3 and w in longer for w in shorter) else ""


def _neighbours(a: str, b: str) -> bool:
    if not (a.isdigit() and b.isdigit()):
        return False
    return abs(int(a) - int(b)) <= _NEIGHBOUR_DISTANCE or (len(a) > 2 and OSA.distance(a, b) == 1)


def _telling_line(text: str) -> str:
    """The first line that has a number and a word and does not start as a part of a building; else all of it."""
    for line in text.split(",") if "," in text else ():
        words = _words(line)
        numbered = any(word[0].isdigit() for word in words) and any(word[0].isalpha() for word in words)
        if numbered and words[0] not in UNIT_WORDS:
            return line
    return text


def _words(text: str) -> list[str]:
    """In Latin letters, without those that only say that a house number follows."""
    if not text.isascii():
        text = _HOUSE_SIGN.sub(" ", text)
    words = latin_words(_CALLE.sub("calle ", text) if "/" in text else text)
    numbered = {word for word, following in pairwise(words) if word in HOUSE_WORDS and following[0].isdigit()}
    return [word for word in words if word not in numbered]


def _take_number(words: list[str]) -> str:
    """Remove and return the house number: a leading one (1001 W Roosevelt) or a trailing one (Hauptstraße 12)."""
    if len(words) > 1 and words[0][0].isdigit() and not _NUMBERED.match(words[0]):
        number = words.pop(0)
        if len(words) > 1 and words[0].isdigit():
            words.pop(0)  # the end of a range: 1710-1718
        return number
    for position in range(len(words) - 1, 0, -1):
        if words[position][0].isdigit() and not _NUMBERED.match(words[position]):
            last = words.pop(position)
            range_began = position > 1 and words[position - 1].isdigit()  # Marszałkowska 10/12
            return words.pop(position - 1) if range_began else last
    return ""


def _without_unit(words: list[str]) -> list[str]:
    for position, word in enumerate(words):
        if position and word in UNIT_WORDS:
            return words[:position]
    return words


def _plain_word(word: str) -> str:
    numbered = _NUMBERED.match(word)
    if numbered:
        return numbered.group(1)
    if len(word) > 5 and word.endswith("str"):
        return f"{word}asse"
    return f"{word[:-6]}strasse" if len(word) > 7 and word.endswith("straat") else word
