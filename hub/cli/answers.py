"""What an operator types to connect a system: from options, from a file, or asked for, secrets unseen."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
import yaml
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hub.cli.errors import CommandFailed
from hub.sdk.connector import ConnectorSpec
from hub.sdk.http import decode_json


def collect_settings(
    spec: ConnectorSpec, *, pairs: Sequence[str], file: Path | None, ask: bool | None
) -> dict[str, Any]:
    """The settings given so far, and, where they do not suffice and a person is there, the answers to questions.

    `ask` None: ask when a terminal is there. Whether the result is good is for the connector's settings to say.
    """
    given = {**(from_file(file) if file else {}), **dict(_pair(pair) for pair in pairs)}
    _refuse_unknown(spec, given)
    if _suffices(spec.settings, given):
        return given
    if ask is None:
        ask = sys.stdin.isatty()
    if ask:
        return {**given, **_ask(spec, given)}
    _refuse_missing(spec, given)
    return given


def collect_changes(
    spec: ConnectorSpec, *, pairs: Sequence[str], file: Path | None, asked: Sequence[str], unset: Sequence[str]
) -> dict[str, Any]:
    """The settings to lay over stored ones: given, asked for (`asked`), or None for those to take away (`unset`)."""
    given = {**(from_file(file) if file else {}), **dict(_pair(pair) for pair in pairs), **dict.fromkeys(unset)}
    _refuse_unknown(spec, [*given, *asked])
    answers = {name: _question(name, spec.settings.model_fields[name]) for name in asked}
    return {**given, **{name: answer for name, answer in answers.items() if answer}}


def confirm(question: str, *, yes: bool) -> None:
    """Go on when the person agrees; `yes`: they did so beforehand. Where nobody can be asked, nothing is done."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandFailed(f"{question} Nobody is there to ask: give --yes.", code="not-confirmed", exit_code=2)
    typer.confirm(question, abort=True, err=True)


def is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def json_pair(text: str) -> tuple[str, Any]:
    """`name=value`, with the value read by `json_or_text`."""
    name, value = _split(text)
    return name, json_or_text(value)


def json_or_text(text: str) -> Any:
    """JSON where it is JSON (12.50, true, null, "a text"), else the text itself."""
    try:
        return decode_json(text.encode())
    except ValueError:
        return text


def _pair(text: str) -> tuple[str, str]:
    """`key=value`, or `key=@path` for what a file holds."""
    name, value = _split(text)
    return name, _content(value)


def _content(value: str) -> str:
    """The value itself, or what the file in `@path` holds: keys of several lines cannot be typed."""
    return _read(Path(value[1:])).strip() if value.startswith("@") else value


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise CommandFailed("--set wants name=value.", code="usage", exit_code=2)
    return name.strip(), value


def from_file(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(_read(path))  # JSON is YAML too
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise CommandFailed(f"{place}: this is neither YAML nor JSON.", code="usage", exit_code=2) from None
    if not isinstance(data, dict):
        raise CommandFailed(f"{path} must hold one `name: value` a line.", code="usage", exit_code=2)
    return {str(name): value for name, value in data.items()}


def _read(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not a text"
        raise CommandFailed(f"{path} cannot be read: {reason}.", code="usage", exit_code=2) from None


def _refuse_unknown(spec: ConnectorSpec, given: Iterable[str]) -> None:
    known = spec.settings.model_fields
    if unknown := [name for name in given if name not in known]:
        raise CommandFailed(
            f"{spec.title} has no setting {', '.join(unknown)}. There are: {', '.join(known)}.",
            code="usage",
            exit_code=2,
        )


def _refuse_missing(spec: ConnectorSpec, given: Mapping[str, Any]) -> None:
    missing = {name: f for name, f in spec.settings.model_fields.items() if f.is_required() and name not in given}
    if missing:
        lines = "".join(f"\n  {name}: {field.description or ''}" for name, field in missing.items())
        raise CommandFailed(
            f"{spec.title} also needs these settings:{lines}",
            code="settings-missing",
            hint="Give them with --set name=value or --settings FILE, or run this in a terminal to be asked.",
            exit_code=2,
        )


def _suffices(model: type[BaseModel], given: Mapping[str, Any]) -> bool:
    try:
        model.model_validate(dict(given))
    except ValidationError:
        return False
    return True


def _ask(spec: ConnectorSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """One question a setting that is not given, those without a default first; Enter takes the default, or none."""
    typer.echo(
        f"Settings of {spec.title}. Enter takes what stands in brackets or leaves a setting out; @file takes a file.",
        err=True,
    )
    fields = {name: field for name, field in spec.settings.model_fields.items() if name not in given}
    answers: dict[str, Any] = {}
    for name, field in sorted(fields.items(), key=lambda item: not item[1].is_required()):
        if answer := _question(name, field):
            answers[name] = answer
    return answers


def _question(name: str, field: FieldInfo) -> str:
    typer.echo(f"\n{field.description or name}", err=True)
    if get_origin(field.annotation) is Literal:
        typer.echo(f"  one of: {', '.join(map(str, get_args(field.annotation)))}", err=True)
    has_default = field.default is not PydanticUndefined and field.default is not None
    default = None if field.is_required() else str(field.default) if has_default else ""
    answer: str = typer.prompt(
        f"  {name}", default=default, show_default=bool(default), hide_input=is_secret(field), err=True
    )
    return "" if answer == default else _content(answer.strip())
