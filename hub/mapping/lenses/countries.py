"""Countries: ISO 3166 codes and the names under which systems and people write them."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Literal

from babel import Locale
from babel.core import get_global

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da")
# Two-letter codes that CLDR knows but that no postal address uses as its country.
_NOT_COUNTRIES = frozenset({"AC", "CP", "DG", "TA", "EU", "EZ", "UN", "XA", "XB", "ZZ"})
_ALIASES: dict[str, list[str]] = dict(get_global("territory_aliases"))
_ALPHA3 = {new[0]: old for old, new in _ALIASES.items() if len(old) == 3 and old.isalpha() and len(new) == 1}
_ENGLISH: dict[str, str] = dict(Locale("en").territories)

COUNTRIES: tuple[str, ...] = tuple(
    sorted(code for code in _ENGLISH if len(code) == 2 and code in _ALPHA3 and code not in _NOT_COUNTRIES)
)
_SPOKEN = {
    "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "usa": "US", "u s a": "US", "u s": "US", "united states of america": "US",
    "holland": "NL", "the netherlands": "NL", "czech republic": "CZ", "turkey": "TR", "korea": "KR",
    "south korea": "KR", "russia": "RU", "russian federation": "RU", "viet nam": "VN", "ivory coast": "CI",
}  # fmt: skip


def find_country(text: str) -> str | None:
    """The two-letter code that a code or name stands for, None when it is none."""
    return _codes().get(text) or _codes().get(_folded(text))


def country_names(form: Literal["alpha2", "alpha3", "name"]) -> dict[str, str]:
    """How each country is written in the form, by code."""
    if form == "alpha2":
        return {code: code for code in COUNTRIES}
    return {code: _ALPHA3[code] if form == "alpha3" else _ENGLISH[code] for code in COUNTRIES}


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for code in COUNTRIES:
        found[code] = found[code.lower()] = found[_ALPHA3[code].lower()] = code
    for code in COUNTRIES:
        found.setdefault(_folded(_ENGLISH[code]), code)
    found.update(_SPOKEN)
    for language in _LANGUAGES:
        names = Locale(language).territories
        for code in COUNTRIES:
            found.setdefault(_folded(names.get(code, code)), code)
    return found


def _folded(text: str) -> str:
    """Lower case without accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ")
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())
