"""What the commands print: JSON or tables on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hub.record.values import Money, RemoteRef
from hub.sdk.http import encode_json

_WIDE = 200  # where no terminal says how wide it is, nothing is cut off


def _remember(context: typer.Context, value: bool) -> bool:
    context.find_root().meta["json"] = value
    return value


AsJson = Annotated[bool, typer.Option("--json", help="Print only JSON.", callback=_remember)]


def show(data: object, *views: RenderableType, as_json: bool) -> None:
    """Print `data` for programs or `views` for people."""
    if as_json:
        sys.stdout.write(msgspec.json.format(encode_json(data), indent=2).decode() + "\n")
        return
    console = _console(stderr=False)
    for view in views:
        console.print(view, soft_wrap=not isinstance(view, Table))


def tell(*views: RenderableType) -> None:
    """Print for people, beside the result: to standard error."""
    console = _console(stderr=True)
    for view in views:
        console.print(view, soft_wrap=True)


def table(*columns: str, rows: Iterable[Sequence[object]], title: str | None = None) -> Table:
    """A plain table; values are shown as people read them."""
    shown = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*(value if isinstance(value, Text) else Text(plain(value)) for value in row))
    return shown


def plain(value: object) -> str:
    """A value as one line for people: nothing for None, times without fractions, documents as JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case int() | Decimal():
            return str(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        case timedelta():
            return _span(value)
        case Money():
            return f"{value.amount} {value.currency}"
        case RemoteRef():
            return value.remote_id
        case {"amount": amount, "currency": currency, **rest} if not rest:
            return f"{amount} {currency}"
        case dict() | list() | tuple():
            return encode_json(value).decode()
        case _:
            return str(value)


def document(value: Any) -> str:
    """JSON with line breaks."""
    return msgspec.json.format(encode_json(value), indent=2).decode()


def good(text: str) -> Text:
    return Text(text, style="green")


def bad(text: str) -> Text:
    return Text(text, style="red")


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what is being waited for, where a person sees it."""
    with _console(stderr=True).status(what):
        yield


@contextmanager
def progress() -> Iterator[Progress]:
    """Bars on standard error, where a person sees them; they vanish when the work is done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = _console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield bars


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=_WIDE)


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
