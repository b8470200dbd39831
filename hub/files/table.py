"""Reads a CSV file as rows of text: its encoding and delimiter are found out or given, and each row knows its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.files.issues import FileError, FileKind, Issue

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 200

Encoding = Literal["utf-8", "utf-16", "cp1252"]
DELIMITERS = (",", ";", "\t", "|")


class TableError(FileError):
    """A file that is no table that can be used."""


TABLE = FileKind("table", TableError)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `cells` by header, without spaces around them, as many as there are headers; `line` is its first."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """`ragged` are the lines of rows that have another number of cells than the header: those are in no row."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    ragged: tuple[tuple[int, int], ...]
    encoding: Encoding
    delimiter: str


def read_table(data: bytes, *, name: str, encoding: Encoding | None = None, delimiter: str | None = None) -> Table:
    """The table in these bytes. Raises TableError, which says what to do; a wrong row is no such fault."""
    if len(data) > MAX_BYTES:
        raise _error(name, 1, f"The file is larger than {MAX_BYTES // 1024 // 1024} MB: split it.")
    text, found = _decoded(data, name, encoding)
    chosen = delimiter or _delimiter(text)
    lines = _lines(text, chosen, name)
    _, headers = next(lines, (1, []))
    _check_headers(headers, name, chosen)
    rows, ragged = [], []
    for line, cells in lines:
        if not any(cells):
            continue
        if len(cells) == len(headers):
            rows.append(Row(line, dict(zip(headers, cells, strict=True))))
        else:
            ragged.append((line, len(cells)))
        if len(rows) + len(ragged) > MAX_ROWS:
            raise _error(name, line, f"The file has more than {MAX_ROWS} rows: split it.")
    return Table(tuple(headers), tuple(rows), tuple(ragged), found, chosen)


def write_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, delimiter: str) -> str:
    """CSV text as `read_table` and spreadsheets read it, with a byte order mark."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(headers)
    writer.writerows(rows)
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + out.getvalue()


def _decoded(data: bytes, name: str, wanted: Encoding | None) -> tuple[str, Encoding]:
    found: Encoding = wanted or ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    try:
        text = data.decode("utf-8-sig" if found == "utf-8" else found)
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise _error(name, line, _wrong_encoding(data, exc, found, wanted)) from exc
    if "\0" in text:
        raise _error(name, text.count("\n", 0, text.index("\0")) + 1, "The file holds a NUL character: it is no text.")
    return text, found


def _wrong_encoding(data: bytes, exc: UnicodeDecodeError, found: Encoding, wanted: Encoding | None) -> str:
    if wanted is None and _is_cp1252(data):
        begin = max(data.rfind(b"\n", 0, exc.start) + 1, exc.start - 10)
        sample = data[begin : exc.start + 10].splitlines()[0].decode("cp1252")
        return (
            f"The file is not UTF-8; it looks like Windows-1252, in which “{sample}” stands here. If that reads well,"
            " say encoding cp1252; else save it as “CSV UTF-8”."
        )
    return f"The file is not {found}: save it as “CSV UTF-8”."


def _is_cp1252(data: bytes) -> bool:
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(text: str) -> str:
    """The one that stands in the header most often, outside of quotation marks."""
    header = re.sub(r'"[^"]*"', "", text.split("\n", 1)[0])
    return max(DELIMITERS, key=header.count)


def _lines(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins: a quoted cell may go over several."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as exc:
        raise _error(name, line, f"The row cannot be read ({exc}): look at its quotation marks.") from exc


def _check_headers(headers: Sequence[str], name: str, delimiter: str) -> None:
    if not any(headers):
        raise _error(name, 1, "The file is empty: its first row must name the columns.")
    if len(headers) > MAX_COLUMNS:
        raise _error(name, 1, f"The file has more than {MAX_COLUMNS} columns.")
    if twice := sorted({h for h in headers if headers.count(h) > 1}):
        raise _error(name, 1, f"These columns stand there twice: {', '.join(twice) or 'the one without a name'}.")
    if len(headers) == 1:
        shown = {"\t": "tab"}.get(delimiter, delimiter)
        raise _error(name, 1, f"The first row has one column only: is the delimiter another one than {shown}?")


def _error(name: str, line: int, message: str) -> TableError:
    return TableError((Issue(name, line, "", message),))
