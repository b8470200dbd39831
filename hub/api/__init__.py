"""The door for programs: the API under /api/v1, health and metrics beside it."""

from hub.api.build import build_api

__all__ = ["build_api"]
