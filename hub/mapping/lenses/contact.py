"""Lenses for ways to reach somebody: url_domain, e164, country_code."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import phonenumbers
from pydantic import Field as Option
from pydantic import model_validator

from hub.mapping.errors import BadValue
from hub.mapping.lenses.base import TEXT_KINDS, TEXT_REMOTES, Fast, Lens, Options, expect_text, text_of
from hub.mapping.lenses.countries import COUNTRIES, country_names, find_country
from hub.mapping.lenses.domains import domain_of, short_domain
from hub.record.definition import Field
from hub.record.values import Value
from hub.sdk.records import JsonValue

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class UrlDomainOptions(Options):
    as_: Literal["domain", "url"] = Option("domain", alias="as", description="acme.com or https://acme.com.")


class UrlDomainLens(Lens):
    """The registrable domain of a web address: lower case, non-ASCII names in their ASCII form."""

    fills = TEXT_KINDS
    normal_form = True

    def __init__(self, options: UrlDomainOptions) -> None:
        self._as_url = options.as_ == "url"

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        text = text_of(remote)
        return domain_of(text) if text else None

    def put(self, value: Value) -> JsonValue:
        host = expect_text(value)
        if domain_of(host) != host:
            raise BadValue("is not a registrable domain like acme.com")
        return f"https://{host}" if self._as_url else host

    def samples(self) -> tuple[Value, ...]:
        return ("acme.com", "acme.co.uk", "acme.github.io", "xn--mller-kva.example")

    def fast(self, field: Field) -> Fast:  # noqa: ARG002
        return Fast("v is not None and (w := {known}(v)) is not None", {"known": short_domain()})


class E164Options(Options):
    region: str | None = Option(None, description="Country of numbers that are written without one, like DE.")
    region_field: str | None = Option(None, description="Remote path whose country such numbers belong to.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"region": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _known(self) -> E164Options:
        if self.region is not None and self.region not in COUNTRIES:
            raise ValueError(f"{self.region!r} is not a country code like DE")
        return self


class E164Lens(Lens):
    """A telephone number as +4930123456; extensions stay on the remote side."""

    fills = TEXT_KINDS
    normal_form = True

    def __init__(self, options: E164Options) -> None:
        self.extra = options.region_field
        self._region = options.region

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:
        text = text_of(remote)
        if not text or _E164.fullmatch(text):
            return text or None
        region = find_country(extra) if isinstance(extra, str) else None
        return _e164(text, region or self._region)

    def put(self, value: Value) -> JsonValue:
        text = expect_text(value)
        if not _E164.fullmatch(text):
            raise BadValue("is not a number like +4930123456")
        return text

    def samples(self) -> tuple[Value, ...]:
        return ("+4930123456", "+12025550123", "+390612345678")

    def fast(self, field: Field) -> Fast:  # noqa: ARG002
        return Fast("v is not None and {matches}(w := v)", {"matches": _E164.fullmatch})


@lru_cache(maxsize=8192)
def _e164(text: str, region: str | None) -> str:
    if len(text) > 60:
        raise BadValue("is too long for a telephone number")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as exc:
        if exc.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise BadValue("has no country prefix, and the mapping names no region for it") from exc
        raise BadValue("is not a telephone number") from exc
    written = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if not phonenumbers.is_possible_number(number) or not _E164.fullmatch(written):
        raise BadValue("is not a possible telephone number")
    return written


class CountryOptions(Options):
    as_: Literal["alpha2", "alpha3", "name"] = Option("alpha2", alias="as", description="DE, DEU or Germany.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"as": value} if isinstance(value, str) else value


class CountryCodeLens(Lens):
    """A country as its ISO 3166 two-letter code; reads codes and names in the main languages."""

    fills = TEXT_KINDS | {"choice"}
    remote_types = TEXT_REMOTES
    normal_form = True

    def __init__(self, options: CountryOptions) -> None:
        self._names = country_names(options.as_)

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        text = text_of(remote)
        if not text:
            return None
        code = find_country(text)
        if code is None:
            raise BadValue("is not a country")
        return code

    def put(self, value: Value) -> JsonValue:
        code = expect_text(value)
        if code not in self._names:
            raise BadValue("is not a two-letter country code")
        return self._names[code]

    def samples(self) -> tuple[Value, ...]:
        return tuple(sorted(self._names))

    def fast(self, field: Field) -> Fast:  # noqa: ARG002
        return Fast("(w := v) in {codes}", {"codes": frozenset(COUNTRIES)})
