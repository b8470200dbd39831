"""For every lens: the values of its domain and the remote spellings it reads, as hypothesis strategies."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hub.mapping.lenses.countries import COUNTRIES, country_names
from hub.record.values import Money, RemoteRef

_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@dataclass(frozen=True)
class LensCase:
    """`values`: the domain. `sources`: pairs of a remote value and its extra. `exact`: put(get(s)) is s itself."""

    name: str
    spec: object
    values: SearchStrategy
    sources: SearchStrategy
    exact: bool = False


def _alone(strategy: SearchStrategy) -> SearchStrategy:
    return st.tuples(strategy, st.none())


def trimmed(text: str) -> bool:
    return text == text.strip() and "\0" not in text and bool(text)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(trimmed)
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)
REGISTRABLE = st.builds("{}.{}".format, _LABEL, st.sampled_from(["com", "de", "co.uk", "example", "github.io"])).filter(
    lambda host: not host.startswith("www.")
)
URLS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "http://", "HTTPS://", "https://www.", "www.", "//", "https://user:secret@"]),
    REGISTRABLE,
    st.sampled_from(["", ":8443", "."]),
    st.sampled_from(["", "/", "/über?x=1#y", "?q=a@b.com"]),
)
PHONES = st.sampled_from(["+4930123456", "+12025550123", "+390612345678", "+862112345678", "+3247000001"])
DECIMALS = st.decimals(min_value=-(10**14), max_value=10**14, places=6, allow_nan=False)
AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False)


def plain(number: Decimal) -> Decimal:
    """An independent way to the one form of a number."""
    text = f"{number:f}"
    shorter = text.rstrip("0").rstrip(".") if "." in text else text
    return Decimal(0) if shorter in ("-0", "", "0") else Decimal(shorter)


_NUMBERS = st.one_of(
    st.integers(-(10**14), 10**14), DECIMALS, DECIMALS.map(lambda n: f" {n:f} "), st.just(""), st.just(Decimal("1E+3"))
)
_MONEY = st.builds(Money, AMOUNTS.map(plain), st.sampled_from(["EUR", "USD", "JPY"]))
_DATES = st.dates(min_value=datetime(1902, 1, 2).date(), max_value=datetime(2200, 1, 1).date())  # noqa: DTZ001
_MOMENTS = st.datetimes(min_value=datetime(1902, 1, 2), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_MILLIS = _MOMENTS.map(lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000))
_SECONDS = _MOMENTS.map(lambda m: m.replace(microsecond=0))
_MOMENT_SOURCES = st.one_of(
    _MOMENTS.map(lambda m: m.isoformat()),
    _MILLIS.map(lambda m: m.strftime("%Y-%m-%dT%H:%M:%S.000+0000").rjust(28, "0")),
    _SECONDS.map(lambda m: m.replace(tzinfo=None).isoformat()),
    st.integers(-(10**12), 10**13),
    st.integers(0, 10**13).map(str),
)
_TABLE = {"silver": "Silver", "gold": "Gold +", "none": "-"}
_KEYS = st.sampled_from(sorted(_TABLE))
_ITEMS = st.lists(WORDS, max_size=5).map(tuple)
_SOME_ITEMS = st.lists(WORDS, min_size=1, max_size=5).map(tuple)
_REFS = st.builds(RemoteRef, st.from_regex(r"[A-Za-z0-9]{1,30}", fullmatch=True))
_CODES = st.sampled_from(COUNTRIES)
_COUNTRY_SOURCES = st.one_of(
    *(st.sampled_from(sorted(country_names(form).values())) for form in ("alpha2", "alpha3", "name")),
    st.sampled_from(["Deutschland", "U.S.A.", "uk", "ÖSTERREICH", "Côte d’Ivoire", " be "]),
)
_BOOLS = st.booleans()
_SAID = st.sampled_from(["true", "False", "YES", "no", "y", "N", "1", "0", "", True, False, 1, 0, Decimal(1)])

CASES = (
    LensCase("text", "text", TEXTS, _alone(st.one_of(TEXTS, TEXTS.map(lambda t: f" {t}\n"), st.just(" ")))),
    LensCase("text", "text", TEXTS, _alone(TEXTS), exact=True),
    LensCase("text", {"text": {"empty": "keep"}}, st.one_of(TEXTS, st.just("")), _alone(st.just("")), exact=True),
    LensCase("text", {"text": {"lines": "join"}}, WORDS, _alone(st.just("1 Main St\r\n2nd floor,\n"))),
    LensCase("trim", "trim", TEXTS, _alone(TEXTS.map(lambda t: f"\t{t} "))),
    LensCase("case", {"case": {"record": "lower", "remote": "upper"}}, st.from_regex("[a-z]{1,9}", fullmatch=True),
             _alone(st.from_regex("[A-Z]{1,9}", fullmatch=True)), exact=True),
    LensCase(
        "html",
        "html",
        TEXTS,
        _alone(st.builds("<p>{}<BR/>&lt;{}&amp;</p><!-- {} -->".format, WORDS, TEXTS, WORDS)),
    ),
    LensCase("email", "email", st.emails().map(str.lower).filter(lambda e: '"' not in e),
             _alone(st.sampled_from(["Ann@Acme.COM", " bob@x.example "]))),
    LensCase("values", {"values": _TABLE}, _KEYS, _alone(_KEYS.map(_TABLE.__getitem__)), exact=True),
    LensCase("values", {"values": {"map": _TABLE, "also": {"more": next(iter(_TABLE))}}}, _KEYS,
             _alone(_KEYS.map(_TABLE.__getitem__)), exact=True),
    LensCase("values", {"values": {"map": _TABLE, "unknown": "keep"}},
             st.one_of(_KEYS, TEXTS).filter(lambda v: v not in _TABLE.values()),
             _alone(st.one_of(TEXTS, st.just("Silver")).filter(lambda s: s not in _TABLE)), exact=True),
    LensCase("constant", {"constant": {"value": "Partner"}}, st.just("Partner"), _alone(st.just("Partner")),
             exact=True),
    LensCase("int", "int", st.integers(-(10**14), 10**14), _alone(st.one_of(_NUMBERS.filter(
        lambda n: isinstance(n, int)), st.sampled_from([Decimal("12.0"), "7", "-0"])))),
    LensCase("int", {"int": {"as": "text"}}, st.integers(-(10**14), 10**14), _alone(st.integers(0, 99).map(str)),
             exact=True),
    LensCase("decimal", "decimal", DECIMALS.map(plain), _alone(_NUMBERS)),
    LensCase("decimal", {"decimal": {"scale": 2, "as": "text"}}, AMOUNTS.map(plain), _alone(_NUMBERS)),
    LensCase("money", {"money": "Currency"}, _MONEY, st.tuples(_NUMBERS, st.sampled_from(["EUR", "usd", " JPY "]))),
    LensCase("money", {"money": {"currency": "Currency", "as": "text", "default": "EUR"}}, _MONEY,
             st.tuples(_NUMBERS, st.sampled_from(["", None, "CHF"]))),
    LensCase("money", {"money": {"code": "EUR"}}, AMOUNTS.map(lambda n: Money(plain(n), "EUR")), _alone(_NUMBERS)),
    LensCase("boolean", "boolean", _BOOLS, _alone(_SAID)),
    LensCase("boolean", {"boolean": "yes_no"}, _BOOLS, _alone(_SAID)),
    LensCase("boolean", {"boolean": {"words": ["Ja", "Nein"]}}, _BOOLS, _alone(st.sampled_from(["JA", "nein"]))),
    LensCase("boolean", {"boolean": "number"}, _BOOLS, _alone(st.sampled_from([0, 1])), exact=True),
    LensCase("date", "date", _DATES, _alone(_DATES.map(lambda d: d.isoformat())), exact=True),
    LensCase("date", {"date": {"format": "datetime", "zone": "America/Sao_Paulo"}}, _DATES, _alone(_MOMENT_SOURCES)),
    LensCase("date", {"date": {"format": "epoch_ms", "zone": "Asia/Beirut"}}, _DATES, _alone(_MOMENT_SOURCES)),
    LensCase("datetime", "datetime", _MILLIS, _alone(_MOMENT_SOURCES)),
    LensCase("datetime", {"datetime": {"format": "salesforce", "precision": "s"}}, _SECONDS, _alone(_MOMENT_SOURCES)),
    LensCase("datetime", {"datetime": {"format": "epoch_ms", "zone": "Europe/Berlin"}}, _MILLIS,
             _alone(_MOMENT_SOURCES)),
    LensCase("url_domain", "url_domain", REGISTRABLE, _alone(URLS)),
    LensCase("url_domain", {"url_domain": {"as": "url"}}, REGISTRABLE, _alone(URLS)),
    LensCase("e164", "e164", PHONES, _alone(PHONES.map(lambda p: f"{p[:3]} ({p[3:6]}) {p[6:]}"))),
    LensCase("e164", {"e164": {"region": "DE", "region_field": "Country"}}, PHONES,
             st.tuples(st.sampled_from(["030 123456", "(202) 555-0123", "0032 2 555 12 12"]),
                       st.sampled_from(["DE", "Germany", "", None]))),
    LensCase("country_code", "country_code", _CODES, _alone(_COUNTRY_SOURCES)),
    LensCase("country_code", {"country_code": "alpha3"}, _CODES, _alone(_COUNTRY_SOURCES)),
    LensCase("country_code", {"country_code": "name"}, _CODES, _alone(_COUNTRY_SOURCES)),
    LensCase("split", {"split": ";"}, _SOME_ITEMS, _alone(st.lists(WORDS).map("; ".join))),
    LensCase("split", {"split": {"values": _TABLE}}, st.lists(_KEYS, min_size=1).map(tuple),
             _alone(st.just("Gold +;Silver")), exact=True),
    LensCase("list", "list", _ITEMS, _alone(st.lists(WORDS)), exact=True),
    LensCase("list", {"list": _TABLE}, st.lists(_KEYS).map(tuple), _alone(st.just(["-", " Silver "]))),
    LensCase("join", "join", _SOME_ITEMS.map(", ".join), _alone(st.lists(WORDS, min_size=1)), exact=True),
    LensCase("link", {"link": "partner"}, _REFS, _alone(st.one_of(st.integers(1, 99), st.just({"id": "7"})))),
    LensCase("link", {"link": {"to": "partner", "list": True}}, _REFS, _alone(st.sampled_from([[], ["7"], [7, "7"]]))),
    LensCase("link", {"link": {"to": "partner", "list": True, "many": "first"}}, _REFS, _alone(st.just(["7", "8"]))),
    LensCase("values", [{"case": {"record": "lower"}}, {"values": {"a": "alpha", "b": "beta"}}],
             st.sampled_from(["a", "b"]), _alone(st.sampled_from(["Alpha", "BETA"]))),
)  # fmt: skip
