"""Reads a YAML file as plain data, safely, and remembers on which line each part stands."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hub.files.issues import FileError, FileKind, Issue

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_NODES = 20_000

Path_ = tuple[str | int, ...]


class _Loader(yaml.CSafeLoader):
    """Safe YAML in which only true and false are truth values: `on`, `no` and `2026-01-01` are texts."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # the library's form


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])


_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "bool", "int", "float", "null"))


@dataclass(frozen=True)
class Source:
    """A file as plain data; `lines` gives the line of each part of `text` by its path from the top."""

    file: str
    data: Any
    lines: dict[Path_, int]
    text: str

    def line(self, path: Path_) -> int:
        """The line of the part at `path`, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def issue(self, path: Path_, field: str, message: str) -> Issue:
        return Issue(self.file, self.line(path), field, message)


def read_source(path_or_text: Path | str, *, kind: FileKind) -> Source:
    """Parse a file; a str is the YAML itself. Raises the kind's error when it is not sound YAML within the limits."""
    if isinstance(path_or_text, Path):
        name = "/".join(path_or_text.parts[-2:])
        text = _read_file(path_or_text, name, kind)
    else:
        name, text = f"{kind.noun}.yaml", path_or_text
        if len(text.encode("utf-8", "replace")) > MAX_BYTES:
            raise _error(kind, name, 1, f"The {kind.noun} is larger than {MAX_BYTES // 1024} KiB.")
    return _parse(name, text, kind)


def _read_file(path: Path, name: str, kind: FileKind) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _error(kind, name, 1, f"The {kind.noun} is larger than {MAX_BYTES // 1024} KiB.")
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise _error(kind, name, 1, f"The {kind.noun} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise _error(kind, name, 1, f"The {kind.noun} is not UTF-8 text.") from exc


def _parse(name: str, text: str, kind: FileKind) -> Source:
    try:
        _guard(name, text, kind)
        node = yaml.compose(text, Loader=_Loader)
    except FileError:
        raise
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise _error(kind, name, line, f"This is not valid YAML: {exc.problem or exc.context}.") from exc
    except (yaml.YAMLError, ValueError) as exc:
        raise _error(kind, name, 1, f"This is not valid YAML: {exc}") from exc
    if node is None:
        raise _error(kind, name, 1, f"The {kind.noun} is empty.")
    lines: dict[Path_, int] = {}
    issues: list[Issue] = []
    data = _Walk(name, lines, issues).plain(node, ())
    if issues:
        raise kind.error(tuple(issues))
    return Source(name, data, lines, text)


def _guard(name: str, text: str, kind: FileKind) -> None:
    """Refuse deep nesting, too many parts and aliases before anything is built from them."""
    depth = 0
    for parts, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.AliasEvent):
            raise _error(kind, name, _line(event), f"YAML aliases (*name) are not allowed in a {kind.noun}.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or parts > MAX_NODES:
            raise _error(kind, name, _line(event), f"The {kind.noun} is nested too deeply or has too many parts.")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Walk:
    """Turns composed nodes into plain data, noting lines and repeated keys."""

    def __init__(self, name: str, lines: dict[Path_, int], issues: list[Issue]) -> None:
        self._name = name
        self._lines = lines
        self._issues = issues
        self._scalars = yaml.constructor.SafeConstructor()

    def plain(self, node: yaml.Node, path: Path_) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if node.tag not in _TAGS:
            self._issues.append(Issue(self._name, node.start_mark.line + 1, "", f"{node.tag} is not allowed here."))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable) or key is None:
                self._issues.append(Issue(self._name, line, "", "A key must be a word."))
                continue
            if key in result:
                self._issues.append(Issue(self._name, line, str(key), "This key stands here twice."))
            inner = (*path, str(key))
            self._lines.setdefault(inner, line)
            result[key] = self.plain(value_node, inner)
        return result

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._scalars.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError) as exc:
            message = f"This value cannot be read: {getattr(exc, 'problem', None) or exc}."
            self._issues.append(Issue(self._name, node.start_mark.line + 1, "", message))
            return None


def _error(kind: FileKind, name: str, line: int, message: str) -> FileError:
    return kind.error((Issue(name, line, "", message),))
