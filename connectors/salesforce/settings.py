"""What an operator types to connect a Salesforce org."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_SHARED_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")


Grant = Literal["client_credentials", "jwt_bearer", "refresh_token"]

_NEEDS: dict[Grant, tuple[str, ...]] = {
    "client_credentials": ("client_secret",),
    "jwt_bearer": ("username", "private_key"),
    "refresh_token": ("refresh_token",),
}


class SalesforceSettings(BaseModel):
    """Settings of one connection to one org. Each way to sign in needs its own fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: str = Field(description="My Domain URL of the org, such as https://acme.my.salesforce.com.")
    auth: Grant = Field(
        "client_credentials",
        description="How the hub signs in: as the app's run-as user, a pre-authorised user, or who authorised it.",
    )
    client_id: str = Field(min_length=1, description="Consumer key of the connected app or external client app.")
    client_secret: SecretStr | None = Field(
        None, description="Consumer secret (client_credentials; refresh_token when the app requires it)."
    )
    username: str | None = Field(None, description="Username of the integration user (jwt_bearer).")
    private_key: SecretStr | None = Field(
        None, description="PEM of the RSA key whose certificate was uploaded to the app (jwt_bearer)."
    )
    audience: str = Field(
        "https://login.salesforce.com",
        description="https://test.salesforce.com for a sandbox org, or the site's URL (jwt_bearer).",
    )
    refresh_token: SecretStr | None = Field(
        None, description="Refresh token of the authorisation, scopes api and refresh_token (refresh_token)."
    )
    api_version: str = Field("62.0", pattern=r"^\d{2,3}\.0$", description="API version, 46.0 or later.")
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that signs change callouts from a Flow or Apex; empty: no callouts are accepted."
    )

    fallback_owner: str | None = Field(
        None,
        description="Who gets what has no seller: mail address or id of a user, or id of a queue (for tasks); empty:"
        " the integration user.",
    )
    partner_role: str | None = Field(
        None, description="Partner role, as the org's setup names it, of a partner that is put on an opportunity."
    )

    @field_validator("instance")
    @classmethod
    def _my_domain(cls, text: str) -> str:
        parts = urlsplit(text.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address such as https://acme.my.salesforce.com")
        if parts.hostname in _SHARED_LOGIN_HOSTS:
            raise ValueError("must be the org's own My Domain, not the shared login host")
        if parts.scheme == "http" and not _is_local(parts.hostname):
            raise ValueError("must begin with https")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("api_version")
    @classmethod
    def _modern(cls, text: str) -> str:
        # Older versions do not say whether an upsert created a record.
        if float(text) < 46:
            raise ValueError("must be 46.0 or later")
        return text

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in _NEEDS[self.auth] if not getattr(self, name)]
        if missing:
            raise ValueError(f"{self.auth} needs {' and '.join(missing)}")
        return self

    def fingerprint(self) -> str:
        """Changes with anything that a token depends on, so that a token of other settings is never used."""
        secrets = (self.client_secret, self.private_key, self.refresh_token)
        parts = [self.instance, self.auth, self.client_id, self.username or "", self.audience]
        parts += [secret_text(secret) for secret in secrets]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def secret_text(secret: SecretStr | None) -> str:
    """What was typed; empty when nothing was."""
    return secret.get_secret_value() if secret is not None else ""


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return "." not in host or host.endswith(".localhost")
