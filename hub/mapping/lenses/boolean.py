"""The lens for truth values, in all the forms in which systems write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field as Option
from pydantic import model_validator

from hub.mapping.errors import BadValue
from hub.mapping.lenses.base import Fast, Lens, Options, json_type
from hub.record.definition import Field
from hub.record.values import Value
from hub.sdk.records import JsonValue

FORMS: dict[str, tuple[bool | int | str, bool | int | str]] = {
    "json": (True, False),
    "text": ("true", "false"),
    "yes_no": ("Yes", "No"),
    "y_n": ("Y", "N"),
    "one_zero": ("1", "0"),
    "number": (1, 0),
}
_READ = {"true": True, "false": False, "yes": True, "no": False, "y": True, "n": False, "1": True, "0": False}


class BooleanOptions(Options):
    form: Literal["json", "text", "yes_no", "y_n", "one_zero", "number"] = Option(
        "json", description="How the remote writes true and false."
    )
    words: tuple[str, str] | None = Option(None, description="Own words for true and false, in this order.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"form": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _different(self) -> BooleanOptions:
        if self.words and _folded(self.words[0]) == _folded(self.words[1]):
            raise ValueError("the words for true and false must differ")
        return self


class BooleanLens(Lens):
    """True or false; reads every usual form unless own words are given."""

    fills = frozenset({"bool"})
    remote_types = frozenset({"bool", "text", "picklist", "number", "other"})

    def __init__(self, options: BooleanOptions) -> None:
        self._true, self._false = options.words or FORMS[options.form]
        words = options.words
        self._read = {_folded(words[0]): True, _folded(words[1]): False} if words else _READ

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        if isinstance(remote, bool):
            return remote
        if (isinstance(remote, int) or (isinstance(remote, Decimal) and remote.is_finite())) and remote in (0, 1):
            return bool(remote)
        if not isinstance(remote, str):
            raise BadValue(f"is {json_type(remote)}, not true or false")
        word = _folded(remote)
        if word and word not in self._read:
            raise BadValue("is neither true nor false")
        return self._read[word] if word else None

    def put(self, value: Value) -> JsonValue:
        if not isinstance(value, bool):
            raise BadValue("is not a truth value")
        return self._true if value else self._false

    def samples(self) -> tuple[Value, ...]:
        return (True, False)

    def remote_values(self) -> tuple[str, ...] | None:
        both = (self._true, self._false)
        return tuple(word for word in both if isinstance(word, str)) or None

    def fast(self, field: Field) -> Fast:  # noqa: ARG002
        words = {word: answer for word, answer in self._read.items() if word == word.lower()}
        return Fast("(w := v).__class__ is bool or (w := {words}.get(v)) is not None", {"words": words})


def _folded(word: str) -> str:
    return word.strip().lower()
