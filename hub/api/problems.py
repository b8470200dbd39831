"""Errors as RFC 9457 problems: a stable type, and a detail that says what to do; never a trace, never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from hub.files.table import TableError
from hub.mapping.errors import MappingError
from hub.policy import PolicyError
from hub.registry import ConnectorMissing
from hub.sdk.errors import AuthFailed, RateLimited, RecordRejected, RemoteError, Unavailable
from hub.services.connections import ConnectionRefused, ConnectionUnknown
from hub.services.deals.columns import ColumnsError
from hub.services.refusals import Duplicate, Fault, Gone, Invalid, Refusal, invalid

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

_TITLES = {
    "connection-refused": "The connection cannot be made as it was described",
    "connector-missing": "There is no such system",
    "database-full": "The database's disk is full",
    "database-unavailable": "The database does not answer",
    "duplicate": "There is such a thing already",
    "internal": "Something went wrong here",
    "invalid": "What was sent cannot be used",
    "invalid-json": "What was sent is not JSON",
    "mapping-broken": "The mapping cannot be used",
    "method-not-allowed": "This cannot be done at this address",
    "not-allowed": "The key's role does not reach",
    "not-authenticated": "Who asks is not known",
    "not-found": "There is no such thing",
    "not-in-this-state": "This cannot be done in the present state",
    "policy-broken": "The policy cannot be used",
    "record-gone": "The record is gone",
    "remote-refused": "The system refused the credentials",
    "remote-rejected": "The system refused the request",
    "remote-unavailable": "The system does not answer",
    "stale-version": "The record has changed meanwhile",
    "too-large": "Too much was sent",
    "too-many-failures": "Too many wrong keys",
    "webhook-not-verified": "The webhook is not from the system",
    "webhook-unreadable": "The webhook cannot be read",
}
_STATUS = {
    "not-found": 404,
    "not-in-this-state": 409,
    "duplicate": 409,
    "record-gone": 410,
    "stale-version": 412,
    "invalid": 422,
    "webhook-not-verified": 401,
    "webhook-unreadable": 400,
}


class FieldFault(BaseModel):
    """One field that is wrong; `field` is its dotted path in what was sent."""

    field: str
    message: str


class Problem(BaseModel):
    """Every error has this form (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[FieldFault] | None = None
    existing: list[str] | None = None
    merged_into: str | None = None


class ApiProblem(HTTPException):
    """An answer that is not what was asked for. `code` ends the problem's type."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code, self.members = code, members


def response(problem: ApiProblem, *, request_id: str | None) -> JSONResponse:
    body = Problem(
        type=f"urn:partnerhub:problem:{problem.code}",
        title=_TITLES.get(problem.code, "This cannot be done"),
        status=problem.status_code,
        detail=problem.detail,
        request_id=request_id,
        **problem.members,
    )
    return JSONResponse(body.model_dump(exclude_none=True), problem.status_code, problem.headers, media_type=MEDIA_TYPE)


def install(api: FastAPI) -> None:
    """Answer every error of every route with a problem."""
    for kind in (
        HTTPException,
        RequestValidationError,
        ValidationError,
        Refusal,
        ConnectionUnknown,
        ConnectionRefused,
        ConnectorMissing,
        MappingError,
        PolicyError,
        TableError,
        ColumnsError,
        RemoteError,
        psycopg.DataError,
        psycopg.OperationalError,
        PoolTimeout,
        UnicodeEncodeError,
    ):
        api.add_exception_handler(kind, _answer)


async def _answer(request: Request, exc: Exception) -> JSONResponse:
    return response(problem_of(exc), request_id=request.scope.get("state", {}).get("request_id"))


def problem_of(exc: Exception) -> ApiProblem:
    """The one place that says which error becomes which answer."""
    match exc:
        case ApiProblem():
            return exc
        case HTTPException():
            return _of_framework(exc)
        case RequestValidationError() | ValidationError():
            return _of_validation(exc)
        case Refusal():
            return _of_refusal(exc)
        case ConnectionUnknown():
            return ApiProblem(404, "not-found", str(exc))
        case ConnectionRefused():
            return ApiProblem(422, "connection-refused", str(exc))
        case ConnectorMissing():
            return ApiProblem(422, "connector-missing", str(exc))
        case MappingError():
            return ApiProblem(409, "mapping-broken", str(exc))
        case PolicyError():
            return ApiProblem(409, "policy-broken", str(exc))
        case TableError() | ColumnsError():
            return _of_refusal(Invalid([Fault("", str(issue)) for issue in exc.issues]))
        case RemoteError():
            return _of_remote(exc)
        case psycopg.DataError() | UnicodeEncodeError():
            return _of_refusal(invalid("", "A character or number that was sent cannot be stored."))
        case psycopg.errors.DiskFull():
            log.error("database_full", message=str(exc))
            detail = "Nothing was stored: the disk of the database has no room. Try again once somebody has made some."
            return ApiProblem(503, "database-full", detail, headers={"Retry-After": "60"})
        case psycopg.OperationalError() | PoolTimeout():
            log.error("database_unavailable", error=type(exc).__name__)
            detail = "The database does not answer; try again in a moment."
            return ApiProblem(503, "database-unavailable", detail, headers={"Retry-After": "5"})
        case _:
            log.error("request_failed", exc_info=exc)
            return ApiProblem(500, "internal", "Tell whoever runs the hub the request id: the log says more.")


def _of_framework(exc: HTTPException) -> ApiProblem:
    if exc.status_code == 404:
        return ApiProblem(404, "not-found", "There is nothing at this address; /api/v1/openapi.json lists all.")
    if exc.status_code == 405:
        return ApiProblem(405, "method-not-allowed", "See /api/v1/openapi.json.", headers=exc.headers)
    return ApiProblem(exc.status_code, "invalid", str(exc.detail), headers=exc.headers)


def _of_validation(exc: RequestValidationError | ValidationError) -> ApiProblem:
    errors = exc.errors()
    if any(error["type"] == "json_invalid" for error in errors):
        where = next(error["ctx"]["error"] for error in errors if error["type"] == "json_invalid")
        return ApiProblem(400, "invalid-json", f"The body is not JSON: {where}.")
    faults = [Fault(_path(error["loc"]), error["msg"].removeprefix("Value error, ")) for error in errors]
    return _of_refusal(Invalid(faults))


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in loc if step not in ("body", "query", "path", "header"))


def _of_refusal(exc: Refusal) -> ApiProblem:
    members: dict[str, Any] = {}
    match exc:
        case Invalid():
            members["errors"] = [FieldFault(field=fault.field, message=fault.message) for fault in exc.faults]
        case Duplicate():
            members["existing"] = list(exc.existing)
        case Gone():
            members["merged_into"] = exc.merged_into
    return ApiProblem(_STATUS.get(exc.code, 409), exc.code, exc.detail, **members)


def _of_remote(exc: RemoteError) -> ApiProblem:
    match exc:
        case AuthFailed():
            return ApiProblem(422, "remote-refused", exc.message)
        case RateLimited() | Unavailable():
            wait = str(round(exc.retry_after)) if exc.retry_after else "60"
            return ApiProblem(503, "remote-unavailable", exc.message, headers={"Retry-After": wait})
        case RecordRejected():
            return ApiProblem(422, "remote-rejected", exc.message)
    return ApiProblem(502, "remote-unavailable", exc.message)
