"""Worlds of a folder of mappings: the emulators of every system that it maps, wired by these very files."""

from __future__ import annotations

from pathlib import Path
from random import Random

from hub.mapping.load import load_system
from hub.record import RECORD_TYPES
from hub.registry import connectors
from hub.simulation.script import Theme
from hub.simulation.setting import Setting, Side, Traits


class NothingToSimulate(Exception):
    """The folder maps no system that can be played; the message says what is missing."""


def mapped_setting(folder: Path) -> Setting:
    """Raises NothingToSimulate, MappingError.

    A folder that maps one system only is played with two accounts of it.
    """
    usable = {name: spec for name, spec in connectors().items() if any((folder / name).glob("*.yaml"))}
    if not usable:
        raise NothingToSimulate(
            f"{folder} holds no mappings of a system that can be played: it needs a folder named like a connector"
            f" ({', '.join(connectors())}) with YAML files in it."
        )
    sides = [Side(name, spec, load_system(folder, name, RECORD_TYPES)) for name, spec in usable.items()]
    if len(sides) == 1:
        only = sides[0]
        sides.append(Side(f"{only.name}-2", only.spec, only.mappings))

    def make(chance: Random, _: Theme) -> tuple[list[Side], Traits]:
        return sides, Traits(
            page=chance.choice([1, 3, 100]), batch=chance.choice([1, 2, 100]), webhooks=chance.random() < 0.5
        )

    return Setting(str(folder), make, RECORD_TYPES)
