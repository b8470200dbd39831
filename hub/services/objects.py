"""One object of one open connection, ready to be synced: its mapping, its merge rules, its capabilities."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import Literal

from hub.db.changes import Origin
from hub.db.field_policies import FieldPolicy
from hub.domain.guards import Guards
from hub.domain.limits import limit_of
from hub.domain.matching import Weights, default_weights
from hub.domain.merge import FieldMerge
from hub.domain.plan import DIRECTIONS, Direction
from hub.mapping.drift import Finding
from hub.mapping.fitting import Fitted
from hub.mapping.model import Mapping
from hub.record import RECORD_TYPES
from hub.record.definition import RecordType
from hub.sdk.capabilities import Capabilities, ObjectCapabilities
from hub.sdk.connector import OpenConnector
from hub.services.guards.policy import default_guards
from hub.services.refusals import invalid

Registrations = Literal["judge", "take_over", "leave"]

GRACE = timedelta(minutes=10)
DESCRIBE_EVERY = timedelta(minutes=15)
SCAN_EVERY = timedelta(days=1)


@dataclass(frozen=True)
class OpenConnection:
    """A connection with its open connector and its mappings by object, parents first.

    `grace`: how long a deletion there waits before the hub's record follows it. `drift`: by object, where the system's
    fields do not fit the mapping now (see `hub.services.fitting`); it is asked for them once in `describe_every`.
    `scan_every`: how often objects whose deletions only a full read shows are read in full.
    """

    id: int
    name: str
    system: str
    account_id: str
    connector: OpenConnector
    mappings: MappingOf[str, Mapping]
    # What people decided once and for all, of every connection (`field_policies.in_force`).
    policies: Sequence[FieldPolicy] = ()
    grace: timedelta = GRACE
    drift: MappingOf[str, tuple[Finding, ...]] = field(default_factory=dict)
    describe_every: timedelta = DESCRIBE_EVERY
    scan_every: timedelta = SCAN_EVERY
    # Where ordinary syncs may make new records: in the hub ("in"), in the system ("out"). A plan says so item by item.
    creates: frozenset[Direction] = frozenset(DIRECTIONS)
    # What a run may do unasked.
    guards: Guards = field(default_factory=default_guards)
    # What becomes of deal registrations that this connection brings (see `hub.services.deals.announcing`).
    registrations: Registrations = "judge"
    # What evidence weighs when a record is matched by score.
    weights: Weights = field(default_factory=default_weights)

    @cached_property
    def objects(self) -> tuple[ObjectSync, ...]:
        """Every mapped object in dependency order: what others refer to comes first."""
        return tuple(
            ObjectSync(connection=self, fitted=Fitted(mapping, self.drift.get(mapping.object, ())))
            for mapping in in_dependency_order(self.mappings)
        )

    def with_drift(self, drift: MappingOf[str, tuple[Finding, ...]]) -> OpenConnection:
        """The same connection, held to these findings."""
        return self if drift == self.drift else replace(self, drift=drift)

    def creating(self) -> OpenConnection:
        """The same, for work that a person has allowed record by record."""
        return replace(self, creates=frozenset(DIRECTIONS))

    def object(self, name: str) -> ObjectSync:
        return next(o for o in self.objects if o.name == name)

    def objects_of(self, record_type: str) -> tuple[str, ...]:
        """Objects whose records are of this type, or of one that extends it."""
        return tuple(o.name for o in self.objects if record_type in o.type_names)


@dataclass(frozen=True)
class ObjectSync:
    """One object of an open connection."""

    connection: OpenConnection
    fitted: Fitted

    @cached_property
    def mapping(self) -> Mapping:
        """The mapping as far as it fits what the system has now."""
        return self.fitted.mapping

    @property
    def name(self) -> str:
        return self.fitted.whole.object

    @property
    def remote_object(self) -> str:
        """What the system calls it."""
        return self.fitted.whole.remote_object

    @property
    def record_type(self) -> RecordType:
        return self.mapping.record

    @property
    def capabilities(self) -> ObjectCapabilities:
        declared: Capabilities = self.connection.connector.capabilities
        return declared.of(self.remote_object)

    @cached_property
    def type_names(self) -> frozenset[str]:
        return frozenset(t.name for t in self.record_type.lineage)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Fields without which a record of this type cannot be made of a remote one."""
        if not self.mapping.admit:
            return ()
        return tuple(name for name, field in self.record_type.fields.items() if field.required)

    @cached_property
    def merge_rules(self) -> dict[str, FieldMerge]:
        rules = {name: _merge_rule(self.mapping, name, self.connection) for name in self.mapping.inbound}
        return {name: self._limited(name, self._decided(name, rule)) for name, rule in rules.items()}

    def _limited(self, name: str, rule: FieldMerge) -> FieldMerge:
        limit = limit_of(self.connection.guards.limits, [t.name for t in self.record_type.lineage], name)
        return replace(rule, limit=limit) if limit else rule

    def _decided(self, name: str, rule: FieldMerge) -> FieldMerge:
        """The rule as a person's policy overrides it."""
        policy = policy_for(self.connection.policies, self.connection.id, self.mapping, name)
        if policy is None:
            return rule
        owner = policy.connection_id == self.connection.id if policy.policy == "system_of_record" else None
        return FieldMerge(policy.policy, owner, clear_on_null=rule.clear_on_null, rule=policy.sentence)

    @cached_property
    def stamps(self) -> dict[str, tuple[str, ...]]:
        """Fields under latest_wins and where their remote time is read; a time of the whole record is none."""
        foreign = self.capabilities.record_stamps
        return {name: path for name, path in self.mapping.stamps.items() if ".".join(path) not in foreign}

    @cached_property
    def links(self) -> dict[str, tuple[str, ...]]:
        """Inbound link fields and the objects of this connection in which their targets are found."""
        return {
            name: self.connection.objects_of(target)
            for name, target in self.mapping.links.items()
            if name in self.mapping.rules
        }


