"""Makes a compiled mapping out of a well-formed document, or says everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.cel import Condition, Expression, ExpressionError
from hub.files.source import Path_, Source
from hub.mapping.channel import Channel, fold
from hub.mapping.check import check_channels
from hub.mapping.compile import compile_get, compile_put
from hub.mapping.deleting import deletion_rules
from hub.mapping.errors import MappingError, MappingIssue
from hub.mapping.lenses.base import Lens
from hub.mapping.lenses.link import LinkLens
from hub.mapping.lenses.registry import DEFAULTS, LensFault, make_lens
from hub.mapping.model import Mapping
from hub.mapping.paths import ABSENT
from hub.mapping.rules import Direction, FieldPolicy, FieldRule, MatchRule, OnDelete
from hub.mapping.schema import CreateDoc, FieldDoc, MappingDoc, PolicyDoc
from hub.record.definition import CUSTOM_PREFIX, Field, RecordType

_RECORD = frozenset({"record"})
_REMOTE = frozenset({"remote"})


def build(doc: MappingDoc, *, source: Source, system: str, record_types: dict[str, RecordType], digest: str) -> Mapping:
    """The compiled mapping; raises MappingError with every fault, lossy round trips included."""
    record = record_types.get(doc.record)
    if record is None:
        message = f"There is no record type {doc.record!r}; there are {', '.join(sorted(record_types))}."
        raise MappingError((source.issue(("record",), "record", message),))
    builder = _Builder(doc, source, system, record, record_types)
    channels = tuple(c for name, part in doc.fields.items() if (c := builder.channel(name, part)) is not None)
    locks = builder.locks()
    when = builder.condition(doc.scope.when, ("scope", "when"), "scope")
    makes = builder.condition(
        doc.create.when if isinstance(doc.create, CreateDoc) else None, ("create", "when"), "create"
    )
    comes_in = builder.condition(doc.scope.remote, ("scope", "remote"), "scope", variables=_REMOTE)
    on_delete = builder.on_delete(channels)
    issues = [*builder.issues, *check_channels(channels, doc=doc, record=record, source=source)]
    if issues:
        raise MappingError(tuple(sorted(issues, key=lambda issue: issue.line)))
    return Mapping(
        system=system,
        object_name=doc.name or doc.object,
        remote_object=doc.object,
        record=record,
        file=source.file,
        where=doc.scope.where,
        when=when,
        makes=makes,
        comes_in=comes_in,
        scope_reads=tuple(doc.scope.reads),
        key_field=doc.key.field if doc.key else None,
        match=tuple(MatchRule(tuple(m.on), m.scored) for m in doc.match),
        channels=channels,
        create="yes" if doc.create else "no",
        admit=doc.admit,
        on_delete=on_delete,
        constants=dict(doc.constants),
        locks=locks,
        digest=digest,
        source=source,
        getter=compile_get(channels),
        putter=compile_put(channels),
    )


@dataclass
class _Builder:
    doc: MappingDoc
    source: Source
    system: str
    record: RecordType
    record_types: dict[str, RecordType]

    def __post_init__(self) -> None:
        self.issues: list[MappingIssue] = []

    def fault(self, path: Path_, field: str, message: str) -> None:
        self.issues.append(self.source.issue(path, field, message))

    def channel(self, name: str, part: FieldDoc) -> Channel | None:
        """The field's channel, or None after noting what is wrong."""
        before = len(self.issues)
        field = self._field(name)
        direction = self._direction(name, part)
        compute = self._compute(name, part, direction)
        lens = self._lens(name, part, field) if field else None
        remotes = self._remotes(name, part, lens)
        if len(self.issues) > before or field is None:
            return None
        return Channel(
            rule=self._rule(name, part, field, direction, remotes),
            lens=lens,
            compute=compute,
            placeholders=frozenset(map(fold, part.placeholders)),
            default=ABSENT if part.default is None else part.default,
        )

    def _field(self, name: str) -> Field | None:
        field = self.record.fields.get(name)
        if field is None:
            hint = _hint(name, self.record)
            self.fault(("fields", name), name, f"The record type {self.record.name} has no field {name!r}.{hint}")
        return field

    def _direction(self, name: str, part: FieldDoc) -> Direction:
        if part.compute is not None and part.direction not in ("pull", "push"):
            self.fault(("fields", name), name, "A computed field goes one way: add direction: pull or direction: push.")
        return part.direction or "both"

    def _compute(self, name: str, part: FieldDoc, direction: Direction) -> Expression | None:
        if part.compute is None or direction == "both":
            return None
        variable = "value" if direction == "push" else "remote"
        try:
            return Expression(part.compute, variables=frozenset({variable}))
        except ExpressionError as exc:
            self.fault(("fields", name, "compute"), name, f"{_capital(str(exc))}.")
            return None

    def _lens(self, name: str, part: FieldDoc, field: Field) -> Lens | None:
        path: Path_ = ("fields", name, "lens")
        spec = part.lens if part.lens is not None else DEFAULTS.get(field.kind)
        if spec is None:
            self.fault(("fields", name), name, f"A field of the kind {field.kind} needs a lens.")
            return None
        try:
            lens = make_lens(spec)
        except LensFault as exc:
            self.fault((*path, *exc.path), name, f"{_capital(str(exc))}.")
            return None
        if field.kind not in lens.fills:
            kinds = ", ".join(sorted(lens.fills))
            self.fault(path, name, f"This lens fills fields of the kind {kinds}; {name} is of the kind {field.kind}.")
        if isinstance(lens, LinkLens):
            self._check_link(path, name, lens, field)
        return lens

    def _check_link(self, path: Path_, name: str, lens: LinkLens, field: Field) -> None:
        target = self.record_types.get(lens.to)
        if target is None:
            self.fault(path, name, f"There is no record type {lens.to!r} to link to.")
        elif field.link not in {kind.name for kind in target.lineage}:
            self.fault(path, name, f"The field links to {field.link}; {lens.to} is not one.")

    def _remotes(self, name: str, part: FieldDoc, lens: Lens | None) -> tuple[str, ...]:
        if part.compute is not None and part.direction == "pull":
            if not part.reads:
                self.fault(("fields", name), name, "A pulling compute names the remote fields it uses: reads: [A, B].")
            return tuple(part.reads)
        if part.remote is None:
            self.fault(("fields", name), name, "Add remote: the remote field that this one belongs to.")
            return ()
        return (part.remote, lens.extra) if lens and lens.extra and not part.compute else (part.remote,)

    def _rule(
        self, name: str, part: FieldDoc, field: Field, direction: Direction, remotes: tuple[str, ...]
    ) -> FieldRule:
        line = self.source.line(("fields", name))
        how = "compute" if part.compute else _lens_name(part.lens)
        shown = f" ({how})" if how else ""
        return FieldRule(
            name=name,
            field=field,
            remotes=remotes,
            direction=direction,
            on_null=part.on_null,
            policy=_policy(part),
            required=part.required,
            line=line,
            rule=f"{self.source.file}:{line} {' + '.join(remotes)} → {name}{shown}",
            once=part.once,
        )

    def on_delete(self, channels: Sequence[Channel]) -> OnDelete:
        """The compiled delete policies."""
        outbound = [c.rule.name for c in channels if c.rule.direction != "pull"]
        rules, faults = deletion_rules(self.doc.on_delete, record=self.record, outbound=outbound)
        for path, message in faults:
            self.fault(("on_delete", *path), "on_delete", message)
        return rules

    def locks(self) -> dict[str, Condition]:
        """The compiled `locked_when` conditions by field."""
        found: dict[str, Condition] = {}
        for name, part in self.doc.fields.items():
            text = _policy(part).condition
            condition = self.condition(text, ("fields", name, "policy"), name)
            if condition is not None:
                found[name] = condition
        return found

    def condition(
        self, text: str | None, path: Path_, field: str, *, variables: frozenset[str] = _RECORD
    ) -> Condition | None:
        if text is None:
            return None
        try:
            return Condition(text, variables=variables)
        except ExpressionError as exc:
            self.fault(path, field, f"{_capital(str(exc))}.")
            return None


def _hint(name: str, record: RecordType) -> str:
    """What to write instead of a field that the record type does not have."""
    if f"{CUSTOM_PREFIX}{name}" in record.fields:
        return f" Write it as {CUSTOM_PREFIX}{name}."
    if name.startswith(CUSTOM_PREFIX):
        return f" Declare it first: partnerhub fields declare {record.name} {name.removeprefix(CUSTOM_PREFIX)} KIND."
    return ""


def _policy(part: FieldDoc) -> FieldPolicy:
    if not isinstance(part.policy, PolicyDoc):
        return FieldPolicy(part.policy)
    if part.policy.locked_when is not None:
        return FieldPolicy("locked_when", condition=part.policy.locked_when)
    if part.policy.latest_wins is not None:
        return FieldPolicy("latest_wins", stamp=part.policy.latest_wins)
    return FieldPolicy("system_of_record", system=part.policy.system_of_record)


def _lens_name(spec: object) -> str:
    if isinstance(spec, list):
        return ", ".join(map(_lens_name, spec))
    return spec if isinstance(spec, str) else str(next(iter(spec))) if isinstance(spec, dict) else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
