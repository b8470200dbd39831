"""The sample connector as a folder beside the product's connectors, for processes that work on sample accounts."""

from __future__ import annotations

from pathlib import Path

import connectors


def add_sample() -> None:
    """Let this process find the connector `sample`."""
    here = str(Path(__file__).parent)
    if here not in connectors.__path__:
        connectors.__path__.append(here)
