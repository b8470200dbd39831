"""Field policies: who wins in a field, decided once by a person for all conflicts to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import DictRow

from hub.db.session import Tx

PolicyName = Literal["system_of_record", "prefer_hub", "prefer_remote"]


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """One decision that is in force. `system_of_record` makes the connection the field's owner among all systems."""

    id: int
    connection_id: int
    connection: str
    object: str
    record_type: str
    field: str
    policy: PolicyName
    decided_by: str
    decided_at: datetime
    from_conflict: int | None

    @property
    def sentence(self) -> str:
        """The provenance shown to people, in place of the mapping's rule."""
        since = f", from conflict {self.from_conflict}" if self.from_conflict else ""
        return f"policy {self.id} {self.policy} of {self.connection}, decided by {self.decided_by}{since}"


_COLUMNS = (
    "p.id, p.connection_id, c.name as connection, p.object, p.record_type, p.field, p.policy, p.decided_by,"
    " p.decided_at, p.from_conflict"
)
_FROM = "from field_policy p join connection c on c.id = p.connection_id and c.state <> 'retired'"


async def in_force(tx: Tx, *, connection_id: int | None = None) -> list[FieldPolicy]:
    """All that nobody has revoked, or those of one connection, in the order in which they were decided."""
    rows = await tx.all(
        f"select {_COLUMNS} {_FROM} where p.revoked_at is null and (%s::int is null or p.connection_id = %s)"
        " order by p.id",
        connection_id,
        connection_id,
    )
    return [FieldPolicy(**row) for row in rows]


async def add(
    tx: Tx,
    *,
    connection_id: int,
    object_name: str,
    record_type: str,
    field: str,
    policy: PolicyName,
    by: str,
    from_conflict: int | None,
) -> FieldPolicy:
    """Put a decision in force; the one before it for the same field is revoked by it."""
    await tx.run(
        "update field_policy set revoked_by = %s, revoked_at = now()"
        " where connection_id = %s and object = %s and field = %s and revoked_at is null",
        by,
        connection_id,
        object_name,
        field,
    )
    row = await tx.one(
        "insert into field_policy (connection_id, object, record_type, field, policy, decided_by, from_conflict)"
        " values (%s, %s, %s, %s, %s, %s, %s) returning id",
        connection_id,
        object_name,
        record_type,
        field,
        policy,
        by,
        from_conflict,
    )
    assert row is not None
    found = await by_id(tx, row["id"])
    assert found is not None
    return FieldPolicy(**{name: found[name] for name in FieldPolicy.__dataclass_fields__})


async def by_id(tx: Tx, policy_id: int) -> DictRow | None:
    """Also revoked ones: see `revoked_by`."""
    return await tx.one(f"select {_COLUMNS}, p.revoked_by {_FROM} where p.id = %s", policy_id)


async def revoke(tx: Tx, policy_id: int, *, by: str) -> bool:
    return bool(
        await tx.run(
            "update field_policy set revoked_by = %s, revoked_at = now() where id = %s and revoked_at is null",
            by,
            policy_id,
        )
    )


async def conflicts_decided(tx: Tx, *, connection_id: int) -> list[tuple[str, str]]:
    """(object, remote id) of open conflicts of a connection in fields for which a policy is in force.

    They were found by who had not heard of it yet; those whose decision was undone are somebody's own exception.
    What is beyond a limit is decided by no policy.
    """
    rows = await tx.tuples(
        """
        select distinct x.object, x.remote_id from conflict x
        where x.connection_id = %s and x.state = 'open' and x.undone is null
            and x.rule not like 'limit:%%' and exists (
            select from field_policy p where p.revoked_at is null and p.field = x.field and (
                (p.connection_id = x.connection_id and p.object = x.object)
                or (p.connection_id <> x.connection_id and p.policy = 'system_of_record')))
        """,
        connection_id,
    )
    return [(row[0], row[1]) for row in rows]
