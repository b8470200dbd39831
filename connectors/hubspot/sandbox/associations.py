"""Associations between records: labels in both directions, and at most one primary company."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.hubspot.sandbox.answers import Json

HUBSPOT_DEFINED = "HUBSPOT_DEFINED"
USER_DEFINED = "USER_DEFINED"

Pair = tuple[str, str]
# (category, type id): what an association is called.
Label = tuple[str, int]

# Primary type id there, back.
_PRIMARY: dict[Pair, tuple[int, int]] = {("contacts", "companies"): (1, 2), ("deals", "companies"): (5, 6)}
_PLAIN: dict[Pair, tuple[int, int]] = {
    ("contacts", "companies"): (279, 280),
    ("deals", "contacts"): (3, 4),
    ("deals", "companies"): (341, 342),
    ("deals", "notes"): (213, 214),
    ("deals", "tasks"): (215, 216),
    ("notes", "companies"): (190, 189),
    ("tasks", "companies"): (192, 191),
    ("notes", "contacts"): (202, 201),
    ("tasks", "contacts"): (204, 203),
}


def _both_ways(table: Mapping[Pair, tuple[int, int]]) -> dict[Pair, int]:
    there = {pair: ids[0] for pair, ids in table.items()}
    return there | {(pair[1], pair[0]): ids[1] for pair, ids in table.items()}


PRIMARY = _both_ways(_PRIMARY)
PLAIN = _both_ways(_PLAIN)


@dataclass(frozen=True, slots=True)
class Node:
    """One end of an association."""

    type: str
    id: str


class Associations:
    """All associations of the account, and the labels its users defined."""

    def __init__(self) -> None:
        self._links: dict[Node, dict[Node, set[Label]]] = {}
        self._inverse: dict[tuple[Pair, Label], Label] = {}
        self.labels: dict[Pair, dict[Label, str | None]] = {}
        for pair, type_id in PLAIN.items():
            self._know(pair, (HUBSPOT_DEFINED, type_id), (HUBSPOT_DEFINED, PLAIN[_turned(pair)]), None)
        for pair, type_id in PRIMARY.items():
            self._know(pair, (HUBSPOT_DEFINED, type_id), (HUBSPOT_DEFINED, PRIMARY[_turned(pair)]), "Primary")
        self._next_user_label = 27
        self.define_label(("deals", "companies"), "Partner")

    def define_label(self, pair: Pair, name: str) -> tuple[Label, Label]:
        """A label that an administrator adds; returns it and its inverse."""
        there, back = (USER_DEFINED, self._next_user_label), (USER_DEFINED, self._next_user_label + 1)
        self._next_user_label += 2
        self._know(pair, there, back, name)
        self._know(_turned(pair), back, there, name)
        return there, back

    def _know(self, pair: Pair, label: Label, inverse: Label, name: str | None) -> None:
        self.labels.setdefault(pair, {})[label] = name
        self._inverse[pair, label] = inverse

    def of(self, node: Node, to_type: str) -> dict[str, set[Label]]:
        """Ids of `to_type` that `node` is associated with, oldest first, and their labels."""
        return {other.id: labels for other, labels in self._links.get(node, {}).items() if other.type == to_type}

    def primary(self, node: Node, to_type: str) -> str | None:
        """The id of the primary associated record; where the pair has no primary label, the first."""
        label = PRIMARY.get((node.type, to_type))
        found = self.of(node, to_type)
        if label is None:
            return next(iter(found), None)
        return next((id for id, labels in found.items() if (HUBSPOT_DEFINED, label) in labels), None)

    def labelled(self, node: Node, to_type: str, name: str) -> str | None:
        """The id of the first record that is associated under a label of the account's users."""
        label = self.user_label((node.type, to_type), name)
        return next((id for id, labels in self.of(node, to_type).items() if label in labels), None)

    def user_label(self, pair: Pair, name: str) -> Label:
        """The users' label of that name; ValueError where there is none."""
        for label, known in self.labels.get(pair, {}).items():
            if label[0] == USER_DEFINED and known is not None and known.lower() == name.lower():
                return label
        raise ValueError(f"There is no label {name!r} between {pair[0]} and {pair[1]}.")

    def user_labels(self, pair: Pair) -> list[str]:
        """Names of the labels that users made."""
        return [name for label, name in self.labels.get(pair, {}).items() if label[0] == USER_DEFINED and name]

    def set(self, here: Node, there: Node, labels: Iterable[Label]) -> None:
        """Add labels to an association; a labelled one is always a plain one too. KeyError for an unknown label."""
        pair = (here.type, there.type)
        wanted = {*labels, (HUBSPOT_DEFINED, PLAIN[pair])}
        inverse = {label: self._inverse[pair, label] for label in wanted}
        if (HUBSPOT_DEFINED, PRIMARY.get(pair)) in wanted and there.type == "companies":
            self._demote_primary(here)
        if (HUBSPOT_DEFINED, PRIMARY.get(pair)) in wanted and here.type == "companies":
            self._demote_primary(there)
        self._links.setdefault(here, {}).setdefault(there, set()).update(wanted)
        self._links.setdefault(there, {}).setdefault(here, set()).update(inverse.values())

    def _demote_primary(self, node: Node) -> None:
        current = self.primary(node, "companies")
        if current is not None:
            company = Node("companies", current)
            self._links[node][company].discard((HUBSPOT_DEFINED, PRIMARY[node.type, "companies"]))
            self._links[company][node].discard((HUBSPOT_DEFINED, PRIMARY["companies", node.type]))

    def remove_labels(self, here: Node, there: Node, labels: Iterable[Label]) -> None:
        """Take labels away; an association without any label is none."""
        mine = self._links.get(here, {}).get(there)
        if mine is None:
            return
        for label in labels:
            mine.discard(label)
            self._links[there][here].discard(self._inverse[(here.type, there.type), label])
        if not mine:
            self.remove(here, there)

    def remove(self, here: Node, there: Node) -> None:
        self._links.get(here, {}).pop(there, None)
        self._links.get(there, {}).pop(here, None)

    def forget(self, node: Node) -> None:
        for other in list(self._links.get(node, {})):
            self.remove(node, other)

    def move(self, old: Node, new: Node) -> None:
        """Give the associations of a merged record to the survivor; the survivor's own primary stays."""
        has_primary = self.primary(new, "companies") is not None and (new.type, "companies") in PRIMARY
        for other, labels in list(self._links.get(old, {}).items()):
            kept = set(labels)
            if has_primary and other.type == "companies":
                kept.discard((HUBSPOT_DEFINED, PRIMARY[new.type, "companies"]))
            self.set(new, other, kept)
        self.forget(old)

    def to_json(self, pair: Pair, to_id: str, labels: Iterable[Label]) -> Json:
        """One row of an association read."""
        types = [
            {"category": category, "typeId": type_id, "label": self.labels[pair].get((category, type_id))}
            for category, type_id in sorted(labels)
        ]
        return {"toObjectId": to_id, "associationTypes": types}


def _turned(pair: Pair) -> Pair:
    return pair[1], pair[0]
