"""Proposes the edit of a mapping that would make it fit again: a small diff, which loads and fits, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import unified_diff

from hub.mapping.describe import check_mapping
from hub.mapping.drift import Finding
from hub.mapping.edits import Edit
from hub.mapping.errors import MappingError
from hub.mapping.load import load_mapping
from hub.mapping.model import Mapping
from hub.mapping.similar import closest, most_like
from hub.record import RECORD_TYPES
from hub.sdk.capabilities import RemoteField, RemoteObject

# The lens for a field of a kind whose remote field has become of another type.
_LENSES = {
    ("choices", "text"): '{split: ";"}',
    ("texts", "text"): '{split: ";"}',
    ("date", "datetime"): "{date: datetime}",
    ("date", "text"): "{date: iso}",
}


def propose(finding: Finding, mapping: Mapping, *, now: RemoteObject, before: RemoteObject | None) -> str | None:
    """The edit as a unified diff of the mapping's file; None where only a person can know what is right.

    The mapping with the edit loads, and the finding's field has no fault against `now`.
    """
    for text in _attempts(finding, mapping, now, before):
        if text != mapping.source.text and _fits(text, finding, mapping, now):
            lines = unified_diff(
                mapping.source.text.splitlines(), text.splitlines(), mapping.file, mapping.file, lineterm="", n=0
            )
            return "\n".join(lines)
    return None


def _attempts(finding: Finding, mapping: Mapping, now: RemoteObject, before: RemoteObject | None) -> Iterable[str]:
    """Edited texts, the best guess first."""
    edit = Edit(mapping.source)
    field = finding.field
    match finding.kind:
        case "removed":
            if other := _renamed(finding.remote, mapping, now, before):
                yield edit.replaced(field, finding.remote, other)
            yield edit.dropped(field)
        case "read_only":
            yield edit.with_key(field, "direction", "pull")
            yield edit.dropped(field)
        case "retyped":
            lens = _LENSES.get((mapping.rules[field].field.kind, now.fields[finding.remote].type))
            if lens:
                yield edit.with_key(field, "lens", lens)
        case "shorter":
            yield edit.with_key(field, "lens", f"{{text: {{max_length: {finding.longest}}}}}")
        case "values_removed":
            yield from _for_lost_words(finding, mapping, now, before)
        case "values_added":
            yield from _for_new_words(finding, mapping, now)
        case "required":
            yield from _for_required(finding, now.fields[finding.remote], edit)
        case "added":
            yield edit.with_field(finding.words[0], finding.remote)


def _renamed(path: str, mapping: Mapping, now: RemoteObject, before: RemoteObject | None) -> str | None:
    """The field that took the place of the removed one: a new one, where it is known which are new."""
    taken = {remote for rule in mapping.rules.values() for remote in rule.remotes}
    free = [f for name, f in now.fields.items() if name not in taken and (before is None or name not in before.fields)]
    was = before.fields.get(path) if before else None
    same_label = [f for f in free if was and was.label and f.label == was.label]
    found = same_label[0] if len(same_label) == 1 else most_like(path, free, type_=was.type if was else None)
    return found.name if found else None


def _for_lost_words(
    finding: Finding, mapping: Mapping, now: RemoteObject, before: RemoteObject | None
) -> Iterable[str]:
    edit = Edit(mapping.source)
    was = before.fields.get(finding.remote) if before else None
    new = [word for word in now.fields[finding.remote].values if was is None or word not in was.values]
    text: str | None = None
    for word in finding.words:
        other = new[0] if len(new) == len(finding.words) == 1 else closest(word, new)
        if other is not None:
            text = edit.replaced(finding.field, word, other)
            edit = edit.of(text)
            new.remove(other)
    if text is not None:
        yield text
    if finding.field != "constants":
        yield Edit(mapping.source).with_key(finding.field, "direction", "pull")


def _for_new_words(finding: Finding, mapping: Mapping, now: RemoteObject) -> Iterable[str]:
    edit = Edit(mapping.source)
    field = mapping.rules[finding.field].field
    table = edit.table(finding.field)
    if table is None:
        return
    allowed = now.fields[finding.remote].values
    lost = [theirs for theirs in table.values() if theirs not in allowed]
    free = [ours for ours in field.choices if ours not in table]
    text: str | None = None
    for word in finding.words:
        if other := closest(word, lost):
            text = edit.replaced(finding.field, other, word)
            lost.remove(other)
        elif ours := closest(word, free):
            text = edit.with_word(finding.field, ours, word)
            free.remove(ours)
        elif not field.choices:
            text = edit.with_word(finding.field, word.lower().replace(" ", "_"), word)
        if text is not None:
            edit = edit.of(text)
    if text is not None:
        yield text


def _for_required(finding: Finding, remote: RemoteField, edit: Edit) -> Iterable[str]:
    value = remote.values[0] if remote.values else "Unknown" if remote.type == "text" else None
    if value is None:
        return
    if finding.field:
        yield edit.with_key(finding.field, "default", value)
    else:
        yield edit.with_constant(finding.remote, value)


def _fits(text: str, finding: Finding, mapping: Mapping, now: RemoteObject) -> bool:
    try:
        types = {**RECORD_TYPES, mapping.record.name: mapping.record}
        edited = load_mapping(text, record_types=types, system=mapping.system)
    except MappingError:
        return False
    wrong = {i.field for i in check_mapping(edited, describe=now) if i.level == "error"}
    return finding.field not in wrong
