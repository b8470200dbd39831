"""A registration's customer is found among all organisations, however its name is spelt and whoever brought it in."""

from typing import Any
from uuid import UUID

import pytest

from hub.db import changes, records
from hub.db.changes import Change, Origin
from hub.domain.matching import organization_features
from hub.record import RECORD_TYPES
from hub.record.identity import ORGANIZATION
from hub.record.values import Values, encode_values
from hub.services.deals.candidates import customers_of
from hub.services.matching import new_ids
from hub.services.name_search import NameSearch
from hub.services.records import patch_record
from hub.services.search_keys import index_changes
from tests.integration.deals.conftest import Office


@pytest.mark.parametrize(
    "spelt",
    [
        "Nordlihct Logistik GmbH",
        "Logistik Nordlicht",
        "Nordlicht Logstik AG",
        "Norddlicht Logistc",
        "N0rdlicht-Logistik",
        "Nordlicht Log.",
    ],
)
async def test_a_misspelt_customer_is_found_first(office: Office, spelt: str) -> None:
    right = await office.create("organization", legal_name="Nordlicht Logistik GmbH", country="DE")
    for other in ("Nordstern Logistik GmbH", "Südlicht Logistik GmbH", "Nordlicht Apotheke", "Morgenlicht Bau"):
        await office.create("organization", legal_name=other, country="DE")

    assert (await _found(office, spelt))[0] == right


async def test_what_a_sync_brought_in_is_found_once_the_log_was_followed(office: Office) -> None:
    """Whatever its mapping says of matching: the log tells of all records."""
    synced = await _bring_in(office, {"legal_name": "Nordlicht Logistik GmbH", "country": "DE"})
    assert await _found(office, "Nordlicht Logistik") == []

    await _follow(office)
    assert await _found(office, "Nordlihct Logistik") == [synced]

    await _follow(office)
    assert await _found(office, "Nordlihct Logistik") == [synced]


async def test_a_renamed_organisation_is_found_by_its_new_name(office: Office) -> None:
    renamed = await office.create("organization", legal_name="Nordlicht Logistik GmbH")
    async with office.db.transaction() as tx:
        await patch_record(
            tx, ORGANIZATION, record_id=renamed, values={"legal_name": "Polarstern AG"}, version=None, actor="ann"
        )
    assert await _near(office, "Polarsterm") == [renamed]
    assert await _near(office, "Nordlicht Logistik") == []


async def test_a_deleted_organisation_is_found_no_more_and_a_restored_one_is(office: Office) -> None:
    gone = await office.create("organization", legal_name="Nordlicht Logistik GmbH")
    await _note(office, gone, "delete", 2)
    await _follow(office)
    assert await _near(office, "Nordlicht Logistik") == []

    await _note(office, gone, "restore", 3)
    await _follow(office)
    assert await _near(office, "Nordlicht Logistik") == [gone]


async def test_registrations_meet_that_spell_a_known_customer_differently(office: Office) -> None:
    await office.create("organization", legal_name="Nordlicht Logistik Maschinenbau GmbH", country="DE")
    first, second = await office.partner("Alpha"), await office.partner("Beta")
    nothing_else: dict[str, Any] = {"customer_domain": None, "contact_email": "jana.weiss@gmail.com"}

    one = await office.submit(first, customer_name="Nortlicht Logistik Maschinenbau", **nothing_else)
    other = await office.submit(second, customer_name="Nordlicht Logiztik Maschinenbau", **nothing_else)

    duplicate = next(o for o in other.outcomes if o["rule"] == "duplicate_other_partner")
    assert duplicate["outcome"] == "review"
    assert list(duplicate["counterparts"]) == [str(one.id)]


async def test_a_partner_is_an_organisation_like_any_other(office: Office) -> None:
    partner = await office.partner("Nordlicht Logistik GmbH")
    assert await _found(office, "Nordlihct Logistik") == [partner]


async def _found(office: Office, name: str) -> list[UUID]:
    async with office.db.transaction() as tx:
        customers = await customers_of(tx, [{"customer_name": name, "customer_country": "DE"}])
        return list((await office.desk.candidates.organizations(tx, customers=customers))[0])


async def _near(office: Office, name: str) -> list[UUID]:
    async with office.db.transaction() as tx:
        return list((await NameSearch().nearest(tx, [organization_features({"legal_name": name})]))[0])


async def _follow(office: Office) -> None:
    while await index_changes(office.db):
        pass


async def _bring_in(office: Office, values: Values) -> UUID:
    """As a page of a sync does, without keys."""
    record_id = next(new_ids(1))
    async with office.db.transaction() as tx:
        await records.insert(tx, RECORD_TYPES["organization"], [(record_id, values)])
        await changes.append(
            tx,
            origin=Origin(actor="test"),
            changes=[Change(record_id, "organization", 1, "create", None, encode_values(values), None)],
        )
    return record_id


async def _note(office: Office, record_id: UUID, op: str, version: int) -> None:
    async with office.db.transaction() as tx:
        if op == "delete":
            await records.mark_deleted(tx, ORGANIZATION, [record_id])
        else:
            stored = (await records.load(tx, ORGANIZATION, [record_id]))[record_id]
            await records.update(tx, ORGANIZATION, [(record_id, stored.values)], revive=[record_id])
        await changes.append(
            tx, origin=Origin(actor="test"), changes=[Change(record_id, "organization", version, op, None, None, None)]
        )
