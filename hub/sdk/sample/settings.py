"""What an operator types to connect a Sample account."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr


class SampleSettings(BaseModel):
    """A Sample account."""

    url: str = Field(description="Address of the account, such as https://example.com")
    client_id: str = Field(description="Id of the API client, from Settings → API clients")
    client_secret: SecretStr = Field(description="Secret of the API client, shown once when it is made")
    webhook_secret: SecretStr | None = Field(None, description="Signing secret of the webhook, when one is set up")
