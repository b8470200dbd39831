"""The demo's real input, on a small labelled set of its own: the feature is proven wherever the tests run."""

import csv
from pathlib import Path

import pytest

from config.settings import Settings
from hub.demo.real import IN_SALESFORCE, InputMissing, link_real_lists, read_lists
from hub.demo.run import demo_app

_NAMES = (
    "Harbor",
    "Juniper",
    "Lakeside",
    "Meadow",
    "Northgate",
    "Orchard",
    "Pinewood",
    "Quarry",
    "Riverbend",
    "Summit",
)


def _write_lists(folder: Path, *, sites: int) -> None:
    """Every third site stands in a list of each system, under a slightly different name; the others in one only."""
    (here,) = sorted(IN_SALESFORCE)[:1]
    rows, labels = [], []
    for number in range(sites):
        name = f"{_NAMES[number % len(_NAMES)]} {['Academy', 'Center', 'School', 'House'][number // 10 % 4]} {number}"
        fields = {"address": f"{100 + number * 7} West {_NAMES[(number * 3) % 10]} Street", "zip": f"{60600 + number}"}
        fields |= {"phone": f"{5550000 + number * 37}", "website": ""}
        sources = [here, "another list"] if number % 3 == 0 else [here if number % 2 else "another list"]
        for source in sources:
            label = f"{number}-{source}"
            rows.append({"id": label, "source": source, "name": name, **fields})
            labels.append({"id": label, "cluster": number})
    for file, content in (("records.csv", rows), ("labels.csv", labels)):
        with (folder / file).open("w", newline="") as target:
            writer = csv.DictWriter(target, fieldnames=list(content[0]))
            writer.writeheader()
            writer.writerows(content)


@pytest.mark.slow
async def test_every_record_is_linked_once_and_the_same_sites_find_each_other(tmp_path: Path) -> None:
    _write_lists(tmp_path, sites=60)
    async with demo_app(Settings(home=tmp_path / "home")) as app:
        linked = await link_real_lists(app, tmp_path, tell=lambda _: None)
    assert linked.linked_once == linked.records == 80
    assert linked.precision == 1.0
    assert linked.automatic_links >= 15


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id,cluster\n1,1\n")
    (tmp_path / "records.csv").write_text("number,name\n1,Acme\n")
    with pytest.raises(InputMissing, match="id"):
        read_lists(tmp_path)
