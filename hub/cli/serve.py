"""up and worker: the processes of the hub, in the foreground."""

from __future__ import annotations

from config.logging import configure_logging
from config.settings import Settings, load_settings
from hub.app import App
from hub.cli.errors import CommandFailed
from hub.cli.keys import ONCE
from hub.cli.output import AsJson, show
from hub.services.keys import ensure_admin_key


def up(as_json: AsJson = False) -> None:
    """Serve the API, do the jobs and keep the schedule, all in one process, until Ctrl-C."""
    from hub.main import AddressTaken, run_up  # the whole API is not needed by the other commands

    async def ready(app: App, address: str) -> None:
        key = await ensure_admin_key(app.db)
        first = [f"First admin key: {key.secret}", ONCE] if key else []
        data = {"address": address, "admin_key": key.secret if key else None}
        show(data, f"Partner Hub runs at {address} (API: {address}/api/v1). Ctrl-C ends it.", *first, as_json=as_json)

    try:
        run_up(_settings(), ready=ready)
    except AddressTaken as exc:
        raise CommandFailed(str(exc), code="address-taken") from None


def worker(as_json: AsJson = False) -> None:
    """Do the jobs and keep the schedule, beside any number of other workers, until Ctrl-C."""
    from hub.main import run_worker

    settings = _settings()
    show({"worker": "started"}, "The worker runs. Ctrl-C ends it.", as_json=as_json)
    run_worker(settings)


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(level=settings.log_level, form=settings.log_format)
    return settings
