"""Writing: an outcome for every row, nothing twice, nothing beside what was asked."""

from __future__ import annotations

import pytest

from hub.sdk.errors import Conflict, LockContention, OutcomeUnknown, RecordGone, RecordRejected
from hub.sdk.testing import delete, update
from tests.contract.trial import Trial, done, failed

TEXTS = ["Zażółć 株式会社 🦊", 'O\'Brien "& Söhne" <b>\\ %41 +1,;', "x" * 200, "0123", "null", "#N/A!"]


async def test_create_sets_the_fields_and_the_hubs_key(trial: Trial) -> None:
    fields = trial.valid()

    record_id = await trial.create("hub-1", fields)

    assert trial.keyed("hub-1") == [record_id]
    assert trial.text(record_id) == fields[trial.object.text_field]


async def test_update_changes_the_given_fields_only(trial: Trial) -> None:
    record_id = await trial.create("hub-1")
    before = trial.rows()[record_id]
    trial.later(seconds=5)

    done((await trial.write(update(record_id, {trial.object.text_field: "new text"})))[0])

    own = set(before) - {trial.object.text_field}
    after = trial.rows()[record_id]
    assert after[trial.object.text_field] == "new text"
    assert {name: after[name] for name in own if name in trial.valid()} == {
        name: before[name] for name in own if name in trial.valid()
    }
    assert trial.keyed("hub-1") == [record_id]


async def test_version_of_a_write_is_the_one_that_is_read_next(trial: Trial) -> None:
    [created] = await trial.write(trial.creation("hub-1"))
    record_id = done(created).remote_id
    trial.later(seconds=5)
    [updated] = await trial.write(update(record_id, {trial.object.text_field: "new text"}))

    [record] = (await trial.reads.read_many(trial.object.name, [record_id], trial.query.fields)).records

    assert done(updated).version in (None, record.version)


async def test_no_rows_are_no_request(trial: Trial) -> None:
    assert list(await trial.write()) == []
    assert trial.sandbox.calls.total() == 0


async def test_delete_takes_the_record_away(trial: Trial) -> None:
    writes, kept = trial.writes, trial.seed(1)[0]
    record_id = await trial.create("hub-1")

    outcomes = await trial.patiently(lambda: writes.write(trial.object.name, [delete(record_id)]))

    done(outcomes[0])
    assert list(trial.rows()) == [kept]


async def test_text_arrives_as_it_was_written(trial: Trial) -> None:
    for number, text in enumerate(TEXTS):
        created = await trial.create(f"hub-{number}", trial.valid(**{trial.object.text_field: text}))
        assert trial.text(created) == text

        trial.later(seconds=5)
        done((await trial.write(update(created, {trial.object.text_field: text[::-1]})))[0])

        assert trial.text(created) == text[::-1]


async def test_null_clears_a_field(trial: Trial) -> None:
    names = trial.valid().keys() - {trial.object.required_field}
    if trial.object.text_field == trial.object.required_field and not names:
        pytest.skip(f"{trial.object.name} has no field that may be empty")
    name = trial.object.text_field if trial.object.text_field in names else sorted(names)[0]
    created = await trial.create("hub-1")
    trial.later(seconds=5)

    done((await trial.write(update(created, {name: None})))[0])

    assert trial.rows()[created].get(name) in (None, "")


@pytest.mark.parametrize("kind", ["create", "update", "delete"])
async def test_declared_batch_is_written_in_order_and_in_few_requests(trial: Trial, kind: str) -> None:
    writes, size = trial.writes, getattr(trial.can, f"{kind}_batch")
    seeded = [] if kind == "create" else trial.seed(size)
    await trial.warm_up()
    ops = {
        "create": lambda: [trial.creation(f"hub-{n}") for n in range(size)],
        "update": lambda: [update(i, {trial.object.text_field: f"text {n}"}) for n, i in enumerate(seeded)],
        "delete": lambda: [delete(i) for i in seeded],
    }[kind]()
    calls = trial.sandbox.calls.total()

    outcomes = await trial.patiently(lambda: writes.write(trial.object.name, ops))

    ids = [done(outcome).remote_id for outcome in outcomes]
    if kind == "create":
        assert [trial.keyed(f"hub-{n}") for n in range(size)] == [[i] for i in ids]
    else:
        assert ids == seeded
    if kind == "update":
        assert [trial.text(i) for i in ids] == [f"text {n}" for n in range(size)]
    assert trial.sandbox.calls.total() - calls <= 1 + size // 50


