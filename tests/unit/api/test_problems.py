"""Errors become answers in one place."""

import psycopg
import pytest

from hub.api.problems import ApiProblem, problem_of
from hub.registry import ConnectorMissing
from hub.sdk.errors import AuthFailed, OutcomeUnknown, RateLimited, RecordRejected, RemoteError, Unavailable
from hub.services.connections import ConnectionRefused, ConnectionUnknown
from hub.services.refusals import Duplicate, Gone, NotFound, NotNow, Refusal, Stale, invalid


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("x"), 404, "not-found"),
        (NotNow("x"), 409, "not-in-this-state"),
        (Stale("x"), 412, "stale-version"),
        (Gone("x"), 410, "record-gone"),
        (Duplicate("x"), 409, "duplicate"),
        (invalid("a", "x"), 422, "invalid"),
        (Refusal("x"), 409, "refused"),
        (ConnectionUnknown("x"), 404, "not-found"),
        (ConnectionRefused("x"), 422, "connection-refused"),
        (ConnectorMissing("x"), 422, "connector-missing"),
        (AuthFailed("x"), 422, "remote-refused"),
        (RecordRejected("x"), 422, "remote-rejected"),
        (RateLimited("x", retry_after=7), 503, "remote-unavailable"),
        (Unavailable("x"), 503, "remote-unavailable"),
        (OutcomeUnknown("x"), 502, "remote-unavailable"),
        (RemoteError("x"), 502, "remote-unavailable"),
        (psycopg.errors.DiskFull('could not extend file "base/5/17": No space left'), 503, "database-full"),
        (psycopg.OperationalError("connection to server at 10.0.0.1 failed"), 503, "database-unavailable"),
        (RuntimeError("inside"), 500, "internal"),
    ],
)
def test_every_error_has_its_answer(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)

    assert (problem.status_code, problem.code) == (status, code)
    assert "10.0.0.1" not in problem.detail
    assert "inside" not in problem.detail


def test_a_pause_that_a_system_asks_for_is_handed_on() -> None:
    assert problem_of(RateLimited("x", retry_after=7)).headers == {"Retry-After": "7"}


def test_a_problem_that_is_one_already_stays_as_it_is() -> None:
    problem = ApiProblem(418, "not-found", "x")

    assert problem_of(problem) is problem
