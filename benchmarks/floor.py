"""The floor: what one would write by hand to load exactly this source into exactly one table, and nothing more.

httpx fetches a page while the page before it goes by binary COPY into a temporary table and from there by
INSERT ... ON CONFLICT into 20 typed columns, one transaction a page. An unchanged row is not written again.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import astuple

from benchmarks.measure import Result, Stopwatch
from benchmarks.pages import read_pages

# Column of the table, its PostgreSQL type, the vendor's field and its Python type.
_COLUMNS: list[tuple[str, str, str, type]] = [
    ("id", "text", "Id", str),
    ("legal_name", "text", "Name", str),
    ("website", "text", "Website", str),
    ("phone", "text", "Phone", str),
    ("country", "text", "BillingCountryCode", str),
    ("city", "text", "BillingCity", str),
    ("postal_code", "text", "BillingPostalCode", str),
    ("vat_number", "text", "Vat_Number__c", str),
    ("role", "text", "Type", str),
    ("tier", "text", "Partner_Tier__c", str),
    ("industry", "text", "Industry", str),
    ("annual_revenue", "numeric", "AnnualRevenue", Decimal),
    ("credit_limit", "numeric", "Credit_Limit__c", Decimal),
    ("currency", "text", "CurrencyIsoCode", str),
    ("employees", "int4", "NumberOfEmployees", int),
    ("contract_start", "date", "Contract_Start__c", date),
    ("active", "bool", "Active__c", bool),
    ("specializations", "text", "Specializations__c", str),
    ("created_at", "timestamptz", "CreatedDate", datetime),
    ("modified_at", "timestamptz", "SystemModstamp", datetime),
]
_NAMES = [name for name, *_ in _COLUMNS]
_TYPES = [kind for _, kind, *_ in _COLUMNS]

_TABLE = f"CREATE TABLE IF NOT EXISTS account ({', '.join(f'{n} {t}' for n, t, *_ in _COLUMNS)}, PRIMARY KEY (id))"
_STAGE = "CREATE TEMP TABLE stage (LIKE account) ON COMMIT DELETE ROWS"
_COPY = "COPY stage FROM STDIN (FORMAT binary)"
_MERGE = f"""
    INSERT INTO account SELECT * FROM stage
    ON CONFLICT (id) DO UPDATE SET ({", ".join(_NAMES[1:])}) = ({", ".join(f"excluded.{n}" for n in _NAMES[1:])})
    WHERE ({", ".join(f"account.{n}" for n in _NAMES)}) IS DISTINCT FROM ({", ".join(f"excluded.{n}" for n in _NAMES)})
"""

_Record = msgspec.defstruct("_Record", [(remote, kind | None) for *_, remote, kind in _COLUMNS])


class _Page(Struct):
    records: list[_Record]  # type: ignore[valid-type]


_decode = msgspec.json.Decoder(_Page).decode


def load(source_url: str, database_url: str, count: int) -> Result:  # noqa: ARG001 - the signature of a contender
    """Bring the table to the state of the source."""
    loaded = 0
    with Stopwatch() as watch, psycopg.connect(database_url) as connection, ThreadPoolExecutor(1) as ahead:
        connection.execute(_TABLE)
        connection.execute(_STAGE)
        pages = map(_decode, read_pages(source_url))
        following = ahead.submit(next, pages, None)
        while (page := following.result()) is not None:
            following = ahead.submit(next, pages, None)
            _save(connection, page.records)
            loaded += len(page.records)
    return watch.result(records=loaded)


def _save(connection: psycopg.Connection, records: list[Struct]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for record in records:
                copy.write_row(astuple(record))
        cursor.execute(_MERGE)
    connection.commit()
