"""A worker process that knows the sample connector: `python -m tests.integration.jobs.worker_process`.

Its leases and its sweep are ten times shorter than the product's, so that a drill with several deaths takes seconds.
"""

from datetime import timedelta

from config.logging import configure_logging
from config.settings import load_settings
from hub import queue
from hub.main import run_worker
from hub.services import paging, sending
from sync_jobs import outcomes, sweep
from tests.integration.jobs.more_connectors import add_sample


def shorten() -> None:
    """Everything that tells a dead worker from a slow one, ten times faster."""
    paging.LEASE = sending._LEASE = timedelta(seconds=3)
    queue._RUNNING = timedelta(seconds=1.5)
    outcomes._BEAT_SECONDS = 0.4
    sweep.EVERY = timedelta(seconds=1)


if __name__ == "__main__":
    settings = load_settings()
    configure_logging(level=settings.log_level, form="json")
    add_sample()
    shorten()
    run_worker(settings)
