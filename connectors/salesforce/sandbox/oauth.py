"""The token endpoint: client credentials, JWT bearer, refresh token with or without rotation."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.salesforce.sandbox.calls import Answer
from hub.sdk.sandbox import Faults, SandboxClock

CLIENT_ID = "3MVG9.sandbox.partnerhub"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - the emulator's own
REFRESH_TOKEN = "5Aep861.sandbox-refresh-token"  # noqa: S105 - the emulator's own
USERNAME = "integration@partnerhub.sandbox"
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a session is: the org, the integration user."""

    org_id: str
    user_id: str


class OAuth:
    """Sessions of one org. Tokens are a count, so that a replay sees the same ones."""

    def __init__(self, *, faults: Faults, clock: SandboxClock, identity: Identity) -> None:
        self._faults = faults
        self._clock = clock
        self._identity = identity
        self._count = 0
        self._sessions: set[str] = set()
        self._refresh_tokens = {REFRESH_TOKEN}
        self._revoked = False
        self._key: rsa.RSAPrivateKey | None = None

    def private_key(self) -> str:
        """The PEM of the key whose certificate the connected app holds, for JWT bearer settings."""
        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def knows(self, authorization: str) -> bool:
        """Whether an Authorization header names a living session."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() in ("bearer", "oauth") and token in self._sessions

    def expire_sessions(self) -> None:
        self._sessions.clear()

    def revoke(self) -> None:
        """An admin revokes the app's access: no grant works any more, and no session."""
        self._revoked = True
        self._refresh_tokens.clear()
        self._sessions.clear()

    def token(self, *, base_url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer `POST /services/oauth2/token`."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        if self._faults.take("revoke_refresh_token", "POST /services/oauth2/token"):
            self.revoke()
        grant = form.get("grant_type", "")
        if grant == "client_credentials":
            return self._client_credentials(base_url, headers, form)
        if grant == _JWT_BEARER:
            return self._jwt_bearer(base_url, form)
        if grant == "refresh_token":
            return self._refresh(base_url, headers, form)
        return _refused("unsupported_grant_type", "grant type not supported")

    def _client_credentials(self, base_url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        problem = _client_problem(headers, form)
        if problem is not None:
            return problem
        if self._revoked:
            return _refused("invalid_grant", "no client credentials user enabled")
        return self._granted(base_url, {})

    def _jwt_bearer(self, base_url: str, form: Mapping[str, str]) -> Answer:
        if self._revoked:
            return _refused("invalid_grant", "user hasn't approved this consumer")
        self.private_key()
        assert self._key is not None
        try:
            claims = jwt.decode(
                form.get("assertion", ""),
                self._key.public_key(),
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_aud": False},
            )
            expires = int(claims.get("exp", 0))
        except (jwt.InvalidTokenError, ValueError):
            return _refused("invalid_grant", "invalid assertion")
        if claims.get("iss") != CLIENT_ID:
            return _refused("invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in (*_AUDIENCES, base_url):
            return _refused("invalid_grant", "audience is invalid")
        if claims.get("sub") != USERNAME:
            return _refused("invalid_grant", "user hasn't approved this consumer")
        if expires <= self._clock.now().timestamp():
            return _refused("invalid_grant", "expired authorization code")
        return self._granted(base_url, {})

    def _refresh(self, base_url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        problem = _client_problem(headers, form)
        if problem is not None:
            return problem
        used = form.get("refresh_token", "")
        if used not in self._refresh_tokens:
            return _refused("invalid_grant", "expired access/refresh token")
        if not self._faults.get("rotate_refresh_token"):
            return self._granted(base_url, {})
        self._refresh_tokens.discard(used)
        fresh = self._next("5Aep861.")
        self._refresh_tokens.add(fresh)
        return self._granted(base_url, {"refresh_token": fresh})

    def _granted(self, base_url: str, more: Mapping[str, str]) -> Answer:
        token = self._next(f"{self._identity.org_id[:15]}!")
        self._sessions.add(token)
        body = {
            "access_token": token,
            "instance_url": base_url,
            "id": f"{base_url}/id/{self._identity.org_id}/{self._identity.user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(self._clock.now().timestamp() * 1000)),
            "signature": hashlib.sha256(token.encode()).hexdigest(),
            "scope": "api refresh_token",
        }
        return Answer(200, body | dict(more))

    def _next(self, prefix: str) -> str:
        self._count += 1
        return prefix + hashlib.sha256(f"{prefix}{self._count}".encode()).hexdigest()[:40]


def _client_problem(headers: Mapping[str, str], form: Mapping[str, str]) -> Answer | None:
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client_id, _, secret = base64.b64decode(encoded).decode("utf-8", "replace").partition(":")
        client_id, secret = unquote(client_id), unquote(secret)
    if client_id != CLIENT_ID:
        return _refused("invalid_client_id", "client identifier invalid")
    if not secrets.compare_digest(secret, CLIENT_SECRET):
        return _refused("invalid_client", "invalid client credentials")
    return None


def _refused(error: str, description: str) -> Answer:
    return Answer(400, {"error": error, "error_description": description})
