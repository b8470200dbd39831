"""What is measured of one run, and the watch that takes it."""

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct


class Result(Struct, frozen=True):
    """One run: wall-clock seconds, records read and the peak resident memory of the process in MB."""

    seconds: float
    records: int
    peak_rss_mb: float


@dataclass(frozen=True)
class Lap:
    """One measured run of one contender."""

    round: int
    scenario: str
    contender: str
    result: Result


class Stopwatch:
    """Times its `with` block; imports and what else a contender prepares before the block is not measured."""

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._started

    def result(self, *, records: int) -> Result:
        return Result(seconds=self.seconds, records=records, peak_rss_mb=peak_rss_mb())


def peak_rss_mb() -> float:
    """Peak resident memory of this process so far.

    VmHWM where there is one: ru_maxrss of a child still holds the peak of the parent that it was forked from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024**2
