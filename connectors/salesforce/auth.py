"""How the hub signs in to an org: one token request for each of the three grants."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import msgspec

from connectors.salesforce.errors import from_response
from connectors.salesforce.settings import SalesforceSettings, secret_text
from hub.sdk.auth import Token, TokenSource
from hub.sdk.connector import ConnectorContext
from hub.sdk.errors import AuthFailed, OutcomeUnknown, RecordRejected, Unavailable
from hub.sdk.http import decode_json

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_LIFE = timedelta(minutes=3)
_KEPT = ("access_token", "id", "issued_at", "scope")


class Sessions:
    """The current session of one connection. A token of other settings is never used.

    Salesforce does not say when a token expires: it is used until a call is refused with 401.
    """

    def __init__(self, *, settings: SalesforceSettings, context: ConnectorContext) -> None:
        self._settings = settings
        self._context = context
        self._fingerprint = settings.fingerprint()
        self._source = TokenSource(store=context.tokens, clock=context.clock, fetch=self._fetch)

    async def current(self) -> Token:
        token = await self._source.get()
        if token.get("settings") != self._fingerprint:
            return await self._source.renew(token)
        return token

    async def after(self, refused: Token) -> Token:
        """A token other than the one that was refused."""
        return await self._source.renew(refused)

    async def _fetch(self, stored: Token | None) -> Token:
        ours = stored if stored is not None and stored.get("settings") == self._fingerprint else None
        rotated = str(ours["refresh_token"]) if ours and "refresh_token" in ours else None
        body = await self._ask(self._form(rotated))
        token: Token = {key: body[key] for key in _KEPT if key in body} | {"settings": self._fingerprint}
        fresh = body.get("refresh_token", rotated)
        return token | {"refresh_token": fresh} if fresh else token

    def _form(self, rotated: str | None) -> dict[str, str]:
        settings = self._settings
        if settings.auth == "jwt_bearer":
            return {"grant_type": _JWT_BEARER, "assertion": self._assertion()}
        form = {"grant_type": settings.auth, "client_id": settings.client_id}
        if settings.client_secret is not None:
            form["client_secret"] = secret_text(settings.client_secret)
        if settings.auth == "refresh_token":
            form["refresh_token"] = rotated or secret_text(settings.refresh_token)
        return form

    def _assertion(self) -> str:
        settings = self._settings
        claims = {
            "iss": settings.client_id,
            "sub": settings.username,
            "aud": settings.audience,
            "exp": int((self._context.clock.now() + _ASSERTION_LIFE).timestamp()),
        }
        try:
            return jwt.encode(claims, secret_text(settings.private_key), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as exc:
            raise AuthFailed("The private key of the Salesforce connection is not an RSA key in PEM form.") from exc

    async def _ask(self, form: dict[str, str]) -> dict[str, Any]:
        url = f"{self._settings.instance}/services/oauth2/token"
        # A rotated refresh token may be used up by a request whose answer was lost; the other grants can be repeated.
        repeatable = self._settings.auth != "refresh_token"
        try:
            response = await self._context.http.request("POST", url, data=form, safe=repeatable)
        except OutcomeUnknown as lost:
            raise Unavailable("Salesforce's token endpoint gave no answer; signing in is tried again.") from lost
        if response.status_code == 200:
            return _token_of(response.content)
        error = from_response(response, writing=False)
        if isinstance(error, RecordRejected | AuthFailed):
            raise AuthFailed(
                f"Salesforce refused to sign in ({error.code}): {error.message.removeprefix('Salesforce: ')}. "
                "Check the app's credentials and approval, then authorise the connection again.",
                code=error.code,
                status=error.status,
            )
        raise error


def _token_of(content: bytes) -> dict[str, Any]:
    try:
        body = decode_json(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise Unavailable("Salesforce's token endpoint sent an unreadable answer.") from exc
    if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
        raise Unavailable("Salesforce's token endpoint sent no token.")
    return body
