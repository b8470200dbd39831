"""The circuit breaker of each remote account: after failures in a row all its work rests, then one probe goes out."""

from __future__ import annotations

from datetime import timedelta

import structlog

from hub.budget import at_priority, calls_for
from hub.db import circuits, connections
from hub.db.session import Database, Tx
from hub.domain.outcomes import what_next
from hub.sdk.capabilities import Checks
from hub.sdk.errors import AuthFailed, RemoteError, Unavailable
from hub.services.objects import OpenConnection

log = structlog.get_logger()

BREAKS_AFTER = 3  # failures in a row
PROBES_WITHIN = timedelta(seconds=30)  # an open circuit is probed so often; a probe whose process died is over by then


class Halted(Exception):
    """The connection must not be used before `delay` is over (None: until a person resumes it)."""

    def __init__(self, error: RemoteError, delay: timedelta | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.delay = delay


async def pass_circuit(db: Database, connection: OpenConnection) -> None:
    """Come back when the account may be used.

    Of all processes that find an open circuit when its rest is over, one asks the system who answers: if it does,
    the circuit is closed for all. Raises Halted for the others, and what the probe was told after noting it.
    """
    async with db.transaction() as tx:
        mine = await circuits.take_probe(
            tx, connection_id=connection.id, breaks_after=BREAKS_AFTER, within=PROBES_WITHIN
        )
        rest = await circuits.resting_for(tx, connection_id=connection.id) if mine is False else None
    if mine is False:
        raise Halted(Unavailable(f"The system of {connection.name} does not answer; it is being tried."), rest)
    if mine and isinstance(connection.connector, Checks):
        try:
            with at_priority("interactive"), calls_for("check"):
                await connection.connector.check()
        except RemoteError as exc:
            await halt(db, connection, exc)
            raise
        await answered(db, connection)


async def halt(
    db: Database, connection: OpenConnection, error: RemoteError, *, at_least: timedelta | None = None
) -> None:
    """Pause or rest the connection as the error asks; the log says once that a system went away.

    `at_least`: how long it rests even where the error does not ask for it.
    """
    async with db.transaction() as tx:
        event = await _note(tx, connection, error, at_least)
    if event:
        log.warning(event, connection=connection.name, error=error.kind, message=error.message)


async def answered(db: Database, connection: OpenConnection) -> None:
    """The system answers: whatever held its account back is over; the log says so once."""
    async with db.transaction() as tx:
        was_down = await circuits.answered(tx, connection_id=connection.id)
    if was_down:
        log.info("connection_is_back", connection=connection.name, was_down=str(was_down))


async def _note(tx: Tx, connection: OpenConnection, error: RemoteError, at_least: timedelta | None) -> str | None:
    """What is worth a line in the log."""
    if isinstance(error, AuthFailed):
        await connections.pause(tx, connection_id=connection.id, reason=error.message)
        return "connection_paused"
    if isinstance(error, Unavailable):
        failed = await circuits.failed(tx, connection_id=connection.id)
        verdict = what_next(error, attempts=failed.failures)
        delay = verdict.delay if error.retry_after is not None else min(verdict.delay, PROBES_WITHIN)
        await circuits.rest(tx, connection_id=connection.id, delay=delay, reason=error.message)
        return "connection_is_away" if failed.is_first else None
    verdict = what_next(error, attempts=1)
    if verdict.whole_connection or at_least is not None:
        delay = max(verdict.delay, at_least or timedelta(0))
        is_new = await circuits.rest(tx, connection_id=connection.id, delay=delay, reason=error.message)
        return "connection_rests" if is_new else None
    return "connection_refuses"
