"""Turns a mapping's channels into one plain Python function for reading and one for writing.

The reading function is generated source. That is safe because no text of a mapping ever becomes source: it is put
together from fixed pieces of this package (the conditions in `Fast`) and names that are numbered here; field names,
paths, tables and limits of the mapping enter as values in the function's namespace.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.mapping.channel import Channel
from hub.mapping.errors import BadValue, UnmappableValues, shorten
from hub.mapping.paths import ABSENT, dig
from hub.mapping.rules import FieldProblem, Getter, Mapped, Putter
from hub.record.values import Value, Values
from hub.sdk.records import JsonValue, RemoteFields

_PLACE = re.compile(r"\{(\w+)\}")


def compile_get(channels: Sequence[Channel]) -> Getter:
    """One function for one remote record; see Mapping.get."""
    code = _Code()
    for channel in channels:
        if channel.rule.direction != "push":
            _emit(code, channel)
    code.add("return Mapped(out, tuple(bad) if bad else ())")
    return code.function()


def compile_put(channels: Sequence[Channel]) -> Putter:
    """One function that writes the named fields of a record; see Mapping.put."""
    outbound = {channel.rule.name: channel for channel in channels if channel.rule.direction != "pull"}

    def put(values: Values, names: Collection[str]) -> dict[str, JsonValue]:
        remote: dict[str, JsonValue] = {}
        problems: list[FieldProblem] = []
        for name in names:
            channel = outbound.get(name)
            if channel is None or name not in values:
                continue
            try:
                remote.update(channel.write(values[name]))
            except BadValue as exc:
                problems.append(_problem(channel, exc, values[name]))
        if problems:
            raise UnmappableValues(tuple(problems), remote)
        return remote

    return put


@dataclass
class _Code:
    """Lines of the function and the values that they name."""

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=lambda: {"Mapped": Mapped, "ABSENT": ABSENT, "dig": dig})

    def add(self, line: str, indent: int = 0) -> None:
        self.lines.append("    " * (indent + 1) + line)

    def bind(self, value: object) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def function(self) -> Getter:
        source = "def get(fields):\n    out = {}\n    bad = []\n    g = fields.get\n" + "\n".join(self.lines)
        namespace: dict[str, Any] = dict(self.names)
        exec(compile(source, "<mapping>", "exec"), namespace)  # noqa: S102  # see the module docstring
        getter: Getter = namespace["get"]
        return getter


def _emit(code: _Code, channel: Channel) -> None:
    if channel.compute is not None:
        code.add(f"{code.bind(_computing(channel))}(fields, out, bad)")
        return
    name = code.bind(channel.rule.name)
    slow = code.bind(_reading(channel))
    code.add(f"v = {_access(code, channel.rule.remotes[0])}")
    code.add("if v is None:")
    code.add(f"out[{name}] = None", 1)
    code.add("elif v is not ABSENT:")
    fast = None if channel.lens and channel.lens.extra and channel.lens.writes_extra else channel.fast()
    if fast is not None:
        bound = {key: code.bind(value) for key, value in fast.bindings.items()}
        condition = _PLACE.sub(lambda found: bound[found.group(1)], fast.condition)
        code.add(f"if {condition}:", 1)
        code.add(f"out[{name}] = w", 2)
        code.add("else:", 1)
        code.add(f"{slow}(v, fields, out, bad)", 2)
    else:
        code.add(f"{slow}(v, fields, out, bad)", 1)


def _access(code: _Code, path: str) -> str:
    steps = tuple(path.split("."))
    if len(steps) == 1:
        return f"g({code.bind(path)}, ABSENT)"
    return f"dig(fields, {code.bind(steps)})"


def _reading(channel: Channel) -> Any:
    """Reads what the fast condition left: every form the lens knows, placeholders, and bad values."""
    name = channel.rule.name
    read, extra_of = channel.read, channel.extra_of

    def slow(remote: JsonValue, fields: RemoteFields, out: dict[str, Value], bad: list[FieldProblem]) -> None:
        try:
            value = read(remote, extra_of(fields))
        except BadValue as exc:
            bad.append(_problem(channel, exc, remote))
        else:
            if value is not ABSENT:
                out[name] = value  # type: ignore[assignment]

    return slow


def _computing(channel: Channel) -> Any:
    name = channel.rule.name

    def compute(fields: RemoteFields, out: dict[str, Value], bad: list[FieldProblem]) -> None:
        try:
            out[name] = channel.computed(fields)
        except BadValue as exc:
            bad.append(_problem(channel, exc, ""))

    return compute


def _problem(channel: Channel, exc: BadValue, value: object) -> FieldProblem:
    rule = channel.rule
    return FieldProblem(rule.name, ", ".join(rule.remotes), str(exc), shorten(value))
