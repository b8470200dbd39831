"""Estimate the matcher's weights from labelled records of organisations and print how they do on unseen clusters.

    python -m benchmarks.estimate_match_weights DIR [--write]

DIR holds records.csv (id, source, name, address, zip, phone, website) and labels.csv (id, cluster).
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import hub.domain.matching.weights as weights_module
from hub.domain.matching.choice import Decision
from hub.domain.matching.estimate import estimate_chances, estimate_thresholds, half_of
from hub.domain.matching.evaluate import (
    MatcherQuality,
    Quality,
    link_systems,
    links_between,
    matcher_quality,
    pair_quality,
)
from hub.domain.matching.features import Features, organization_features
from hub.domain.matching.weights import WEIGHTS_FILE, Weights, parse_weights

PRECISION = 0.995  # asked of the estimating half, so that 0.99 holds on records never seen
RECALL = 0.96  # asked there with reviews counted as found, so that 0.90 holds
MARGIN = 3.0
COLUMNS = {
    "name": "legal_name",
    "address": "street",
    "zip": "postal_code",
    "phone": "phone",
    "website": "website_domain",
}

# Chances that lists of schools cannot teach: no identifiers, domains or mailboxes stand in them.
ASSUMED = {
    "identifier": {"same": (0.98, 5e-10), "different": (0.001, 0.999)},
    "domain": {"same": (0.85, 1e-6), "different": (0.15, 0.99999)},
    "email": {"same": (0.7, 5e-6)},
    "place": {"same_city": (0.93, 0.05), "other_city": (0.06, 0.95), "other_country": (0.01, 0.8)},
    "legal_form": {"equal": (0.85, 0.45), "compatible": (0.1, 0.15), "contradicting": (0.05, 0.4)},
}
PERSON = {
    "email": {"same": (0.7, 1e-5), "same_office": (0.1, 1e-3), "different": (0.3, 0.99999)},
    "phone": {"same": (0.5, 1e-4), "close": (0.03, 1e-3), "different": (0.47, 0.9989)},
    "last_name": {"same": (0.93, 2e-3), "different": (0.07, 0.998)},
    "first_name": {"same": (0.9, 0.01), "initial": (0.05, 0.05), "different": (0.05, 0.94)},
    "organization": {"same": (0.9, 1e-3), "different": (0.1, 0.999)},
}
PERSON_THRESHOLDS = {"same": 24.0, "review": 16.0, "margin": MARGIN}


def main() -> None:
    """Estimate on one half of the clusters, judge on the other, and write the data file when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="replace the packaged weights")
    options = parser.parse_args()
    features, labels, sources = read_labelled(options.directory)
    document = estimate(features, labels, seed=options.seed)
    text = json.dumps(document, indent=1) + "\n"
    weights = parse_weights(text)
    print("thresholds", document["organization"]["thresholds"])
    for title, half in (("estimating half", 0), ("judging half", 1)):
        of_half = half_of(labels, half=half, seed=options.seed)
        show(title, matcher_quality(features, labels=of_half, weights=weights))
    show("all records", matcher_quality(features, labels=labels, weights=weights))
    show_links(features, labels=labels, sources=sources, weights=weights)
    if options.write:
        Path(weights_module.__file__).with_name(WEIGHTS_FILE).write_text(text, encoding="utf-8")


def read_labelled(directory: Path) -> tuple[dict[str, Features], dict[str, str], dict[str, str]]:
    """Features, cluster and source list of every record in `directory`, by id."""
    with (directory / "records.csv").open(encoding="utf-8", newline="") as records:
        rows = list(csv.DictReader(records))
    with (directory / "labels.csv").open(encoding="utf-8", newline="") as labelled:
        labels = {row["id"]: row["cluster"] for row in csv.DictReader(labelled)}
    features: dict[str, Features] = {
        row["id"]: organization_features({field: row[column] for column, field in COLUMNS.items()}) for row in rows
    }
    return features, labels, {row["id"]: row["source"] for row in rows}


