"""Lenses for values out of a list: values, split, list, join."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Option
from pydantic import model_validator

from hub.mapping.conform import conformer
from hub.mapping.errors import BadValue
from hub.mapping.lenses.base import TEXT_KINDS, Fast, Lens, Options, expect_text, json_type, text_of
from hub.record.definition import Field
from hub.record.values import Value
from hub.sdk.records import JsonValue


class ValuesOptions(Options):
    map: dict[str, str] = Option(description="The record's value: the remote value.", min_length=1)
    also: dict[str, str] = Option(
        {}, description="More remote values that are read, never written: the record's value."
    )
    unknown: Literal["reject", "keep"] = Option("reject", description="What a value that is not in the map does.")
    default: str | None = Option(None, description="The record's value for remote values that are not in the map.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return value if isinstance(value, dict) and isinstance(value.get("map"), dict) else {"map": value}

    @model_validator(mode="after")
    def _read_once(self) -> ValuesOptions:
        if doubled := sorted(set(self.also) & set(self.map.values())):
            raise ValueError(f"also names {', '.join(doubled)}, which the map reads already")
        if unknown := sorted(set(self.also.values()) - set(self.map)):
            raise ValueError(f"also leads to {', '.join(unknown)}, which the map does not have")
        return self


class ValuesLens(Lens):
    """One word for another, by a table; words of `also` stay there as long as their value is the record's."""

    fills = TEXT_KINDS | {"choice"}

    def __init__(self, options: ValuesOptions) -> None:
        self._to_remote = options.map
        self._to_record = options.also | _inverted(options.map)
        self._keeps = options.unknown == "keep"
        self._default = options.default

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        text = text_of(remote)
        if text in self._to_record:
            return self._to_record[text]
        if not text:
            return None
        if self._default is not None:
            return self._default
        if self._keeps:
            return text
        raise BadValue(f"is not one of {_listed(self._to_record)}")

    def put(self, value: Value) -> JsonValue:
        text = expect_text(value)
        if text in self._to_remote:
            return self._to_remote[text]
        if self._keeps:
            return text
        raise BadValue(f"has no remote value; the mapping knows {_listed(self._to_remote)}")

    def samples(self) -> tuple[Value, ...]:
        return tuple(self._to_remote)

    @property
    def reads_unknown_as(self) -> str | None:
        """The record's value for all unknown remote values, which forgets what they were."""
        return self._default

    def remote_words(self) -> tuple[str, ...]:
        """The remote words of the table."""
        return tuple(self._to_remote.values())

    def remote_values(self) -> tuple[str, ...] | None:
        return None if self._keeps else self.remote_words()

    def fast(self, field: Field) -> Fast:
        usable = {r: o for r, o in self._to_record.items() if not field.choices or o in field.choices}
        return Fast("(w := {words}.get(v)) is not None", {"words": usable})


class _ItemOptions(Options):
    values: dict[str, str] | None = Option(None, description="The record's item: the remote item.")


class _Items(Lens):
    """Items of a list, each through an optional table."""

    fills = frozenset({"choices", "texts"})

    def __init__(self, values: dict[str, str] | None) -> None:
        self._to_remote = values
        self._to_record = _inverted(values) if values else None

    def _read(self, items: list[JsonValue]) -> tuple[str, ...]:
        texts = (text_of(item) for item in items)
        return tuple(self._item_in(text) for text in texts if text)

    def _item_in(self, text: str) -> str:
        if self._to_record is None:
            return text
        if text not in self._to_record:
            raise BadValue(f"holds {text!r}, which is not one of {_listed(self._to_record)}")
        return self._to_record[text]

    def _write(self, value: Value) -> list[str]:
        if not isinstance(value, tuple):
            raise BadValue("is not a list")
        return [self._item_out(item) for item in value]

    def _item_out(self, item: str) -> str:
        if self._to_remote is None:
            return item
        if item not in self._to_remote:
            raise BadValue(f"holds {item!r}, which has no remote value; the mapping knows {_listed(self._to_remote)}")
        return self._to_remote[item]

    def samples(self) -> tuple[Value, ...]:
        items = tuple(self._to_remote) if self._to_remote else ("one", "two", "three")
        return (*((item,) for item in items), items)

    def remote_values(self) -> tuple[str, ...] | None:
        return tuple(self._to_remote.values()) if self._to_remote else None