def policy_for(policies: Sequence[FieldPolicy], connection_id: int, mapping: Mapping, field: str) -> FieldPolicy | None:
    """What was decided for a field of an object: for the object itself, else by naming another system its owner."""
    about = [p for p in policies if p.field == field]
    own = (p for p in about if p.connection_id == connection_id and p.object == mapping.object)
    owners = (
        p
        for p in about
        if p.policy == "system_of_record" and p.connection_id != connection_id and _related(p.record_type, mapping)
    )
    return next(own, None) or next(owners, None)


def _related(record_type: str, mapping: Mapping) -> bool:
    mine = {t.name for t in mapping.record.lineage}
    return record_type in mine or mapping.record.name in {t.name for t in RECORD_TYPES[record_type].lineage}


def origin_of(sync: ObjectSync, run_id: int) -> Origin:
    """What the change log says of a change that this object brought."""
    return Origin(connection_id=sync.connection.id, run_id=run_id)


def chosen_objects(connection: OpenConnection, names: Sequence[str]) -> list[ObjectSync]:
    """The objects of these names, all without any, parents first. Raises Invalid."""
    if unknown := set(names) - connection.mappings.keys():
        known = ", ".join(sorted(connection.mappings))
        raise invalid("object", f"{connection.name} maps no {', '.join(sorted(unknown))}; it maps {known}")
    return [sync for sync in connection.objects if not names or sync.name in names]


def mapping_digests(connection: OpenConnection) -> dict[str, str]:
    """What the mappings mean now, by object."""
    return {name: mapping.digest for name, mapping in connection.mappings.items()}


def in_dependency_order(mappings: MappingOf[str, Mapping]) -> list[Mapping]:
    """Parents before children, by the links between record types; a link to the own type does not count."""
    ordered: list[Mapping] = []
    remaining = dict(sorted(mappings.items()))
    while remaining:
        provided = {t.name for m in remaining.values() for t in m.record.lineage}
        free = [
            m
            for m in remaining.values()
            if not ((set(m.links.values()) & provided) - {t.name for t in m.record.lineage})
        ] or list(remaining.values())[:1]  # a cycle between types: take one, its links resolve later
        ordered += free
        for mapping in free:
            del remaining[mapping.object]
    return ordered


def _merge_rule(mapping: Mapping, name: str, connection: OpenConnection) -> FieldMerge:
    rule = mapping.rules[name]
    policy = rule.policy
    owner = policy.system in (connection.system, connection.name) if policy.kind == "system_of_record" else None
    return FieldMerge(
        policy=policy.kind,
        owner=owner,
        locked=partial(mapping.is_locked, name) if policy.kind == "locked_when" else None,
        clear_on_null=rule.on_null == "clear",
        rule=rule.rule,
    )
