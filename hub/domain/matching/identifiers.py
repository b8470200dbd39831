"""Identifiers whose check digits hold: the only ones that may link or part two records by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from stdnum import get_cc_module, lei
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Z]+")


def verified_identifiers(numbers: Mapping[str, str], *, country: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Accepted numbers by scheme, and the fields whose number was refused.

    `numbers` maps `vat_number`, `registration_number`, `duns`, `lei` to text. A registration number is unique in its
    country only, so its scheme names the country. D-U-N-S has had no check digit since 2006: its length is checked.
    """
    accepted: dict[str, str] = {}
    refused: list[str] = []
    for field, text in numbers.items():
        scheme, value = _verify(field, text, country)
        if value:
            accepted[scheme] = value
        else:
            refused.append(field)
    return accepted, tuple(refused)


@lru_cache(maxsize=8_192)
def _verify(field: str, text: str, country: str) -> tuple[str, str]:
    compact = _NOT_ALPHANUMERIC.sub("", text.upper())
    match field:
        case "lei":
            return "lei", compact if lei.is_valid(compact) else ""
        case "duns":
            return "duns", compact if re.fullmatch(r"\d{9}", compact) and len(set(compact)) > 1 else ""
        case "vat_number":
            return "vat", _verified_vat(compact, country)
        case _:
            number = compact.lstrip("0")
            usable = len(number) >= 4 and len(set(number)) > 1
            return f"registration:{country or '?'}", number if usable else ""


def _verified_vat(compact: str, country: str) -> str:
    """The number with its country's prefix, or empty when the check digits fail or the country is not known."""
    if eu_vat.is_valid(compact):
        return compact
    module = get_cc_module(country.lower(), "vat") if country else None
    if module is None:
        return ""
    try:
        number = str(module.validate(compact))
    except ValidationError:
        return ""
    return number if number.startswith(country) else country + number
