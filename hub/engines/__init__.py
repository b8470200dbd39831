"""Real PostgreSQL and Redis for a home folder: embedded by default, external where a URL says so."""

from hub.engines.errors import EngineUnavailable, shown_url
from hub.engines.keeping import keep_engines
from hub.engines.lifecycle import Engines, revive_engines, start_engines, stop_engines
from hub.engines.memory import memory_folder

__all__ = [
    "EngineUnavailable",
    "Engines",
    "keep_engines",
    "memory_folder",
    "revive_engines",
    "shown_url",
    "start_engines",
    "stop_engines",
]
