"""Holds a value to its field's definition and brings it into the field's one form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from hub.mapping.errors import BadValue
from hub.record.definition import Field
from hub.record.values import Money, RemoteRef, Value

_CLASSES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "longtext": (str,),
    "choice": (str,),
    "int": (int,),
    "decimal": (Decimal,),
    "money": (Money,),
    "bool": (bool,),
    "date": (date,),
    "datetime": (datetime,),
    "choices": (tuple,),
    "texts": (tuple,),
    "link": (RemoteRef,),
}
_FORBIDDEN: dict[str, tuple[type, ...]] = {"int": (bool,), "date": (datetime,)}


def conformer(field: Field) -> Callable[[Value], Value]:
    """A function that returns the value in the field's form, None as None, or raises BadValue."""
    classes = _CLASSES[field.kind]
    forbidden = _FORBIDDEN.get(field.kind, ())
    refine = _REFINE.get(field.kind)

    def conform(value: Value) -> Value:
        if value is None:
            return None
        if not isinstance(value, classes) or isinstance(value, forbidden):
            raise BadValue(f"is not of the kind {field.kind}")
        return refine(value, field) if refine else value

    return conform


def _text(value: Value, field: Field) -> Value:
    assert isinstance(value, str)
    if field.length_limit is not None and len(value) > field.length_limit:
        raise BadValue(f"has {len(value)} characters; the field {field.name} holds {field.length_limit}")
    return value


def _choice(value: Value, field: Field) -> Value:
    if value not in field.choices:
        raise BadValue(f"is not one of the choices {', '.join(field.choices)}")
    return value


def _choices(value: Value, field: Field) -> Value:
    assert isinstance(value, tuple)
    for item in value:
        _choice(item, field)
    return tuple(sorted(set(value)))


def _texts(value: Value, field: Field) -> Value:
    assert isinstance(value, tuple)
    for item in value:
        _text(item, field)
    return value


_REFINE: dict[str, Callable[[Value, Field], Value]] = {
    "text": _text,
    "longtext": _text,
    "choice": _choice,
    "choices": _choices,
    "texts": _texts,
}
