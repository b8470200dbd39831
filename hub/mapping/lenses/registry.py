"""The lenses by the names they have in a mapping, and which one a field gets that names none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from hub.mapping.lenses.base import Lens, NoOptions, Options
from hub.mapping.lenses.boolean import BooleanLens, BooleanOptions
from hub.mapping.lenses.chain import ChainLens
from hub.mapping.lenses.choices import (
    JoinLens,
    JoinOptions,
    ListLens,
    ListOptions,
    SplitLens,
    SplitOptions,
    ValuesLens,
    ValuesOptions,
)
from hub.mapping.lenses.contact import (
    CountryCodeLens,
    CountryOptions,
    E164Lens,
    E164Options,
    UrlDomainLens,
    UrlDomainOptions,
)
from hub.mapping.lenses.link import LinkLens, LinkOptions
from hub.mapping.lenses.numbers import DecimalLens, DecimalOptions, IntLens, IntOptions, MoneyLens, MoneyOptions
from hub.mapping.lenses.text import (
    CaseLens,
    CaseOptions,
    ConstantLens,
    ConstantOptions,
    EmailLens,
    HtmlLens,
    HtmlOptions,
    TextLens,
    TextOptions,
    TrimLens,
)
from hub.mapping.lenses.times import DateLens, DateOptions, DatetimeLens, DatetimeOptions
from hub.record.definition import Kind


@dataclass(frozen=True)
class LensKind:
    """One lens by name: its options, how it is made, what its short form looks like, what to say of it in the docs."""

    name: str
    options: type[Options]
    make: Callable[[Any], Lens]
    doc: str
    short: dict[str, Any] | None = None
    """JSON schema of what may stand in place of the full options."""


_TEXT = {"type": "string"}
_TABLE = {"type": "object", "additionalProperties": {"type": "string"}}

LENSES: dict[str, LensKind] = {
    kind.name: kind
    for kind in (
        LensKind("text", TextOptions, TextLens, "a text as it stands, trimmed"),
        LensKind("trim", NoOptions, TrimLens, "takes white space off both ends (for use before another lens)"),
        LensKind("case", CaseOptions, CaseLens, "lower or upper case, per direction"),
        LensKind("email", NoOptions, EmailLens, "an e-mail address in lower case"),
        LensKind("html", HtmlOptions, HtmlLens, "a plain text where the other side keeps HTML"),
        LensKind("values", ValuesOptions, ValuesLens, "one word for another, by a table", _TABLE),
        LensKind("constant", ConstantOptions, ConstantLens, "one fixed value"),
        LensKind("int", IntOptions, IntLens, "a whole number"),
        LensKind("decimal", DecimalOptions, DecimalLens, "a decimal number", {"type": "integer"}),
        LensKind("money", MoneyOptions, MoneyLens, "an amount with its currency", _TEXT),
        LensKind("boolean", BooleanOptions, BooleanLens, "true or false", _TEXT),
        LensKind("date", DateOptions, DateLens, "a day", _TEXT),
        LensKind("datetime", DatetimeOptions, DatetimeLens, "a moment in UTC", _TEXT),
        LensKind("url_domain", UrlDomainOptions, UrlDomainLens, "the domain of a web address"),
        LensKind("e164", E164Options, E164Lens, "a telephone number in international form", _TEXT),
        LensKind("country_code", CountryOptions, CountryCodeLens, "a country as its two-letter code", _TEXT),
        LensKind("split", SplitOptions, SplitLens, "a separated text as a list", _TEXT),
        LensKind("list", ListOptions, ListLens, "a JSON list as a list", _TABLE),
        LensKind("join", JoinOptions, JoinLens, "a JSON list as one text", _TEXT),
        LensKind("link", LinkOptions, LinkLens, "a reference to another record", _TEXT),
    )
}

DEFAULTS: dict[Kind, str] = {
    "text": "text",
    "longtext": "text",
    "choice": "text",
    "int": "int",
    "decimal": "decimal",
    "bool": "boolean",
    "date": "date",
    "datetime": "datetime",
}


class LensFault(ValueError):
    """What stands under `lens` makes no lens; `path` leads to the part that is wrong."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


def make_lens(spec: object) -> Lens:
    """The lens of a spec: a name, {name: options}, or a list of these. Raises LensFault."""
    if not isinstance(spec, list):
        return _make_one(spec)
    if not spec:
        raise LensFault("the list of lenses is empty")
    lenses: list[Lens] = []
    for index, part in enumerate(spec):
        try:
            lenses.append(_make_one(part))
        except LensFault as exc:
            raise LensFault(str(exc), (index, *exc.path)) from exc
    for index, lens in enumerate(lenses[:-1]):
        if "text" not in lens.fills or lens.extra:
            raise LensFault("only a lens from text to text can stand before another one", (index,))
    return lenses[0] if len(lenses) == 1 else ChainLens(tuple(lenses))


def _make_one(spec: object) -> Lens:
    name: object
    given: object
    if isinstance(spec, str):
        name, given = spec, None
    elif isinstance(spec, dict) and len(spec) == 1:
        name, given = next(iter(spec.items()))
    else:
        raise LensFault("a lens is a name, or one name with its options, like {money: CurrencyIsoCode}")
    kind = LENSES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise LensFault(f"there is no lens {name!r}; there are {', '.join(LENSES)}")
    try:
        return kind.make(kind.options.model_validate({} if given is None else given))
    except ValidationError as exc:
        raise LensFault(f"lens {kind.name}: {_explained(exc)}", (kind.name,)) from exc


def _explained(exc: ValidationError) -> str:
    parts = []
    for error in exc.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(step) for step in error["loc"])
        message = error["msg"].removeprefix("Value error, ")
        if error["type"] == "string_type":
            message = "must be a text; put words like yes, no, on and numbers in quotes"
        elif error["type"] == "extra_forbidden":
            message = "is not an option of this lens"
        elif error["type"] == "missing":
            message = "is missing"
        parts.append(f"{place} {message}" if place else message)
    return "; ".join(parts)
