"""Which pages of a pull go into one commit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from hub.db import connections, cursors
from hub.db.session import Database
from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.sdk.capabilities import Capabilities, ObjectCapabilities
from hub.sdk.errors import Unavailable
from hub.sdk.records import Page, ReadQuery, ReadResult, RemoteRecord
from hub.services import paging, pulling, sieving
from hub.services.counts import Counts
from hub.services.objects import ObjectSync, OpenConnection

_MAPPING = """
version: 1
object: accounts
record: partner
create: false
fields:
  legal_name: {remote: name, required: true}
"""


class _Source:
    """Three pages of two accounts each, from the cursor on; those named in `pages` may be others or errors."""

    capabilities = Capabilities(default=ObjectCapabilities(writable=False))

    def __init__(self) -> None:
        self.pages: dict[int, list[str] | Exception] = {n: [f"{n}a", f"{n}b"] for n in range(3)}
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:
        number = int(cursor or 0)
        if number:
            await self.may_answer.wait()
        names = self.pages[number]
        if isinstance(names, Exception):
            raise names
        records = [RemoteRecord(name, {"name": f"Account {name}"}) for name in names]
        return Page(records=records, cursor=str(number + 1), done=number == 2)

    async def read_many(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        raise NotImplementedError


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


@pytest.fixture
async def sync(db: Database, tmp_path: Path) -> ObjectSync:
    file = tmp_path / "accounts.yaml"
    file.write_text(_MAPPING)
    async with db.transaction() as tx:
        stored = await connections.add(tx, name="crm", system="crm", account_id=None, settings=b"-", options={})
    mapping = load_mapping(file, record_types=RECORD_TYPES, system="crm")
    opened = OpenConnection(
        id=stored.id, name="crm", system="crm", account_id="a", connector=_Source(), mappings={"accounts": mapping}
    )
    return opened.objects[0]


@pytest.fixture
def fast_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is there before the one before it has been stored."""
    apply_page = sieving.apply_page

    async def slowly(*args: object, **named: object) -> object:
        applied = await apply_page(*args, **named)  # type: ignore[arg-type]
        ahead = [t for t in asyncio.all_tasks() if "Pull._read" in repr(t.get_coro())]
        if ahead:
            await asyncio.wait(ahead)
        return applied

    monkeypatch.setattr(paging, "apply_page", slowly)


def _source(sync: ObjectSync) -> _Source:
    assert isinstance(sync.connection.connector, _Source)
    return sync.connection.connector


async def _commits(db: Database) -> list[int]:
    """How many new records each commit of the log holds."""
    async with db.transaction() as tx:
        rows = await tx.tuples("select count(*) from change where op = 'create' group by xid order by xid")
    return [row[0] for row in rows]


@pytest.mark.usefixtures("fast_source")
async def test_pages_of_new_records_that_are_there_already_share_a_commit(db: Database, sync: ObjectSync) -> None:
    counts = await pulling.pull_object(db, sync, owner="test")

    assert await _commits(db) == [6]
    assert counts == {"read": 6, "created": 6}


@pytest.mark.usefixtures("fast_source")
async def test_after_a_page_with_a_known_record_the_next_is_a_commit_of_its_own(db: Database, sync: ObjectSync) -> None:
    _source(sync).pages[1] = ["0a", "1b"]

    await pulling.pull_object(db, sync, owner="test")

    assert await _commits(db) == [3, 2]


async def test_a_page_is_committed_before_a_slow_source_brings_the_next(db: Database, sync: ObjectSync) -> None:
    source = _source(sync)
    source.may_answer.clear()
    told: list[int] = []

    async def progress(counts: Counts) -> None:
        told.append(counts["created"])
        source.may_answer.set()

    await pulling.pull_object(db, sync, owner="test", progress=progress)

    assert told[0] == 2
    assert sum(told) == 6


@pytest.mark.usefixtures("fast_source")
async def test_what_came_before_a_failed_read_stays_with_its_cursor(db: Database, sync: ObjectSync) -> None:
    _source(sync).pages[2] = Unavailable("The CRM is down.")

    with pytest.raises(Unavailable):
        await pulling.pull_object(db, sync, owner="test")

    async with db.transaction() as tx:
        cursor = await cursors.load(tx, connection_id=sync.connection.id, object_name="accounts", direction="inbound")
    assert cursor == "2"
    assert await _commits(db) == [4]
