"""What every request passes before its handler: path family, edge errors, token, scope and rate limits."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import count

from starlette.requests import Request
from starlette.responses import Response

from connectors.hubspot.sandbox.account import Account, Answering, Handler, read_call
from connectors.hubspot.sandbox.answers import Json, Problem, json_response
from connectors.hubspot.sandbox.schema import type_of

BURST_WINDOW = timedelta(seconds=10)
SEARCH_PER_SECOND = 5

_MESSAGES = {
    "SECONDLY": "You have reached your secondly limit.",
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "DAILY": "You have reached your daily limit.",
}
_EDGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"


class Gate:
    """Guards one account's API, and counts what the limits count."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._recent: deque[datetime] = deque()
        self._searches: deque[datetime] = deque()
        self._today = 0
        self._correlations = count(1)

    def guard(self, *, family: str, resource: str, handler: Handler) -> Answering:
        async def answer(request: Request) -> Response:
            try:
                response = await self._pass(family, resource, handler, request)
            except Problem as problem:
                response = self._problem(problem)
            response.headers["date"] = format_datetime(self._account.clock.now(), usegmt=True)
            return response

        return answer

    async def _pass(self, family: str, resource: str, handler: Handler, request: Request) -> Response:
        if not self._account.faults.get(f"{family}_paths"):
            raise Problem(404, "NOT_FOUND", "This version of the API is no longer served")
        name = f"{request.method} {request.url.path}"
        edge = self._edge_error(name)
        if edge is not None:
            return edge
        by = self._authenticated(request, name)
        self._check_scope(request, resource, name)
        limits = self._spend(name)
        response = handler(await read_call(self._account, request, by))
        response.headers.update(limits)
        return response

    def _edge_error(self, name: str) -> Response | None:
        faults = self._account.faults
        if fault := faults.take("account_migration", name):
            seconds = str(fault.options.get("seconds", 3600))
            raise Problem(477, "MIGRATION_IN_PROGRESS", "This account is being moved", headers={"retry-after": seconds})
        if fault := faults.take("edge_error", name):
            status = int(fault.options.get("status", 502))
            return Response(_EDGE.format(f"{status} error"), status, media_type="text/html")
        if faults.take("malformed_token", name):
            return Response(_EDGE.format("530"), 530, media_type="text/html")
        if not _only_reads(name) and faults.take("lock_row", name):
            raise Problem(423, "LOCKED", "The resource is locked by another request")
        return None

    def _authenticated(self, request: Request, name: str) -> str:
        faults, tokens = self._account.faults, self._account.tokens
        scheme, _, access = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or faults.take("persistent_401", name):
            raise Problem(401, "INVALID_AUTHENTICATION", "Authentication credentials not found")
        if faults.take("expire_token", name):
            tokens.expire(access)
            raise Problem(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired")
        state = tokens.state(access)
        if state == "expired":
            raise Problem(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired")
        if state != "good":
            raise Problem(401, "INVALID_AUTHENTICATION", "The OAuth token used to make this call is invalid")
        return "app"

    def _check_scope(self, request: Request, resource: str, name: str) -> None:
        object_type = type_of(request.path_params.get("object_type", ""))
        if object_type is None or resource != "objects":
            return
        scope = f"crm.objects.{object_type}.{'read' if _only_reads(name) else 'write'}"
        if scope in self._account.faults.get("missing_scopes") or self._account.faults.take("missing_scope", name):
            message = "This app hasn't been granted all required scopes to make this call."
            raise Problem(403, "MISSING_SCOPES", message, context={"requiredGranularScopes": [scope]})

    def _spend(self, name: str) -> Mapping[str, str]:
        """Count the request; the rate-limit headers of its answer, none on a search."""
        faults, now = self._account.faults, self._account.clock.now()
        if name.endswith("/search"):
            full = _window(self._searches, now, timedelta(seconds=1)) >= SEARCH_PER_SECOND
            if faults.take("search_throttle", name) or (full and faults.get("enforce_limits")):
                raise self.throttled("SECONDLY", headers={})
            self._searches.append(now)
            return {}
        burst, daily = int(faults.get("burst_limit")), int(faults.get("daily_limit"))
        used = _window(self._recent, now, BURST_WINDOW)
        if used >= burst and faults.get("enforce_limits"):
            raise self.throttled("TEN_SECONDLY_ROLLING", headers=_limits(burst, 0, daily, daily - self._today))
        if faults.take("quota_daily", name) or (self._today >= daily and faults.get("enforce_limits")):
            raise self.throttled("DAILY", headers=_limits(burst, burst - used, daily, 0))
        self._recent.append(now)
        self._today += 1
        return _limits(burst, max(0, burst - used - 1), daily, max(0, daily - self._today))

    def throttled(self, policy: str, *, headers: Mapping[str, str], seconds: object = None) -> Problem:
        if seconds is None and self._account.faults.get("retry_after_on_429"):
            seconds = 10 if policy == "TEN_SECONDLY_ROLLING" else 1
        shown = {**headers, "retry-after": str(seconds)} if seconds is not None else headers
        return Problem(429, policy, _MESSAGES[policy], headers=shown)

    def _problem(self, problem: Problem) -> Response:
        return json_response(self.problem_body(problem), problem.status, problem.headers)

    def problem_body(self, problem: Problem) -> Json:
        correlation = f"00000000-0000-4000-8000-{next(self._correlations):012d}"
        if problem.status != 429:
            return {**problem.body(), "correlationId": correlation}
        kind = self._account.faults.get("rate_limit_body")
        named = {"errorType": "RATE_LIMIT"} if kind == "errorType" else {"category": "RATE_LIMITS"}
        policy = {"policyName": problem.category, "requestId": correlation}
        return {"status": "error", "message": problem.message, **named, **policy, "correlationId": correlation}


def _only_reads(name: str) -> bool:
    return name.startswith("GET ") or name.endswith(("/search", "/batch/read"))


def _window(moments: deque[datetime], now: datetime, length: timedelta) -> int:
    while moments and moments[0] <= now - length:
        moments.popleft()
    return len(moments)


def _limits(burst: int, remaining: int, daily: int, daily_remaining: int) -> Mapping[str, str]:
    return {
        "x-hubspot-ratelimit-max": str(burst),
        "x-hubspot-ratelimit-remaining": str(remaining),
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
        "x-hubspot-ratelimit-daily": str(daily),
        "x-hubspot-ratelimit-daily-remaining": str(daily_remaining),
    }
