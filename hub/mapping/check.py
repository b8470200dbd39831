"""Refuses a mapping whose round trip would lose data, with a value that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from hub.files.source import Source
from hub.mapping.channel import Channel
from hub.mapping.errors import BadValue, MappingIssue, shorten
from hub.mapping.lenses.base import Lens
from hub.mapping.lenses.chain import ChainLens
from hub.mapping.lenses.choices import ValuesLens
from hub.mapping.paths import ABSENT, nest
from hub.mapping.schema import MappingDoc
from hub.record.definition import Field, RecordType
from hub.record.values import Money, RemoteRef, Value

_TEXTS: tuple[Value, ...] = ("Acme", "ACME GmbH", "müller & söhne", "a, b", "1,5")


def check_channels(
    channels: Sequence[Channel], *, doc: MappingDoc, record: RecordType, source: Source
) -> list[MappingIssue]:
    """Every way in which these fields would lose, cross or never find data."""
    found: list[MappingIssue] = []
    for channel in channels:
        found.extend(_round_trip(channel, source.file))
    found.extend(_written_twice(channels, doc, source))
    found.extend(_unusable_match(channels, doc, record, source))
    found.extend(_missing(channels, doc, record, source))
    found.extend(_unusable_stamps(channels, doc, source))
    return found


def _round_trip(channel: Channel, file: str) -> Iterator[MappingIssue]:
    rule, lens = channel.rule, channel.lens
    if lens is None or channel.compute is not None:
        return

    def issue(message: str, example: str | None = None) -> MappingIssue:
        return MappingIssue(file, rule.line, rule.name, message, example)

    for part in _parts(lens):
        default = part.reads_unknown_as if isinstance(part, ValuesLens) else None
        if default is not None and rule.direction == "both":
            message = "Several remote values are read as one, so which it was is lost: add direction: pull."
            yield issue(message, f"any unknown value → {default} → its own remote value")
    for value in _outside(lens, rule.field):
        yield issue(f"The lens reads {_shown(value)}, which is not a choice of the field.")
    if rule.direction == "pull":
        return
    for value in _samples(lens, rule.field):
        fault = _lost(channel, value)
        if fault is not None:
            yield issue(*fault)
            return


def _lost(channel: Channel, value: Value) -> tuple[str, str] | None:
    """What goes wrong when the value is written and read back, and the example; None when nothing does."""
    try:
        remote = channel.write(value)
    except BadValue as exc:
        message = "A value of the field cannot be written; complete the lens, or add direction: pull."
        return message, f"{_shown(value)} → nothing, because the value {exc}."
    if channel.rule.direction == "push":
        return None
    main, *_ = channel.rule.remotes
    written = remote[main]
    fields = nest(remote)
    try:
        back = None if written is None else channel.read(written, channel.extra_of(fields))
    except BadValue as exc:
        example = f"{_shown(value)} → {_shown(written)} → nothing, because the value {exc}."
        return "What is written cannot be read back; mend the lens, or give a direction.", example
    if back == value and type(back) is type(value):
        return None
    example = f"{_shown(value)} → {_shown(written)} → {_shown(None if back is ABSENT else back)}"
    return "The round trip changes the value; mend the lens, or give a direction.", example


def _samples(lens: Lens, field: Field) -> Iterable[Value]:
    """Values that must survive: all the field allows, or those of the lens' own normal form."""
    if field.kind == "choice":
        return field.choices
    if field.kind == "choices":
        return (*((choice,) for choice in field.choices), tuple(sorted(field.choices)))
    if field.kind in ("text", "longtext") and not lens.normal_form:
        own = tuple(v for v in lens.samples() if isinstance(v, str))
        remote = lens.remote_values() or _kept(lens)
        return tuple(
            v for v in (*_TEXTS, *own, *remote) if field.length_limit is None or len(str(v)) <= field.length_limit
        )
    if field.kind == "decimal":
        return (*lens.samples(), Decimal("-12.5"), Decimal("0.0625"))
    return lens.samples()


def _kept(lens: Lens) -> tuple[str, ...]:
    return lens.remote_words() if isinstance(lens, ValuesLens) else ()


def _outside(lens: Lens, field: Field) -> Iterator[Value]:
    """Values that the lens can read but the field does not allow."""
    if not field.choices:
        return
    for value in lens.samples():
        items = value if isinstance(value, tuple) else (value,)
        for item in items:
            if _has_table(lens) and item not in field.choices:
                yield item
                return


def _has_table(lens: Lens) -> bool:
    return lens.remote_values() is not None


def _parts(lens: Lens) -> tuple[Lens, ...]:
    return lens.lenses if isinstance(lens, ChainLens) else (lens,)


