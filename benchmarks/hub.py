"""The hub as a contender: its whole inbound path, from the source's pages to records, links, shadows and changes."""

from collections.abc import Sequence
from pathlib import Path

import httpx
import uvloop
from psycopg.errors import UniqueViolation

from benchmarks.measure import Result, Stopwatch, peak_rss_mb
from hub.db import connections, migrate
from hub.db.session import Database
from hub.garbage import collect_rarely
from hub.mapping.load import load_mapping
from hub.mapping.model import Mapping
from hub.record import customised
from hub.record.definition import Field
from hub.sdk.capabilities import Capabilities, ObjectCapabilities
from hub.sdk.http import RemoteHttp, decode_json, open_http
from hub.sdk.records import Page, ReadQuery, ReadResult, RemoteRecord
from hub.services.objects import OpenConnection
from hub.services.pulling import pull_object

TOTALS = "SELECT count(*), sum(annual_revenue) FROM organization"
_CUSTOM = (
    Field("kind", "choice", "Kind of partner.", choices=("reseller", "distributor", "technology")),
    Field("credit_limit", "decimal", "Credit limit in the account's currency."),
    Field("contract_start", "date", "First day of the contract."),
    Field("active", "bool", "Whether the account is in use."),
    Field("specializations", "choices", "Skills.", choices=("cloud", "security", "data", "networking")),
    Field("created_at", "datetime", "When the account was made."),
    Field("currency", "text", "Currency of the account."),
)


class SourceConnector:
    """A connector of the benchmark's source: follows its pages, as a reader of Salesforce queries does."""

    capabilities = Capabilities(default=ObjectCapabilities(writable=False))

    def __init__(self, url: str, http: RemoteHttp) -> None:
        self._url, self._http = httpx.URL(f"{url}/query"), http

    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:  # noqa: ARG002 - one object only
        answer = await self._http.request("GET", str(self._url.join(cursor)) if cursor else str(self._url))
        body = decode_json(answer.content)
        records = [RemoteRecord(row["Id"], row, version=row["SystemModstamp"]) for row in body["records"]]
        return Page(records=records, cursor=body.get("nextRecordsUrl", ""), done=body["done"])

    async def read_many(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        raise NotImplementedError("The benchmark's source has no read by id, and nothing asks for one.")


def mapping() -> Mapping:
    """The benchmark's mapping, compiled."""
    return load_mapping(
        Path(__file__).with_name("account.yaml"), record_types=customised({"partner": _CUSTOM}), system="source"
    )


def load(source_url: str, database_url: str, count: int) -> Result:
    """Read everything from the first record on, into an empty hub or over what an earlier run left."""
    return uvloop.run(_load(source_url, database_url, count))


async def _load(source_url: str, database_url: str, count: int) -> Result:
    migrate.upgrade(database_url)
    compiled = mapping()
    async with Database(database_url) as db:
        http = open_http(allow_private=True)
        connector = SourceConnector(source_url, http)
        connection = OpenConnection(
            id=await _connection(db),
            name="source",
            system="source",
            account_id="source",
            connector=connector,
            mappings={compiled.object: compiled},
        )
        collect_rarely()
        with Stopwatch() as watch:
            counts = await pull_object(db, connection.objects[0], owner="benchmark", full=True)
        await http.close()
    assert counts["read"] == count, counts
    return watch.result(records=count)


async def _connection(db: Database) -> int:
    try:
        async with db.transaction() as tx:
            stored = await connections.add(
                tx, name="source", system="source", account_id=None, settings=b"-", options={}
            )
    except UniqueViolation:
        async with db.transaction() as tx:
            found = await connections.by_name(tx, "source")
        assert found is not None
        return found.id
    return stored.id


def map_all(source_url: str, database_url: str, count: int) -> Result:  # noqa: ARG001 - a contender's signature
    """Map all records with the compiled mapping; reading and decoding the pages is not measured."""
    from benchmarks.pages import read_pages

    get = mapping().get
    collect_rarely()
    seconds, mapped = 0.0, 0
    for body in read_pages(source_url):
        records = decode_json(body)["records"]
        with Stopwatch() as watch:
            for record in records:
                get(record)
        seconds += watch.seconds
        mapped += len(records)
    return Result(seconds=seconds, records=mapped, peak_rss_mb=peak_rss_mb())
