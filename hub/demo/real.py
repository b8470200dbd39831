"""The demo on real input: labelled lists of organisations, shared out over two CRMs, linked and judged."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.app import App
from hub.demo.data import long_ago
from hub.demo.stage import Stage, make_sandboxes, open_stage

MAPPINGS = Path(__file__).parent / "mappings"

# Which lists the direct organisation keeps in Salesforce; all others are in HubSpot.
IN_SALESFORCE = frozenset({"CPS_Early_Childhood_Portal_scrape", "chapin_dfss_providers_2011_070212"})


class InputMissing(Exception):
    """The folder does not hold what is needed; the message names the file and the columns."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """One record of one list, with the label that says which site it is."""

    id: str
    source: str
    cluster: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Linked:
    """How the first load went. `recall` is over the links possible one to one between the two systems."""

    records: int
    linked_once: int
    lost: int
    linked_twice: int
    automatic_links: int
    precision: float
    recall: float
    waiting_for_a_person: int
    suspected_duplicates: int
    quarantined: int
    created_in_the_other_system: int
    api_calls: dict[str, int]
    seconds: float

    @property
    def good(self) -> bool:
        return self.linked_once == self.records and self.precision >= 0.99

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def read_lists(directory: Path) -> list[Organisation]:
    """records.csv (id, source, name, address, zip, phone, website) and labels.csv (id, cluster) of a folder."""
    try:
        with (directory / "labels.csv").open(encoding="utf-8", newline="") as file:
            clusters = {row["id"]: row["cluster"] for row in csv.DictReader(file)}
        with (directory / "records.csv").open(encoding="utf-8", newline="") as file:
            return [Organisation(row["id"], row["source"], clusters[row["id"]], row) for row in csv.DictReader(file)]
    except FileNotFoundError as exc:
        raise InputMissing(f"{directory} has no {Path(exc.filename).name}.") from None
    except KeyError as exc:
        raise InputMissing(f"The lists in {directory} lack {exc}.") from None


async def link_real_lists(app: App, directory: Path, *, tell: Callable[[str], None]) -> Linked:
    """Seed, preview, load, bring over what is new, and compare the automatic links with the labels."""
    started = time.monotonic()
    organisations = read_lists(directory)
    sandboxes = make_sandboxes(seed=1)
    async with open_stage(app, sandboxes, mappings=MAPPINGS) as stage:
        with long_ago(*sandboxes.values()):
            people_typed = _seed(stage, organisations)
        tell(f"{len(organisations):,} organisations of {len({o.source for o in organisations})} lists are in two CRMs.")
        for crm in stage.crms:
            counts = await stage.pull(crm)
            tell(
                f"{crm.name}: {counts['created']:,} new, {counts['linked']:,} linked, {counts['reviews']:,} to review."
            )
        automatic = await _links_between(stage, people_typed)
        await stage.settle()
        tell(f"{stage.counts['remote_created']:,} were created where they were missing.")
        return await _judge(stage, organisations, people_typed, automatic, time.monotonic() - started)


Typed = dict[tuple[str, str], Organisation]


def _seed(stage: Stage, organisations: list[Organisation]) -> Typed:
    """(CRM, remote id) → the organisation that was typed in there."""
    typed: Typed = {}
    for o in organisations:
        f = o.fields
        if o.source in IN_SALESFORCE:
            fields = {
                "Name": f["name"],
                "Type": "Partner",
                "Website": f["website"] or None,
                "Phone": f["phone"] or None,
            }
            fields |= {"BillingStreet": f["address"] or None, "BillingPostalCode": f["zip"] or None}
            typed["salesforce", stage.salesforce.sandbox.human_create("Account", fields)] = o
        else:
            fields = {"name": f["name"], "type": "PARTNER", "domain": f["website"], "phone": f["phone"]}
            fields |= {"address": f["address"], "zip": f["zip"]}
            filled = {name: value for name, value in fields.items() if value}
            typed["hubspot", stage.hubspot.sandbox.human_create("companies", filled)] = o
    return typed


async def _rows(stage: Stage) -> list[tuple[str, str, str]]:
    """(CRM, remote id, record) of every live link."""
    async with stage.app.db.transaction() as tx:
        rows = await tx.all(
            "select c.name, l.remote_id, l.record_id::text as record from link l join connection c"
            " on c.id = l.connection_id where l.state = 'live'"
        )
    return [(row["name"], row["remote_id"], row["record"]) for row in rows]


async def _links_between(stage: Stage, typed: Typed) -> list[tuple[Organisation, Organisation]]:
    """The pairs of typed records, one of each CRM, that now stand for one record of the hub."""
    sides: dict[str, dict[str, Organisation]] = {"salesforce": {}, "hubspot": {}}
    for crm, remote_id, record in await _rows(stage):
        sides[crm][record] = typed[crm, remote_id]
    return [(o, sides["hubspot"][record]) for record, o in sides["salesforce"].items() if record in sides["hubspot"]]


async def _judge(
    stage: Stage,
    organisations: list[Organisation],
    typed: Typed,
    automatic: list[tuple[Organisation, Organisation]],
    seconds: float,
) -> Linked:
    times = Counter((crm, remote_id) for crm, remote_id, _ in await _rows(stage))
    right = sum(a.cluster == b.cluster for a, b in automatic)
    left = Counter(o.cluster for o in organisations if o.source in IN_SALESFORCE)
    other = Counter(o.cluster for o in organisations if o.source not in IN_SALESFORCE)
    possible = sum(min(left[cluster], other[cluster]) for cluster in left)
    async with stage.app.db.transaction() as tx:
        reviews = await tx.all("select kind, count(*) as n from match_review where state = 'open' group by kind")
        held = await tx.one("select count(*) as n from quarantine where held")
    by_kind = {row["kind"]: row["n"] for row in reviews}
    return Linked(
        records=len(organisations),
        linked_once=sum(times[key] == 1 for key in typed),
        lost=sum(times[key] == 0 for key in typed),
        linked_twice=sum(times[key] > 1 for key in typed),
        automatic_links=len(automatic),
        precision=round(right / len(automatic), 4) if automatic else 1.0,
        recall=round(right / possible, 4) if possible else 1.0,
        waiting_for_a_person=by_kind.get("ambiguous", 0),
        suspected_duplicates=by_kind.get("duplicate", 0),
        quarantined=held["n"] if held else 0,
        created_in_the_other_system=stage.counts["remote_created"],
        api_calls={crm.name: crm.calls() for crm in stage.crms},
        seconds=round(seconds, 2),
    )
