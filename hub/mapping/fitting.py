"""A mapping without the ways that the system has closed: what drift stops is left out, the rest goes on."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from hub.mapping.channel import Channel
from hub.mapping.drift import Finding
from hub.mapping.errors import BadValue
from hub.mapping.model import Mapping
from hub.record.values import RemoteRef, Value, Values


@dataclass(frozen=True)
class Fitted:
    """What is left of a mapping, and what the findings hold back meanwhile."""

    whole: Mapping
    findings: tuple[Finding, ...] = field(default=())

    @cached_property
    def mapping(self) -> Mapping:
        """The mapping that may be used now; the whole one where nothing is stopped."""
        if not any(_stops_all(finding) for finding in self.findings):
            return self.whole
        channels = [_left(channel, self._of(channel.rule.name)) for channel in self.whole.channels]
        gone = any(f.field == "key" and f.kind == "removed" for f in self.findings)
        key_field = None if gone else self.whole.key_field
        return self.whole.reduced(tuple(c for c in channels if c is not None), key_field=key_field)

    @property
    def no_creating(self) -> str | None:
        """Why no record is created there now; None when some may be."""
        return next((f.message for f in self.findings if f.stops == "create"), None)

    def held_back(self, values: Values, agreed: Values) -> dict[str, str]:
        """Fields that would be written if they fitted, each with the reason why they are not."""
        if not self.findings:
            return {}
        reasons: dict[str, str] = {}
        for channel in self.whole.channels:
            name = channel.rule.name
            if channel.rule.direction == "pull" or values.get(name) == agreed.get(name):
                continue
            for finding in self._of(name):
                if _holds(channel, finding, values.get(name)):
                    reasons.setdefault(name, finding.message)
        return reasons

    def _of(self, name: str) -> list[Finding]:
        return self._by_field.get(name, [])

    @cached_property
    def _by_field(self) -> MappingOf[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            if finding.stops in ("both", "push"):
                found.setdefault(finding.field, []).append(finding)
        return found


def _stops_all(finding: Finding) -> bool:
    """Whether it closes a way for every value."""
    whole_way = finding.stops in ("both", "push") and not finding.words and finding.longest is None
    return whole_way or (finding.field == "key" and finding.kind == "removed")


def _left(channel: Channel, findings: Sequence[Finding]) -> Channel | None:
    """The channel as far as it may be used; None when it may not at all."""
    closed = {finding.stops for finding in findings if _stops_all(finding)}
    if "both" in closed:
        return None
    if "push" in closed and channel.rule.direction != "pull":
        is_only_way = channel.rule.direction == "push"
        return None if is_only_way else replace(channel, rule=replace(channel.rule, direction="pull"))
    return channel


def _holds(channel: Channel, finding: Finding, value: Value) -> bool:
    if _stops_all(finding):
        return True
    try:
        # A reference is written as an id: no list of words and no length is about it.
        written = {} if isinstance(value, RemoteRef) or channel.rule.field.kind == "link" else channel.write(value)
    except BadValue:
        return False  # it cannot be written at all, which is said elsewhere
    words = [part for sent in written.values() for part in (sent if isinstance(sent, list) else [sent])]
    texts = [word for word in words if isinstance(word, str)]
    if finding.longest is not None:
        return any(len(text) > finding.longest for text in texts)
    return any(word in finding.words for text in texts for word in (text, *text.split(";")))
