"""Fellegi-Sunter weights and thresholds: read from a data file, written to one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from math import log2
from typing import Any, NamedTuple

WEIGHTS_FILE = "weights.json"


class Chances(NamedTuple):
    """How often a level occurs between two records of one and the same (m) and of different ones (u)."""

    m: float
    u: float

    @property
    def bits(self) -> float:
        """The weight log2(m/u)."""
        return round(log2(self.m / self.u), 2)


@dataclass(frozen=True, slots=True)
class WeightTable:
    """What matching knows of one kind of record.

    `chances` by feature and level give the `weights` in bits (log2 m/u). From a total of `same` on, and with
    corroboration, two records are one; from `review` on a person decides. A rival less than `margin` below the best
    candidate makes the choice ambiguous.
    """

    chances: Mapping[str, Mapping[str, Chances]]
    same: float
    review: float
    margin: float
    weights: Mapping[str, Mapping[str, float]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        weights = {
            feature: {level: chances.bits for level, chances in levels.items()}
            for feature, levels in self.chances.items()
        }
        object.__setattr__(self, "weights", weights)


@dataclass(frozen=True, slots=True)
class Weights:
    """The tables of both kinds of record."""

    organization: WeightTable
    person: WeightTable


@cache
def default_weights() -> Weights:
    """The packaged weights."""
    return parse_weights(files(__package__).joinpath(WEIGHTS_FILE).read_text(encoding="utf-8"))


def parse_weights(text: str) -> Weights:
    """Weights from JSON text: per level the chances m (of one and the same) and u (of different ones) that it occurs.

    Raises ValueError where a chance is not between 0 and 1, KeyError where a table lacks a part.
    """
    tables = json.loads(text)
    return Weights(organization=_table(tables["organization"]), person=_table(tables["person"]))


def weights_text(weights: Weights) -> str:
    """The weights as JSON text that `parse_weights` reads; chances keep four digits."""
    tables = {"organization": _document(weights.organization), "person": _document(weights.person)}
    return json.dumps(tables, indent=1) + "\n"


def _document(table: WeightTable) -> dict[str, Any]:
    return {
        "thresholds": {"same": table.same, "review": table.review, "margin": table.margin},
        "features": {
            feature: {level: {"m": float(f"{c.m:.4g}"), "u": float(f"{c.u:.4g}")} for level, c in levels.items()}
            for feature, levels in sorted(table.chances.items())
        },
    }


def _table(raw: Mapping[str, Any]) -> WeightTable:
    thresholds = raw["thresholds"]
    return WeightTable(
        chances={
            feature: {level: _chances(feature, level, **raw_chances) for level, raw_chances in levels.items()}
            for feature, levels in raw["features"].items()
        },
        same=float(thresholds["same"]),
        review=float(thresholds["review"]),
        margin=float(thresholds["margin"]),
    )


def _chances(feature: str, level: str, *, m: float, u: float) -> Chances:
    if not (0 < m <= 1 and 0 < u <= 1):
        raise ValueError(f"{feature}/{level}: m and u are chances between 0 and 1, found m={m}, u={u}")
    return Chances(m, u)
