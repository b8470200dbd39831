"""A worker process that knows the sample connector: `python -m tests.integration.jobs.worker_process`."""

from config.logging import configure_logging
from config.settings import load_settings
from hub.main import run_worker
from tests.integration.jobs.more_connectors import add_sample

if __name__ == "__main__":
    settings = load_settings()
    configure_logging(level=settings.log_level, form="json")
    add_sample()
    run_worker(settings)