def estimate(features: dict[str, Features], labels: dict[str, str], *, seed: int) -> dict[str, Any]:
    """The data file's content, estimated on the first half of the clusters only."""
    seen = half_of(labels, half=0, seed=seed)
    chances = estimate_chances(features, labels=seen, seed=seed)
    levels = {f: {level: (c.m, c.u) for level, c in of_feature.items()} for f, of_feature in chances.items()}
    for feature, assumed in ASSUMED.items():
        levels[feature] = {**levels.get(feature, {}), **assumed}
    open_thresholds = {"same": 0.0, "review": 0.0, "margin": MARGIN}
    document = {"organization": _table(levels, open_thresholds), "person": _table(PERSON, PERSON_THRESHOLDS)}
    chosen = estimate_thresholds(
        {i: features[i] for i in seen},
        labels=seen,
        weights=parse_weights(json.dumps(document)),
        precision=PRECISION,
        recall=RECALL,
    ).organization
    document["organization"]["thresholds"] |= {"same": chosen.same, "review": chosen.review}
    return document


def show(title: str, quality: MatcherQuality) -> None:
    """Print the figures of one judgement on a line."""
    print(
        f"{title:16} auto P {quality.auto.precision:.4f} R {quality.auto.recall:.3f} | "
        f"with review R {quality.found.recall:.3f}, {quality.reviews_per_record:.2f} review pairs a record | "
        f"B-cubed P {quality.b_cubed.precision:.3f} R {quality.b_cubed.recall:.3f} F {quality.b_cubed.f1:.3f}"
    )


def show_links(
    features: dict[str, Features], *, labels: dict[str, str], sources: dict[str, str], weights: Weights
) -> None:
    """Link the lists of one system with those of another, for every way to share out the lists; print the spread."""
    lists = [name for name, size in Counter(sources.values()).most_common() if size > 100]
    results = []
    for count in range(1, len(lists)):
        for held_lists in combinations(lists, count):
            quality, reviewed = _link_quality(features, labels, sources, held_lists, weights)
            results.append((quality.precision, quality.recall, reviewed, held_lists))
    results.sort()
    for title, position in (("worst", 0), ("median", len(results) // 2), ("best", -1)):
        precision, recall, reviewed, held_lists = results[position]
        names = ", ".join(held_lists)
        print(f"links, {title} split: P {precision:.4f} R {recall:.3f}, {reviewed:.2f} reviewed; held: {names}")
    print(
        f"links, share of {len(results)} splits with P >= 0.99: {sum(r[0] >= 0.99 for r in results) / len(results):.2f}"
    )


def _link_quality(
    features: dict[str, Features],
    labels: dict[str, str],
    sources: dict[str, str],
    held_lists: tuple[str, ...],
    weights: Weights,
) -> tuple[Quality, float]:
    held = {i: f for i, f in features.items() if sources[i] in held_lists}
    incoming = {i: f for i, f in features.items() if sources[i] not in held_lists}
    choices = link_systems(held, incoming, weights=weights)
    links = [(i, choice.chosen) for i, choice in choices.items() if choice.chosen is not None]
    findable = links_between(held, incoming, labels=labels)
    reviewed = sum(choice.decision is Decision.REVIEW for choice in choices.values())
    return pair_quality(links, labels=labels, findable=findable), reviewed / len(incoming)


def _table(levels: dict[str, dict[str, tuple[float, float]]], thresholds: dict[str, float]) -> dict[str, Any]:
    return {
        "thresholds": dict(thresholds),
        "features": {
            feature: {level: {"m": float(f"{m:.4g}"), "u": float(f"{u:.4g}")} for level, (m, u) in of_feature.items()}
            for feature, of_feature in levels.items()
        },
    }


if __name__ == "__main__":
    main()
