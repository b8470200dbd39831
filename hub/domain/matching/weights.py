"""Fellegi-Sunter weights and thresholds, read once from the packaged data file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
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
    """The weights of one kind of record, in bits (log2 m/u), by feature and level, and what they must add up to.

    From `same` on, and with corroboration, two records are one; from `review` on a person decides. A rival less than
    `margin` below the best candidate makes the choice ambiguous.
    """

    weights: Mapping[str, Mapping[str, float]]
    same: float
    review: float
    margin: float


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


def _table(raw: Mapping[str, Any]) -> WeightTable:
    thresholds = raw["thresholds"]
    return WeightTable(
        weights={
            feature: {level: _chances(feature, level, **raw_chances).bits for level, raw_chances in levels.items()}
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