async def test_bulk_write_has_an_outcome_for_every_row(trial: Trial) -> None:
    if trial.can.bulk_above is None:
        pytest.skip(f"{trial.spec.name} has no bulk writes for {trial.object.name}")
    keys = [f"hub-{n}" for n in range(trial.can.bulk_above + 1)]
    ops = [trial.creation(key) for key in keys]
    ops[7] = trial.creation(keys[7], trial.valid(**{trial.object.required_field: None}))

    outcomes = await trial.write(*ops)

    failed(outcomes[7])
    written = {key: done(outcome).remote_id for key, outcome in zip(keys, outcomes, strict=True) if key != keys[7]}
    truly = {fields.get(trial.object.key_field): i for i, fields in trial.rows().items()}
    assert written == truly


async def test_rejected_row_leaves_the_others_standing(trial: Trial) -> None:
    if trial.can.create_batch < 3:
        pytest.skip(f"{trial.spec.name} creates {trial.object.name} one by one")
    bad = trial.valid(**{trial.object.required_field: None})
    ops = [trial.creation("hub-0"), trial.creation("hub-1", bad), trial.creation("hub-2")]

    outcomes = await trial.write(*ops)

    assert trial.keyed("hub-0") == [done(outcomes[0]).remote_id]
    assert isinstance(failed(outcomes[1]), RecordRejected)
    assert trial.keyed("hub-2") == [done(outcomes[2]).remote_id]
    assert trial.keyed("hub-1") == []


async def test_row_refused_by_a_rule_is_record_rejected(trial: Trial) -> None:
    trial.needs_fault("reject_row")
    amount = min(3, trial.can.create_batch)
    ops = [trial.creation(f"hub-{n}") for n in range(amount)]
    await trial.warm_up()
    trial.sandbox.faults.arm("reject_row")

    outcomes = await trial.write(*ops)

    rejected = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, RecordRejected)]
    assert len(rejected) == 1
    assert [n for n in range(amount) if not trial.keyed(f"hub-{n}")] == rejected


async def test_all_rows_failing_inside_a_good_answer_are_all_failures(trial: Trial) -> None:
    trial.needs_fault("all_rows_fail")
    ops = [trial.creation(f"hub-{n}") for n in range(min(3, trial.can.create_batch))]
    await trial.warm_up()
    before = trial.rows()
    trial.sandbox.faults.arm("all_rows_fail")

    outcomes = await trial.write(*ops)

    assert all(failed(outcome) for outcome in outcomes)
    assert len(outcomes) == len(ops)
    assert trial.rows() == before


async def test_error_of_a_row_is_a_sentence_with_the_vendors_code(trial: Trial) -> None:
    bad = trial.valid(**{trial.object.required_field: None})

    [outcome] = await trial.write(trial.creation("hub-1", bad))

    assert isinstance(outcome, RecordRejected)
    assert outcome.message
    assert outcome.code


async def test_locked_row_is_lock_contention(trial: Trial) -> None:
    trial.needs_fault("lock_row")
    [record_id] = trial.seed(1)
    await trial.warm_up()
    trial.sandbox.faults.arm("lock_row")
    op = update(record_id, {trial.object.text_field: "locked out"})
    writes = trial.writes

    try:
        outcome = (await writes.write(trial.object.name, [op]))[0]
    except LockContention as raised:
        outcome = raised

    assert isinstance(outcome, LockContention)
    assert trial.text(record_id) != "locked out"


async def test_update_of_a_deleted_record_is_record_gone(trial: Trial) -> None:
    kept, lost = trial.seed(2)
    writes = trial.writes
    trial.sandbox.human_delete(trial.object.name, lost)
    ops = [update(lost, {trial.object.text_field: "x"}), update(kept, {trial.object.text_field: "y"})]

    outcomes = [(await trial.patiently(lambda op=op: writes.write(trial.object.name, [op])))[0] for op in ops]  # type: ignore[misc]

    assert isinstance(failed(outcomes[0]), RecordGone)
    done(outcomes[1])
    assert trial.text(kept) == "y"


