"""The remote of all contenders: an HTTP server in its own process that sends pages encoded beforehand.

`GET /{revision}/query` answers like a Salesforce query, and `nextRecordsUrl` leads to the next page. The pages of a
revision lie in one file and leave by sendfile, so that serving costs next to nothing on the machine being measured.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, get_args

from benchmarks.records import PAGE_SIZE, Revision, encode_records


@contextmanager
def running_source(*, count: int, revisions: tuple[Revision, ...] = get_args(Revision)) -> Iterator[str]:
    """Base URL of a source of `count` records; `{url}/{revision}/query` is the first page of a revision."""
    command = [sys.executable, "-m", "benchmarks.source", str(count), *revisions]
    # Leaving the block closes the pipe to its stdin, which is what ends the source, also when we are killed.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the source did not start: exit code {process.wait()}")
        yield url


@dataclass(frozen=True)
class _Pages:
    """The pages of one revision: page n is the bytes from `offsets[n]` to `offsets[n + 1]` of the file."""

    file: BinaryIO
    offsets: list[int]


def _write_pages(path: Path, *, count: int, revision: Revision) -> _Pages:
    offsets = [0]
    last_page = max(0, count - 1) // PAGE_SIZE
    records = encode_records(count=count, revision=revision)
    with path.open("wb") as file:
        for number in range(last_page + 1):
            done = number == last_page
            following = "" if done else f'"nextRecordsUrl":"/{revision}/query/{number + 1}",'
            file.write(b'{"totalSize":%d,"done":%s,' % (count, b"true" if done else b"false"))
            file.write(following.encode() + b'"records":[' + b",".join(islice(records, PAGE_SIZE)) + b"]}")
            offsets.append(file.tell())
    return _Pages(path.open("rb"), offsets)


async def _serve(pages: Mapping[str, _Pages], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            await _answer(pages, request.split(b" ", 2)[1].decode(), writer)
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        pass  # the client or the source itself has gone, and nobody waits for an answer
    finally:
        writer.close()


async def _answer(pages: Mapping[str, _Pages], target: str, writer: asyncio.StreamWriter) -> None:
    _, revision, _, number = (target.partition("?")[0] + "/0").split("/")[:4]
    found = pages.get(revision)
    if found is None or not int(number) < len(found.offsets) - 1:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        return
    start, end = found.offsets[int(number) : int(number) + 2]
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {end - start}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    await asyncio.get_running_loop().sendfile(writer.transport, found.file, start, end - start)


async def _run(count: int, revisions: list[Revision]) -> None:
    with tempfile.TemporaryDirectory(prefix="partnerhub-source-") as folder:
        pages: dict[str, _Pages] = {
            revision: _write_pages(Path(folder, revision), count=count, revision=revision) for revision in revisions
        }
        server = await asyncio.start_server(partial(_serve, pages), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        print(f"http://{host}:{port}", flush=True)
        await asyncio.to_thread(sys.stdin.read)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("revisions", nargs="+", choices=get_args(Revision))
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.count, arguments.revisions))


if __name__ == "__main__":
    _main()
