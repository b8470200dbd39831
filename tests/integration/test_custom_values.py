"""Values of custom fields, while fields are declared and processes that opened a connection earlier still work."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from hub import registry
from hub.db import connections, records
from hub.db.session import Database
from hub.db.vault import Vault
from hub.record import customised
from hub.record.definition import Field
from hub.sdk.connector import ConnectorSpec
from hub.sdk.sample import CONNECTOR
from hub.services import connections as connecting
from hub.services.connections import Workshop
from hub.services.custom_fields import CustomField, declare_custom_field
from sync_jobs.opened import OpenConnections

_REGION, _SCORE = Field("region", "text", "Sales region."), Field("score", "decimal", "A score.")
_MAPPING = """
version: 1
object: partners
record: partner
key: {field: hub_id}
fields:
  legal_name: {remote: name, required: true}
"""


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


async def test_whoever_does_not_know_a_new_field_yet_does_not_erase_its_values(db: Database) -> None:
    both, older = (customised({"partner": fields})["partner"] for fields in ((_REGION, _SCORE), (_REGION,)))
    record_id = UUID(int=1)
    async with db.transaction() as tx:
        await records.insert(tx, both, [(record_id, {"legal_name": "Acme", "custom.score": None})])
        await records.update(tx, both, [(record_id, {"legal_name": "Acme", "custom.region": "EMEA"})])
        await records.update(tx, both, [(record_id, {"legal_name": "Acme", "custom.score": 7})])
        await records.update(tx, older, [(record_id, {"legal_name": "Acme AG", "custom.region": None})])
        stored = (await records.load(tx, both, [record_id]))[record_id].values
    assert (stored["legal_name"], stored["custom.region"], stored["custom.score"]) == ("Acme AG", None, 7)


async def test_a_worker_opens_a_connection_anew_when_a_field_is_declared(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sample(name: str) -> ConnectorSpec:
        return CONNECTOR if name == "sample" else registry.connector(name)

    monkeypatch.setattr(connecting, "connector", sample)
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "partners.yaml").write_text(_MAPPING)
    vault = Vault([Fernet.generate_key().decode()])
    opened = OpenConnections(Workshop(db=db, vault=vault, mappings=tmp_path, budget_of=lambda _: None))
    settings = {"url": "https://sample.example", "client_id": "id", "client_secret": "secret"}
    async with db.transaction() as tx:
        stored = await connections.add(
            tx, name="crm", system="sample", account_id="a", settings=vault.seal(settings), options={}
        )
    async with opened.use(stored) as first, opened.use(stored) as again:
        assert first is again
    async with db.transaction() as tx:
        await declare_custom_field(tx, declared=CustomField("partner", "region", "text", "Sales region."), actor="test")
    async with opened.use(stored) as second:
        assert "custom.region" in second.mappings["partners"].record.fields
    await opened.close()
