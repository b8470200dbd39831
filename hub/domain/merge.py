"""Three-way merge, field by field: what the hub and one system last agreed on, what each side holds now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from hub.domain.limits import LIMIT, FieldLimit, beyond
from hub.record.values import Value, Values

PolicyKind = Literal[
    "review", "system_of_record", "prefer_hub", "prefer_remote", "latest_wins", "fill_only", "locked_when"
]
# Moments closer to each other than this tell nothing: the clocks of two systems never quite agree.
CLOSE = timedelta(seconds=5)

Decision = Literal["take_theirs", "keep_ours", "agree", "conflict"]

_UNTOLD = "latest_wins could not tell which value is newer"


@dataclass(frozen=True, slots=True)
class FieldMerge:
    """How one field is merged for one connection.

    `owner`: is this connection the field's system of record (None: the field has none). `locked`: says of the hub's
    values whether the field is closed to this system. `clear_on_null`: an incoming null may overwrite a value.
    `limit`: how far a value may move before a person decides, whatever the policy. `held`: why no incoming value is
    taken without a decision, empty where it is.
    """

    policy: PolicyKind = "review"
    owner: bool | None = None
    locked: Callable[[Values], bool] | None = None
    clear_on_null: bool = False
    rule: str = ""
    limit: FieldLimit | None = None
    held: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """When each side's value came to be; None where a side has no trustworthy time of its own.

    Not `ours_exact`: our value came to be at `ours` at the latest.
    """

    ours: datetime | None = None
    theirs: datetime | None = None
    ours_exact: bool = True

    @property
    def later(self) -> Literal["ours", "theirs"] | None:
        """The side whose value is surely the newer one; None when that cannot be told."""
        if self.ours is None or self.theirs is None:
            return None
        if self.theirs > self.ours + CLOSE:
            return "theirs"
        return "ours" if self.ours_exact and self.theirs < self.ours - CLOSE else None


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """Both sides changed one field to different values, or one beyond its limit; both are kept until somebody decides.

    `needs_second`: two people must decide the same.
    """

    field: str
    base: Value
    ours: Value
    theirs: Value
    rule: str
    needs_second: bool = False


@dataclass(slots=True)
class Merged:
    """The outcome for one record.

    `take`: fields the hub takes over, with their new values. `shadow`: what both sides now agree on (or what the hub
    has taken note of and will overwrite). `refused`: fields where a rule kept the hub's value against a remote change.
    An open conflict on any other field that came in is settled.
    """

    take: dict[str, Value] = field(default_factory=dict)
    shadow: dict[str, Value] = field(default_factory=dict)
    conflicts: list[FieldConflict] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def merge_record(
    *,
    base: Values | None,
    theirs: Values,
    ours: Values,
    rules: Mapping[str, FieldMerge],
    times: Mapping[str, Times] | None = None,
) -> Merged:
    """Merge one record's incoming values.

    `base` is the shadow, None when the record was never linked to this system: then an empty side is filled from the
    other one, and differing values are decided by policy. Fields absent from `theirs` are left alone and keep their
    shadow. A field in conflict keeps its shadow too, so that it stays in conflict until one side moves.
    """
    merged = Merged(shadow=dict(base or {}))
    for name, incoming in theirs.items():
        rule = rules[name]
        if incoming is None and not rule.clear_on_null:
            _note_null(merged, name, base, ours.get(name))
            continue
        mine = ours.get(name)
        decision = _decide(
            base=None if base is None else base.get(name),
            known=base is not None and name in base,
            theirs=incoming,
            ours=mine,
            rule=rule,
            values=ours,
            times=(times or {}).get(name, Times()),
        )
        if decision == "take_theirs" and rule.held:
            before = None if base is None else base.get(name)
            merged.conflicts.append(FieldConflict(name, before, mine, incoming, rule.held))
        elif decision == "take_theirs" and rule.limit and (why := beyond(rule.limit, before=mine, after=incoming)):
            before = None if base is None else base.get(name)
            reason = f"{LIMIT}: {why}"
            merged.conflicts.append(FieldConflict(name, before, mine, incoming, reason, rule.limit.second_person))
        elif decision == "take_theirs":
            merged.take[name] = incoming
            merged.shadow[name] = incoming
        elif decision == "agree":
            merged.shadow[name] = incoming
        elif decision == "conflict":
            before = None if base is None else base.get(name)
            merged.conflicts.append(FieldConflict(name, before, mine, incoming, _reason(rule)))
        elif base is None or base.get(name) != incoming:
            # Their value is seen and overruled: from here on it is the base that the hub's own value is sent against.
            merged.shadow[name] = incoming
            merged.refused.append(name)
    return merged


def _reason(rule: FieldMerge) -> str:
    """The rule of a conflict, and why the policy left it to a person."""
    return f"{rule.rule}; {_UNTOLD}" if rule.policy == "latest_wins" else rule.rule


def overrules(rule: FieldMerge, *, name: str, ours: Values) -> bool:
    """Whether the hub's changed value goes out whatever the system has changed its own to."""
    mine = None if ours.get(name) is None else "ours"
    decision = _decide(base="base", known=True, theirs="theirs", ours=mine, rule=rule, values=ours, times=Times())
    return decision == "keep_ours"


def _note_null(merged: Merged, name: str, base: Values | None, ours: Value) -> None:
    """An incoming null that must not overwrite: the remote is empty, so whatever the hub holds is still to be sent."""
    if base is None or base.get(name) is not None:
        merged.shadow[name] = None
        if ours is not None:
            merged.refused.append(name)


def _decide(
    *,
    base: Value,
    known: bool,
    theirs: Value,
    ours: Value,
    rule: FieldMerge,
    values: Values,
    times: Times,
) -> Decision:
    if theirs == ours:
        return "agree"
    if not known:
        return _decide_first_meeting(theirs, ours, rule, values, times)
    if theirs == base:
        return "keep_ours"
    if rule.owner is False:
        return "keep_ours"
    if rule.locked is not None and rule.locked(values):
        return "keep_ours"
    if rule.policy == "fill_only" and ours is not None:
        return "keep_ours"
    if ours == base:
        return "take_theirs"
    return _by_policy(rule, times)


def _decide_first_meeting(theirs: Value, ours: Value, rule: FieldMerge, values: Values, times: Times) -> Decision:
    if rule.locked is not None and rule.locked(values):
        return "keep_ours"
    if ours is None and rule.owner is not False:
        return "take_theirs"
    if theirs is None:
        return "keep_ours"
    if rule.policy == "fill_only":
        return "keep_ours"
    return _by_policy(rule, times)


def _by_policy(rule: FieldMerge, times: Times) -> Decision:
    """Both sides hold something of their own."""
    if rule.owner is not None:
        return "take_theirs" if rule.owner else "keep_ours"
    if rule.policy == "prefer_hub":
        return "keep_ours"
    if rule.policy == "prefer_remote":
        return "take_theirs"
    if rule.policy == "latest_wins" and times.later:
        return "take_theirs" if times.later == "theirs" else "keep_ours"
    return "conflict"
