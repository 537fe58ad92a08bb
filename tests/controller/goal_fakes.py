"""Models that write goals as they are told to."""

import math

from codeword.codebook import Observation
from codeword.controller.adapter import Adapter
from codeword.controller.decision import Choice, Decision, Option
from tests.observations import observe

START = {"red_block": "table", "green_block": "table"}
RED = '{"goal":[["red_block","in","blue_bowl"]]}'
GREEN = '{"goal":[["green_block","in","blue_bowl"]]}'
NONSENSE = '{"goal":[["red_block","on","green_block"],["green_block","on","red_block"]]}'
MISSING = '{"cannot":"missing"}'


def start() -> Observation:
    return observe(START, ("blue_bowl",))


class Scripted:
    """An engine that answers goals from a list, and everything else with what comes first."""

    adapter = Adapter("none")

    def __init__(self, *goals: str) -> None:
        self.goals = list(goals)
        self.prompts: list[str] = []
        self.lots: list[str] = []

    def decide(self, prompt, graph, cancelled=None, *, hint=None, sampling=None) -> Decision:  # type: ignore[no-untyped-def]
        del cancelled, hint
        self.lots.append(sampling.name)
        asks = prompt.observation.endswith("end.")
        text = self.goals.pop(0) if asks else next(graph.texts())
        assert graph.accepts(text)
        self.prompts.append(prompt.observation.splitlines()[-1] if not asks else "?")
        return Decision(text=text, logprob=-0.5, stage_ms={"prefill": 1.0, "total": 1.0}, path="decoded", key=text)


class Unsure(Scripted):
    """Writes the first of some goals, and says of each how likely it is."""

    def __init__(self, **odds: float) -> None:
        super().__init__()
        self.odds = {{"red": RED, "green": GREEN, "missing": MISSING}[name]: share for name, share in odds.items()}
        self.asked = 0

    def decide(self, prompt, graph, cancelled=None, *, hint=None, sampling=None) -> Decision:  # type: ignore[no-untyped-def]
        del cancelled, hint, sampling, prompt
        self.asked += 1
        legal = {text: share for text, share in self.odds.items() if graph.accepts(text)}
        whole, taken = sum(legal.values()), next(iter(legal))
        options = tuple(Option(text=text, probability=share / whole) for text, share in legal.items())
        choices = (Choice(after="", options=options, taken=taken),) if len(legal) > 1 else ()
        logprob = math.log(legal[taken] / whole)
        return Decision(
            text=taken, logprob=logprob, choices=choices, stage_ms={"total": 1.0}, path="decoded", key=f"of {whole}"
        )
