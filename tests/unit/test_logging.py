"""Log lines: one form for the hub and its libraries, and no secret in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from config.logging import REDACTED, configure_logging, redact_secrets


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_the_hub_and_its_libraries_write_one_json_object_a_line() -> None:
    stream = io.StringIO()
    configure_logging(form="json", stream=stream)

    structlog.get_logger("hub").info("page_saved", connection="crm", records=200)
    logging.getLogger("uvicorn").warning("slow %s", "client")

    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (ours["event"], ours["records"], ours["level"], ours["logger"]) == ("page_saved", 200, "info", "hub")
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow client", "warning", "uvicorn")


def test_a_traceback_is_one_field_of_its_line() -> None:
    stream = io.StringIO()
    configure_logging(form="json", stream=stream)

    try:
        raise ValueError("odd")
    except ValueError:
        structlog.get_logger().exception("job_failed")

    assert "ValueError: odd" in json.loads(stream.getvalue())["exception"]


def test_what_is_not_a_terminal_gets_json() -> None:
    stream = io.StringIO()
    configure_logging(form="auto", stream=stream)

    structlog.get_logger().info("started")

    assert json.loads(stream.getvalue())["event"] == "started"


def test_people_get_text() -> None:
    stream = io.StringIO()
    configure_logging(form="console", stream=stream)

    structlog.get_logger().info("started", port=8090)

    assert "started" in stream.getvalue()
    assert "port=8090" in stream.getvalue()


def test_what_is_below_the_level_is_not_written() -> None:
    stream = io.StringIO()
    configure_logging(level="warning", form="json", stream=stream)

    structlog.get_logger().info("chatty")
    logging.getLogger("uvicorn").info("chatty")

    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "key",
    ["password", "client_secret", "Authorization", "access_token", "token", "refresh_token", "api_key", "apikey",
     "private_key", "Set-Cookie", "X-Api-Key", "credentials", "assertion"],
)  # fmt: skip
def test_the_value_of_a_secret_looking_key_is_blanked_at_any_depth(key: str) -> None:
    assert _redacted({key: "hush"}) == {key: REDACTED}
    assert _redacted({"request": {"headers": [{key: "hush"}]}}) == {"request": {"headers": [{key: REDACTED}]}}


@pytest.mark.parametrize("key", ["idempotency_key", "hub_key", "fencing", "tokens_left", "records", "author"])
def test_other_values_are_kept(key: str) -> None:
    assert _redacted({key: "seen"}) == {key: "seen"}


def test_a_password_inside_an_address_is_blanked_wherever_it_stands() -> None:
    event = _redacted({"event": "lost postgresql://hub:hush@db/hub, will retry", "more": ["redis://:hush@cache/0"]})

    assert event == {
        "event": f"lost postgresql://hub:{REDACTED}@db/hub, will retry",
        "more": [f"redis://:{REDACTED}@cache/0"],
    }


def test_redaction_reaches_the_written_line_of_a_library_too() -> None:
    stream = io.StringIO()
    configure_logging(form="json", stream=stream)

    logging.getLogger("driver").error("cannot reach %s", "redis://:hush@cache/0")

    assert "hush" not in stream.getvalue()


def _redacted(event: dict[str, Any]) -> dict[str, Any]:
    return dict(redact_secrets(None, "info", event))
