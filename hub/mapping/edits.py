"""Small edits of a mapping's text that leave everything else as it was written, comments included."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from hub.files.source import Source, read_source
from hub.mapping.errors import MAPPING, MappingError

_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9 _./&+-]*[A-Za-z0-9]|[A-Za-z]")
_NOT_TEXT = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Edit:
    """Edits of one mapping. A part is named by the record's field, or is `key` or `constants`."""

    source: Source

    def of(self, text: str) -> Edit:
        """For a further edit, after one that gave this text; the lines are found anew."""
        try:
            return Edit(replace(read_source(text, kind=MAPPING), file=self.source.file))
        except MappingError:
            return self

    def replaced(self, part: str, old: str, new: str) -> str:
        """With another remote name or word in the part."""
        begin, end = self._block(part)
        name = re.compile(rf"(?<![\w.-]){re.escape(old)}(?![\w.-])")
        quoted = re.compile(rf"([\"']){re.escape(old)}\1")
        lines = self._lines()
        for index in range(begin, end):
            head, colon, rest = lines[index].partition(":")
            rest = quoted.sub(_word(new), rest) if quoted.search(rest) else name.sub(_word(new), rest)
            lines[index] = head + colon + rest
        return _text(lines)

    def dropped(self, part: str) -> str:
        """Without the part."""
        begin, end = self._block(part)
        lines = self._lines()
        return _text(lines[:begin] + lines[end:])

    def with_key(self, part: str, key: str, value: str) -> str:
        """With `key: value` in the field; a value that is there already is replaced where it is one word."""
        begin, end = self._block(part)
        lines = self._lines()
        block = "\n".join(lines[begin:end])
        if re.search(rf"\b{key}:", block):
            block = re.sub(rf"\b{key}: *[\w-]+(?=[ ,}}\n]|$)", f"{key}: {value}", block, count=1)
        elif "{" in lines[begin]:
            head, brace, tail = block.rpartition("}")
            block = f"{head.rstrip()}, {key}: {value}{brace}{tail}"
        else:
            block += f"\n{' ' * (_indent(lines[begin]) + 2)}{key}: {value}"
        return _text([*lines[:begin], *block.split("\n"), *lines[end:]])

    def with_word(self, part: str, ours: str, theirs: str) -> str:
        """With one more pair in the field's table of values."""
        begin, end = self._block(part)
        lines = self._lines()
        block = "\n".join(lines[begin:end])
        opened = list(re.finditer(r"\b(?:map|values|list): *\{", block))
        if not opened:
            return self.source.text
        closing = block.index("}", opened[-1].end())
        pair = f", {_word(ours)}: {_word(theirs)}"
        block = block[:closing].rstrip() + pair + block[closing:]
        return _text([*lines[:begin], *block.split("\n"), *lines[end:]])

    def with_constant(self, path: str, value: str) -> str:
        """With one more field that is set on every record that the hub creates there."""
        lines = self._lines()
        if ("constants",) in self.source.lines:
            return self.with_key("constants", path, _word(value))
        at = self.source.line(("fields",)) - 1
        return _text([*lines[:at], f"constants: {{{path}: {_word(value)}}}", *lines[at:]])

    def with_field(self, name: str, remote: str) -> str:
        """With one more field, after the last one."""
        last = max(self.source.lines, key=lambda path: self.source.lines[path] if path[:1] == ("fields",) else 0)
        begin, end = self._block(str(last[1]))
        lines = self._lines()
        new = f"{' ' * _indent(lines[begin])}{name}: {{remote: {remote}}}"
        return _text([*lines[:end], new, *lines[end:]])

    def table(self, part: str) -> dict[str, str] | None:
        """The field's table of values, ours to theirs."""
        lens: Any = self.source.data["fields"][part].get("lens")
        options = lens.get("values") if isinstance(lens, dict) else None
        if isinstance(options, dict) and isinstance(options.get("map"), dict):
            options = options["map"]
        return {str(k): str(v) for k, v in options.items()} if isinstance(options, dict) else None

    def _lines(self) -> list[str]:
        return self.source.text.split("\n")

    def _block(self, part: str) -> tuple[int, int]:
        """First line of the part, and the one after its last."""
        path = (part,) if part in ("key", "constants") else ("fields", part)
        begin, lines = self.source.line(path) - 1, self._lines()
        end = begin + 1
        while end < len(lines) and lines[end].strip() and _indent(lines[end]) > _indent(lines[begin]):
            end += 1
        return begin, end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _word(text: str) -> str:
    is_plain = _PLAIN_WORD.fullmatch(text) and text.lower() not in _NOT_TEXT
    return text if is_plain else f"'{text.replace(chr(39), chr(39) * 2)}'"


def _text(lines: list[str]) -> str:
    return "\n".join(lines)
