"""What the account accepts as a record: known properties, allowed values, stages of a pipeline, its own rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connectors.hubspot.sandbox.answers import invalid
from connectors.hubspot.sandbox.schema import OWNERS, Pipeline, Property
from connectors.hubspot.sandbox.values import stored_value
from hub.sdk.sandbox import Faults, StoredRecord


class Rules:
    """The rules of one account; they follow its properties and pipelines as they change."""

    def __init__(
        self,
        *,
        properties: Mapping[str, Mapping[str, Property]],
        pipelines: Mapping[str, list[Pipeline]],
        faults: Faults,
    ) -> None:
        self.properties = properties
        self.pipelines = pipelines
        self.faults = faults

    def check(self, object_type: str, values: Mapping[str, object]) -> None:
        """Raise what writing these values of a record would be refused for; uniqueness is not looked at."""
        for name, value in values.items():
            self._checked_value(object_type, name, value)

    def options(self, object_type: str, property: Property) -> Collection[str]:
        if property.referenced == "owners":
            return [owner.id for owner in OWNERS]
        if property.referenced == "pipelines":
            return [pipeline.id for pipeline in self.pipelines[object_type]]
        if property.referenced == "stages":
            return [stage.id for pipeline in self.pipelines[object_type] for stage in pipeline.stages]
        return property.options

    def checked(
        self, object_type: str, record: StoredRecord | None, values: Mapping[str, object]
    ) -> dict[str, str | None]:
        """The texts to keep for `values`, None to clear; Problem for the first that is refused."""
        ignored = () if self.faults.get("null_clears") else (None,)
        checked = {
            name: self._checked_value(object_type, name, value)
            for name, value in values.items()
            if value not in ignored
        }
        if object_type in self.pipelines:
            self._require_stage_of_pipeline(object_type, {**(record.fields if record else {}), **checked}, checked)
        if object_type in ("notes", "tasks") and record is None and not checked.get("hs_timestamp"):
            raise invalid("hs_timestamp is required", code="REQUIRED_FIELD", field="hs_timestamp")
        return checked

    def _checked_value(self, object_type: str, name: str, value: object) -> str | None:
        property = self.properties[object_type].get(name)
        if property is None:
            raise invalid(f'Property "{name}" does not exist', code="PROPERTY_DOESNT_EXIST", field=name)
        if property.read_only:
            raise invalid(f'Property "{name}" is read only', code="READ_ONLY_VALUE", field=name)
        return None if value is None else stored_value(property, value, self.options(object_type, property))

    def _require_stage_of_pipeline(
        self, object_type: str, fields: Mapping[str, str | None], checked: Mapping[str, str | None]
    ) -> None:
        stage = fields.get("dealstage")
        if stage is None or not {"dealstage", "pipeline"} & checked.keys():
            return
        wanted = fields.get("pipeline") or "default"
        pipeline = next(each for each in self.pipelines[object_type] if each.id == wanted)
        if stage not in [each.id for each in pipeline.stages]:
            message = f'Stage "{stage}" is not in pipeline "{wanted}"'
            raise invalid(message, code="INVALID_PIPELINE_STAGE_ID", field="dealstage")

    def require(self, object_type: str, fields: Mapping[str, str | None]) -> None:
        """Hold a record to the validation rules of the account's administrators."""
        for rule in self.faults.get("admin_validation"):
            rule_type, name = rule.split(".")
            if rule_type == object_type and not fields.get(name):
                message = f'Property "{name}" is required by a rule of this account'
                raise invalid(message, code="PROPERTY_VALIDATION_RULE", field=name)

    def is_datetime(self, object_type: str, name: str) -> bool:
        property = self.properties[object_type].get(name)
        return property is not None and property.type == "datetime"
