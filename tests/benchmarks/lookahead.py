"""How many decisions are there at once, ahead of the world or out of a plan, and what deciding ahead costs where nothing
comes true.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from codeword.codebook import Codebook, Command, Observation
from codeword.controller import Controller, Decision
from codeword.controller.engine import Cancelled, never
from codeword.controller.lookahead import LooksAhead
from codeword.runtime.machine import machine
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.replay import replay
from codeword.runtime.run import Controllers, Plan, Task, run_one
from codeword.runtime.scenario import Scenario
from codeword.runtime.statistics import quantile

WAYS = ("off", "ahead", "mistaken")
"""Deciding when asked; deciding ahead; deciding ahead by predicting what never comes true."""


_THERE = ("lookahead", "planned")
"""How decisions come about that were there already: decided ahead, or the next of a plan."""


class _Mistaken:
    """A controller that predicts a world with one thing too many."""

    def __init__(self, controller: Controller, ahead: LooksAhead) -> None:
        self._controller, self._ahead = controller, ahead

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        return self._controller.decide(task, observation, cancelled)

    def use(self, codebook: Codebook) -> None:
        self._controller.use(codebook)

    def look_ahead(self, task: str, observation: Observation, command: Command) -> None:
        ghost = observation.entities[0].model_copy(update={"id": "what_is_not_there"})
        self._ahead.look_ahead(
            task, observation.model_copy(update={"entities": (*observation.entities, ghost)}), command
        )

    def catch_up(self, longest_s: float) -> None:
        self._ahead.catch_up(longest_s)

    def rest(self) -> None:
        self._ahead.rest()


class _MistakenControllers(Controllers):
    """The same model, with controllers that are mistaken."""

    def __init__(self, like: Controllers) -> None:
        vars(self).update(vars(like))

    def make(self, scenario: Scenario, seed: int) -> Controller:
        made = super().make(scenario, seed)
        return _Mistaken(made, made) if isinstance(made, LooksAhead) else made


@dataclass
class _Tally:
    """One way's episodes, summed."""

    wall_s: float = 0.0
    simulated_s: float = 0.0
    later: int = 0
    served: int = 0
    served_ms: list[float] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def take(self, episode: RecordedEpisode) -> None:
        self.wall_s += episode.wall_s
        self.simulated_s += episode.verdict.simulated_s if episode.verdict is not None else 0.0
        for number, step in enumerate(episode.steps):
            assert step.decision is not None and step.budget is not None
            self.commands.append(f"{step.decision.key} {step.decision.text}")
            self.later += number > 0
            if step.decision.path in _THERE:
                self.served += 1
                self.served_ms.append(step.budget.stage_ms["decision_ms"] + step.budget.stage_ms["validate_ms"])


def bench_lookahead(
    controllers: Controllers, scenarios: Sequence[Scenario], seeds: int, advance: Callable[[], None]
) -> dict[str, Any]:
    """Every scenario with so many seeds in all WAYS, in turns; and what was decided ahead decided again by replay.

    Times are from the observation to the command that passed the guard [ms].
    """
    tallies = {way: _Tally() for way in WAYS}
    differences = 0
    mistaken = _MistakenControllers(controllers)
    with TemporaryDirectory() as folder:
        plan = Plan(tuple(scenarios), range(seeds), "sim", Path(folder), film=False)
        for number, (scenario, seed) in enumerate(product(range(len(scenarios)), range(seeds))):
            turn = number % len(WAYS)
            for way in (*WAYS[turn:], *WAYS[:turn]):
                who = mistaken if way == "mistaken" else controllers
                file = run_one(replace(plan, lookahead=way != "off"), who, Task(number, scenario, seed)).path
                episode = read_episode(file, pictures=False)
                tallies[way].take(episode)
                if way == "ahead":
                    again = controllers.make(scenarios[scenario].seeded(seed), seed)
                    differences += len(replay(episode, again, exact=True))
                advance()
    off, ahead, wrong = (tallies[way] for way in WAYS)
    return {
        "machine": machine(),
        "model": controllers.loaded.model,
        "adapter": controllers.loaded.adapter,
        "episodes": len(scenarios) * seeds,
        "decisions_after_first": ahead.later,
        "served": ahead.served,
        "served_share": round(ahead.served / max(1, ahead.later), 4),
        "within_5_ms": sum(time_ms <= 5.0 for time_ms in ahead.served_ms),
        "p50_ms": round(quantile(ahead.served_ms, 0.5), 2) if ahead.served_ms else None,
        "p95_ms": round(quantile(ahead.served_ms, 0.95), 2) if ahead.served_ms else None,
        "differences_on_deciding_again": differences,
        "served_when_mistaken": wrong.served,
        "same_decisions": off.commands == ahead.commands == wrong.commands,
        "same_simulated_time": off.simulated_s == ahead.simulated_s == wrong.simulated_s,
        "wall_ratio": round(ahead.wall_s / off.wall_s, 3),
        "wall_ratio_mistaken": round(wrong.wall_s / off.wall_s, 3),
    }
