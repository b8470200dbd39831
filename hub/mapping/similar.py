"""Which fields are called alike on both sides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from hub.mapping.model import Mapping
from hub.sdk.capabilities import RemoteField

_LIKE = 0.75
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_SUFFIX = re.compile(r"__[a-z]$")  # what systems append to the names of custom fields


def most_like(path: str, candidates: Iterable[RemoteField], *, type_: str | None = None) -> RemoteField | None:
    """The field whose name or label resembles the path most; None when none does. One of the type goes first."""
    scored = [(_likeness(path, each) + (0.1 if each.type == type_ else 0), each.name, each) for each in candidates]
    best = max(scored, default=None, key=lambda row: row[:2])
    return best[2] if best and best[0] >= _LIKE else None


def unmapped_like(mapping: Mapping, remote: RemoteField) -> str | None:
    """The field of the record that the remote field is called like, where the mapping does not have it yet."""
    for name, field in mapping.record.fields.items():
        is_free = name not in mapping.rules and field.kind != "link"
        if is_free and _plain(field.document_key) in (_plain(remote.name), _plain(remote.label)):
            return name
    return None


def closest(word: str, words: Iterable[str]) -> str | None:
    """The word that resembles this one most, by its plain letters; None when none does."""
    scored = [(SequenceMatcher(None, _plain(word), _plain(each)).ratio(), each) for each in words]
    best = max(scored, default=None)
    return best[1] if best and best[0] >= _LIKE else None


def _likeness(path: str, remote: RemoteField) -> float:
    ours = _plain(path)
    by_name = SequenceMatcher(None, ours, _plain(remote.name)).ratio()
    by_label = SequenceMatcher(None, ours, _plain(remote.label)).ratio() if remote.label else 0.0
    shared = _words(path) & _words(remote.name)
    return max(by_name, by_label, 0.7 if shared and len(shared) * 2 >= len(_words(path)) else 0.0)


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _SPLIT.split(_SUFFIX.sub("", name)) if word)


def _plain(name: str) -> str:
    return "".join(word.lower() for word in _SPLIT.split(_SUFFIX.sub("", name)) if word)
