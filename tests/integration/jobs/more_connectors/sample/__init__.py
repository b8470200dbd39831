"""Makes the SDK's sample connector known under its folder name."""

from hub.sdk.sample import CONNECTOR as CONNECTOR
