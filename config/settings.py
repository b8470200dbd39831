"""What an operator can set through the environment; no other module reads it."""

from pathlib import Path
from typing import Literal

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "PARTNERHUB_"


class SettingsInvalid(Exception):
    """A variable holds a value that cannot be used; the message names each such variable and what it must be."""


class Settings(BaseSettings):
    """All settings; every one has a default that suits a laptop. Each is read from PARTNERHUB_<NAME>."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    home: Path = Field(
        default=Path(".partnerhub"), description="Folder of the embedded engines, their data and the generated keys."
    )
    database_url: str | None = Field(
        default=None,
        repr=False,
        description="PostgreSQL 15 or newer to use instead of the embedded one: postgresql://…",
    )
    redis_url: str | None = Field(
        default=None,
        repr=False,
        description="Redis 6.2 or newer to use instead of the embedded one: redis://… or rediss://…",
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8090, ge=0, le=65535, description="Port the API listens on; 0 takes a free one.")
    public_url: str | None = Field(
        default=None, description="Address under which other systems reach this hub, for webhooks and OAuth redirects."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto",
        description="console for people, json for machines, auto decides by whether a terminal reads it.",
    )
    keep_deliveries_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        description="Days for which deliveries are kept that came to their end; 0: for ever.",
    )
    keep_inbox_days: int = Field(
        default=30, ge=0, le=36_500, description="Days for which received webhook events are kept; 0: for ever."
    )
    keep_runs_days: int = Field(
        default=365, ge=0, le=36_500, description="Days for which runs are kept that nothing names; 0: for ever."
    )
    keep_submissions_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        description="Days for which the same Idempotency-Key gets the same registration again; 0: for ever.",
    )
    deal_policy: Path | None = Field(
        default=None, description="Policy file of deal registration to use instead of the shipped one."
    )
    match_weights: Path | None = Field(
        default=None, description="Weights file of matching to use instead of the shipped one."
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="Comma-separated Fernet keys for stored credentials: the first encrypts, all of them decrypt.",
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: str | None) -> str | None:
        return _with_scheme(value, "postgresql://", "postgres://")

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str | None) -> str | None:
        return _with_scheme(value, "redis://", "rediss://", "unix://")

    @field_validator("secret_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        for key in split_keys(value.get_secret_value()) if value else ():
            Fernet(key)
        return value

    @property
    def base_url(self) -> str:
        """The hub's own address without a final slash: the public one if set."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def load_settings() -> Settings:
    """Read the environment. Raises SettingsInvalid with one sentence per variable and no value in it."""
    try:
        return Settings()
    except ValidationError as exc:
        faults = [
            f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}"
            for e in exc.errors(include_input=False)
        ]
        raise SettingsInvalid("; ".join(faults)) from None


def split_keys(text: str) -> tuple[str, ...]:
    """The keys of a comma- or newline-separated list, in order."""
    return tuple(key.strip() for key in text.replace("\n", ",").split(",") if key.strip())


def _with_scheme(value: str | None, *schemes: str) -> str | None:
    if value is not None and not value.startswith(schemes):
        raise ValueError(f"must start with {' or '.join(schemes)}")
    return value
