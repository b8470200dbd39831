"""Holds a mapping to what the remote system says of its own fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Protocol

from hub.mapping.channel import Channel
from hub.mapping.check import written_paths
from hub.mapping.errors import BadValue, MappingIssue
from hub.mapping.lenses.base import Lens
from hub.mapping.model import Mapping
from hub.sdk.capabilities import RemoteField, RemoteObject


class _Issue(Protocol):
    """Makes an issue of the field at hand."""

    def __call__(self, message: str, *, example: str | None = None, warns: bool = False) -> MappingIssue: ...


def check_mapping(
    mapping: Mapping, *, describe: RemoteObject | None = None, record_stamps: Collection[str] = ()
) -> tuple[MappingIssue, ...]:
    """What is wrong between a mapping and the remote object, errors first.

    `record_stamps` are the object's fields with a time of the whole record (ObjectCapabilities).

    A mapping that loads has no faults of its own: without `describe` there is nothing left to find. Errors stop the
    fields they name; warnings say which values will be refused later.
    """
    if describe is None:
        return ()
    issues = [*_key(mapping, describe), *_constants(mapping, describe), *_uncovered(mapping, describe)]
    for channel in mapping.channels:
        issues.extend(_field(mapping, channel, describe))
        issues.extend(_stamp(mapping, channel, describe, record_stamps))
    return tuple(sorted(issues, key=lambda issue: (issue.level != "error", issue.line)))


def _field(mapping: Mapping, channel: Channel, describe: RemoteObject) -> Iterator[MappingIssue]:
    rule = channel.rule

    def issue(message: str, *, example: str | None = None, warns: bool = False) -> MappingIssue:
        return MappingIssue(mapping.file, rule.line, rule.name, message, example, "warning" if warns else "error")

    for path in rule.remotes:
        remote = describe.fields.get(path)
        if remote is None:
            if "." not in path:
                yield issue(f"{describe.name} has no field {path}; {_nearest(path, describe)}.")
            continue
        if rule.direction != "pull" and path in written_paths(channel) and not remote.writable:
            yield issue(f"{path} is read-only in {describe.name}: add direction: pull.")
    main = describe.fields.get(rule.remotes[0])
    if main is not None and channel.lens is not None and channel.compute is None:
        yield from _fit(channel, channel.lens, main, issue)


def _stamp(
    mapping: Mapping, channel: Channel, describe: RemoteObject, record_stamps: Collection[str]
) -> Iterator[MappingIssue]:
    """latest_wins only where the system keeps the time of this very field."""
    rule, stamp = channel.rule, channel.rule.policy.stamp
    if stamp is None:
        return
    remote = describe.fields.get(stamp)
    if stamp in record_stamps:
        fault = f"{stamp} is a time of the whole record, and any other field's change would decide"
    elif remote is None and "." not in stamp:
        fault = f"{describe.name} has no field {stamp}"
    elif remote is not None and remote.type != "datetime":
        fault = f"{stamp} is of the type {remote.type}, not a moment"
    else:
        return
    message = f"latest_wins cannot be kept here: {fault}. Name a field that {mapping.system} sets when"
    message += f" {rule.remotes[0]} changes, or choose another policy."
    yield MappingIssue(mapping.file, rule.line, rule.name, message)


def _fit(channel: Channel, lens: Lens, remote: RemoteField, issue: _Issue) -> Iterator[MappingIssue]:
    rule = channel.rule
    if remote.type not in lens.remote_types:
        fitting = ", ".join(sorted(lens.remote_types - {"other"}))
        yield issue(f"{remote.name} is of the type {remote.type}; this lens is for {fitting}.")
        return
    if remote.values:
        if rule.direction != "pull":
            missing = [word for word in written_words(channel, lens) if word not in remote.values]
            if missing:
                yield issue(f"{remote.name} does not allow {', '.join(missing)}.", example=f"{missing[0]} is refused")
        if rule.direction != "push":
            unread = [word for word in remote.values if not reads_word(channel, word)]
            if unread:
                yield issue(f"{remote.name} may hold {', '.join(unread)}, which the lens cannot read.", warns=True)
    limit = rule.field.length_limit
    is_shorter = remote.max_length is not None and limit is not None and remote.max_length < limit
    if rule.direction != "pull" and is_shorter and not remote.values and rule.field.kind in ("text", "longtext"):
        yield issue(
            f"{remote.name} holds {remote.max_length} characters, {rule.name} up to {limit}; "
            "longer values will be refused there.",
            warns=True,
        )


def written_words(channel: Channel, lens: Lens) -> tuple[str, ...]:
    """Every word that may be written, where they can be listed."""
    return lens.remote_values() or channel.rule.field.choices


def reads_word(channel: Channel, word: str) -> bool:
    """Whether the mapping makes something of this remote word."""
    try:
        channel.read(word, None)
    except BadValue:
        return False
    return True


def _key(mapping: Mapping, describe: RemoteObject) -> Iterator[MappingIssue]:
    if mapping.key_field is None:
        return
    remote = describe.fields.get(mapping.key_field)
    if remote is None:
        yield MappingIssue(
            mapping.file, 1, "key", f"{describe.name} has no field {mapping.key_field}; create it there."
        )
    elif not remote.writable:
        yield MappingIssue(mapping.file, 1, "key", f"{mapping.key_field} is read-only; the hub must write its key.")
    elif not remote.unique:
        message = f"{mapping.key_field} is not unique in {describe.name}: a repeated create could make a second record."
        yield MappingIssue(mapping.file, 1, "key", message, level="warning")


def _constants(mapping: Mapping, describe: RemoteObject) -> Iterator[MappingIssue]:
    for path, value in mapping.constants.items():
        remote = describe.fields.get(path)
        if remote is None:
            if "." not in path:
                message = f"{describe.name} has no field {path}; {_nearest(path, describe)}."
                yield MappingIssue(mapping.file, 1, "constants", message)
        elif remote.values and value not in remote.values:
            yield MappingIssue(mapping.file, 1, "constants", f"{path} does not allow {value}.")


def _uncovered(mapping: Mapping, describe: RemoteObject) -> Iterator[MappingIssue]:
    """Remote fields that a new record needs and the mapping does not give; systems often fill these themselves."""
    if mapping.create == "no":
        return
    written = {path for c in mapping.channels if c.rule.direction != "pull" for path in written_paths(c)}
    given = written | set(mapping.constants) | {mapping.key_field}
    for name, remote in describe.fields.items():
        if not remote.nullable and remote.writable and remote.type in ("text", "picklist") and name not in given:
            message = f"{describe.name} wants {name} on every record: map it, or set it under constants."
            yield MappingIssue(mapping.file, 1, name, message, level="warning")


def _nearest(path: str, describe: RemoteObject) -> str:
    close = get_close_matches(path, describe.fields, n=1)
    return f"did you mean {close[0]}" if close else "see the field list of the object"
