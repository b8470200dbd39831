"""Common Expression Language: conditions and one-way values, compiled once and bounded in size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.record.values import Money, RemoteRef

MAX_EXPRESSION = 1_000
MAX_INPUT_ITEMS = 10_000
# Each of these walks a list; nested ones multiply.
_MACROS = (".all(", ".exists(", ".exists_one(", ".map(", ".filter(")
MAX_MACROS = 2
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")  # what macros call an item of a list
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'" + r'|"(?:[^"\\]|\\.)*"')
_HARD_TO_READ = re.compile(r"//|\b[rRbB]{1,2}['\"]|'{3}|\"{3}")  # comments, and other kinds of literals


class ExpressionError(ValueError):
    """An expression that does not compile, or has no result for these values."""


class Expression:
    """A compiled expression over the named variables."""

    def __init__(self, text: str, *, variables: frozenset[str]) -> None:
        self.text = text
        if len(text) > MAX_EXPRESSION:
            raise ExpressionError(f"the expression is longer than {MAX_EXPRESSION} characters")
        if sum(text.count(macro) for macro in _MACROS) > MAX_MACROS:
            raise ExpressionError(f"the expression walks lists more than {MAX_MACROS} times")
        import cel  # brings a command line with it, which costs a third of a second and is rarely needed

        try:
            self._program = cel.compile(text)
        except ValueError as exc:
            raise ExpressionError(f"the expression is not valid CEL: {_first_line(exc)}") from exc
        bound = frozenset(_BOUND.findall(text)) - variables
        self.variables = frozenset(self._program.variables()) - bound
        self._fields = {name: _fields_of(name, text) for name in self.variables}
        unknown = sorted(self.variables - variables)
        if unknown:
            known = ", ".join(sorted(variables))
            raise ExpressionError(f"the expression uses {', '.join(unknown)}; it may use {known}")

    def evaluate(self, variables: Mapping[str, object]) -> Any:
        """The result; raises ExpressionError when there is none (missing key, wrong type)."""
        try:
            return self._program.execute({name: _seen(variables[name], self._fields[name]) for name in self.variables})
        except (ValueError, TypeError, RuntimeError, KeyError, OverflowError) as exc:
            raise ExpressionError(f"has no result in {shorten_expression(self.text)}: {_first_line(exc)}") from exc


class Condition:
    """An expression that says yes or no; without a result it says no."""

    def __init__(self, text: str, *, variables: frozenset[str]) -> None:
        self._expression = Expression(text, variables=variables)
        self.text = text

    def holds(self, variables: Mapping[str, object]) -> bool:
        try:
            return self._expression.evaluate(variables) is True
        except ExpressionError:
            return False


def _fields_of(variable: str, text: str) -> frozenset[str] | None:
    """The fields of a variable that an expression names; None where it may use the variable as a whole."""
    if _HARD_TO_READ.search(text):
        return None
    use = rf"(?<![\w.]){variable}(?!\w)(?:\s*\.\s*(\w+)(?!\w)(?!\s*\())?"
    uses = re.findall(use, _LITERAL.sub("''", text))
    return frozenset(uses) if uses and all(uses) else None


def _seen(value: object, fields: frozenset[str] | None) -> object:
    """What an expression sees of a variable: turning the rest into CEL's types takes longer than to evaluate it."""
    if fields is None or not isinstance(value, Mapping):
        return to_cel(value)
    return {name: to_cel(value[name]) for name in fields if name in value}


def to_cel(value: object) -> object:
    """A value in CEL's types: decimals become doubles, dates ISO text, money {amount, currency}."""
    match value:
        case Decimal():
            return float(value)
        case Money():
            return {"amount": float(value.amount), "currency": value.currency}
        case datetime():
            return value.astimezone(UTC)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case RemoteRef():
            return value.remote_id
        case dict() | Mapping():
            return {str(key): to_cel(item) for key, item in value.items()}
        case list() | tuple():
            return [to_cel(item) for item in value[:MAX_INPUT_ITEMS]]
        case _:
            return value


def shorten_expression(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _first_line(exc: BaseException) -> str:
    return str(exc).split("\n", 1)[0].strip()
