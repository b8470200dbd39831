"""The compiled mapping, which is all that the sync engine knows of a mapping file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from hub.domain.cel import Condition
from hub.files.source import Source
from hub.mapping.channel import Channel
from hub.mapping.check import written_paths
from hub.mapping.compile import compile_get, compile_put
from hub.mapping.errors import BadValue
from hub.mapping.lenses.link import LinkLens
from hub.mapping.paths import ABSENT, Absent, nest
from hub.mapping.rules import (
    FieldPolicy,
    FieldProblem,
    FieldRule,
    Getter,
    Mapped,
    MatchRule,
    OnDelete,
    Putter,
)
from hub.record.definition import RecordType
from hub.record.values import Value, Values
from hub.sdk.records import JsonValue, RemoteFields

__all__ = ["FieldPolicy", "FieldProblem", "FieldRule", "Mapped", "Mapping", "MatchRule"]


class Mapping:
    """A compiled mapping of one remote object and one record type; immutable, safe to share.

    `object` is what the hub calls it, `remote_object` what the system does: several mappings may be of one.
    `where` filters on the remote side, in the vendor's language. `key_field` is the remote field with the hub's key.
    `inbound` and `outbound` are field names by direction, `updated` those of `outbound` that are written to a record
    that is there already (the rest only when it is made). `read_fields` are the remote paths to ask for, `links` the
    record type behind each link field, `stamps` where latest_wins finds the time of a field. `constants` and
    `defaults` are remote fields by path: set when the hub creates a record, written where the remote requires a value.
    `initial` are the remote paths that a second try of a create must not touch: what is written once, and the constants
    beside it.
    `digest` changes when the mapping's meaning does; `source` is the YAML that it was made from.
    """

    def __init__(
        self,
        *,
        system: str,
        object_name: str,
        remote_object: str,
        record: RecordType,
        file: str,
        where: str | None,
        when: Condition | None,
        makes: Condition | None,
        comes_in: Condition | None,
        scope_reads: tuple[str, ...],
        key_field: str | None,
        match: tuple[MatchRule, ...],
        channels: tuple[Channel, ...],
        create: Literal["yes", "no"],
        admit: bool,
        on_delete: OnDelete,
        constants: dict[str, JsonValue],
        locks: dict[str, Condition],
        digest: str,
        source: Source,
        getter: Getter,
        putter: Putter,
    ) -> None:
        rules = tuple(channel.rule for channel in channels)
        self.system = system
        self.object = object_name
        self.remote_object = remote_object
        self.record = record
        self.file = file
        self.where = where
        self.key_field = key_field
        self.match = match
        self.channels = channels
        self.rules = {rule.name: rule for rule in rules}
        self.inbound = tuple(rule.name for rule in rules if rule.direction != "push")
        self.outbound = tuple(rule.name for rule in rules if rule.direction != "pull")
        self.updated = tuple(name for name in self.outbound if not self.rules[name].once)
        self.read_fields = tuple(dict.fromkeys((*_read_fields(rules, key_field), *scope_reads)))
        self.links = {c.rule.name: c.lens.to for c in channels if isinstance(c.lens, LinkLens)}
        self.create = create
        self.admit = admit
        self.on_delete = on_delete
        self.constants = constants
        once = frozenset(path for c in channels if c.rule.once for path in written_paths(c))
        self.initial = once | constants.keys() if once else once
        self.defaults = {
            c.rule.remotes[0]: c.default for c in channels if c.default is not ABSENT and c.rule.direction != "pull"
        }
        self.stamps = {rule.name: tuple(rule.policy.stamp.split(".")) for rule in rules if rule.policy.stamp}
        self.digest = digest
        self.source = source
        self._when = when
        self._makes = makes
        self._comes_in = comes_in
        self._scope_reads = scope_reads
        self._locks = locks
        self._put = putter
        self._blank: dict[str, object] = dict.fromkeys(
            name for name, field in record.fields.items() if not field.custom
        )
        self.get: Getter = getter
        """Remote fields to the record's fields, one record. Never raises for bad data: see Mapped.problems."""

    def get_many(self, records: Sequence[RemoteFields]) -> list[Mapped]:
        """`get` for each record, in order."""
        return list(map(self.get, records))

    def put(self, values: Values, names: Collection[str] | None = None) -> dict[str, JsonValue]:
        """The remote fields, by dotted path, for these outbound fields of a record (default: all).

        Names without a value in `values` are left out; None clears, or writes the field's default where it has one.
        Link fields are given as RemoteRef. Raises UnmappableValues.
        """
        return self._put(values, self.outbound if names is None else names)

    def put_new(self, values: Values) -> dict[str, JsonValue]:
        """All remote fields of a record to be created: constants, defaults, then its own values without the nulls.

        Raises UnmappableValues.
        """
        given = {name: value for name, value in values.items() if value is not None}
        return {**self.constants, **self.defaults, **self.put(given)}

    def through(self, values: Values) -> dict[str, Value]:
        """The values of two-way fields as they would be read back: what the remote form keeps of them.

        Values that the remote form cannot hold at all are left out.
        """
        seen: dict[str, Value] = {}
        for channel in self.channels:
            name = channel.rule.name
            if channel.rule.direction == "both" and name in values:
                try:
                    remote = nest(channel.write(values[name]))
                except BadValue:
                    continue
                value = channel.find(remote)
                if not isinstance(value, Absent | FieldProblem):
                    seen[name] = value
        return seen

    def reduced(self, channels: tuple[Channel, ...], *, key_field: str | None) -> Mapping:
        """The same mapping with fewer ways: these channels, and this key or none."""
        return Mapping(
            system=self.system,
            object_name=self.object,
            remote_object=self.remote_object,
            record=self.record,
            file=self.file,
            where=self.where,
            when=self._when,
            makes=self._makes,
            comes_in=self._comes_in,
            scope_reads=self._scope_reads,
            key_field=key_field,
            match=self.match,
            channels=channels,
            create=self.create,
            admit=self.admit,
            on_delete=self.on_delete,
            constants=self.constants,
            locks=self._locks,
            digest=self.digest,
            source=self.source,
            getter=compile_get(channels),
            putter=compile_put(channels),
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """The texts of `scope.when`, `create.when` and of every `locked_when`."""
        return tuple(c.text for c in (self._when, self._makes, *self._locks.values()) if c is not None)

    def comes_in(self, remote: RemoteFields) -> bool:
        """Whether a remote record that is new to the hub is one of this mapping's (`scope.remote`).

        A field that was not returned counts as null.
        """
        if self._comes_in is None:
            return True
        blank = nest(dict.fromkeys(self._scope_reads))
        return self._comes_in.holds({"remote": {**blank, **remote}})

    @property
    def scoped(self) -> bool:
        """Whether there is a `scope.when` at all."""
        return self._when is not None

    def scope_matches(self, values: Values) -> bool:
        """Whether this record belongs in this system at all (`scope.when`; without one, every record does)."""
        return self._when is None or self._when.holds({"record": self._document(values)})

    def may_make(self, values: Values) -> bool:
        """Whether the hub may make a remote record for this one: it is in scope, and `create.when` holds."""
        document = {"record": self._document(values)}
        return all(condition is None or condition.holds(document) for condition in (self._when, self._makes))

    def is_locked(self, name: str, values: Values) -> bool:
        """Whether the field's `locked_when` condition holds for the record."""
        lock = self._locks.get(name)
        return lock is not None and lock.holds({"record": self._document(values)})

    def _document(self, values: Values) -> dict[str, object]:
        """The record as conditions see it: every field there, null when not set, custom ones under `custom`."""
        custom = {f.document_key: values.get(f.name) for f in self.record.fields.values() if f.custom}
        return {**self._blank, **{k: v for k, v in values.items() if "." not in k}, "custom": custom}


def _read_fields(rules: Sequence[FieldRule], key_field: str | None) -> tuple[str, ...]:
    paths = [path for rule in rules for path in (*rule.remotes, rule.policy.stamp) if path is not None]
    return tuple(dict.fromkeys((*paths, key_field) if key_field else paths))
