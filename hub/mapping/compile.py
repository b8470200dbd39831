"""Turns a mapping's channels into one plain Python function for reading and one for writing.

Reading has two functions. The quick one is generated source that takes every field's common case at once; whatever it
does not expect (a missing key, a value of another type) makes it hand the record to the careful one, which goes
through the channels one by one and reports what is wrong.

The generated source is safe because it is put together from fixed pieces of this package (the conditions in `Fast`)
and of a mapping's text only field names and remote paths enter it, as literals, after they are held to the letters a
name may have; tables, words and limits enter as values of the function's namespace.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.mapping.channel import Channel
from hub.mapping.errors import BadValue, UnmappableValues
from hub.mapping.paths import Absent, dig
from hub.mapping.rules import FieldProblem, Getter, Mapped, Putter
from hub.record.values import Value, Values
from hub.sdk.records import JsonValue, RemoteFields

_NAME = re.compile(r"[A-Za-z0-9_:.-]{1,200}")
_PLACE = re.compile(r"\{(\w+)\}")
_RESULT = re.compile(r"\bw\b")


def compile_get(channels: Sequence[Channel]) -> Getter:
    """One function for one remote record; see Mapping.get."""
    inbound = [channel for channel in channels if channel.rule.direction != "push"]
    code = _Code()
    code.names["careful"] = _careful(inbound)
    for index, channel in enumerate(inbound):
        _emit(code, channel, f"f{index}")
    pairs = ", ".join(f"{_literal(channel.rule.name)}: f{index}" for index, channel in enumerate(inbound))
    return code.function(f"{{{pairs}}}")


def _careful(channels: Sequence[Channel]) -> Getter:
    def careful(fields: RemoteFields) -> Mapped:
        return _sorted_out({channel.rule.name: channel.find(fields) for channel in channels})

    return careful


def _sorted_out(found: dict[str, Value | Absent | FieldProblem]) -> Mapped:
    """Takes what is absent, and what is a problem, out of the values."""
    problems = tuple(value for value in found.values() if isinstance(value, FieldProblem))
    values = {k: v for k, v in found.items() if not isinstance(v, Absent | FieldProblem)}
    return Mapped(values, problems)


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
                problems.append(channel.problem(exc, values[name]))
        if problems:
            raise UnmappableValues(tuple(problems), remote)
        return remote

    return put


@dataclass
class _Code:
    """Lines of the quick function and the values that they name."""

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=lambda: {"Mapped": Mapped, "dig": dig, "sorted_out": _sorted_out})

    def add(self, line: str, indent: int = 0) -> None:
        self.lines.append("    " * (indent + 2) + line)

    def bind(self, value: object) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def function(self, result: str) -> Getter:
        body = "\n".join(self.lines)
        source = (
            f"def get(fields):\n    odd = False\n    try:\n{body}\n        found = {result}\n"
            "    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):\n"
            "        return careful(fields)\n"
            "    return sorted_out(found) if odd else Mapped(found, ())\n"
        )
        namespace: dict[str, Any] = {**self.names, "ODD": frozenset({Absent, FieldProblem})}
        exec(compile(source, "<mapping>", "exec"), namespace)  # noqa: S102  # see the module docstring
        getter: Getter = namespace["get"]
        return getter


def _emit(code: _Code, channel: Channel, target: str) -> None:
    """The lines that give the variable `target` the field's value, ABSENT, or a FieldProblem."""
    fast = channel.fast()
    careful = f"{code.bind(channel.find)}(fields)"
    if fast is None:
        code.add(f"{target} = {careful}")
        code.add(f"if {target}.__class__ in ODD: odd = True")
        return
    code.add(f"v = {_access(channel.rule.remotes[0])}")
    if channel.lens and channel.lens.extra and channel.lens.writes_extra:
        code.add(f"u = {_access(channel.lens.extra)}")
    bound = {key: code.bind(value) for key, value in fast.bindings.items()}
    condition = _RESULT.sub(target, _PLACE.sub(lambda found: bound[found.group(1)], fast.condition))
    code.add(f"if not ({condition}):")
    code.add(f"{target} = None if v is None else {careful}", 1)
    code.add(f"if {target}.__class__ in ODD: odd = True", 1)


def _access(path: str) -> str:
    """An expression for the value at a remote path."""
    if "." not in path:
        return f"fields[{_literal(path)}]"
    steps = "".join(f"{_literal(step)}, " for step in path.split("."))
    return f"dig(fields, ({steps}))"


def _literal(name: str) -> str:
    """A field name or path as a Python literal; only what the mapping language allows as a name becomes one."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of the mapping language")
    return f"'{name}'"
