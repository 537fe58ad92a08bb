"""A tabletop robot for tests, and a short way to write commands."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from codeword.codebook.command import Command
from codeword.codebook.load import load_codebook
from codeword.codebook.skills import Codebook
from codeword.sim.event_spec import EventSpec
from codeword.sim.robot import SimRobot
from codeword.sim.world_spec import WorldSpec


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    return load_codebook("tabletop")


@pytest.fixture(scope="session")
def command() -> Callable[..., Command]:
    def make(skill: str, **args: Any) -> Command:
        return Command(skill, args, json.dumps({"skill": skill, **args}, separators=(",", ":")))

    return make


@pytest.fixture
def start(codebook: Codebook) -> Iterator[Callable[..., SimRobot]]:
    """Start a robot in a world; all are closed in the end."""
    robots: list[SimRobot] = []

    def make(seed: int = 0, events: list[dict[str, Any]] | None = None, **world: Any) -> SimRobot:
        specs = [EventSpec.model_validate(event) for event in events or []]
        robots.append(SimRobot(codebook, WorldSpec.model_validate(world), seed, specs))
        return robots[-1]

    yield make
    for robot in robots:
        robot.close()
