"""Statements are planned once a connection: what was planned for empty tables must stay fast when they fill."""

from uuid import UUID

from hub.db import deal_rivals
from hub.db.questions import ask
from hub.db.session import Database, Tx
from hub.domain.deals.states import Status
from tests.integration.deals.conftest import Office

_MANY = 2_000


async def _fill(tx: Tx, partner: UUID) -> None:
    """Approved registrations, each with a key of its own."""
    await tx.run(
        "with deal as (insert into deal_registration (id, name, partner, review_status)"
        " select gen_random_uuid(), 'deal ' || n, %s, 'approved' from generate_series(1, %s) n returning id, name)"
        " insert into deal_claim (registration_id, keys, product_lines)"
        " select id, array['n:' || name, 'n:all'], '{}' from deal",
        partner,
        _MANY,
    )


async def _rows_read(tx: Tx) -> int:
    """Of registrations, by this transaction so far."""
    [row] = await tx.tuples(
        "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables"
        " where relname = 'deal_registration'"
    )
    return int(row[0])


async def _asked(tx: Tx, key: str) -> tuple[int, int]:
    """Who shares the key, what is beside the first of them, and how many registrations were read for both."""
    await tx.look_up_by_index(planned_once=True)
    before = await _rows_read(tx)
    nobody = UUID(int=0)
    [sharing] = await ask(tx, deal_rivals.sharing(keys={nobody: [key]}, statuses=[Status.APPROVED], most=3))
    found = sharing.get(nobody, [])
    [beside] = await ask(tx, deal_rivals.beside(found[:1]))
    assert [row.partner_name for row in beside.values()] == ["Alba"][: len(found)]
    return len(found), await _rows_read(tx) - before


async def test_rivals_are_found_by_their_keys_though_there_were_none_at_first(office: Office) -> None:
    partner = await office.partner("Alba")
    async with Database(office.db.url, max_size=1) as db:
        async with db.transaction() as tx:
            await tx.run("analyze")
        for _ in range(2):
            async with db.transaction() as tx:
                assert await _asked(tx, "n:deal 7") == (0, 0)
        async with db.transaction() as tx:
            await _fill(tx, partner)
        async with db.transaction() as tx:
            found, read = await _asked(tx, "n:deal 7")
            assert found == 1
            assert read < 10
            assert (await _asked(tx, "n:all"))[0] == 4
