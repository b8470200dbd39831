"""What the matcher knows of one record: its values normalised once, before any comparison."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from hub.domain.matching.address import Street, street_of
from hub.domain.matching.contact import domain_of, email_of, phone_of
from hub.domain.matching.identifiers import verified_identifiers
from hub.domain.matching.text import Name, name_of, person_name_of
from hub.domain.matching.words import fold

_T = TypeVar("_T")
_IDENTIFIER_FIELDS = ("vat_number", "registration_number", "duns", "lei")
_US_POSTAL_CODE = re.compile(r"^(\d{5})-?\d{4}$")
_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True, slots=True)
class OrganizationFeatures:
    """Normalised values of one organisation at one site; an empty value is an absent one.

    `phones` are E.164 where the country is known; `domains` registrable ones, without free-mail and shared hosts;
    `identifiers` only those whose check digits hold; `refused` names the identifier fields that failed the check.
    """

    names: tuple[Name, ...] = ()
    street: Street | None = None
    postal_code: str = ""
    city: str = ""
    country: str = ""
    phones: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    identifiers: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonFeatures:
    """Normalised values of one person; `organization` is the id of the partner the person works for."""

    first: Name | None = None
    last: Name | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    organization: str = ""


Features = OrganizationFeatures | PersonFeatures


def organization_features(values: Mapping[str, object]) -> OrganizationFeatures:
    """Features from fields of the Unified Partner Record; a field may be missing, None, one value or a list.

    Read are legal_name, trade_name, street, city, postal_code, country (ISO 3166 alpha-2), phone, email,
    website_domain, vat_number, registration_number, duns and lei. Values that cannot be understood are left out.
    """
    country = _one(values, "country").upper()
    numbers = {name: text for name in _IDENTIFIER_FIELDS if (text := _one(values, name))}
    identifiers, refused = verified_identifiers(numbers, country=country)
    emails = _distinct(email_of(text) for text in _all(values, "email"))
    hosts = (*_all(values, "website_domain"), *(email.partition("@")[2] for email in emails))
    return OrganizationFeatures(
        names=_names((*_all(values, "legal_name"), *_all(values, "trade_name"))),
        street=street_of(_one(values, "street")),
        postal_code=_postal_code(_one(values, "postal_code")),
        city=" ".join(fold(_one(values, "city")).split()),
        country=country,
        phones=_distinct(phone_of(text, country=country) for text in _all(values, "phone")),
        domains=_distinct(domain_of(text) for text in hosts),
        emails=emails,
        identifiers=identifiers,
        refused=refused,
    )


def person_features(values: Mapping[str, object]) -> PersonFeatures:
    """Features from first_name, last_name, email, phone, mobile, country, and organization or partner (its id)."""
    country = _one(values, "country").upper()
    return PersonFeatures(
        first=person_name_of(_one(values, "first_name")),
        last=person_name_of(_one(values, "last_name")),
        emails=_distinct(email_of(text) for text in _all(values, "email")),
        phones=_distinct(phone_of(text, country=country) for text in (*_all(values, "phone"), *_all(values, "mobile"))),
        organization=_one(values, "organization") or _one(values, "partner"),
    )


def _all(values: Mapping[str, object], field_name: str) -> tuple[str, ...]:
    value = values.get(field_name)
    if value is None:  # as most fields of most records
        return ()
    if isinstance(value, str):
        return (text,) if (text := value.strip()) else ()
    parts = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    return tuple(text for part in parts if part is not None and (text := str(part).strip()))


def _one(values: Mapping[str, object], field_name: str) -> str:
    value = values.get(field_name)
    return value.strip() if isinstance(value, str) else next(iter(_all(values, field_name)), "")


def _names(texts: Iterable[str]) -> tuple[Name, ...]:
    """Names of different words: a trade name that is the legal name without its legal form adds nothing."""
    by_words: dict[tuple[str, ...], Name] = {}
    for name in map(name_of, texts):
        if name is not None:
            by_words.setdefault(name.words, name)
    return tuple(by_words.values())


def _distinct(parts: Iterable[_T | None]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(part for part in parts if part is not None))


def _postal_code(text: str) -> str:
    """Letters and digits in lower case; the four added digits of a US ZIP+4 are dropped."""
    long_form = _US_POSTAL_CODE.match(text)
    return long_form.group(1) if long_form else _NOT_ALPHANUMERIC.sub("", text.lower())
