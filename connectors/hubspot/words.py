"""Fields that HubSpot holds as ids, read in words: who owns a record, which stage it is in, what it is associated with.

`owner.email` and `owner.name` stand for `hubspot_owner_id`; `stage.label`, `stage.pipeline`, `stage.closed` and
`stage.won` for `pipeline` and `dealstage`; `associations.<type>` for the (primary) associated record, and
`associations.<type>:<label>` for the one with that label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.hubspot.associations import Associations, associated_types
from connectors.hubspot.owners import Owners
from connectors.hubspot.records import HELD_AS, OWNER_ID
from connectors.hubspot.stages import Stages
from hub.sdk.records import RemoteRecord

Json = dict[str, Any]


class Words:
    """What ids mean in one account."""

    def __init__(self, *, associations: Associations, owners: Owners, stages: Stages) -> None:
        self._associations = associations
        self._owners = owners
        self._stages = stages

    async def completed(
        self, object_name: str, records: Sequence[RemoteRecord], fields: Sequence[str]
    ) -> Sequence[RemoteRecord]:
        """The records with what `fields` asks for in words; associations cost one request a type and page."""
        if not records:
            return records
        words = {name.partition(".")[0] for name in fields if "." in name}
        if targets := associated_types(fields):
            await self._associate(object_name, records, targets)
        if "owner" in words:
            await self._name_owners(records)
        if "stage" in words:
            await self._name_stages(records)
        return records

    async def _associate(self, object_name: str, records: Sequence[RemoteRecord], targets: Sequence[str]) -> None:
        ids = list(dict.fromkeys(record.id for record in records))
        found = await self._associations.read(object_name, targets, ids)
        for record in records:
            record.fields["associations"] = {target: found[target][record.id] for target in targets}

    async def _name_owners(self, records: Sequence[RemoteRecord]) -> None:
        ids = {str(held) for record in records if (held := record.fields.get(OWNER_ID))}
        owners = await self._owners.by_id(ids) if ids else {}
        for record in records:
            owner = owners.get(str(record.fields.get(OWNER_ID)))
            record.fields["owner"] = None if owner is None else {"email": owner.email, "name": owner.name}

    async def _name_stages(self, records: Sequence[RemoteRecord]) -> None:
        pipeline, held = HELD_AS["stage"]
        for record in records:
            stage_id, pipeline_id = record.fields.get(held), record.fields.get(pipeline)
            stage = await self._stages.of(pipeline_id, str(stage_id)) if stage_id else None
            record.fields["stage"] = stage and {
                "label": stage.label, "pipeline": stage.pipeline, "closed": stage.closed, "won": stage.won,
            }  # fmt: skip
