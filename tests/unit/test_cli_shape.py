"""What all commands have in common."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from hub.cli import app


def _commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


_ALL = dict(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", _ALL)
def test_every_command_can_answer_in_json_and_says_what_it_does(name: str) -> None:
    command = _ALL[name]
    assert any("--json" in parameter.opts for parameter in command.params)
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name}"


_PROMISED = """
agreement
alerts
apply
budget
change
check
conflicts
connect
connections
deletions
deals
demo
discover
drift
fields
guards
keys
mapping
matching
merge
pause
plan
plans
policies
policy
prune
reconcile
records
resume
retire
retries
reviews
runs
sandbox
split
simulate
status
sync
unmerge
up
why
agreement apply budget change check conflicts connect connections demo discover drift fields keys mapping pause
plan plans policies prune reconcile records resume retire retries reviews runs sandbox status sync undo up why
worker
"""


def test_the_commands_an_operator_needs_are_there() -> None:
    assert set(_PROMISED.split()) == {name.partition(" ")[0] for name in _ALL}


_ROOT = Path(__file__).parent.parent.parent
_DOCS = [_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
_SHOWN = re.compile(r"(?:^|`)partnerhub ([^`#\n]+)", re.MULTILINE)


@pytest.mark.parametrize("page", _DOCS, ids=lambda page: page.name)
def test_every_command_in_the_docs_exists_with_its_options(page: Path) -> None:
    for line in _SHOWN.findall(page.read_text()):
        words = line.split()
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        command = _ALL.get(" ".join(words[:2])) or _ALL.get(words[0])
        if command:
            assert options <= {"--help", *(name for parameter in command.params for name in parameter.opts)}, line
        else:
            assert words[0] == "--help", f"partnerhub {line}"
