"""All drills, one after the other, and a table of what they came to: `python -m tests.drills.run [NAME …]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from hub.sdk.http import encode_json
from tests.drills.drills import DRILLS, Result, play
from tests.integration.jobs.more_connectors import add_sample

_COLUMNS = ("drill", "faults", "edits", "lost", "doubled", "recovery s", "verdict")


def main() -> int:
    """Play the drills named, or all; 1 when a law does not hold."""
    arguments = _arguments()
    add_sample()
    results = [_play(name, arguments.seed, arguments.keep) for name in arguments.names or DRILLS]
    if arguments.json:
        sys.stdout.write(encode_json([asdict(result) for result in results]).decode() + "\n")
    else:
        sys.stdout.write(_table(results) + "\n")
    return int(any(result.verdict == "violated" for result in results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make drills", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(DRILLS)}")
    parser.add_argument("--seed", type=int, default=1, help="decides what breaks when, and what people do")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the folders with the processes' logs, and name them")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(DRILLS):
        parser.error(f"there is no drill {', '.join(sorted(unknown))}; there are: {', '.join(DRILLS)}")
    return arguments


def _play(name: str, seed: int, keep: bool) -> Result:
    begin = time.monotonic()
    sys.stderr.write(f"{name} … ")
    sys.stderr.flush()
    folder = tempfile.mkdtemp(prefix="drill-") if keep else ""
    with tempfile.TemporaryDirectory(prefix="drill-") as passing:
        result = asyncio.run(play(name, folder=Path(folder or passing), seed=seed))
    where = f" Logs: {folder}" if keep else ""
    sys.stderr.write(f"{result.verdict} after {time.monotonic() - begin:.0f} s. {result.detail}{where}\n")
    return result


def _table(results: list[Result]) -> str:
    rows = [_COLUMNS, *(result.cells() for result in results)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_COLUMNS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    sys.exit(main())
