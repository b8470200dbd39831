"""Shows what a mapping makes of one record: remote → record → remote, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from hub.mapping.channel import Channel
from hub.mapping.errors import BadValue
from hub.mapping.model import FieldProblem, Mapping
from hub.mapping.paths import ABSENT, Absent, dig
from hub.record.values import Value, Values
from hub.sdk.records import JsonValue, RemoteFields


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One field. `remote` is what stands there, `mapped` what the hub reads of it, `current` the hub's value now.

    `written` holds the remote fields that would be sent to make the remote agree with the current value: empty when it
    agrees already, or when the field is not written. `problem` says why a value could not be mapped, either way.
    """

    field: str
    rule: str
    remote: dict[str, JsonValue | Absent]
    mapped: Value | Absent
    current: Value | Absent
    written: dict[str, JsonValue]
    problem: str | None = None

    @property
    def agrees(self) -> bool:
        """Nothing to do in either direction."""
        return not self.written and not self.problem and self.mapped in (self.current, ABSENT)


def preview(mapping: Mapping, remote_fields: RemoteFields, current_values: Values) -> tuple[PreviewRow, ...]:
    """A row for each field of the mapping, in the order of the file; link fields as RemoteRef."""
    mapped = mapping.get(remote_fields)
    problems = {problem.field: problem for problem in mapped.problems}
    return tuple(
        _row(c, remote_fields, mapped.values, current_values, problems.get(c.rule.name)) for c in mapping.channels
    )


def _row(
    channel: Channel, remote: RemoteFields, mapped: Values, current: Values, problem: FieldProblem | None
) -> PreviewRow:
    name = channel.rule.name
    theirs = mapped.get(name, ABSENT)
    ours = current.get(name, ABSENT)
    written: dict[str, JsonValue] = {}
    trouble = f"The remote value {problem.message}: {problem.value}" if problem else None
    if channel.rule.direction != "pull" and not isinstance(ours, Absent) and ours != theirs:
        try:
            written = channel.write(ours)
        except BadValue as exc:
            trouble = f"The value {exc}."
    return PreviewRow(
        field=name,
        rule=channel.rule.rule,
        remote={path: dig(remote, tuple(path.split("."))) for path in channel.rule.remotes},
        mapped=theirs,
        current=ours,
        written=written,
        problem=trouble,
    )
