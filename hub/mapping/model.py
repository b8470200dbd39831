"""The compiled mapping, which is all that the sync engine knows of a mapping file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from hub.domain.cel import Condition
from hub.files.source import Source
from hub.mapping.channel import Channel
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

    `where` filters on the remote side, in the vendor's language. `key_field` is the remote field with the hub's key.
    `inbound` and `outbound` are field names by direction, `read_fields` the remote paths to ask for, `links` the
    record type behind each link field, `stamps` where latest_wins finds the time of a field. `constants` and
    `defaults` are remote fields by path: set when the hub creates a record, written where the remote requires a value.
    `digest` changes when the mapping's meaning does; `source` is the YAML that it was made from.
    """

    def __init__(
        self,
        *,
        system: str,
        object_name: str,
        record: RecordType,
        file: str,
        where: str | None,
        when: Condition | None,
        key_field: str | None,
        match: tuple[MatchRule, ...],
        channels: tuple[Channel, ...],
        create: Literal["yes", "no"],
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
        self.record = record
        self.file = file
        self.where = where
        self.key_field = key_field
        self.match = match
        self.channels = channels
        self.rules = {rule.name: rule for rule in rules}
        self.inbound = tuple(rule.name for rule in rules if rule.direction != "push")
        self.outbound = tuple(rule.name for rule in rules if rule.direction != "pull")
        self.read_fields = _read_fields(rules, key_field)
        self.links = {c.rule.name: c.lens.to for c in channels if isinstance(c.lens, LinkLens)}
        self.create = create
        self.on_delete = on_delete
        self.constants = constants
        self.defaults = {
            c.rule.remotes[0]: c.default for c in channels if c.default is not ABSENT and c.rule.direction != "pull"
        }
        self.stamps = {rule.name: tuple(rule.policy.stamp.split(".")) for rule in rules if rule.policy.stamp}
        self.digest = digest
        self.source = source
        self._when = when
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
            record=self.record,
            file=self.file,
            where=self.where,
            when=self._when,
            key_field=key_field,
            match=self.match,
            channels=channels,
            create=self.create,
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
        """The texts of `scope.when` and of every `locked_when`."""
        return tuple(c.text for c in (self._when, *self._locks.values()) if c is not None)

    @property
    def scoped(self) -> bool:
        """Whether there is a `scope.when` at all."""
        return self._when is not None

    def scope_matches(self, values: Values) -> bool:
        """Whether this record belongs in this system at all (`scope.when`; without one, every record does)."""
        return self._when is None or self._when.holds({"record": self._document(values)})

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
