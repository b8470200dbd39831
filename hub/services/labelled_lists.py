"""Labels for the matcher: lists in files, or what people decided in this installation."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, cast

from hub.db import match_decisions
from hub.db.match_decisions import Label
from hub.db.session import Tx
from hub.domain.matching import Features, duplicate_groups, organization_features, person_features
from hub.domain.matching.labelled import Labelled, Pair
from hub.record import RECORD_TYPES
from hub.record.definition import RecordType
from hub.services.refusals import NotFound, invalid

Kind = Literal["organization", "person"]

_TYPES = {k: [t.name for t in RECORD_TYPES.values() if t.root.name == k] for k in ("organization", "person")}
# Columns of lists that are called otherwise than the field of the record.
_CALLED = {
    "name": "legal_name", "address": "street", "zip": "postal_code", "postcode": "postal_code",
    "website": "website_domain", "domain": "website_domain", "given_name": "first_name", "surname": "last_name",
}  # fmt: skip


def read_lists(*, records: Path, labels: Path, kind: Kind) -> Labelled:
    """A list with columns id and fields of the record, and one with columns id and cluster: same cluster, same thing.

    Records without a label are left out. Raises NotFound and Invalid with the file and the column.
    """
    groups = {row["id"]: row["cluster"] for row in _rows(labels, "id", "cluster")}
    features = {row["id"]: features_of(row, kind) for row in _rows(records, "id") if row["id"] in groups}
    if not features:
        raise invalid(records.name, f"no record has a label in {labels.name}")
    return Labelled(features, {i: groups[i] for i in features})


async def stored_decisions(tx: Tx, *, kind: Kind) -> Labelled:
    """Every decision on two records that still stands, each side as it was known then.

    Decisions that name a record in common stay together when the labels are parted.
    """
    labels = await match_decisions.standing(tx, record_types=_TYPES[kind])
    ids = [(f"{label.id}:left", f"{label.id}:right") for label in labels]
    features: dict[str, Features] = {}
    decided: dict[Pair, bool] = {}
    for (left, right), label in zip(ids, labels, strict=True):
        features[left] = features_of(label.left_features, kind)
        features[right] = features_of(label.right_features, kind)
        decided[left, right] = label.decision == "same"
    groups = _together(labels)
    records = {i: r for (a, b), label in zip(ids, labels, strict=True) for i, r in ((a, label.left), (b, label.right))}
    return Labelled(features, {i: groups[record] for i, record in records.items()}, decided)


def features_of(values: Mapping[str, object], kind: Kind) -> Features:
    """Features of a row: columns under their own names or as lists usually call them."""
    fields: dict[str, object] = {}
    for column, value in values.items():
        name = _CALLED.get(column, column)
        held = fields.get(name)
        fields[name] = value if not held else [held, value]
    return organization_features(fields) if kind == "organization" else person_features(fields)


def kind_of_type(record_type: RecordType) -> Kind:
    """Which of the two kinds records of this type are. Raises Invalid for what is not matched by evidence."""
    root = record_type.root.name
    if root not in _TYPES:
        raise invalid("type", f"{record_type.name} records are not matched by evidence")
    return cast(Kind, root)


def _together(labels: Iterable[Label]) -> dict[str, str]:
    return duplicate_groups((label.left, label.right) for label in labels)


def _rows(path: Path, *columns: str) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [column for column in columns if column not in (reader.fieldnames or ())]:
                raise invalid(path.name, f"has no column {missing[0]!r}")
            return list(reader)
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise invalid(path.name, "is not UTF-8") from None
