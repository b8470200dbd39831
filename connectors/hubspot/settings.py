"""What an operator types to connect a HubSpot account."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, field_validator, model_validator

# Per account tier: requests in ten seconds, requests a day.
TIERS = {"free": (100, 250_000), "professional": (190, 625_000), "enterprise": (190, 1_000_000)}
OAUTH_BURST = 110


class HubSpotSettings(BaseModel):
    """One HubSpot account, reached with a service key (or a private app's token), or as an OAuth app."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    auth: Literal["access_token", "oauth"] = Field(
        "access_token", description="`access_token` for a service key or private app, `oauth` for an OAuth app."
    )
    access_token: SecretStr | None = Field(None, description="The service key, or the private app's access token.")
    client_id: str | None = Field(None, description="OAuth: the app's client id.")
    client_secret: SecretStr | None = Field(None, description="OAuth: the app's client secret.")
    refresh_token: SecretStr | None = Field(None, description="OAuth: the refresh token the installation gave.")
    base_url: HttpUrl = Field(HttpUrl("https://api.hubapi.com"), description="Where the API answers.")
    tier: Literal["free", "professional", "enterprise"] = Field(
        "professional", description="The account's subscription: it decides the request limits."
    )
    time_zone: str = Field(
        "UTC", description="The account's time zone (Settings > Account defaults): daily limits end at its midnight."
    )
    fallback_owner: str | None = Field(
        None, description="Mail address of the user who gets new deals and tasks that have no owner of their own."
    )
    activity_keys: Literal["unique", "searched"] = Field(
        "unique",
        description="How notes and tasks are found again: `unique` where hub_id is a unique property on them,"
        " `searched` where the account only lets it be an ordinary one.",
    )
    webhook_secret: SecretStr | None = Field(
        None, description="The client secret of the app that sends webhooks. Service keys have no webhooks."
    )
    webhook_url: HttpUrl | None = Field(
        None, description="The public address that HubSpot calls, when a proxy hides it from the hub."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"{name!r} is no time zone; write one like Europe/Berlin.") from exc
        return name

    @model_validator(mode="after")
    def _complete(self) -> HubSpotSettings:
        needed = ("access_token",) if self.auth == "access_token" else ("client_id", "client_secret", "refresh_token")
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"auth {self.auth!r} also needs {', '.join(missing)}.")
        return self

    @property
    def root(self) -> str:
        """The base URL without a slash at its end."""
        return str(self.base_url).rstrip("/")
