"""Worlds of a folder of mappings: the emulators of every system that it maps, wired by these very files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from hub.mapping.channel import Channel
from hub.mapping.load import load_system
from hub.mapping.model import Mapping
from hub.mapping.rules import FieldPolicy
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
    sides = [Side(name, spec, _played(load_system(folder, name, RECORD_TYPES))) for name, spec in usable.items()]
    if len(sides) == 1:
        only = sides[0]
        sides.append(Side(f"{only.name}-2", only.spec, only.mappings))

    def make(chance: Random, _: Theme) -> tuple[list[Side], Traits]:
        return sides, Traits(
            page=chance.choice([1, 3, 100]), batch=chance.choice([1, 2, 100]), webhooks=chance.random() < 0.5
        )

    return Setting(str(folder), make, RECORD_TYPES)


def _played(mappings: dict[str, Mapping]) -> dict[str, Mapping]:
    """What can be judged by whether both sides agree in the end.

    That is one mapping an object, of records that people make there too. What is written once only is played as if it
    were kept up, or not at all where it is never read.
    """
    return {
        name: mapping.reduced(_kept_up(mapping), key_field=mapping.key_field)
        for name, mapping in mappings.items()
        if mapping.object == mapping.remote_object and mapping.admit and mapping.inbound
    }


def _kept_up(mapping: Mapping) -> tuple[Channel, ...]:
    return tuple(
        replace(c, rule=replace(c.rule, once=False, policy=FieldPolicy())) if c.rule.once else c
        for c in mapping.channels
        if not c.rule.once or c.rule.direction == "both"
    )
