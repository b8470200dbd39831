"""matching explain, evaluate and estimate at the command line."""

import asyncio
import csv
import os
import random
from pathlib import Path
from uuid import uuid4

import pytest

from hub.db import match_decisions
from hub.db.match_decisions import Side
from hub.db.session import Database
from hub.domain.matching.labelled import half_of
from tests.integration.cli.conftest import Command
from tests.integration.cli.test_merges import _made


def test_two_records_are_explained_feature_by_feature(partnerhub: Command) -> None:
    partnerhub("status")
    one = _made(legal_name="ООО Ромашка", website_domain="romashka.example", city="Tver", country="RU")
    two = _made(legal_name="Romashka LLC", website_domain="romashka.example", city="Tver", country="RU")

    said = partnerhub("matching", "explain", one, two)
    data = partnerhub("matching", "explain", one, two, "--json").data

    assert said.code == 0
    for words in ("ООО Ромашка", "domain", "same from 30, review from", "Verdict: same"):
        assert words in said.out
    assert data["verdict"] == "same"
    assert data["total"] == pytest.approx(sum(point["weight"] for point in data["evidence"]))
    assert {"d:romashka.example", "n:romashka"} <= set(data["shared_keys"])
    assert "no partner" in partnerhub("matching", "explain", one, str(uuid4())).error
    assert "not matched by evidence" in partnerhub("matching", "explain", one, two, "--type", "product_line").error


def test_weights_are_judged_on_the_half_of_a_list_that_they_never_saw(partnerhub: Command, tmp_path: Path) -> None:
    records, labels = _lists(tmp_path)

    said = partnerhub("matching", "evaluate", "--records", records, "--labels", labels, "--splits", "1")
    data = partnerhub("matching", "evaluate", "--records", records, "--labels", labels, "--splits", "1", "--json").data

    assert said.code == 0
    assert "480 records, 240 pairs known to be the same" in said.out
    assert [(split["seed"], split["estimated_on"]) for split in data["splits"]] == [(0, 0), (0, 1)]
    for split in data["splits"]:
        assert split["quality"]["auto"]["precision"] >= 0.99
        assert split["quality"]["found"]["recall"] >= 0.9
        assert 0 < split["quality"]["b_cubed"]["recall"] <= 1


def test_weights_from_peoples_decisions_come_into_force_by_a_setting(
    partnerhub: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partnerhub("status")
    _decide(sites=150)
    file = tmp_path / "weights.json"

    said = partnerhub("matching", "estimate", str(file), "--json")

    assert said.code == 0, said.err
    assert said.data["worse"] == []
    assert said.data["after"]["auto"]["precision"] == 1.0
    monkeypatch.setenv("PARTNERHUB_MATCH_WEIGHTS", str(file))
    one, two = _made(legal_name="Acme", phone="+12125550100"), _made(legal_name="Acme", phone="+12125550100")
    data = partnerhub("matching", "explain", one, two, "--json").data
    [phone] = [point for point in data["evidence"] if point["feature"] == "phone"]
    monkeypatch.delenv("PARTNERHUB_MATCH_WEIGHTS")
    [packaged] = [
        point
        for point in partnerhub("matching", "explain", one, two, "--json").data["evidence"]
        if point["feature"] == "phone"
    ]
    assert phone["weight"] != packaged["weight"]


def test_weights_that_do_worse_on_labels_not_seen_are_written_by_force_only(
    partnerhub: Command, tmp_path: Path
) -> None:
    records, labels = _lists(tmp_path)
    file = tmp_path / "weights.json"
    lists = ("--records", records, "--labels", _half_wrong(Path(labels), tmp_path / "half_wrong.csv"))

    refused = partnerhub("matching", "estimate", str(file), *lists)

    assert refused.code == 1
    assert "Lower on the half not seen" in refused.out
    assert "Nothing was written" in refused.out
    assert not file.exists()
    assert partnerhub("matching", "estimate", str(file), *lists, "--force").code == 0
    assert file.exists()


def test_labels_that_say_nothing_are_refused_with_the_reason(partnerhub: Command, tmp_path: Path) -> None:
    assert "0 pairs of half the labels" in partnerhub("matching", "evaluate").error
    assert "go together" in partnerhub("matching", "evaluate", "--labels", "x.csv").error
    missing = str(tmp_path / "none.csv")
    assert "There is no file" in partnerhub("matching", "evaluate", "--records", missing, "--labels", missing).error
    bad = tmp_path / "bad.csv"
    bad.write_text("id,group\n1,1\n")
    assert (
        "no column 'cluster'" in partnerhub("matching", "evaluate", "--records", str(bad), "--labels", str(bad)).error
    )


def _sites(count: int) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Two records of each of so many made-up sites; the second one is spelt otherwise and often partial."""
    draw = random.Random(1)

    def word() -> str:
        return "".join(draw.choice("bdfgklmnprst") + draw.choice("aeiou") for _ in range(3))

    found = []
    for _ in range(count):
        name = f"{word()} {word()} networks"
        street = f"{draw.randint(1, 9999)} {word()} street"
        one = {"name": name, "address": street, "zip": str(draw.randint(10000, 99999))}
        one["phone"] = f"+1312{draw.randint(2_000_000, 9_999_999)}"
        two = {**one, "name": f"{name.upper()} LLC", "address": street.replace("street", "St")}
        two[draw.choice(["phone", "zip", "address"])] = ""
        found.append((one, two))
    return found


def _lists(folder: Path) -> tuple[str, str]:
    records, labels = folder / "records.csv", folder / "labels.csv"
    rows = [(f"{n}-{half}", str(n), row) for n, pair in enumerate(_sites(240)) for half, row in enumerate(pair)]
    with records.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "name", "address", "zip", "phone"])
        writer.writeheader()
        writer.writerows({"id": id, **row} for id, _, row in rows)
    with labels.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "cluster"), *((id, cluster) for id, cluster, _ in rows)])
    return str(records), str(labels)


def _half_wrong(labels: Path, out: Path) -> str:
    """The half that weights are estimated from is labelled at random, the other half rightly."""
    with labels.open(newline="") as file:
        right = {row["id"]: row["cluster"] for row in csv.DictReader(file)}
    half = half_of(right, half=0)
    clusters = list(half.values())
    random.Random(2).shuffle(clusters)
    with out.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "cluster"), *(right | dict(zip(half, clusters, strict=True))).items()])
    return str(out)


def _decide(*, sites: int) -> None:
    """People said of each site's two records that they are one, and of a stranger that it is another."""
    found = _sites(2 * sites)

    def side(row: dict[str, str]) -> Side:
        named = {"legal_name": row["name"], "street": row["address"], "postal_code": row["zip"], "phone": row["phone"]}
        return Side(uuid4(), [], {name: value for name, value in named.items() if value})

    async def work() -> None:
        async with Database(os.environ["PARTNERHUB_DATABASE_URL"]) as db, db.transaction() as tx:
            for (one, two), (other, _) in zip(found[:sites], found[sites:], strict=True):
                left, stranger = side(one), side(other)
                await match_decisions.add(
                    tx, record_type="partner", decision="same", left=left, right=side(two), by="t"
                )
                await match_decisions.add(
                    tx, record_type="partner", decision="apart", left=left, right=stranger, by="t"
                )

    asyncio.run(work())
