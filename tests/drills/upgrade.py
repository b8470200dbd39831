"""A rolling upgrade: processes of the next release start, and change the schema, while those of this one work."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

from hub.db.migrate import newest_version
from tests.drills.stage import ROOT, HubProcess, Stage, Unkept, until

# What the rule of expanding allows, on the tables that are used most.
_NEXT = """
    "The schema of a next release, for the drill."
    import sqlalchemy as sa
    from alembic import op

    revision = "9999"
    down_revision = "{newest}"
    branch_labels = depends_on = None


    def upgrade() -> None:
        op.add_column("link", sa.Column("next_note", sa.Text))
        op.add_column("delivery", sa.Column("next_rank", sa.Integer, nullable=False, server_default="0"))
        op.add_column("organization", sa.Column("next_note", sa.Text))
        op.create_index("ix_change_next", "change", ["run_id"])
        op.create_table("next_thing", sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True))
"""


async def roll(stage: Stage) -> None:
    """Replace the workers one after the other; one of the old release that dies meanwhile cannot come back."""
    release = _next_release(stage.folder / "next")
    old = list(stage.processes)
    await stage.any_moment()
    await _begin(stage, release)
    await stage.recover()  # old and new work side by side, on the new schema
    await stage.any_moment()
    old[0].kill()
    await _refused(stage, old[0])
    await _begin(stage, release)
    await stage.recover()
    await stage.any_moment()
    if (code := old[1].end()) != 0:
        raise Unkept(f"a worker of the old release ended with {code}")
    await stage.recover()


async def _begin(stage: Stage, release: Path) -> None:
    process = stage.start("worker", folder=release)

    async def works() -> bool:
        if not process.lives():
            raise Unkept(f"a worker of the new release ended: {process.log.read_text()[-500:]}")
        return process.said("worker_started") > 0

    await until(works, seconds=120, what="a worker of the new release starts")


async def _refused(stage: Stage, process: HubProcess) -> None:
    stage.restart(process)

    async def ended() -> bool:
        return not process.lives()

    await until(ended, seconds=60, what="the old release refuses the new schema")
    if "start the newer release" not in process.log.read_text():
        raise Unkept(f"the old release does not say why it cannot start: {process.log.read_text()[-500:]}")


def _next_release(folder: Path) -> Path:
    """This code with one more version of the schema."""
    for part in ("config", "connectors", "hub", "mappings", "sync_jobs", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    version = textwrap.dedent(_NEXT).format(newest=newest_version())
    (folder / "hub" / "db" / "migrations" / "versions" / "9999_next.py").write_text(version)
    return folder
