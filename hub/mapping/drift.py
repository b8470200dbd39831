"""Finds where a system's fields, as they are now, no longer fit a mapping, and says how much that stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Literal

from hub.mapping.channel import Channel
from hub.mapping.check import written_paths
from hub.mapping.describe import reads_word, written_words
from hub.mapping.lenses.text import TextLens
from hub.mapping.model import Mapping
from hub.mapping.paths import ABSENT
from hub.mapping.similar import unmapped_like
from hub.sdk.capabilities import RemoteField, RemoteObject

DriftKind = Literal[
    "removed", "retyped", "read_only", "shorter", "values_removed", "values_added", "required", "added"
]  # fmt: skip
# both: nothing of the field passes · push: it is not written · create: no record is created there
Stops = Literal["both", "push", "create", "nothing"]
Key = tuple[DriftKind, str, str]
_Since = Callable[[RemoteField], bool]


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which a remote field does not fit. `field` is the record's, or `key` or `constants`, or empty.

    With `words`, only values that are one of these remote words are stopped (`values_added`: the words that nothing
    can read); with `longest`, only longer texts. `line` is where the mapping speaks of it.
    """

    kind: DriftKind
    field: str
    remote: str
    stops: Stops
    line: int
    message: str
    words: tuple[str, ...] = ()
    longest: int | None = None

    @property
    def key(self) -> Key:
        return self.kind, self.field, self.remote


def find_drift(
    mapping: Mapping, *, now: RemoteObject, before: RemoteObject | None, known: MappingOf[Key, Finding]
) -> tuple[Finding, ...]:
    """What does not fit, in the order of the file.

    What makes every write or read fail is found whenever it is so. What is a matter of degree (shorter texts, new
    words, another type) is found when it came up since `before`, and stays found while it is so: `known` are the
    findings of last time.
    """
    look = _Look(mapping, now, before, known)
    found = [*look.key(), *look.constants(), *look.required_elsewhere(), *look.added()]
    for channel in mapping.channels:
        found.extend(look.channel(channel))
    return tuple(sorted(found, key=lambda finding: finding.line))


