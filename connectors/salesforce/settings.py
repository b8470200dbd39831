"""What an operator types to connect a Salesforce org."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_SHARED_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")


class _Grant(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(min_length=1, description="Consumer key of the connected app or external client app.")


class ClientCredentials(_Grant):
    """The app runs as the user that its client credentials flow names."""

    method: Literal["client_credentials"] = "client_credentials"
    client_secret: SecretStr = Field(description="Consumer secret of the app.")


class JwtBearer(_Grant):
    """The app signs a short-lived statement for a user who is pre-authorised."""

    method: Literal["jwt_bearer"] = "jwt_bearer"
    username: str = Field(min_length=1, description="Username of the integration user.")
    private_key: SecretStr = Field(description="PEM of the RSA key whose certificate was uploaded to the app.")
    audience: str = Field(
        "https://login.salesforce.com",
        description="https://login.salesforce.com, https://test.salesforce.com for a sandbox org, or the site's URL.",
    )


class RefreshToken(_Grant):
    """A person authorised the app once; the refresh token may be rotated at each use."""

    method: Literal["refresh_token"] = "refresh_token"
    client_secret: SecretStr | None = Field(None, description="Consumer secret, when the app requires one.")
    refresh_token: SecretStr = Field(description="Refresh token from the authorisation, scopes api and refresh_token.")


Grant = Annotated[ClientCredentials | JwtBearer | RefreshToken, Field(discriminator="method")]


class SalesforceSettings(BaseModel):
    """Settings of one connection to one org."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: str = Field(description="My Domain URL of the org, such as https://acme.my.salesforce.com.")
    auth: Grant = Field(description="How the hub signs in.")
    api_version: str = Field("62.0", pattern=r"^\d{2,3}\.0$", description="API version, 46.0 or later.")
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that signs change callouts from a Flow or Apex; empty: no callouts are accepted."
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

    def fingerprint(self) -> str:
        """Changes with anything that a token depends on, so that a token of other settings is never used."""
        auth = self.auth
        parts = [self.instance, auth.method, auth.client_id]
        if isinstance(auth, JwtBearer):
            parts += [auth.username, auth.audience, auth.private_key.get_secret_value()]
        elif auth.client_secret is not None:
            parts.append(auth.client_secret.get_secret_value())
        if isinstance(auth, RefreshToken):
            parts.append(auth.refresh_token.get_secret_value())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return "." not in host or host.endswith(".localhost")
