"""Tokens: a static one, and OAuth access tokens of 1,800 seconds that a refresh token renews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from connectors.hubspot.sandbox.answers import Json, Problem
from hub.sdk.sandbox import Faults, SandboxClock

LIFETIME = timedelta(seconds=1800)
CLIENT_ID = "5f1c9a52-0000-4000-8000-000000000001"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105
STATIC_TOKEN = "pat-eu1-sandbox-0001"  # noqa: S105
FIRST_REFRESH_TOKEN = "sandbox-refresh-0"  # noqa: S105
AUTHORIZATION_CODE = "sandbox-code"
SCOPES = (
    "oauth",
    *(f"crm.objects.{name}.{right}" for name in ("companies", "contacts", "deals") for right in ("read", "write")),
    *(f"crm.schemas.{name}.read" for name in ("companies", "contacts", "deals")),
    "crm.objects.owners.read",
)


@dataclass(slots=True)
class Tokens:
    """All tokens of the account and until when each is good."""

    clock: SandboxClock
    faults: Faults
    refresh_tokens: set[str] = field(default_factory=lambda: {FIRST_REFRESH_TOKEN})
    _access: dict[str, datetime] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def grant(self, form: Mapping[str, str]) -> Json:
        """The answer of the token endpoint; Problem where it refuses."""
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
            raise Problem(400, "BAD_CLIENT_SECRET", "missing or invalid client id or secret")
        if form.get("grant_type") == "authorization_code":
            if form.get("code") != AUTHORIZATION_CODE:
                raise Problem(400, "BAD_AUTH_CODE", "missing or unknown auth code")
            return self._issue(FIRST_REFRESH_TOKEN)
        refresh = form.get("refresh_token", "")
        if form.get("grant_type") != "refresh_token":
            raise Problem(400, "BAD_GRANT_TYPE", "missing or unknown grant type")
        if self.faults.take("revoke_refresh_token"):
            self.refresh_tokens.discard(refresh)
        if refresh not in self.refresh_tokens:
            raise Problem(400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        return self._issue(self._rotated(refresh))

    def _rotated(self, refresh: str) -> str:
        if not self.faults.get("rotate_refresh_token"):
            return refresh
        self.refresh_tokens.discard(refresh)
        fresh = f"sandbox-refresh-{next(self._numbers)}"
        self.refresh_tokens.add(fresh)
        return fresh

    def _issue(self, refresh: str) -> Json:
        access = f"sandbox-access-{next(self._numbers)}"
        self._access[access] = self.clock.now() + LIFETIME
        return {
            "token_type": "bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": int(LIFETIME.total_seconds()),
        }

    def revoke(self, refresh: str) -> None:
        """Deleting a refresh token leaves the access tokens that it gave alive."""
        self.refresh_tokens.discard(refresh)

    def expire(self, access: str) -> None:
        """The next use of `access` is refused."""
        if access in self._access:
            self._access[access] = self.clock.now() - timedelta(seconds=1)

    def state(self, access: str) -> str:
        """`good`, `expired`, `malformed` or `unknown`."""
        if access == STATIC_TOKEN:
            return "good"
        until = self._access.get(access)
        if until is not None:
            return "good" if self.clock.now() < until else "expired"
        return "unknown" if access.isascii() and access.isprintable() and access else "malformed"

    def describe(self, access: str, hub_id: int) -> Json:
        """What the introspection endpoints tell of a token."""
        if self.state(access) != "good":
            raise Problem(404, "INVALID_TOKEN", "the token is unknown or expired")
        return {"token": access, "hub_id": hub_id, "scopes": list(SCOPES), "token_type": "access", "active": True}
