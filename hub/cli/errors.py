"""Every error becomes one clear sentence and an exit code: 1 for what happened, 2 for what was typed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import psycopg
import structlog
import typer
from rich.text import Text
from typer.core import TyperGroup

from config.settings import SettingsInvalid
from hub.cli.output import show, tell
from hub.db.migrate import SchemaUnfit
from hub.db.vault import SecretUnreadable
from hub.domain.outcomes import what_next
from hub.engines.errors import EngineUnavailable, first_line
from hub.files.table import TableError
from hub.mapping.errors import MappingError
from hub.policy import PolicyError
from hub.registry import ConnectorMissing
from hub.sdk.errors import RemoteError
from hub.services.connections import ConnectionRefused, ConnectionUnknown
from hub.services.cycle import Halted
from hub.services.deals.columns import ColumnsError
from hub.services.refusals import Invalid, Refusal

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong (`message`), what to do (`hint`, may be empty), and a stable `code` for programs."""

    code: str
    message: str
    hint: str = ""
    exit_code: int = 1


class CommandFailed(Exception):
    """A command found something that its caller must know by the exit code."""

    def __init__(self, message: str, *, code: str = "failed", hint: str = "", exit_code: int = 1) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, hint, exit_code)


class Commands(TyperGroup):
    """The edge of the process: whatever a command raises ends here, as a sentence."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise
        except Exception as exc:
            if problem := explained(exc):
                _say(problem, as_json=bool(ctx.meta.get("json")))
                raise typer.Exit(problem.exit_code) from None
            if _is_usage_error(exc):
                raise
            log.error("command_failed", exc_info=exc)
            _say(_unexpected(exc), as_json=bool(ctx.meta.get("json")))
            raise typer.Exit(1) from None


def explained(error: Exception) -> Problem | None:
    """The problem behind an error that the hub knows; None for any other."""
    match error:
        case CommandFailed():
            return error.problem
        case Halted():
            return explained(error.error)
        case RemoteError():
            return Problem(error.kind, error.message, what_next(error, attempts=1).hint)
        case MappingError():
            return Problem("mapping-invalid", str(error), "Correct the mapping; partnerhub mapping check tries it.")
        case PolicyError():
            return Problem("policy-invalid", str(error), "Correct the policy; partnerhub policy check tries it.")
        case TableError():
            return Problem("table-invalid", str(error), exit_code=2)
        case ColumnsError():
            return Problem("columns-invalid", str(error), "docs/how-to/register-deals.md shows a column file.", 2)
        case EngineUnavailable():
            return Problem("engine-unavailable", error.operator_text)
        case SchemaUnfit():
            return Problem("schema-unfit", str(error))
        case SettingsInvalid():
            return Problem("settings-invalid", f"{error}.", exit_code=2)
        case ConnectionUnknown():
            return Problem("connection-unknown", str(error), "partnerhub connections lists them.", exit_code=2)
        case ConnectionRefused() | ConnectorMissing():
            return Problem("connection-refused", str(error), exit_code=2)
        case SecretUnreadable():
            return Problem("secret-unreadable", str(error))
        case Invalid():
            return Problem(error.code, f"{error.detail}.", exit_code=2)
        case Refusal():
            return Problem(error.code, error.detail)
        case psycopg.OperationalError():
            return Problem(
                "database-unavailable", f"PostgreSQL stopped answering ({first_line(str(error))}); try again."
            )
    return None


def _unexpected(error: Exception) -> Problem:
    return Problem(
        "unexpected",
        f"This is a fault of Partner Hub ({type(error).__name__}: {first_line(str(error))}).",
        "Run the command again with PARTNERHUB_LOG_LEVEL=debug and report what it prints.",
    )


def _is_usage_error(error: Exception) -> bool:
    """Typer's own: it prints how the command is used."""
    return hasattr(error, "exit_code") and hasattr(error, "format_message")


def _say(problem: Problem, *, as_json: bool) -> None:
    if as_json:
        fields = {name: value for name, value in asdict(problem).items() if name != "exit_code" and value}
        show({"error": fields}, as_json=True)
        return
    tell(Text.assemble(("Error: ", "bold red"), problem.message))
    if problem.hint:
        tell(Text(problem.hint))
