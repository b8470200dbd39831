"""Worlds of small systems whose emulator is part of the SDK: two or three of them, as good or as weak as APIs come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random

from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.sdk.connector import OpenConnector
from hub.sdk.sample import CONNECTOR
from hub.sdk.sample.client import SampleClient
from hub.sdk.sample.sandbox import SampleSandbox
from hub.sdk.sandbox import Sandbox
from hub.simulation.script import Theme
from hub.simulation.setting import Setting, Side, Traits

_MAPPING = """
version: 1
object: partners
record: partner
key: {{field: hub_id}}
match: [{{on: [website_domain, country]}}]
on_delete: {on_delete}
fields:
  legal_name: {{remote: name, required: true}}
  website_domain: {{remote: website, lens: url_domain}}
  country: {{remote: country}}
  city: {{remote: city}}
  trade_name: {{remote: trade_name, policy: {policy}}}
  region: {{remote: region, on_null: clear}}
  industry: {{remote: industry}}
  parent: {{remote: parent, lens: {{link: partner}}}}
"""
_FIELDS = ("city", "trade_name", "region", "industry", "note")


def sample_setting() -> Setting:
    return Setting("sample", _make, RECORD_TYPES, registers=True)


def _make(chance: Random, theme: Theme) -> tuple[list[Side], Traits]:
    text = _MAPPING.format(
        on_delete=chance.choice(["unlink", "unlink", "mirror", "mirror", "ask", "{deactivate: {status: terminated}}"]),
        policy=chance.choice(["review", "review", "prefer_hub", "prefer_remote", "fill_only"]),
    )
    mappings = {"partners": load_mapping(text, record_types=RECORD_TYPES, system="sample")}
    names = ["left", "right", "middle"][: chance.choice([2, 2, 3])]
    # Nothing there refuses to make the same row twice: worst where a worker does not know what it or another has made.
    keyless = chance.random() < (0.8 if theme in ("slow_processes", "lost_answers") else 0.4)
    traits = Traits(
        page=chance.choice([1, 2, 3, 100]),
        batch=chance.choice([1, 2, 100]),
        preconditions=chance.random() < 0.6,
        upsert=not keyless and chance.random() < 0.7,
        webhooks=chance.random() < 0.5,
    )
    prepare = partial(_add_fields, unique_key=not keyless)
    adapt = partial(_reread, overlap=timedelta(seconds=chance.choice([250, 250, 600])))
    return [Side(name, CONNECTOR, mappings, prepare, adapt) for name in names], traits


def _reread(client: OpenConnector, *, overlap: timedelta) -> None:
    """Each run reads the last so many seconds again."""
    assert isinstance(client, SampleClient)
    client.capabilities = replace(client.capabilities, overlap=overlap)


def _add_fields(sandbox: Sandbox, *, unique_key: bool) -> None:
    assert isinstance(sandbox, SampleSandbox)
    sandbox.records.schema["partners"] |= {
        **{name: {"type": "text"} for name in _FIELDS},
        "parent": {"type": "reference", "references": ["partners"]},
        "hub_id": {"type": "text", "unique": unique_key},
    }