@dataclass(frozen=True, slots=True)
class _Look:
    mapping: Mapping
    now: RemoteObject
    before: RemoteObject | None
    known: MappingOf[Key, Finding]

    def channel(self, channel: Channel) -> Iterator[Finding]:
        rule = channel.rule
        paths = (*rule.remotes, rule.policy.stamp) if rule.policy.stamp else rule.remotes
        described = {path: self.now.fields.get(path) for path in paths if "." not in path}
        for path, remote in described.items():
            if remote is None:
                yield self._removed(rule.name, path, "both", rule.line)
        present = {path: remote for path, remote in described.items() if remote is not None}
        if len(present) < len(described):
            return
        written = written_paths(channel) if rule.direction != "pull" else ()
        for path in written:
            if path in present and not present[path].writable:
                message = f"{path} is read-only in {self.now.name} now."
                yield Finding("read_only", rule.name, path, "push", rule.line, message)
        main = present.get(rule.remotes[0])
        if main is not None:
            yield from self._degrees(channel, main)

    def _degrees(self, channel: Channel, remote: RemoteField) -> Iterator[Finding]:
        rule, lens = channel.rule, channel.lens
        if channel.compute is None and lens is not None:
            if remote.type not in lens.remote_types:
                if self._came_up("retyped", rule.name, remote, lambda was: was.type != remote.type):
                    message = f"{remote.name} is of the type {remote.type} now, which its lens is not for."
                    yield Finding("retyped", rule.name, remote.name, "both", rule.line, message)
                return
            yield from self._words(channel, remote)
            yield from self._length(channel, remote)
        if (
            not remote.nullable
            and channel.default is ABSENT
            and self._came_up("required", rule.name, remote, lambda was: was.nullable)
        ):
            yield self._required(rule.name, remote.name, rule.line)

    def _words(self, channel: Channel, remote: RemoteField) -> Iterator[Finding]:
        rule, lens = channel.rule, channel.lens
        if not remote.values or lens is None:
            return
        if rule.direction != "pull":
            gone = tuple(word for word in written_words(channel, lens) if word not in remote.values)
            if gone:
                message = f"{remote.name} does not allow {', '.join(gone)} any more."
                yield Finding("values_removed", rule.name, remote.name, "push", rule.line, message, words=gone)
        if rule.direction != "push":
            new = tuple(word for word in self._new_words(rule.name, remote) if not reads_word(channel, word))
            if new:
                message = f"{remote.name} may hold {', '.join(new)} now, which the mapping cannot read."
                yield Finding("values_added", rule.name, remote.name, "nothing", rule.line, message, words=new)

    def _new_words(self, field: str, remote: RemoteField) -> list[str]:
        was = self._was(remote.name)
        known = self.known.get(("values_added", field, remote.name))
        told = set(known.words) if known else set()
        return [word for word in remote.values if word in told or (was is not None and word not in was.values)]

    def _length(self, channel: Channel, remote: RemoteField) -> Iterator[Finding]:
        rule, most = channel.rule, remote.max_length
        if rule.direction == "pull" or rule.field.kind not in ("text", "longtext") or remote.values or most is None:
            return
        limits = [rule.field.length_limit, channel.lens.max_length if isinstance(channel.lens, TextLens) else None]
        ours = min((limit for limit in limits if limit is not None), default=None)
        if ours is None or ours <= most:
            return
        if self._came_up("shorter", rule.name, remote, lambda was: was.max_length is None or was.max_length > most):
            message = f"{remote.name} holds {most} characters now, {rule.name} up to {ours}."
            yield Finding("shorter", rule.name, remote.name, "push", rule.line, message, longest=most)

    def key(self) -> Iterator[Finding]:
        path = self.mapping.key_field
        if path is None:
            return
        remote = self.now.fields.get(path)
        line = self.mapping.source.line(("key",))
        if remote is None:
            yield self._removed("key", path, "create", line)
        elif not remote.writable:
            message = f"{path} is read-only in {self.now.name} now; without its key the hub creates nothing there."
            yield Finding("read_only", "key", path, "create", line, message)

    def constants(self) -> Iterator[Finding]:
        line = self.mapping.source.line(("constants",))
        for path, value in self.mapping.constants.items():
            remote = self.now.fields.get(path)
            if remote is None:
                if "." not in path:
                    yield self._removed("constants", path, "create", line)
            elif remote.values and isinstance(value, str) and value not in remote.values:
                message = f"{path} does not allow {value} any more."
                yield Finding("values_removed", "constants", path, "create", line, message, words=(value,))

    def required_elsewhere(self) -> Iterator[Finding]:
        """Remote fields that the mapping does not give and that a new record needs since a while."""
        if self.mapping.create == "no" or self.before is None:
            return
        read = {path for c in self.mapping.channels for path in c.rule.remotes}
        given = read | set(self.mapping.constants) | {self.mapping.key_field}
        for name, remote in self.now.fields.items():
            wanted = name not in given and remote.writable and not remote.nullable
            if wanted and self._came_up("required", "", remote, lambda was: was.nullable, new=True):
                yield self._required("", name, self.mapping.source.line(("constants",)))

    def added(self) -> Iterator[Finding]:
        """New remote fields that are called like a field of ours that is not mapped yet."""
        if self.before is None:
            return
        mapped = {path for rule in self.mapping.rules.values() for path in rule.remotes}
        for name, remote in self.now.fields.items():
            is_new = name not in self.before.fields or ("added", "", name) in self.known
            if is_new and name not in mapped and (ours := unmapped_like(self.mapping, remote)):
                message = f"{self.now.name} has a new field {name}, which may be {ours}."
                line = self.mapping.source.line(("fields",))
                yield Finding("added", "", name, "nothing", line, message, words=(ours,))

    def _removed(self, field: str, path: str, stops: Stops, line: int) -> Finding:
        rest = "; without it the hub creates nothing there" if stops == "create" else ""
        message = f"{self.now.name} has no field {path} any more, or the connection's user may not see it{rest}."
        return Finding("removed", field, path, stops, line, message)

    def _required(self, field: str, path: str, line: int) -> Finding:
        message = f"{path} must be filled on every {self.now.name} now; records without a value for it are refused."
        return Finding("required", field, path, "nothing", line, message)

    def _was(self, path: str) -> RemoteField | None:
        return self.before.fields.get(path) if self.before else None

    def _came_up(self, kind: DriftKind, field: str, remote: RemoteField, since: _Since, *, new: bool = False) -> bool:
        """Whether it is so since the last look, or was found before. `new`: a field that is new counts too."""
        if (kind, field, remote.name) in self.known:
            return True
        was = self._was(remote.name)
        return new and self.before is not None if was is None else since(was)