def _written_twice(channels: Sequence[Channel], doc: MappingDoc, source: Source) -> Iterator[MappingIssue]:
    """Two fields that write one remote field; those written once may share it: the last one with a value counts."""
    writers: dict[str, str] = dict.fromkeys(doc.constants, "constants")
    if doc.key:
        writers[doc.key.field] = "key"
    shared: set[str] = set()
    for channel in channels:
        rule = channel.rule
        if rule.direction == "pull":
            continue
        for path in written_paths(channel):
            once = rule.once and rule.direction == "push"
            if path in writers and not (once and path in shared):
                message = f"{path} is written by {writers[path]} already; one of the two needs direction: pull."
                yield MappingIssue(source.file, rule.line, rule.name, message)
            writers[path] = rule.name
            if once:
                shared.add(path)


def written_paths(channel: Channel) -> tuple[str, ...]:
    """The remote paths that the channel writes."""
    main, *_ = channel.rule.remotes
    lens = channel.lens
    return (main, lens.extra) if lens and lens.writes_extra and lens.extra else (main,)


def _unusable_match(
    channels: Sequence[Channel], doc: MappingDoc, record: RecordType, source: Source
) -> Iterator[MappingIssue]:
    inbound = {channel.rule.name for channel in channels if channel.rule.direction != "push"}
    keys = {frozenset(key): key for key in record.all_natural_keys}
    for index, match in enumerate(doc.match):
        if match.scored:
            continue
        unread = [name for name in match.on if name not in inbound and name in doc.fields]
        unknown = [name for name in match.on if name not in doc.fields]
        if unknown or unread:
            message = f"It matches on {', '.join(unknown or unread)}, which this mapping does not read."
            yield source.issue(("match", index), "match", message)
        elif frozenset(match.on) not in keys:
            known = "; ".join(", ".join(key) for key in keys.values()) or "none"
            message = f"{', '.join(match.on)} is not an indexed key of {record.name}; there are: {known}."
            yield source.issue(("match", index), "match", message)


def _missing(
    channels: Sequence[Channel], doc: MappingDoc, record: RecordType, source: Source
) -> Iterator[MappingIssue]:
    names = set(doc.fields)
    inbound = [channel for channel in channels if channel.rule.direction != "push"]
    outbound = [channel for channel in channels if channel.rule.direction != "pull"]
    for field in record.fields.values():
        if field.required and inbound and doc.admit and field.name not in names and not field.custom:
            yield source.issue(("fields",), field.name, f"{record.name} requires {field.name}; map it.")
    if doc.create and doc.key is None and outbound:
        message = "The hub may create records here but leaves no key in them: add key: {field: …}, or create: false."
        yield source.issue((), "key", message)
    if not doc.admit and doc.key is None:
        message = "Only records with the hub's key come in, and there is none: add key: {field: …}."
        yield source.issue((), "key", message)
    for channel in channels:
        if channel.rule.once and channel.rule.direction == "pull":
            message = "once says when the field is written; a field with direction: pull never is."
            yield MappingIssue(source.file, channel.rule.line, channel.rule.name, message)
        if channel.rule.required and channel.rule.direction == "push":
            message = "required says what is read; a field with direction: push is never read."
            yield MappingIssue(source.file, channel.rule.line, channel.rule.name, message)
        if channel.default is not ABSENT and channel.rule.direction == "pull":
            message = "default is written where a value is missing; a field with direction: pull is never written."
            yield MappingIssue(source.file, channel.rule.line, channel.rule.name, message)


def _unusable_stamps(channels: Sequence[Channel], doc: MappingDoc, source: Source) -> Iterator[MappingIssue]:
    """latest_wins needs a time that the system keeps by itself, of a field that is read."""
    written = {path for c in channels if c.rule.direction != "pull" for path in written_paths(c)} | set(doc.constants)
    for rule in (channel.rule for channel in channels):
        stamp = rule.policy.stamp
        if stamp is None:
            continue
        if rule.direction == "push":
            message = "latest_wins decides about values that are read; a field with direction: push is never read."
        elif stamp in written or stamp in rule.remotes:
            message = (
                f"latest_wins goes by {stamp}, which the hub writes itself or compares; name one the system keeps."
            )
        else:
            continue
        yield MappingIssue(source.file, rule.line, rule.name, message)


def _shown(value: object) -> str:
    match value:
        case Money():
            return f"{value.amount} {value.currency}"
        case RemoteRef():
            return value.remote_id
        case tuple() | list():
            return f"[{', '.join(map(_shown, value))}]"
        case None:
            return "null"
        case str():
            return f'"{shorten(value, limit=40)}"'
        case _:
            return shorten(str(value), limit=40)
