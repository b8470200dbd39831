"""SOQL text to a tree: the part of the language that integrations use, with the vendor's errors for the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.stamps import format_stamp, parse_stamp

MAX_STATEMENT = 100_000
MAX_OFFSET = 2000

_TOKENS = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.)*')
      | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)
      | (?P<number>[+-]?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][\w.]*(?::\d+)?)
      | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
# `\%` and `\_` stay as they are: LIKE reads them.
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "%": "\\%", "_": "\\_"}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written. `kind`: text, datetime, date, number, bool, null or relative (`LAST_N_DAYS:3`)."""

    kind: str
    value: str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path op values`; `op` is one of = != < <= > >= like in, not in, includes, excludes."""

    path: str
    op: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """`op` is and, or, not."""

    op: str
    parts: tuple[Condition, ...]


Condition = Comparison | Logic


@dataclass(frozen=True, slots=True)
class Order:
    path: str
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """`path`, or `function(path)`, shown under `alias` where it has one."""

    path: str
    function: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One statement. `fields` is empty for `SELECT COUNT()`.

    An aggregate statement has `columns` instead, and `groups` where it has a GROUP BY.
    """

    object: str
    fields: tuple[str, ...]
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int
    columns: tuple[Column, ...] = ()
    groups: tuple[Column, ...] = ()


def parse(statement: str) -> Query:
    """The statement's tree; VendorError MALFORMED_QUERY where the language ends."""
    if len(statement) > MAX_STATEMENT:
        raise VendorError("QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100,000 characters.")
    return _Parser(statement).query()


class _Parser:
    def __init__(self, statement: str) -> None:
        self._tokens = _split(statement)
        self._place = 0

    def query(self) -> Query:
        self._expect("select")
        columns = self._columns()
        self._expect("from")
        object_name = self._name()
        where = self._or() if self._take("where") else None
        groups = self._groups() if self._take("group") else ()
        order = self._orders() if self._take("order") else ()
        limit = self._whole_number() if self._take("limit") else None
        offset = self._whole_number() if self._take("offset") else 0
        if self._place < len(self._tokens):
            raise _malformed(f"unexpected token: '{self._tokens[self._place][1]}'")
        if offset > MAX_OFFSET:
            raise VendorError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        if groups or any(column.function for column in columns):
            return Query(object_name, (), where, order, limit, offset, columns, groups)
        return Query(object_name, tuple(column.path for column in columns), where, order, limit, offset)

    def _columns(self) -> tuple[Column, ...]:
        """What is selected; nothing for COUNT()."""
        first = self._column()
        if first.function == "count" and not first.path:
            return ()
        columns = [first]
        while self._take(","):
            columns.append(self._column())
        plain = [column.path for column in columns if column.function is None]
        doubled = {name for name in plain if plain.count(name) > 1}
        if doubled:
            raise _malformed(f"duplicate field selected: {min(doubled)}", code="INVALID_FIELD")
        return tuple(columns)

    def _column(self) -> Column:
        name = self._name()
        if not self._take("("):
            return Column(name, alias=self._alias())
        path = "" if self._take(")") else self._name()
        if path:
            self._expect(")")
        return Column(path, name.lower(), self._alias())

    def _alias(self) -> str | None:
        kind, token = self._tokens[self._place] if self._place < len(self._tokens) else ("", "")
        return self._name() if kind == "name" and token.lower() not in ("from", "order", "limit", "offset") else None

    def _groups(self) -> tuple[Column, ...]:
        self._expect("by")
        groups = [self._column()]
        while self._take(","):
            groups.append(self._column())
        return tuple(groups)

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Logic("or", tuple(parts))

    def _and(self) -> Condition:
        parts = [self._unary()]
        while self._take("and"):
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts))

    def _unary(self) -> Condition:
        if self._take("not"):
            return Logic("not", (self._unary(),))
        if self._take("("):
            inside = self._or()
            self._expect(")")
            return inside
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = self._name()
        if self._take("not"):
            self._expect("in")
            return Comparison(path, "not in", self._list())
        for op in ("in", "includes", "excludes"):
            if self._take(op):
                return Comparison(path, op, self._list())
        if self._take("like"):
            return Comparison(path, "like", (self._literal(),))
        kind, sign = self._next()
        if kind != "sign" or sign not in ("=", "!=", "<>", "<", "<=", ">", ">="):
            raise _malformed(f"unexpected token: '{sign}'")
        return Comparison(path, "!=" if sign == "<>" else sign, (self._literal(),))

    def _list(self) -> tuple[Literal, ...]:
        self._expect("(")
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        self._expect(")")
        return tuple(values)

    def _literal(self) -> Literal:
        kind, token = self._next()
        if kind == "text":
            return Literal("text", re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token[1:-1]))
        if kind == "datetime":
            return Literal("datetime", format_stamp(parse_stamp(token)))
        if kind == "date":
            return Literal("date", token)
        if kind == "number":
            return Literal("number", Decimal(token))
        word = token.lower()
        if kind == "name" and word in ("true", "false"):
            return Literal("bool", word == "true")
        if kind == "name" and word == "null":
            return Literal("null", None)
        if kind == "name" and (word in ("today", "yesterday") or ":" in word):
            return Literal("relative", word)
        raise _malformed(f"unexpected token: '{token}'")

    def _orders(self) -> tuple[Order, ...]:
        self._expect("by")
        orders = [self._order()]
        while self._take(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        path = self._name()
        descending = self._take("desc")
        if not descending:
            self._take("asc")
        nulls_last = False
        if self._take("nulls"):
            nulls_last = self._take("last")
            if not nulls_last:
                self._expect("first")
        return Order(path, descending, nulls_last)

    def _whole_number(self) -> int:
        kind, token = self._next()
        if kind != "number" or not token.isdigit():
            raise _malformed(f"unexpected token: '{token}'")
        return int(token)

    def _name(self) -> str:
        kind, token = self._next()
        if kind != "name":
            raise _malformed(f"unexpected token: '{token}'")
        return token

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise _malformed("unexpected token: '<EOF>'")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, word: str) -> bool:
        if self._place < len(self._tokens):
            kind, token = self._tokens[self._place]
            if kind in ("name", "sign") and token.lower() == word:
                self._place += 1
                return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            found = self._tokens[self._place][1] if self._place < len(self._tokens) else "<EOF>"
            raise _malformed(f"unexpected token: '{found}' (expecting '{word}')")


def _split(statement: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place, end = 0, len(statement.rstrip())
    while place < end:
        found = _TOKENS.match(statement, place, end)
        if found is None:
            raise _malformed(f"line 1:{place} no viable alternative at character '{statement[place:].strip()[:1]}'")
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind]))
        place = found.end()
    return tokens


def _malformed(message: str, code: str = "MALFORMED_QUERY") -> VendorError:
    return VendorError(code, message)
