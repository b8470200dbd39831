"""Registrations from a CSV file: every good row is submitted once, and what is wrong with the others is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from pydantic import ValidationError

from hub.db.session import Database
from hub.files.table import Encoding, Table, read_table, write_table
from hub.sdk.http import decode_json
from hub.services.custom_fields import record_types
from hub.services.deals.columns import Columns, ColumnsDoc, find_columns
from hub.services.deals.desk import Desk
from hub.services.deals.receiving import Answer, Handed, Refused, submit_each_once
from hub.services.deals.submitting import MOST_AT_ONCE
from hub.services.deals.table_rows import CellFault, ReadRow, read_rows
from hub.services.refusals import Duplicate, Invalid
from hub.services.waking import Wakes, wake_outbound

OWNER = "import"
"""Under this name keys of rows are kept: the same file sent by a colleague is the same file."""

PROBLEM = "problem"
RowOutcome = Literal["submitted", "known", "refused", "left_out"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row, or (in a dry run) would: `known` was submitted before, `left_out` because of other rows.

    `review_status` is where it went, `rules` the rules that spoke with what they said.
    """

    line: int
    outcome: RowOutcome
    id: UUID | None = None
    review_status: str | None = None
    rules: tuple[str, ...] = ()
    faults: tuple[CellFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file. `unused` are columns that nothing was read from."""

    file: str
    dry_run: bool
    encoding: Encoding
    delimiter: str
    unused: tuple[str, ...]
    counts: dict[str, int]
    rows: tuple[RowResult, ...]

    @property
    def faulty(self) -> tuple[RowResult, ...]:
        return tuple(row for row in self.rows if row.faults)


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was sent; what is given here goes before what the column file says."""

    name: str
    data: bytes
    columns: ColumnsDoc
    encoding: Encoding | None = None
    delimiter: str | None = None

    def table(self) -> Table:
        return read_table(
            self.data,
            name=self.name,
            encoding=self.encoding or self.columns.encoding,
            delimiter=self.delimiter or self.columns.delimiter,
        )


async def import_file(
    db: Database,
    desk: Desk,
    queue: Wakes,
    *,
    file: File,
    actor: str,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    progress: Progress = lambda _, __: None,
) -> ImportReport:
    """Submit the rows of a file, some in each transaction. `progress` hears of (rows done, rows to do).

    With `all_or_nothing` no row is submitted when one of them has a fault that reading finds. A dry run judges without
    storing. Raises TableError and ColumnsError for a file that cannot be read at all.
    """
    table = file.table()
    async with db.transaction() as tx:
        record_type = (await record_types(tx))["deal_registration"]
        columns = find_columns(file.columns, table.headers, record_type=record_type, name=file.name)
        rows = await read_rows(tx, table, columns, record_type=record_type)
    results = {row.line: RowResult(row.line, "refused", faults=row.faults) for row in rows if row.faults}
    good = [row for row in rows if not row.faults]
    if all_or_nothing and results:
        results |= {row.line: RowResult(row.line, "left_out") for row in good}
        good = []
    fresh, twins = _apart(good)
    for at in range(0, len(fresh), MOST_AT_ONCE):
        batch = fresh[at : at + MOST_AT_ONCE]
        answers = await _submit(db, desk, queue, batch, actor=actor, dry_run=dry_run)
        results |= {row.line: _result(row, answer, columns) for row, answer in zip(batch, answers, strict=True)}
        progress(at + len(batch), len(fresh))
    results |= {row.line: _like(row, first, results[first.line]) for row, first in twins}
    return _report(file, table, columns, results, dry_run=dry_run)


def error_file(table: Table, report: ImportReport) -> str:
    """The rows that were not taken, as they were, with a column that says what is wrong: to correct and send again."""
    headers = [header for header in table.headers if header != PROBLEM]
    cells = {row.line: [row.cells[header] for header in headers] for row in table.rows}
    rows = [
        [*cells.get(row.line, [""] * len(headers)), f"line {row.line}: {_told(row.faults)}"] for row in report.faulty
    ]
    return write_table([*headers, PROBLEM], rows, delimiter=table.delimiter)


def _told(faults: Sequence[CellFault]) -> str:
    return " ".join(f"{fault.column}: {fault.message}" if fault.column else fault.message for fault in faults)


def _apart(rows: Sequence[ReadRow]) -> tuple[list[ReadRow], list[tuple[ReadRow, ReadRow]]]:
    """Rows whose keys differ, and those that come again, each with the first of its key."""
    first: dict[str, ReadRow] = {}
    twins = []
    for row in rows:
        if (other := first.setdefault(row.key, row)) is not row:
            twins.append((row, other))
    return list(first.values()), twins


def _like(row: ReadRow, first: ReadRow, result: RowResult) -> RowResult:
    if row.sent == first.sent:
        return replace(result, line=row.line, outcome="known" if result.id else result.outcome, rules=())
    fault = CellFault("", f"The same partner and reference stand in line {first.line} with other values.")
    return RowResult(row.line, "refused", faults=(fault,))


class _Undone(Exception):
    """A dry run is over."""


async def _submit(
    db: Database, desk: Desk, queue: Wakes, rows: Sequence[ReadRow], *, actor: str, dry_run: bool
) -> list[Answer | Refused]:
    handed = [Handed(row.sent, row.key, actor, owner=OWNER) for row in rows if row.sent is not None]
    answers: list[Answer | Refused] = []
    with suppress(_Undone):
        async with db.transaction() as tx:
            answers = await submit_each_once(tx, desk, handed)
            if dry_run:
                raise _Undone
            await wake_outbound(tx, queue)
    return answers


def _result(row: ReadRow, answer: Answer | Refused, columns: Columns) -> RowResult:
    if not isinstance(answer, Answer):
        return RowResult(row.line, "refused", faults=_faults(answer, columns))
    view: dict[str, Any] = decode_json(answer.json.encode())
    rules = tuple(f"{o['rule']}: {o['outcome']}" for o in view["outcomes"])
    outcome: RowOutcome = "submitted" if answer.new else "known"
    return RowResult(row.line, outcome, answer.registration_id, view["review_status"], rules if answer.new else ())


def _faults(refusal: Refused, columns: Columns) -> tuple[CellFault, ...]:
    if isinstance(refusal, ValidationError):
        said = [(str(error["loc"][0]) if error["loc"] else "", error["msg"]) for error in refusal.errors()]
    elif isinstance(refusal, Invalid):
        said = [(fault.field, fault.message) for fault in refusal.faults]
    elif isinstance(refusal, Duplicate):
        said = [("partner_reference", _OTHERWISE)]
    else:
        said = [("", refusal.detail)]
    return tuple(
        CellFault(columns.header_of(name) if name else "", f"{text}.".replace("..", ".")) for name, text in said
    )


_OTHERWISE = (
    "this partner has a registration under this reference that is another one or came by another way: answer or amend"
    " that one, or give a reference of its own"
)


def _report(
    file: File, table: Table, columns: Columns, results: Mapping[int, RowResult], *, dry_run: bool
) -> ImportReport:
    rows = tuple(results[line] for line in sorted(results))
    return ImportReport(
        file=file.name,
        dry_run=dry_run,
        encoding=table.encoding,
        delimiter=table.delimiter,
        unused=columns.unused,
        counts=dict(Counter(row.outcome for row in rows)),
        rows=rows,
    )
