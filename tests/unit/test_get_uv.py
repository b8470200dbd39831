"""Getting uv on a bare machine: the right file from either form of an index, and only with its checksum."""

import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "get-uv"
WHEEL = f"uv-0.13.9-py3-none-manylinux_2_17_{platform.machine()}.manylinux2014_{platform.machine()}.whl"
OTHERS = ["uv-0.13.9.tar.gz", "uv-0.13.9-py3-none-win_amd64.whl", WHEEL.replace("0.13.9", "0.12.0")]

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the test's wheel is one for glibc")


class Index(ThreadingHTTPServer):
    """A package index with one usable wheel; it speaks JSON or HTML."""

    def __init__(self, *, form: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.form = form
        self.wheel = _wheel()
        self.checksum = hashlib.sha256(self.wheel).hexdigest()
        self.url = f"http://127.0.0.1:{self.server_port}/simple"

    def page(self) -> bytes:
        names = [*OTHERS, WHEEL]
        if self.form == "json":
            files = [{"filename": n, "url": f"../../files/{n}", "hashes": {"sha256": self.checksum}} for n in names]
            return json.dumps({"files": files}).encode()
        return "".join(f'<a href="../../files/{n}#sha256={self.checksum}">{n}</a>' for n in names).encode()


class _Answer(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        is_page = self.path == "/simple/uv/"
        known = is_page or self.path == f"/files/{WHEEL}"
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", f"application/{self.server.form}" if is_page else "application/zip")
        self.end_headers()
        self.wfile.write(self.server.page() if is_page else self.server.wheel if known else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(params=["json", "html"])
def index(request: pytest.FixtureRequest) -> Iterator[Index]:
    with Index(form=request.param) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_program_for_this_machine_is_put_into_the_folder(index: Index, tmp_path: Path) -> None:
    _get_uv(tmp_path / "bin", index=index.url)

    assert subprocess.check_output([tmp_path / "bin" / "uv"]) == b"uv here\n"
    assert [path.name for path in (tmp_path / "bin").iterdir()] == ["uv"]


def test_a_file_that_differs_from_its_checksum_is_refused(index: Index, tmp_path: Path) -> None:
    index.checksum = hashlib.sha256(b"another file").hexdigest()

    with pytest.raises(subprocess.CalledProcessError) as caught:
        _get_uv(tmp_path / "bin", index=index.url)

    assert "differs from the checksum" in caught.value.stderr
    assert not (tmp_path / "bin").exists()


def test_an_index_that_cannot_be_reached_is_one_line_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        _get_uv(tmp_path / "bin", index="http://user:hush@127.0.0.1:1/simple")

    assert "127.0.0.1:1 cannot be read" in caught.value.stderr
    assert "hush" not in caught.value.stderr
    assert caught.value.stderr.count("\n") == 1


def _get_uv(folder: Path, *, index: str) -> None:
    environment = {**os.environ, "UV_DEFAULT_INDEX": index, "no_proxy": "127.0.0.1"}
    subprocess.run([sys.executable, SCRIPT, folder], env=environment, check=True, capture_output=True, text=True)


def _wheel() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("uv-0.13.9.data/scripts/uv", "#!/bin/sh\necho uv here\n")
    return file.getvalue()
