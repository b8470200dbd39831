"""structlog for the hub and for the libraries it uses: one stream, one form, no secrets."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"
_SECRET_KEY = re.compile(
    r"password|passwd|secret|authorization|api_?key|private_?key|cookie|credential|assertion|(^|_)tokens?$",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")


def configure_logging(
    *, level: str = "info", form: Literal["auto", "console", "json"] = "auto", stream: TextIO | None = None
) -> None:
    """Send every log line of this process to `stream` (standard error): text for people or one JSON object a line."""
    out = stream or sys.stderr
    as_text = form == "console" or (form == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor] = (
        [redact_secrets, structlog.dev.ConsoleRenderer(colors=out.isatty())]
        if as_text
        else [structlog.processors.format_exc_info, redact_secrets, structlog.processors.JSONRenderer(default=str)]
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    least = logging.getLevelNamesMapping()[level.upper()]
    for noisy in ("httpx", "httpcore", "zeep", "arq", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, least))
    # It warns of every try while the server is away; hub/db/session.py says it once.
    logging.getLogger("psycopg.pool").setLevel(max(logging.ERROR, least))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a logger that was used before must obey too
    )


def redact_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001
    """Blank the values of secret-looking keys at any depth, and passwords inside URLs in any text."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any) -> Any:
    if _SECRET_KEY.search(key.replace("-", "_")):
        return REDACTED
    if isinstance(value, str):
        return _PASSWORD_IN_URL.sub(r"\1:" + REDACTED + "@", value)
    if isinstance(value, Mapping):
        return {k: _redacted(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", item) for item in value]
    return value
