"""Situations in the order in which a robot meets them: whole episodes, each decision after the one before it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codeword.codebook import Observation, read_command
from codeword.runtime.quantization_texts import Situation
from codeword.runtime.run import Expert
from codeword.runtime.scenario import Scenario


@dataclass(frozen=True)
class Turn:
    """A moment of an episode. Whoever decides is given the situation; the scenario, with its goal, is for the judge."""

    situation: Situation
    scenario: Scenario


def course(scenarios: Sequence[Scenario], seed: int) -> Iterator[Turn]:
    """Endless turns, the same for the same seed: the scenarios in an order at random, then again with other layouts.

    The expert carries every episode on in simulation, so that what goes wrong there, a slip or a jam, is met as well.
    """
    rng = random.Random(seed)
    while True:
        for scenario in rng.sample(list(scenarios), len(scenarios)):
            yield from _episode(scenario, rng.randrange(1000), scenario.wording(rng.randrange(100)))


def _episode(scenario: Scenario, seed: int, task: str) -> Iterator[Turn]:
    from codeword.sim import SimRobot

    expert = Expert(scenario)
    robot = SimRobot(scenario.codebook, scenario.spec.world, seed, scenario.spec.events)
    try:
        for step in range(scenario.spec.max_decisions):
            seen: Observation = robot.observe().model_copy(update={"step": step})
            yield Turn(Situation(scenario.codebook, task, seen), scenario)
            command = read_command(scenario.codebook, expert.decide(task, seen).text)
            if scenario.codebook.skills[command.skill].ends is not None:
                return
            robot.execute(command).result()
    finally:
        robot.close()
