"""The command `partnerhub`, with the sample connector: `python -m tests.drills.hub_process worker`."""

from __future__ import annotations

from hub.cli import app
from tests.integration.jobs.more_connectors import add_sample

if __name__ == "__main__":
    add_sample()
    app(prog_name="partnerhub")
