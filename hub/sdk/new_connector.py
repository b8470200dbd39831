"""Makes the folder of a new connector from the sample: it works, so every step from there can be tested."""

from __future__ import annotations

import re
import subprocess
import sys
from keyword import iskeyword
from pathlib import Path

SAMPLE = "sample"


class BadName(ValueError):
    """A connector cannot be called so; the message says why."""


def make_connector(*, name: str, root: Path) -> list[Path]:
    """Copy the sample under `name` into the checkout at `root`; the files made. BadName when that cannot be.

    It makes `connectors/<name>`, `mappings/<name>` and `tests/connectors/<name>`, and overwrites nothing.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name) or iskeyword(name):
        raise BadName(f"{name!r} is no name for a connector: use lower-case letters, digits and _, such as acme_crm.")
    copies = _copies(name, root)
    taken = [path.parent for path in copies.values() if path.parent.exists()]
    if name == SAMPLE or taken:
        raise BadName(f"There is a {name!r} already; choose another name.")
    for source, target in copies.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(source.read_text(), name))
    _tidy([path for path in copies.values() if path.suffix == ".py"])
    return list(copies.values())


def _copies(name: str, root: Path) -> dict[Path, Path]:
    """Where each file of the sample goes."""
    code, tests = root / "hub/sdk" / SAMPLE, root / "tests/connectors" / SAMPLE
    copies = {source: root / "connectors" / name / source.name for source in sorted(code.glob("*.py"))}
    copies[code / "README.md"] = root / "connectors" / name / "README.md"
    copies[code / "mapping.yaml"] = root / "mappings" / name / "partners.yaml"
    for source in sorted(tests.glob("*.py")):
        copies[source] = root / "tests/connectors" / name / source.name.replace(SAMPLE, name)
    return copies


def _renamed(text: str, name: str) -> str:
    camel = "".join(part.title() for part in name.split("_"))
    text = text.replace(f"hub.sdk.{SAMPLE}", f"connectors.{name}")
    return text.replace(SAMPLE.title(), camel).replace(SAMPLE, name)


def _tidy(paths: list[Path]) -> None:
    """Imports sort differently under another name."""
    files = [str(path) for path in paths]
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, *files], check=True)  # noqa: S603 - our own files
