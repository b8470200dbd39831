"""What the engine promises when two systems hold the same partners."""

from hub.db import runs
from hub.sdk.capabilities import Reads
from hub.sdk.records import ReadQuery
from hub.sdk.sandbox import SandboxClock
from hub.services.inbound import apply_records, prepare
from tests.integration.engine.conftest import Stage


async def test_a_new_record_reaches_the_other_system_once(stage: Stage) -> None:
    remote_id = stage.left.create(name="Acme", website="https://acme.com", tier="Gold", country="DE")
    await stage.settle()
    assert len(stage.right.rows()) == 1
    (row,) = stage.right.rows().values()
    assert (row["name"], row["website"], row["tier"], row["country"]) == ("Acme", "acme.com", "Gold", "DE")
    assert row["hub_id"] == str((await stage.linked(stage.left))[remote_id]["record_id"])


async def test_nothing_is_written_when_nothing_changed(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com")
    await stage.settle()
    before = stage.left.writes(), stage.right.writes()
    await stage.settle()
    await stage.settle()
    assert (stage.left.writes(), stage.right.writes()) == before


async def test_our_own_write_is_not_echoed(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com")
    await stage.settle()
    assert stage.left.writes() == 0
    stage.left.edit(left_id, name="Acme Inc")
    await stage.settle()
    assert stage.right.names() == ["Acme Inc"]
    assert stage.left.writes() == 0
    assert stage.right.writes() == 2


async def test_edits_of_different_fields_of_one_record_are_both_kept(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com", tier="Silver", city="Bonn")
    await stage.settle()
    (right_id,) = stage.right.rows()
    stage.left.edit(left_id, tier="Gold")
    stage.right.edit(right_id, city="Berlin")
    await stage.settle()
    for row in (stage.left.row(left_id), stage.right.row(right_id)):
        assert (row["tier"], row["city"]) == ("Gold", "Berlin")


async def test_edits_of_one_field_on_both_sides_are_one_conflict_with_both_values_kept(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    (right_id,) = stage.right.rows()
    stage.left.edit(left_id, city="Berlin")
    stage.right.edit(right_id, city="Hamburg")
    await stage.settle()
    await stage.settle()
    assert stage.left.row(left_id)["city"] == "Berlin"
    assert stage.right.row(right_id)["city"] == "Hamburg"
    (conflict,) = await stage.all("select field, base, ours, theirs, state from conflict")
    assert conflict == {"field": "city", "base": "Bonn", "ours": "Berlin", "theirs": "Hamburg", "state": "open"}


async def test_a_conflict_settles_itself_when_both_sides_agree(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    (right_id,) = stage.right.rows()
    stage.left.edit(left_id, city="Berlin")
    stage.right.edit(right_id, city="Hamburg")
    await stage.settle()
    stage.right.edit(right_id, city="Berlin")
    await stage.settle()
    (conflict,) = await stage.all("select state from conflict")
    assert conflict["state"] == "resolved"


async def test_the_same_partner_in_both_systems_is_linked_not_doubled(stage: Stage) -> None:
    stage.left.create(name="Acme", website="https://www.acme.com/about", country="DE", tier="Gold")
    stage.right.create(name="Acme", website="acme.com", country="DE")
    await stage.settle()
    assert len(stage.left.rows()) == len(stage.right.rows()) == 1
    assert len(await stage.all("select id from partner")) == 1
    (row,) = stage.right.rows().values()
    assert row["tier"] == "Gold"


async def test_two_equal_records_of_one_system_are_listed_for_review_and_not_spread(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")
    stage.left.create(name="Acme again", website="acme.com", country="DE")
    await stage.settle()
    assert len(await stage.linked(stage.left)) == 2
    (review,) = await stage.all("select kind, candidates from match_review")
    assert review["kind"] == "duplicate"
    assert review["candidates"][0]["record_id"]
    assert stage.right.names() == ["Acme"]


async def test_a_null_does_not_clear_a_value_unless_the_mapping_says_so(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    stage.left.edit(left_id, city=None)
    await stage.settle()
    assert (await stage.values(stage.left, left_id))["city"] == "Bonn"


async def test_a_child_waits_for_its_parent(stage: Stage) -> None:
    parent = stage.left.create(name="Holding", website="holding.com")
    stage.left.create(name="Branch", website="branch.com", parent=parent)
    await stage.settle()
    by_name = {row["name"]: (remote_id, row) for remote_id, row in stage.right.rows().items()}
    assert by_name["Branch"][1]["parent"] == by_name["Holding"][0]


async def test_a_reference_to_a_record_that_comes_later_is_filled_in(stage: Stage) -> None:
    first = stage.left.create(name="Branch", website="branch.com")
    await stage.settle()
    parent = stage.left.create(name="Holding", website="holding.com")
    record = stage.left.sandbox.world.get("partners", parent)
    assert record is not None
    record.purged = True  # not to be seen yet
    stage.left.edit(first, parent=parent)
    await stage.pull(stage.left)
    assert (await stage.linked(stage.left))[first]["waits_for"] == [parent]
    record.purged = False
    stage.left.edit(parent, city="Bonn")
    await stage.settle()
    assert (await stage.values(stage.left, first))["parent"] is not None


async def test_a_lost_response_on_a_create_makes_no_second_record(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("lose_response", match="/batch")
    await stage.push(stage.right)
    assert len(stage.right.rows()) == 1
    (delivery,) = await stage.all("select state, error_class from delivery")
    assert delivery == {"state": "unknown", "error_class": "OutcomeUnknown"}
    await stage.db_ready()
    await stage.settle()
    assert len(stage.right.rows()) == 1
    assert [d["state"] for d in await stage.all("select state from delivery where state <> 'done'")] == []


async def test_a_deleted_record_is_not_created_again(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com")
    await stage.settle()
    (right_id,) = stage.right.rows()
    stage.right.sandbox.human_delete("partners", right_id)
    await stage.settle()
    stage.left.edit(left_id, name="Acme Inc")
    await stage.settle()
    assert stage.right.rows() == {}
    assert (await stage.linked(stage.right))[right_id]["state"] == "deleted"


async def test_an_undeleted_record_has_its_old_link_and_catches_up(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com")
    await stage.settle()
    (right_id,) = stage.right.rows()
    stage.right.sandbox.human_delete("partners", right_id)
    await stage.settle()
    stage.left.edit(left_id, name="Acme Inc")
    await stage.settle()
    stage.right.sandbox.human_undelete("partners", right_id)
    await stage.settle()
    assert stage.right.names() == ["Acme Inc"]
    assert len(await stage.all("select id from partner")) == 1


async def test_a_merge_redirects_the_loser_to_the_survivor(stage: Stage) -> None:
    winner = stage.left.create(name="Acme", website="acme.com")
    loser = stage.left.create(name="Acme GmbH", website="acme.de", city="Bonn")
    child = stage.left.create(name="Branch", website="branch.com", parent=loser)
    await stage.settle()
    stage.left.sandbox.human_merge("partners", winner, loser)
    await stage.settle()
    linked = await stage.linked(stage.left)
    assert (linked[loser]["state"], linked[loser]["redirect_to"]) == ("redirected", winner)
    assert (await stage.values(stage.left, winner))["city"] == "Bonn"
    assert (await stage.values(stage.left, child))["parent"] == linked[winner]["record_id"]
    assert stage.left.writes() == 0
    reviews = await stage.all("select kind from match_review where state = 'open'")
    assert reviews == [{"kind": "duplicate"}]


async def test_what_the_survivor_lacks_is_kept_where_the_loser_lived(stage: Stage) -> None:
    loser = stage.left.create(name="Acme GmbH", website="acme.de", city="Bonn")
    await stage.settle()
    (right_id,) = stage.right.rows()
    winner = stage.left.create(name="Acme", website="acme.com")
    await stage.pull(stage.left)  # not brought to the right yet
    stage.left.sandbox.human_merge("partners", winner, loser)
    stage.left.edit(winner, city=None)
    await stage.settle()
    assert len(stage.right.rows()) == 1
    row = stage.right.row(right_id)
    assert (row["name"], row["website"], row["city"]) == ("Acme", "acme.com", "Bonn")


async def test_a_rejected_row_is_a_dead_letter_and_the_batch_goes_on(stage: Stage) -> None:
    for number in range(5):
        stage.left.create(name=f"Partner {number}", website=f"p{number}.com")
    stage.right.sandbox.faults.arm("reject_row")
    await stage.settle()
    assert len(stage.right.rows()) == 4
    (dead,) = await stage.all("select op, error_class, message, hint from delivery where state = 'dead'")
    assert (dead["op"], dead["error_class"]) == ("create", "RecordRejected")
    assert dead["message"]
    assert dead["hint"]


async def test_a_throttled_system_rests_and_nothing_is_lost(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("throttle_with_retry_after", match="/batch")
    assert await stage.halted(stage.right) == "RateLimited"
    (connection,) = await stage.all("select rest_until > now() as rests from connection where name = 'right'")
    assert connection["rests"]
    await stage.db_ready()
    await stage.settle()
    assert stage.right.names() == ["Acme"]


async def test_wrong_credentials_pause_the_connection_with_a_reason(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("persistent_401", times=50)
    assert await stage.halted(stage.right) == "AuthFailed"
    (connection,) = await stage.all("select state, state_reason from connection where name = 'right'")
    assert connection["state"] == "paused"
    assert "credentials" in connection["state_reason"]


async def test_locked_rows_are_tried_again_in_small_steps(stage: Stage) -> None:
    for number in range(5):
        stage.left.create(name=f"Partner {number}", website=f"p{number}.com")
    stage.right.sandbox.faults.arm("lock_row", times=2)
    await stage.settle()
    await stage.db_ready()
    await stage.settle()
    assert len(stage.right.rows()) == 5


async def test_a_late_commit_is_found_by_the_overlap(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com")
    await stage.settle()
    stage.left.sandbox.faults.arm("late_commit", options={"seconds": 30})
    stage.left.edit(left_id, city="Bonn")
    stage.left.create(name="Later", website="later.com")
    await stage.settle()
    assert "Later" in stage.right.names()
    _advance(stage.left.sandbox.clock)
    await stage.settle()
    assert [row["city"] for row in stage.right.rows().values() if row["name"] == "Acme"] == ["Bonn"]


async def test_one_poison_record_is_quarantined_and_the_page_goes_on(stage: Stage) -> None:
    for number in range(5):
        stage.left.create(name=f"Partner {number}", website=f"p{number}.com")
    stage.left.sandbox.faults.arm("poison_record")
    await stage.pull(stage.left)
    assert len(await stage.all("select id from partner")) == 4
    (held,) = await stage.all("select held, problems from quarantine")
    assert held["held"]
    assert "legal_name" in {problem["field"] for problem in held["problems"]}


async def test_a_page_older_than_our_own_write_does_not_undo_it(stage: Stage) -> None:
    left_id = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    (right_id,) = stage.right.rows()
    sync = stage.right.connection.object("partners")
    query = ReadQuery(object="partners", fields=sync.mapping.read_fields)
    async with stage.db.transaction() as tx:
        before = await tx.now()
    connector = stage.right.connection.connector
    assert isinstance(connector, Reads)
    page = await connector.read_page(query, None)
    stage.left.edit(left_id, city="Berlin")
    await stage.settle()
    async with stage.db.transaction() as tx:
        run_id = await runs.start(tx, connection_id=sync.connection.id, kind="pull")
        applied = await apply_records(tx, sync, incoming=prepare(sync, page.records), as_of=before, run_id=run_id)
    assert applied.counts["stale"] == 1
    await stage.settle()
    assert (await stage.values(stage.left, left_id))["city"] == "Berlin"
    assert stage.right.row(right_id)["city"] == "Berlin"


def _advance(clock: SandboxClock) -> None:
    from datetime import timedelta

    clock.advance(timedelta(seconds=60))
