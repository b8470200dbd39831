"""The made-up CRM accounts that every contender loads: 20 fields each, the same bytes on every machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from stdnum.iso7064 import mod_11_10

Revision = Literal["initial", "one_percent"]

PAGE_SIZE = 2000
CHANGED_EVERY = 100
RAISE = Decimal("1000.00")

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "gr", "kr", "tr", "st")
_SYLLABLES = [onset + vowel for onset in _ONSETS for vowel in "aeiou"]
_SECTORS = ("Systems", "Networks", "Cloud", "Consulting", "Security", "Data", "Automation")
_LEGAL = ("BV", "GmbH", "Inc.", "SA", "Ltd")
_COUNTRIES = ("BE", "DE", "US", "BE", "FR")
_CITIES = ("Gent", "Köln", "Austin", "Liège", "Lyon", "Zürich")
_TYPES = ("Reseller", "Distributor", "Technology Partner")
_TIERS = ("Bronze", "Silver", "Gold", "Platinum")
_INDUSTRIES = ("Banking", "Energy", "Retail", "Healthcare", "Government")
_CURRENCIES = ("EUR", "USD", "CHF")
_SPECIALIZATIONS = ("Cloud", "Cloud;Security", "Data;Networking;Security", "Networking")
_FIRST_DAY = date(2015, 1, 1)
_FIRST_STAMP = datetime(2025, 1, 1, tzinfo=UTC)
_CHANGED_STAMP = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Expected:
    """What a contender's table must hold after a load, to the cent."""

    records: int
    annual_revenue: Decimal


def expected(*, count: int, revision: Revision) -> Expected:
    """The totals of `count` records at `revision`."""
    revenue = sum((_revenue(index, revision) for index in range(count)), Decimal(0))
    return Expected(records=count, annual_revenue=revenue)


def encode_records(*, count: int, revision: Revision) -> Iterator[bytes]:
    """JSON of each record in the order of (SystemModstamp, Id): changed ones come last, as in a keyset read."""
    for index in range(count):
        if not _is_changed(index, revision):
            yield _encode(index, revision)
    for index in range(count):
        if _is_changed(index, revision):
            yield _encode(index, revision)


def _is_changed(index: int, revision: Revision) -> bool:
    return revision == "one_percent" and index % CHANGED_EVERY == 0


def _revenue(index: int, revision: Revision) -> Decimal:
    revenue = Decimal(index * 7919 % 900_000_000 + 10_000_000).scaleb(-2)
    return revenue + RAISE if _is_changed(index, revision) else revenue


def _encode(index: int, revision: Revision) -> bytes:
    base = _name(index)
    country = _pick(_COUNTRIES, index)
    stamp = (_CHANGED_STAMP if _is_changed(index, revision) else _FIRST_STAMP) + timedelta(seconds=index // 3)
    record_id = f"001Pb0000{index:09d}"
    return (
        f'{{"attributes":{{"type":"Account","url":"/services/data/v67.0/sobjects/Account/{record_id}"}}'
        f',"Id":"{record_id}","Name":"{base.title()} {_pick(_SECTORS, index)} {_pick(_LEGAL, index)}"'
        f',"Website":"https://www.{base}.com/about","Phone":"+3247{index:07d}"'
        f',"BillingCountryCode":"{country}","BillingCity":"{_pick(_CITIES, index)}"'
        f',"BillingPostalCode":"{1000 + index % 9000}","Vat_Number__c":{_vat_number(index, country)}'
        f',"Type":"{_pick(_TYPES, index)}","Partner_Tier__c":"{_pick(_TIERS, index)}"'
        f',"Industry":"{_pick(_INDUSTRIES, index)}","AnnualRevenue":{_revenue(index, revision)}'
        f',"Credit_Limit__c":{"null" if index % 7 == 0 else f"{index % 100_000}.50"}'
        f',"CurrencyIsoCode":"{_pick(_CURRENCIES, index)}","NumberOfEmployees":{index % 5000 + 1}'
        f',"Contract_Start__c":"{_FIRST_DAY + timedelta(days=index % 4000)}"'
        f',"Active__c":{"false" if index % 11 == 0 else "true"}'
        f',"Specializations__c":"{_pick(_SPECIALIZATIONS, index)}"'
        f',"CreatedDate":"2019-03-{index % 28 + 1:02d}T08:{index % 60:02d}:00.000+0000"'
        f',"SystemModstamp":"{stamp:%Y-%m-%dT%H:%M:%S}.000+0000"}}'
    ).encode()


def _name(index: int) -> str:
    # Three coprime cycles: no name repeats below 97 * 83 * 89 * 2 = 1.4 million records.
    first, second, third = _SYLLABLES[index % 97], _SYLLABLES[index % 83], _SYLLABLES[index % 89]
    return f"{first}{second}{third}{'x' if index % 2 else 'n'}"


def _vat_number(index: int, country: str) -> str:
    if country == "BE":
        return f'"BE{index:08d}{97 - index % 97:02d}"'
    if country == "DE":
        number = str(index + 10_000_000)
        return f'"DE{number}{mod_11_10.calc_check_digit(number)}"'
    return "null"


def _pick(values: tuple[str, ...], index: int) -> str:
    return values[index % len(values)]
