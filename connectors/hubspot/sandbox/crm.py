"""The account's records: how they are created, changed, archived, restored and merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from connectors.hubspot.sandbox.answers import conflict, invalid, iso, not_found
from connectors.hubspot.sandbox.associations import HUBSPOT_DEFINED, PRIMARY, Associations, Label, Node
from connectors.hubspot.sandbox.rules import Rules
from connectors.hubspot.sandbox.schema import (
    OWNERS,
    SINGULAR,
    created_property,
    fresh_pipelines,
    fresh_properties,
    modified_property,
)
from connectors.hubspot.sandbox.table import Table
from hub.sdk.sandbox import Faults, StoredRecord, World

# What happened, for the webhooks: (kind, object type, record id, who, details).
Listener = Callable[[str, str, str, str, Mapping[str, Any]], None]

MERGED_IDS = "hs_merged_object_ids"
UPDATED_BY = "hs_updated_by_user_id"
PERSON, INSTALLER = OWNERS[0], OWNERS[2]
_FIRST_ID = 20_000_000_001


class Crm:
    """One HubSpot account. `by` is `human` or the name of an API client."""

    def __init__(self, *, world: World, faults: Faults, seed: int, listener: Listener) -> None:
        self.world = world
        self.faults = faults
        self.properties = fresh_properties()
        self.pipelines = fresh_pipelines()
        self.rules = Rules(properties=self.properties, pipelines=self.pipelines, faults=faults)
        self.tables = {object_type: Table() for object_type in self.properties}
        self.associations = Associations()
        self._listener = listener
        self._ids = count(_FIRST_ID + seed * 1_000_000_000)

    def find(self, object_type: str, record_id: str) -> StoredRecord | None:
        """The record behind an id, the survivor behind the id of a merged one; archived ones too."""
        record = self.world.get(object_type, record_id)
        while record is not None and record.merged_into is not None:
            record = self.world.get(object_type, record.merged_into)
        return None if record is None or record.purged else record

    def find_by(self, object_type: str, property_name: str | None, value: str) -> StoredRecord | None:
        """The live record with that id, or with that value of a unique property."""
        if property_name in (None, "hs_object_id"):
            record = self.find(object_type, value)
            return record if record is not None and record.live else None
        property = self.properties[object_type].get(str(property_name))
        if property is None or not property.unique:
            raise invalid(f"{property_name!r} is no unique property.", code="NON_UNIQUE_ID_PROPERTY")
        record_id = self.tables[object_type].unique.get(property.name, {}).get(value.lower())
        return self.world.get(object_type, record_id) if record_id else None

    def create(self, object_type: str, values: Mapping[str, object], *, by: str) -> StoredRecord:
        fields = {
            name: text for name, text in self.rules.checked(object_type, None, values).items() if text is not None
        }
        self.rules.require(object_type, fields)
        self._claim_unique(object_type, None, fields)
        record = self.world.add(object_type, str(next(self._ids)), self._signed(fields, by), by=by)
        self._index_unique(object_type, record, {}, fields)
        record.visible_at = record.modified_at + self._lag(object_type)
        self.tables[object_type].add(record)
        self._listener("creation", object_type, record.id, by, {})
        return record

    def update(self, object_type: str, record: StoredRecord, values: Mapping[str, object], *, by: str) -> None:
        changed = self.rules.checked(object_type, record, values)
        after = {**record.fields, **changed}
        self.rules.require(object_type, after)
        self._claim_unique(object_type, record, changed)
        self._index_unique(object_type, record, record.fields, changed)
        before = record.fields
        self._restamp(object_type, record, by, {name: text for name, text in after.items() if text is not None})
        for name, text in changed.items():
            if before.get(name) != text:
                self._listener("propertyChange", object_type, record.id, by, {"name": name, "value": text or ""})

    def archive(self, object_type: str, record_id: str, *, by: str) -> None:
        record = self.find(object_type, record_id)
        if record is None or not record.live:
            return
        record.deleted_at = self.world.clock.now()
        self._drop_unique(object_type, record)
        self.tables[object_type].archived.add(record.id)
        self.tables[object_type].revision += 1
        self._listener("deletion", object_type, record.id, by, {})

    def restore(self, object_type: str, record_id: str) -> None:
        record = self._existing(object_type, record_id)
        window = timedelta(days=self.faults.get("restore_window_days"))
        if record.deleted_at is None or record.deleted_at + window < self.world.clock.now():
            raise ValueError(f"{object_type} {record_id} cannot be restored.")
        self._claim_unique(object_type, record, record.fields)
        record.deleted_at = None
        self.tables[object_type].archived.discard(record.id)
        self._index_unique(object_type, record, {}, record.fields)
        self._restamp(object_type, record, "human", record.fields)
        self._listener("restore", object_type, record.id, "human", {})

    def purge(self, object_type: str, record_id: str, *, by: str) -> None:
        """Privacy deletion: nothing remains, not even in the archive."""
        record = self._existing(object_type, record_id)
        if record.live:
            self._drop_unique(object_type, record)
        record.purged = True
        record.deleted_at = record.deleted_at or self.world.clock.now()
        self.tables[object_type].archived.discard(record.id)
        self.tables[object_type].revision += 1
        self.associations.forget(Node(object_type, record.id))
        kind = "privacyDeletion" if object_type == "contacts" else "deletion"
        self._listener(kind, object_type, record.id, by, {})

    def merge(self, object_type: str, primary_id: str, other_id: str, *, by: str) -> StoredRecord:
        """Both records become one with a new id, under which both old ids are answered from now on."""
        if object_type in ("notes", "tasks"):
            raise invalid(f"{object_type.capitalize()} cannot be merged.", code="INVALID_MERGE")
        primary, other = self._live(object_type, primary_id), self._live(object_type, other_id)
        if primary is other:
            raise invalid("A record cannot be merged with itself.", code="INVALID_MERGE")
        fields = {**other.fields, **primary.fields}
        fields[MERGED_IDS] = ";".join(_merged_ids(primary, other))
        self._drop_unique(object_type, primary)
        self._drop_unique(object_type, other)
        survivor = self.world.add(object_type, str(next(self._ids)), self._signed(fields, by), by=by)
        survivor.created_at = min(primary.created_at, other.created_at)
        survivor.visible_at = survivor.modified_at + self._lag(object_type)
        self._index_unique(object_type, survivor, {}, fields)
        self.tables[object_type].add(survivor)
        for old in (primary, other):
            old.merged_into, old.deleted_at = survivor.id, survivor.modified_at
            self.associations.move(Node(object_type, old.id), Node(object_type, survivor.id))
        details = {"primary": primary.id, "merged": other.id, "moved": len(other.fields)}
        self._listener("merge", object_type, survivor.id, by, details)
        return survivor

    def associated(self, node: Node, to_type: str) -> dict[str, set[Label]]:
        """Live records that `node` is associated with, and the labels; archived ones keep theirs, but hide."""
        found = self.associations.of(node, to_type).items()
        return {id: labels for id, labels in found if self.find_by(to_type, None, id) is not None}

    def associate_primary(self, object_type: str, record_id: str, to_type: str, to_id: str | None, *, by: str) -> None:
        """What a person does in the association card: replace the (primary) associated record."""
        here = Node(object_type, record_id)
        current = self.associations.primary(here, to_type)
        if current is not None and current != to_id:
            self.associations.remove(here, Node(to_type, current))
            self.association_changed(here, Node(to_type, current), removed=True, by=by)
        if to_id is not None and current != to_id:
            target = self._live(to_type, to_id)
            label = PRIMARY.get((object_type, to_type))
            labels = [(HUBSPOT_DEFINED, label)] if label is not None else []
            self.associations.set(here, Node(to_type, target.id), labels)
            self.association_changed(here, Node(to_type, target.id), removed=False, by=by)

    def associate_labelled(
        self, object_type: str, record_id: str, to_type: str, label: str, to_id: str | None, *, by: str
    ) -> None:
        """What a person does with a label in the association card: move it to another record, or take it away."""
        here = Node(object_type, record_id)
        current = self.associations.labelled(here, to_type, label)
        if current == to_id:
            return
        wanted = self.associations.user_label((object_type, to_type), label)
        if current is not None:
            self.associations.remove_labels(here, Node(to_type, current), [wanted])
            self.association_changed(here, Node(to_type, current), removed=True, by=by)
        if to_id is not None:
            target = self._live(to_type, to_id)
            self.associations.set(here, Node(to_type, target.id), [wanted])
            self.association_changed(here, Node(to_type, target.id), removed=False, by=by)

    def association_changed(self, here: Node, there: Node, *, removed: bool, by: str) -> None:
        record = self.world.get(here.type, here.id)
        if record is not None and self.faults.get("association_bumps_modified"):
            self._restamp(here.type, record, by, record.fields)
        details = {"to_type": there.type, "to_id": there.id, "removed": removed}
        self._listener("associationChange", here.type, here.id, by, details)

    def read_property(self, object_type: str, record: StoredRecord, fields: Mapping[str, Any], name: str) -> str | None:
        """A property's text as it is answered; `fields` are the record's, or those of an earlier state."""
        if name == "hs_object_id":
            return record.id
        if name == created_property(object_type):
            return iso(record.created_at)
        if name == modified_property(object_type):
            return iso(record.modified_at)
        text: str | None = fields.get(name)
        if text and not self.faults.get("datetime_fraction") and self.rules.is_datetime(object_type, name):
            return text.replace(".000Z", "Z")
        return text

    def _claim_unique(self, object_type: str, record: StoredRecord | None, fields: Mapping[str, str | None]) -> None:
        index = self.tables[object_type].unique
        for name, text in fields.items():
            holder = index.get(name, {}).get(text.lower()) if text else None
            if holder is not None and (record is None or holder != record.id):
                label = SINGULAR[object_type].capitalize()
                raise conflict(f"{label} already exists. Existing ID: {holder}")

    def _index_unique(
        self, object_type: str, record: StoredRecord, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> None:
        index = self.tables[object_type].unique
        for name, text in new.items():
            property = self.properties[object_type].get(name)
            if property is None or not property.unique:
                continue
            values = index.setdefault(name, {})
            if old.get(name):
                values.pop(old[name].lower(), None)
            if text:
                values[text.lower()] = record.id

    def _drop_unique(self, object_type: str, record: StoredRecord) -> None:
        for name, values in self.tables[object_type].unique.items():
            text = record.fields.get(name)
            if text and values.get(text.lower()) == record.id:
                del values[text.lower()]

    def _restamp(self, object_type: str, record: StoredRecord, by: str, fields: dict[str, Any]) -> None:
        now, lag = self.world.clock.now(), self._lag(object_type)
        if lag:
            earlier = {"fields": record.fields, "modified_at": record.modified_at, "visible_at": record.visible_at}
            record.history.append(earlier)
        else:
            record.history.clear()
        record.fields, record.by, record.version = self._signed(fields, by), by, record.version + 1
        record.modified_at, record.visible_at = now, now + lag
        self.tables[object_type].touched(record)

    def _signed(self, fields: Mapping[str, Any], by: str) -> dict[str, Any]:
        """The fields of a record that `by` has changed just now, with the user it is known as."""
        by_app = {"none": None, "kept": fields.get(UPDATED_BY), "installer": str(INSTALLER.user_id)}
        user = str(PERSON.user_id) if by == "human" else by_app[self.faults.get("updated_by_of_apps")]
        unsigned = {name: text for name, text in fields.items() if name != UPDATED_BY}
        return unsigned if user is None else {**unsigned, UPDATED_BY: user}

    def _lag(self, object_type: str) -> timedelta:
        late = self.faults.take("late_commit", object_type)
        seconds = late.options.get("seconds", 30) if late else self.faults.get("search_lag")
        return timedelta(seconds=float(seconds))

    def _existing(self, object_type: str, record_id: str) -> StoredRecord:
        record = self.find(object_type, record_id)
        if record is None:
            raise ValueError(f"There is no {object_type} {record_id}.")
        return record

    def _live(self, object_type: str, record_id: str) -> StoredRecord:
        record = self.find(object_type, record_id)
        if record is None or not record.live:
            raise not_found(f"There is no {object_type} {record_id}.", [record_id])
        return record


def _merged_ids(*records: StoredRecord) -> Sequence[str]:
    earlier = [part for record in records for part in str(record.fields.get(MERGED_IDS) or "").split(";") if part]
    return list(dict.fromkeys([*earlier, *(record.id for record in records)]))