class SplitOptions(_ItemOptions):
    by: str = Option(";", min_length=1, max_length=8, description="What stands between the items in the remote text.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"by": value} if isinstance(value, str) else value


class SplitLens(_Items):
    """A remote text of several items ↔ a list (Salesforce multi-select picklists, HubSpot checkboxes).

    Such a text cannot tell an empty list from null: an empty list is written as null.
    """

    remote_types = frozenset({"multipicklist", "text", "other"})

    def __init__(self, options: SplitOptions) -> None:
        super().__init__(options.values)
        self._by = options.by

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        return self._read(list(text_of(remote).split(self._by))) or None

    def put(self, value: Value) -> JsonValue:
        items = self._write(value)
        for item in items:
            if self._by in item or item != item.strip() or not item:
                raise BadValue(f"holds the item {item!r}, which cannot stand in a text separated by {self._by!r}")
        return self._by.join(items) or None

    def fast(self, field: Field) -> Fast:
        return Fast("v is not None and (w := {seen}[v]) is not None", {"seen": _Memo(self, field)})


class _Memo(dict[str, Value]):
    """Texts already split, in the field's form; there are few different ones. None for what `get` has to refuse."""

    LIMIT = 4096

    def __init__(self, lens: SplitLens, field: Field) -> None:
        super().__init__()
        self._lens = lens
        self._conform = conformer(field)

    def __missing__(self, text: str) -> Value:
        try:
            value = self._conform(self._lens.get(text))
        except BadValue:
            return None
        if len(self) >= self.LIMIT:
            self.clear()
        return self.setdefault(text, value)


class ListOptions(_ItemOptions):
    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        is_table = isinstance(value, dict) and not isinstance(value.get("values"), dict)
        return {"values": value} if is_table and value else value


class ListLens(_Items):
    """A remote JSON list of texts ↔ a list."""

    remote_types = frozenset({"multipicklist", "other"})

    def __init__(self, options: ListOptions) -> None:
        super().__init__(options.values)

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        if not isinstance(remote, list | tuple):
            raise BadValue(f"is {json_type(remote)}, not a list")
        return self._read(list(remote))

    def put(self, value: Value) -> JsonValue:
        items = self._write(value)
        if any(not item or item != item.strip() for item in items):
            raise BadValue("holds an empty item, or one with white space around it")
        return items

    def samples(self) -> tuple[Value, ...]:
        return ((), *super().samples())


class JoinOptions(Options):
    by: str = Option(", ", min_length=1, max_length=8, description="What stands between the items in the record.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"by": value} if isinstance(value, str) else value


class JoinLens(Lens):
    """A remote JSON list of texts ↔ one text."""

    fills = TEXT_KINDS
    remote_types = frozenset({"multipicklist", "other"})

    def __init__(self, options: JoinOptions) -> None:
        self._by = options.by

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        if not isinstance(remote, list | tuple):
            raise BadValue(f"is {json_type(remote)}, not a list")
        items = [item for item in map(text_of, remote) if item]
        if any(self._by in item for item in items):
            raise BadValue(f"holds an item with {self._by!r} in it, which would fall apart")
        return self._by.join(items).strip() or None

    def put(self, value: Value) -> JsonValue:
        items = expect_text(value).split(self._by)
        if any(not item or item != item.strip() for item in items):
            raise BadValue(f"has empty items, or white space around what stands between {self._by!r}")
        return items

    def samples(self) -> tuple[Value, ...]:
        return ("one", self._by.join(("one", "two")))


def _inverted(table: dict[str, str]) -> dict[str, str]:
    """Remote word to ours. Of two words with one remote word the first is read back; the check names the second."""
    found: dict[str, str] = {}
    for ours, remote in table.items():
        found.setdefault(remote, ours)
    return found


def _listed(words: dict[str, str], limit: int = 8) -> str:
    shown = list(words)[:limit]
    return ", ".join(shown) + (", …" if len(words) > limit else "")
