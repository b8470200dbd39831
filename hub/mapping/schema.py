"""The shape of a mapping file: what may stand where, for loading and for editors."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from hub.mapping.lenses.registry import LENSES

NAME = r"^(custom\.)?[a-z][a-z0-9_]{0,62}$"
REMOTE = r"^[A-Za-z_][A-Za-z0-9_:-]*(\.[A-Za-z_][A-Za-z0-9_:-]*){0,4}$"
RemotePath = Annotated[str, StringConstraints(pattern=REMOTE, max_length=200)]
Constant = str | int | bool | None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ScopeDoc(_Part):
    """Which records take part."""

    where: str | None = Field(None, max_length=2_000, description="Remote filter, in the vendor's language.")
    remote: str | None = Field(
        None, description="CEL condition over `remote`: which remote records come in, however they are read."
    )
    reads: list[RemotePath] = Field([], description="Remote fields that the condition `remote` uses.")
    when: str | None = Field(
        None, description="CEL condition over `record`: which of our records belong in this system."
    )

    @model_validator(mode="after")
    def _reads_of_condition(self) -> ScopeDoc:
        if (self.remote is None) != (not self.reads):
            raise ValueError("write remote: and the remote fields it uses, reads: [A, B], together")
        return self


class KeyDoc(_Part):
    """Where the hub leaves its mark."""

    field: RemotePath = Field(description="Unique remote field that carries the hub's key.")


class MatchDoc(_Part):
    """One way to recognise a new remote record."""

    on: list[str] = Field([], description="Record fields that must be equal; one of the type's natural keys.")
    scored: bool = Field(False, description="Compare by score over all evidence; unsure pairs wait for a person.")

    @model_validator(mode="after")
    def _one_way(self) -> MatchDoc:
        if bool(self.on) == self.scored:
            raise ValueError("write either on: [fields] or scored: true")
        return self


class PolicyDoc(_Part):
    """The policies that need a word more."""

    system_of_record: str | None = Field(None, description="The system whose value wins.")
    locked_when: str | None = Field(None, description="CEL condition over `record` under which the field is locked.")
    latest_wins: RemotePath | None = Field(
        None, description="The remote field that tells when this very field was changed there; the newer value wins."
    )

    @model_validator(mode="after")
    def _one_policy(self) -> PolicyDoc:
        if sum(value is not None for value in (self.system_of_record, self.locked_when, self.latest_wins)) != 1:
            raise ValueError("name one policy: system_of_record, locked_when or latest_wins")
        return self


class FieldDoc(_Part):
    """One field of the record."""

    remote: RemotePath | None = Field(None, description="Remote field, or a dotted path to it.")
    lens: str | dict[str, Any] | list[Any] | None = Field(None, description="How the value is read and written.")
    direction: Literal["both", "pull", "push"] | None = Field(
        None, description="both (default), pull: remote to record only, push: record to remote only."
    )
    on_null: Literal["keep", "clear"] = Field("keep", description="What an incoming null does to our value.")
    policy: Literal["review", "prefer_hub", "prefer_remote", "fill_only"] | PolicyDoc = Field(
        "review", description="Who wins when both sides changed the field."
    )
    once: bool = Field(
        False, description="Written when the hub makes the remote record, and never again: it is the other side's then."
    )
    required: bool = Field(False, description="A record without it is not taken in.")
    placeholders: list[str] = Field([], description="Remote texts that stand for nothing, such as Unknown.")
    default: Constant = Field(
        None, description="Written where the remote requires a value and the record has none; read back as null."
    )
    compute: str | None = Field(
        None, description="CEL expression for one direction: over `remote` when pulling, `value` when pushing."
    )
    reads: list[RemotePath] = Field([], description="Remote fields that a pulling `compute` uses.")

    @field_validator("policy", mode="before")
    @classmethod
    def _latest_of_what(cls, value: object) -> object:
        if value == "latest_wins":
            raise ValueError(
                "latest_wins needs the remote field that tells when this field was changed there: "
                "write {latest_wins: <field>}; the time of the whole record would not tell"
            )
        return value


class CreateDoc(_Part):
    """Creating some."""

    when: str = Field(description="CEL condition over `record`: for which records the hub may create remote ones.")


FieldName = Annotated[str, StringConstraints(pattern=NAME)]


class DeactivateDoc(_Part):
    """Setting fields instead of deleting."""

    deactivate: dict[FieldName, Any] = Field(
        min_length=1, description="Record fields and the values they get when the other side's record is deleted."
    )


def _form_of_deletion(value: object) -> str:
    """Which of the three forms of a delete policy is meant, so that its faults are told in its own words."""
    if isinstance(value, DeactivateDoc) or (isinstance(value, dict) and "deactivate" in value):
        return "deactivate"
    return "directions" if isinstance(value, dict | OnDeleteDoc) else "word"


def _form_of_side(value: object) -> str:
    return "deactivate" if isinstance(value, dict | DeactivateDoc) else "word"


_Deactivate = Annotated[DeactivateDoc, Tag("deactivate")]


class OnDeleteDoc(_Part):
    """What deletions do, per direction."""

    pull: Annotated[
        Annotated[Literal["mirror", "unlink", "ask"], Tag("word")] | _Deactivate, Discriminator(_form_of_side)
    ] = Field("unlink", description="What a deletion there does to the hub's record.")
    push: Annotated[Annotated[Literal["mirror", "unlink"], Tag("word")] | _Deactivate, Discriminator(_form_of_side)] = (
        Field("unlink", description="What a deletion in the hub does to the remote record.")
    )


OnDelete = Annotated[
    Annotated[Literal["mirror", "unlink", "ask"], Tag("word")]
    | _Deactivate
    | Annotated[OnDeleteDoc, Tag("directions")],
    Discriminator(_form_of_deletion),
]


class MappingDoc(_Part):
    """How one remote object and one record type of Partner Hub correspond."""

    version: Literal[1] = Field(description="Version of the mapping language.")
    object: str = Field(min_length=1, max_length=200, description="The remote object.")
    name: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="What the hub calls it, where an object has several mappings.",
    )
    record: str = Field(description="The record type.")
    scope: ScopeDoc = Field(default_factory=lambda: ScopeDoc.model_validate({}))
    key: KeyDoc | None = None
    match: list[MatchDoc] = Field([], description="Ways to recognise a record, tried in this order.")
    create: bool | CreateDoc = Field(True, description="Whether, or when, the hub may create remote records here.")
    admit: bool = Field(
        True, description="Whether remote records that the hub did not make come in; they bear its key otherwise."
    )
    on_delete: OnDelete = Field("unlink", description="What the end of one side's record does to the other's.")
    constants: dict[RemotePath, Constant] = Field({}, description="Remote fields set on every record created there.")
    fields: dict[FieldName, FieldDoc] = Field(min_length=1)


def json_schema() -> dict[str, Any]:
    """The JSON Schema for editors, lenses included."""
    schema = MappingDoc.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Partner Hub mapping"
    schema["properties"]["fields"]["additionalProperties"] = False
    one = {"anyOf": [_by_name(), *(_with_options(name) for name in LENSES)]}
    schema["$defs"]["Lens"] = one
    schema["$defs"]["FieldDoc"]["properties"]["lens"] = {
        "description": "How the value is read and written.",
        "anyOf": [{"$ref": "#/$defs/Lens"}, {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Lens"}}],
    }
    return schema


def json_schema_text() -> str:
    """The schema as it lies in `mappings/mapping.schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _by_name() -> dict[str, Any]:
    return {"enum": [name for name, kind in LENSES.items() if not kind.options.model_json_schema().get("required")]}


def _with_options(name: str) -> dict[str, Any]:
    kind = LENSES[name]
    options = kind.options.model_json_schema(by_alias=True)
    options.pop("title", None)
    forms = [options, kind.short] if kind.short else [options]
    return {
        "type": "object",
        "description": kind.doc,
        "required": [name],
        "additionalProperties": False,
        "properties": {name: forms[0] if len(forms) == 1 else {"anyOf": forms}},
    }
