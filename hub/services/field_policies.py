"""Always so for this field: a decision becomes the policy, is listed, and can be revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.db import audit, conflicts, connections, field_policies, links, rereads
from hub.db.field_policies import FieldPolicy, PolicyName
from hub.db.findings import WHOLE_RECORD
from hub.db.session import Tx
from hub.services.deciding import Choice
from hub.services.objects import OpenConnection
from hub.services.refusals import NotFound, NotNow, invalid


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A field policy in force: for one object of a connection, by whom, when, and from which conflict."""

    id: int
    connection: str
    object: str
    record_type: str
    field: str
    policy: PolicyName
    decided_by: str
    decided_at: datetime
    from_conflict: int | None


async def list_policies(tx: Tx, *, connection_id: int | None = None) -> list[PolicyView]:
    """All that are in force, the oldest first."""
    return [_view(policy) for policy in await field_policies.in_force(tx, connection_id=connection_id)]


async def adopt_policy(
    tx: Tx, *, conflict_id: int, choice: Choice, policy: PolicyName | None, actor: str
) -> FieldPolicy:
    """Let the decision of this conflict stand for its field from now on.

    `ours` becomes prefer_hub; `theirs` prefer_remote, or system_of_record where `policy` says so: then the connection
    owns the field among all systems. Raises NotFound, Invalid.
    """
    chosen = _chosen(choice, policy)
    rows = await conflicts.load(tx, [conflict_id])
    if not rows:
        raise NotFound(f"There is no conflict {conflict_id}.")
    if rows[0]["field"] == WHOLE_RECORD:
        raise invalid("always", "is for fields; what a deletion does is said by on_delete in the mapping")
    added = await field_policies.add(
        tx,
        connection_id=rows[0]["connection_id"],
        object_name=rows[0]["object"],
        record_type=rows[0]["record_type"],
        field=rows[0]["field"],
        policy=chosen,
        by=actor,
        from_conflict=conflict_id,
    )
    await _audit(tx, "field_policy_adopted", added, actor)
    if chosen == "system_of_record":
        for other in await connections.all_of(tx):
            if other.id != added.connection_id:
                await _look_again(tx, other.id)
    return added


async def revoke_policy(tx: Tx, *, policy_id: int, actor: str) -> PolicyView:
    """From now on the mapping's policy decides again; what was decided stays. Raises NotFound, NotNow."""
    row = await field_policies.by_id(tx, policy_id)
    if row is None:
        raise NotFound(f"There is no field policy {policy_id}.")
    if not await field_policies.revoke(tx, policy_id, by=actor):
        raise NotNow(f"Field policy {policy_id} was revoked by {row['revoked_by']} already.")
    policy = FieldPolicy(**{name: row[name] for name in FieldPolicy.__dataclass_fields__})
    await _audit(tx, "field_policy_revoked", policy, actor)
    return _view(policy)


async def settle_by_policy(tx: Tx, connection: OpenConnection) -> None:
    """Conflicts that were found before this process knew of a policy are merged again, by it."""
    if connection.policies:
        await _look_again(tx, connection.id)


async def _look_again(tx: Tx, connection_id: int) -> None:
    keys = await field_policies.conflicts_decided(tx, connection_id=connection_id)
    if keys:
        await links.forget_hashes(tx, connection_id=connection_id, keys=keys)
        await rereads.ask(tx, connection_id=connection_id, keys=keys, reason="a policy was decided for its conflict")


def _chosen(choice: Choice, policy: PolicyName | None) -> PolicyName:
    allowed: dict[Choice, tuple[PolicyName, ...]] = {
        "ours": ("prefer_hub",),
        "theirs": ("prefer_remote", "system_of_record"),
        "value": (),
    }
    if not allowed[choice]:
        raise invalid("always", "needs ours or theirs: a value of your own is no rule for other records")
    if policy is not None and policy not in allowed[choice]:
        raise invalid("policy", f"for {choice} must be {' or '.join(allowed[choice])}")
    return policy or allowed[choice][0]


async def _audit(tx: Tx, action: str, policy: FieldPolicy, actor: str) -> None:
    detail = {"policy": policy.id, "is": policy.policy, "field": policy.field, "conflict": policy.from_conflict}
    await audit.note(tx, actor=actor, action=action, subject=f"{policy.connection} {policy.object}", detail=detail)


def _view(policy: FieldPolicy) -> PolicyView:
    return PolicyView(**{name: getattr(policy, name) for name in PolicyView.__dataclass_fields__})


__all__ = ["PolicyName", "PolicyView", "adopt_policy", "list_policies", "revoke_policy", "settle_by_policy"]
