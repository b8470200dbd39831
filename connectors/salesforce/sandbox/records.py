"""The org's records: saved by the platform's rules, stamped to the second, found by stamp, id and unique value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from connectors.salesforce.ids import canonical_id, is_id
from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.index import Index
from connectors.salesforce.sandbox.rules import SaveRules
from connectors.salesforce.sandbox.schema import Field, ObjectType, Schema
from hub.sdk.sandbox import Faults, StoredRecord, World

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HUMAN = "human"

ChangeKind = Literal["create", "update", "delete", "undelete", "merge"]


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change, as change events report it. `by` is `human` or the API client's name."""

    object: str
    id: str
    kind: ChangeKind
    by: str
    at: datetime
    fields: tuple[str, ...] = ()
    master: str | None = None


class Companion(Protocol):
    """What the platform does beside saving a row of one type: `check` raises VendorError before a row is made."""

    def check(self, fields: Mapping[str, Any]) -> None: ...

    def created(self, record: StoredRecord) -> None: ...

    def deleted(self, record: StoredRecord) -> None: ...


class Records:
    """All rows of the org. Every method that saves raises VendorError where the platform refuses.

    `user_of` gives the id of the user behind a writer: who makes a record owns it unless it says otherwise.
    """

    def __init__(
        self,
        *,
        world: World,
        schema: Schema,
        faults: Faults,
        on_change: Callable[[Change], None],
        user_of: Callable[[str], str | None],
        seed: int = 0,
    ) -> None:
        self._world = world
        self._schema = schema
        self._faults = faults
        self._on_change = on_change
        self._user_of = user_of
        self._seed = seed
        self._counters: dict[str, int] = {}
        self._index = Index()
        self._rules = SaveRules(world=world, schema=schema, index=self._index)
        self.companions: dict[str, Companion] = {}
        # What readers still see of rows whose last state commits later (None: the row is not there yet).
        self._before: dict[tuple[str, str], StoredRecord | None] = {}
        # What an open transaction has changed so far, and would report.
        self._journal: list[tuple[ObjectType, StoredRecord, StoredRecord | None]] | None = None
        self._unreported: list[Change] = []

    # Reading

    def seen(self, object_name: str, record_id: str) -> StoredRecord | None:
        """The record as readers see it now, deleted ones too; None when there is none."""
        record = self._world.get(object_name, record_id)
        if record is None or record.purged:
            return None
        return self._view(object_name, record)

    def by_stamp(self, object_name: str, since: datetime | None = None) -> Iterator[StoredRecord]:
        """All records from `since` on as readers see them, in the order of (SystemModstamp, Id)."""
        self._settle()
        if any(name == object_name for name, _ in self._before):
            yield from self._by_stamp_with_late_rows(object_name, since)
            return
        for record_id in self._index.since(object_name, since):
            record = self._world.get(object_name, record_id)
            if record is not None:
                yield record

    def with_value(self, object_name: str, field: Field, value: str) -> list[StoredRecord]:
        """Live records whose unique or external-id field holds `value`; case counts only where the field says so."""
        ids = self._index.with_value(object_name, field, value)
        views = (self.seen(object_name, record_id) for record_id in sorted(ids))
        return [view for view in views if view is not None and view.live]

    def require(self, kind: ObjectType, record_id: str) -> StoredRecord:
        """The live record of an id, or the error that the API gives for it."""
        record_id = canonical_id(record_id)
        if not is_id(record_id):
            raise VendorError("MALFORMED_ID", f"{kind.name} ID: id value of incorrect type: {record_id}")
        record = self.seen(kind.name, record_id)
        if record is None:
            raise VendorError("NOT_FOUND", "The requested resource does not exist", status=404)
        if not record.live:
            raise VendorError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return self._current(kind.name, record_id)

    # Saving

    def create(self, object_name: str, fields: Mapping[str, Any], *, by: str = HUMAN, request: str = "") -> str:
        """Save a new record; returns its id."""
        kind = self._schema.get(object_name)
        if not kind.creatable and by != HUMAN:
            raise VendorError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {kind.name}")
        values = self._rules.new(kind, fields)
        if companion := self.companions.get(kind.name):
            companion.check(values)
        if "OwnerId" in kind.fields and values.get("OwnerId") is None:
            values["OwnerId"] = self._user_of(by)
        record_id = self.next_id(kind.prefix)
        record = self._world.add(kind.name, record_id, values, by=by, at=self._second())
        if self._journal is not None:
            self._journal.append((kind, record, None))
        self._commit(kind, record, before=None, request=request or f"HUMAN {kind.name}")
        self._index.add(kind, record)
        self._report(kind, record, "create", by, tuple(values))
        if companion := self.companions.get(kind.name):
            companion.created(record)
        return record_id

    def update(
        self, object_name: str, record_id: str, fields: Mapping[str, Any], *, by: str = HUMAN, request: str = ""
    ) -> StoredRecord:
        """Save the given fields of a live record."""
        kind = self._schema.get(object_name)
        if not kind.updateable and by != HUMAN:
            raise VendorError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be updated: {kind.name}")
        record = self.require(kind, record_id)
        if record.fields.get("IsConverted"):
            raise VendorError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        values, changed = self._rules.changed(kind, record.id, record.fields, fields)
        self._save(kind, record, values, by=by, request=request)
        self._report(kind, record, "update", by, changed)
        return record

    def delete(self, object_name: str, record_id: str, *, by: str = HUMAN, request: str = "") -> None:
        """Put a live record into the recycle bin."""
        kind = self._schema.get(object_name)
        record = self.require(kind, record_id)
        self._save(kind, record, record.fields, by=by, request=request, deleted=True)
        self._report(kind, record, "delete", by)
        if companion := self.companions.get(kind.name):
            companion.deleted(record)

    def undelete(self, object_name: str, record_id: str, *, by: str = HUMAN) -> None:
        """Take a record out of the recycle bin, under the id it had."""
        kind = self._schema.get(object_name)
        record = self._current(kind.name, canonical_id(record_id))
        if record.live:
            raise VendorError("UNDELETE_FAILED", "entity is not in the recycle bin")
        record.merged_into = None
        self._save(kind, record, record.fields, by=by, deleted=False)
        self._report(kind, record, "undelete", by)

    def purge(self, object_name: str, record_id: str) -> None:
        """Hard delete: no row is left, not even for queryAll."""
        kind = self._schema.get(object_name)
        record = self._current(kind.name, canonical_id(record_id))
        self._index.remove(kind, record)
        self._before.pop((kind.name, record.id), None)
        record.purged = True

    def merge(self, object_name: str, winner: str, loser: str, *, by: str = HUMAN) -> str:
        """Merge `loser` into `winner`; returns the winner's id. Children are moved without a new stamp of their own."""
        kind = self._schema.get(object_name)
        if not kind.merges or winner == loser:
            raise VendorError("INVALID_OPERATION", f"{kind.name} records cannot be merged")
        master, lost = self.require(kind, winner), self.require(kind, loser)
        lost.merged_into = master.id
        self._save(kind, lost, lost.fields, by=by, deleted=True)
        self._report(kind, lost, "merge", by, master=master.id)
        self._reparent(lost.id, master.id)
        self._save(kind, master, master.fields, by=by)
        self._report(kind, master, "update", by)
        return master.id

    def convert(self, lead: str, *, opportunity: bool = True, account: str | None = None) -> dict[str, str]:
        """Make a lead an account (or one that is there), a contact and an opportunity; returns their ids by type.

        Custom fields are not mapped over: that is for an administrator to set up.
        """
        kind = self._schema.get("Lead")
        record = self.require(kind, lead)
        if record.fields.get("IsConverted"):
            raise VendorError("CANNOT_UPDATE_CONVERTED_LEAD", "the lead is converted already")
        known = record.fields
        firm = {
            "Name": known["Company"],
            "Website": known.get("Website"),
            "BillingCountryCode": known.get("CountryCode"),
        }
        made = {"Account": account or self.create("Account", firm)}
        person = {name: known.get(name) for name in ("FirstName", "LastName", "Email", "Phone")}
        made["Contact"] = self.create("Contact", {**person, "AccountId": made["Account"]})
        if opportunity:
            day = self._world.clock.now().date().isoformat()
            deal = {
                "Name": known["Company"],
                "StageName": "Prospecting",
                "CloseDate": day,
                "AccountId": made["Account"],
            }
            made["Opportunity"] = self.create("Opportunity", deal)
        ended = {"IsConverted": True, "Status": "Closed - Converted"}
        ended |= {f"Converted{name}Id": record_id for name, record_id in made.items()}
        self._save(kind, record, {**known, **ended}, by=HUMAN)
        self._report(kind, record, "update", HUMAN, tuple(ended))
        return made

    def index_existing(self, object_name: str) -> None:
        """Take up records that were in the world before: those an org is born with."""
        for record in self._world.all(object_name):
            self._index.add(self._schema.types[object_name], record)

    def next_id(self, prefix: str) -> str:
        """The next id of a type: the same ones in every run of the same seed."""
        number = self._counters[prefix] = self._counters.get(prefix, 0) + 1
        return canonical_id(f"{prefix}{_base62(self._seed, 3)}{_base62(number, 9)}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: when the block raises, everything saved inside it is undone and unreported."""
        self._journal, self._unreported = [], []
        try:
            yield
        except BaseException:
            for kind, record, before in reversed(self._journal):
                self._restore(kind, record, before)
            self._unreported = []
            raise
        finally:
            self._journal = None
            for change in self._unreported:
                self._on_change(change)
            self._unreported = []

    # Below: how a state is committed and indexed

    def _save(
        self,
        kind: ObjectType,
        record: StoredRecord,
        fields: dict[str, Any],
        *,
        by: str,
        request: str = "",
        deleted: bool | None = None,
    ) -> None:
        before = self._view(kind.name, record)
        kept = replace(before) if before is not None else None
        if self._journal is not None:
            self._journal.append((kind, record, replace(record)))
        self._index.remove(kind, record)
        record.fields = fields
        record.by = by
        record.modified_at = self._second()
        record.version += 1
        if deleted is not None:
            record.deleted_at = record.modified_at if deleted else None
        self._commit(kind, record, before=kept, request=request or f"HUMAN {kind.name}")
        self._index.add(kind, record)

    def _commit(self, kind: ObjectType, record: StoredRecord, *, before: StoredRecord | None, request: str) -> None:
        now = self._world.clock.now()
        late = self._faults.take("late_commit", request)
        record.visible_at = now + timedelta(seconds=float(late.options.get("seconds", 60))) if late else now
        if late:
            self._before[kind.name, record.id] = before
        else:
            self._before.pop((kind.name, record.id), None)

    def _settle(self) -> None:
        if not self._before:
            return
        now = self._world.clock.now()
        for key in list(self._before):
            record = self._world.get(*key)
            if record is None or record.visible_at <= now:
                del self._before[key]

    def _view(self, object_name: str, record: StoredRecord) -> StoredRecord | None:
        if not self._before:
            return record
        self._settle()
        return self._before.get((object_name, record.id), record)

    def _by_stamp_with_late_rows(self, object_name: str, since: datetime | None) -> Iterator[StoredRecord]:
        views = [view for record in self._world.all(object_name) if (view := self._view(object_name, record))]
        views.sort(key=lambda view: (view.modified_at, view.id))
        yield from (view for view in views if since is None or view.modified_at >= since)

    def _current(self, object_name: str, record_id: str) -> StoredRecord:
        record = self._world.get(object_name, record_id)
        if record is None or record.purged:
            raise VendorError("NOT_FOUND", "The requested resource does not exist", status=404)
        return record

    def _reparent(self, loser: str, winner: str) -> None:
        for kind in self._schema.types.values():
            lookups = [field.name for field in kind.fields.values() if field.type == "reference" and field.writable]
            for child in self._world.live(kind.name):
                for name in lookups:
                    if child.fields.get(name) == loser:
                        child.fields[name] = winner

    def _report(
        self,
        kind: ObjectType,
        record: StoredRecord,
        change: ChangeKind,
        by: str,
        fields: tuple[str, ...] = (),
        master: str | None = None,
    ) -> None:
        done = Change(kind.name, record.id, change, by, record.modified_at, fields, master)
        if self._journal is not None:
            self._unreported.append(done)
        else:
            self._on_change(done)

    def _restore(self, kind: ObjectType, record: StoredRecord, before: StoredRecord | None) -> None:
        self._index.remove(kind, record)
        self._before.pop((kind.name, record.id), None)
        if before is None:
            record.purged = True
            return
        for name in ("fields", "modified_at", "visible_at", "by", "deleted_at", "merged_into", "version"):
            setattr(record, name, getattr(before, name))
        self._index.add(kind, record)

    def _second(self) -> datetime:
        return self._world.clock.now().replace(microsecond=0)


def _base62(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        text = _DIGITS[digit] + text
    return text
