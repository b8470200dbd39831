"""Cells of a table as values: numbers, days, yes and no as people write them, or a sentence that says what is wrong."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

DecimalMark = Literal[".", ","]
DayFormat = Literal["YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD", "DD.MM.YYYY", "DD/MM/YYYY", "DD-MM-YYYY", "MM/DD/YYYY"]

_PATTERNS: dict[DayFormat, str] = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYY/MM/DD": "%Y/%m/%d",
    "YYYYMMDD": "%Y%m%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "DD-MM-YYYY": "%d-%m-%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
}
_CLEAR: tuple[DayFormat, ...] = ("YYYY-MM-DD", "YYYY/MM/DD", "DD.MM.YYYY")
_SIGNS = {"€": "EUR", "£": "GBP"}
_MONEY = re.compile(
    r"(?P<before>[A-Za-z]{3}|[€£$¥])?\s*(?P<number>[-+]?[\d.,'’\s\u00a0\u202f]+)(?P<after>[A-Za-z]{3}|[€£$¥])?"
)
_YES = frozenset({"yes", "y", "true", "1", "x", "ja", "oui", "si", "sí"})
_NO = frozenset({"no", "n", "false", "0", "-", "nein", "non"})


class BadCell(ValueError):
    """What is wrong with a cell and what to write instead."""


def number(text: str, *, mark: DecimalMark | None) -> Decimal:
    """A number with its thousands marks; where it can be read in two ways, `mark` must say which is the decimal one.

    Raises BadCell.
    """
    plain = re.sub(r"['’\s\u00a0\u202f]", "", text)
    chosen = mark or _mark_of(plain)
    other = "," if chosen == "." else "."
    whole, _, fraction = plain.rpartition(chosen) if plain.count(chosen) == 1 else (plain, "", "")
    groups = whole.lstrip("+-").split(other)
    well_parted = len(groups) == 1 or all(len(group) == 3 for group in groups[1:])
    digits = "".join(groups) + fraction
    if (
        not groups[0]
        or not digits.isdecimal()
        or not digits.isascii()
        or not well_parted
        or other in fraction
        or chosen in whole
    ):
        raise BadCell(f"{text!r} is not a number")
    sign = "-" if plain.startswith("-") else ""
    return Decimal(f"{sign}{''.join(groups)}.{fraction or 0}")


def money(text: str, *, mark: DecimalMark | None) -> tuple[Decimal, str | None]:
    """An amount and the currency that stands beside it, if one does. Raises BadCell."""
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise BadCell(f"{text!r} is not an amount")
    signs = [sign for sign in (match["before"], match["after"]) if sign]
    if len(signs) > 1:
        raise BadCell(f"{text!r} names two currencies")
    return number(match["number"], mark=mark), _currency(signs[0]) if signs else None


def day(text: str, *, form: DayFormat | None) -> date:
    """A day. Raises BadCell, also where day and month cannot be told apart."""
    for candidate in (form,) if form else _CLEAR:
        try:
            return datetime.strptime(text, _PATTERNS[candidate]).date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            continue
    if form is None and re.fullmatch(r"\d{1,2}[/-]\d{1,2}[/-]\d{4}", text):
        raise BadCell(f"{text!r} can be read in two ways: give the column a format, such as DD/MM/YYYY")
    raise BadCell(f"{text!r} is not a day; write {form or '2027-03-31'}")


def truth(text: str) -> bool:
    """Yes or no. Raises BadCell."""
    word = text.casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise BadCell(f"{text!r} is neither yes nor no")


def _currency(sign: str) -> str:
    if sign.isalpha():
        return sign.upper()
    if sign not in _SIGNS:
        raise BadCell(f"{sign} is the sign of several currencies: write the code, such as USD")
    return _SIGNS[sign]


def _mark_of(plain: str) -> DecimalMark:
    """The decimal mark, where the number itself tells. Raises BadCell where it does not."""
    last = max(plain.rfind("."), plain.rfind(","))
    if last < 0:
        return "."
    mark: DecimalMark = "." if plain[last] == "." else ","
    if plain.count(mark) > 1:  # 1.234.567
        return "," if mark == "." else "."
    other = "," if mark == "." else "."
    if other not in plain and len(plain) - last - 1 == 3 and plain[:last].lstrip("+-") not in ("", "0"):
        raise BadCell(f"{plain!r} can be read in two ways: give the column its decimal mark")
    return mark