async def test_lost_answer_of_a_create_can_be_verified_and_repeated(trial: Trial) -> None:
    writes, op = trial.writes, trial.creation("hub-1")
    await trial.warm_up()
    _arm_for_writes(trial, "lose_response")
    with pytest.raises(OutcomeUnknown):
        await writes.write(trial.object.name, [op])
    trial.sandbox.faults.clear()
    [created] = trial.keyed("hub-1")
    trial.later(seconds=trial.can.find_lag.total_seconds())

    found = await trial.finds.find_by_key(trial.object.name, trial.object.key_field, ["hub-1", "hub-2"], ())
    again = (await trial.write(op))[0]

    assert [record.id for record in found] == [created]
    assert trial.keyed("hub-1") == [created]
    if trial.can.upsert:
        assert done(again).remote_id == created
        assert not done(again).created
    else:
        assert isinstance(failed(again), RecordRejected)


async def test_dropped_write_is_outcome_unknown_and_verification_finds_nothing(trial: Trial) -> None:
    writes, op = trial.writes, trial.creation("hub-1")
    await trial.warm_up()
    _arm_for_writes(trial, "drop_connection")

    with pytest.raises(OutcomeUnknown):
        await writes.write(trial.object.name, [op])
    trial.sandbox.faults.clear()

    assert not await trial.finds.find_by_key(trial.object.name, trial.object.key_field, ["hub-1"], ())
    assert done((await trial.write(op))[0]).created


async def test_garbled_answer_to_a_write_is_outcome_unknown(trial: Trial) -> None:
    writes, op = trial.writes, trial.creation("hub-1")
    await trial.warm_up()
    _arm_for_writes(trial, "malformed_json")

    with pytest.raises(OutcomeUnknown):
        await writes.write(trial.object.name, [op])


async def test_keys_are_found_in_any_number(trial: Trial) -> None:
    finds, amount = trial.finds, 120
    seeded = [
        trial.sandbox.human_create(trial.object.name, trial.valid(**{trial.object.key_field: f"hub-{n}"}))
        for n in range(amount)
    ]
    trial.later(seconds=trial.can.find_lag.total_seconds())
    keys = [f"hub-{n}" for n in range(amount + 10)]

    found = await trial.patiently(
        lambda: finds.find_by_key(trial.object.name, trial.object.key_field, keys, (trial.object.text_field,))
    )

    assert {record.id: record.fields[trial.object.key_field] for record in found} == {
        i: f"hub-{n}" for n, i in enumerate(seeded)
    }


async def test_stale_precondition_is_a_conflict_and_writes_nothing(trial: Trial) -> None:
    if trial.can.precondition == "none":
        pytest.skip(f"{trial.spec.name} declares no precondition for {trial.object.name}")
    seeded = trial.seed(min(3, trial.can.precondition_batch))
    versions = {record.id: record.version for record in (await trial.read()).records}
    trial.later(seconds=5)
    trial.edit(seeded[0], "a person was faster")
    trial.later(seconds=5)
    ops = [update(i, {trial.object.text_field: "the hub's"}, precondition=versions[i]) for i in seeded]

    outcomes = await trial.write(*ops)

    assert isinstance(failed(outcomes[0]), Conflict)
    assert trial.text(seeded[0]) == "a person was faster"
    for record_id, outcome in zip(seeded[1:], outcomes[1:], strict=True):
        done(outcome)
        assert trial.text(record_id) == "the hub's"


async def test_fresh_precondition_lets_the_update_pass_and_a_new_version_follows(trial: Trial) -> None:
    if trial.can.precondition == "none":
        pytest.skip(f"{trial.spec.name} declares no precondition for {trial.object.name}")
    [record_id] = trial.seed(1)
    trial.later(seconds=5)
    for text in ("first", "second"):
        [record] = (await trial.reads.read_many(trial.object.name, [record_id], trial.query.fields)).records
        op = update(record_id, {trial.object.text_field: text}, precondition=record.version)
        done((await trial.write(op))[0])
        trial.later(seconds=5)

    assert trial.text(record_id) == "second"


def _arm_for_writes(trial: Trial, fault: str) -> None:
    for method in ("POST ", "PATCH ", "PUT "):
        trial.sandbox.faults.arm(fault, match=method)
