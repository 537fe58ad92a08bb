"""Observation in, command out: what every controller is, and the ones that need no knowledge of the world's truth."""

import json
import math
import random
from functools import partial
from typing import Literal, Protocol, get_args

from codeword.codebook.action_prompt import offer, stable_text
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.command import Command
from codeword.codebook.errors import InputError, did_you_mean
from codeword.codebook.observation import Observation, Result
from codeword.codebook.plan_prompt import plan_system
from codeword.codebook.skills import Codebook

from .adapter import AUTO as AUTO_ADAPTER
from .backend import Backend
from .decider_config import BEST_POLICY, LOCAL, NO_CACHE, DeciderConfig, policy_for
from .decision import TOP, Choice, Decision, Option, Stopwatch, decision_key, reflex_decision
from .digest import graph_digest
from .engine import Cancelled, never
from .lookahead import Lookahead, Question
from .plan_controller import PlanController
from .profiles import AUTO
from .registry import DEFAULT_MODEL
from .sampling import GREEDY, Sampling
from .speculation_hint import About, Hint
from .store import Progress, silent
from .sureness import SURE

Situation = tuple[str, str, str]
"""Which skill ended, how, and why; three empty texts where none did."""


def situation_of(last: Result | None) -> Situation:
    """The kind of situation after a result."""
    if last is None:
        return "", "", ""
    try:
        given = json.loads(last.command)
    except (ValueError, RecursionError):
        given = None
    skill = str(given.get("skill", "")) if isinstance(given, dict) else ""
    return skill, last.status, last.reason


class GuessHistory:
    """The last decision in each kind of situation. Wrong guesses cost a little time and change nothing."""

    def __init__(self) -> None:
        self._decided: dict[Situation, str] = {}

    def expected(self, situation: Situation) -> str | None:
        """The command that is likely, or None where none is."""
        return self._decided.get(situation)

    def learn(self, situation: Situation, command: str) -> None:
        """That command was decided."""
        self._decided[situation] = command


Kind = Literal["llm", "random"]


class Controller(Protocol):
    """Anything that turns a task and an observation into a command."""

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        """The next command. Raises DecisionCancelled as soon as `cancelled()` is seen to hold."""

    def use(self, codebook: Codebook) -> None:
        """Decide by this codebook from now on."""


class ModelController:
    """Decides with a language model."""

    def __init__(self, engine: Backend, codebook: Codebook, *, sampling: Sampling = GREEDY) -> None:
        self.engine = engine
        self._codebook = codebook
        self._sampling = sampling
        self._habits = GuessHistory()
        self._foresight = Lookahead(engine)

    def use(self, codebook: Codebook) -> None:
        """Decide by this codebook from now on."""
        self._foresight.rest()
        self._codebook = codebook

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        """The command that the model picks among those legal."""
        if (held := reflex_decision(self._codebook, task)) is not None:
            return held
        clock = Stopwatch()
        question = self._question(task, observation)
        clock.lap("legal")
        decision = self._foresight.answer(question, cancelled)
        self._habits.learn(situation_of(observation.last), decision.text)
        return decision.model_copy(
            update={"stage_ms": {**decision.stage_ms, **clock.stage_ms()}, "left_out": question.left_out}
        )

    def look_ahead(self, task: str, observation: Observation, command: Command) -> None:
        """Decide what comes after a command that has begun."""
        self._foresight.look_ahead(partial(self._question, task), self._codebook, observation, command)

    def catch_up(self, longest_s: float) -> None:
        """Wait, but only so long, until what comes next is decided."""
        self._foresight.catch_up(longest_s)

    def rest(self) -> None:
        """Give up what is being decided ahead."""
        self._foresight.rest()

    def _question(self, task: str, observation: Observation) -> Question:
        offered = offer(self._codebook, task, observation)
        hint = Hint(self._habits.expected(situation_of(observation.last)), About(self._codebook, task, observation))
        return Question(offered.prompt, offered.legal.graph, self._sampling, hint, dict(offered.legal.left_out))


def prompt_opening(policy: str, codebook: Codebook) -> str:
    """What every prompt of a policy and a codebook begins with: to be read ahead of the first decision."""
    return plan_system(codebook) if policy == "plan" else stable_text(codebook)


def model_controller(
    engine: Backend,
    codebook: Codebook,
    *,
    policy: str = BEST_POLICY,
    sampling: Sampling = GREEDY,
    sure: float = SURE,
) -> Controller:
    """The controller of a policy, as `policy_for` takes it, and raising what that does. What the model is less sure of
    than `sure` is not carried out.
    """
    policy = policy_for(engine.adapter, policy)
    if policy == "direct":
        return ModelController(engine, codebook, sampling=sampling)
    return PlanController(engine, codebook, sampling=sampling, sure=sure)


class RandomController:
    """Picks a skill at random, then every argument; the same context, seed and step give the same ones."""

    def __init__(self, codebook: Codebook, seed: int = 0) -> None:
        self._codebook = codebook
        self._seed = seed

    def use(self, codebook: Codebook) -> None:
        """Decide by this codebook from now on."""
        self._codebook = codebook

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        """A command at random. It takes no time, so that `cancelled` is not asked."""
        del cancelled
        if (held := reflex_decision(self._codebook, task)) is not None:
            return held
        clock = Stopwatch()
        offered = offer(self._codebook, task, observation)
        graph = offered.legal.graph
        clock.lap("legal")
        key = decision_key(
            {
                "prompt": [*offered.prompt, []],  # with the list the lots are those of recorded runs
                "legal": graph_digest(graph),
                "policy": "random/1",
                "seed": self._seed,
                "step": observation.step,
            }
        )
        text, logprob, choices = _draw(graph, random.Random(key))
        clock.lap("decode")
        return Decision(
            text=text,
            logprob=logprob,
            choices=choices,
            left_out=dict(offered.legal.left_out),
            stage_ms=clock.stage_ms(),
            path="random",
            key=key,
        )


def _draw(node: Node, rng: random.Random) -> tuple[str, float, tuple[Choice, ...]]:
    """A text of a graph, drawn edge by edge, with its log-probability and what it was drawn from."""
    text, logprob, choices = "", 0.0, []
    while node is not END:
        count = len(node.edges)
        piece, child = node.edges[rng.randrange(count)]
        if count > 1:
            logprob -= math.log(count)
            options = tuple(Option(text=option, probability=1 / count) for option, _ in node.edges[:TOP])
            choices.append(Choice(after=text, options=options, taken=piece))
        text, node = text + piece, child
    return text, logprob, tuple(choices)


def make_controller(
    kind: str,
    codebook: Codebook,
    *,
    model: str = DEFAULT_MODEL,
    adapter: str = AUTO_ADAPTER,
    seed: int = 0,
    profile: str = AUTO,
    policy: str = BEST_POLICY,
    sampling: Sampling = GREEDY,
    sure: float = SURE,
    device: str = "cpu",
    threads: int | None = None,
    cache: str = NO_CACHE,
    fallback: str = LOCAL,
    progress: Progress = silent,
) -> Controller:
    """A controller of a kind: `llm` (with a model and an adapter) or `random` (with a seed).

    `model` may be the address of one elsewhere; then `fallback` is what decides when that does not answer, `local`, a
    model's name or `hold`, and adapter and profile are of that one. `cache` is where decisions are kept, `off`, `auto`,
    a file or redis://…. A plan that the model is less `sure` of (0 to 1) is not carried out. Raises InputError for
    another kind, policy, address or cache, ModelError where the model or the adapter cannot be had.
    """
    if kind == "random":
        return RandomController(codebook, seed)
    if kind != "llm":
        raise InputError(f"there is no controller '{kind}'{did_you_mean(kind, list(get_args(Kind)))}")
    config = DeciderConfig(
        model=model, adapter=adapter, profile=profile, sampling=sampling, policy=policy, cache=cache, fallback=fallback,
        sure=sure,
    )  # fmt: skip
    return configured_controller(config, codebook, progress, device=device, threads=threads)


def configured_controller(
    config: DeciderConfig, codebook: Codebook, progress: Progress = silent, *, device: str = "cpu",
    threads: int | None = None,
) -> Controller:  # fmt: skip
    """The controller of a config that asks a model. Raises what `make_controller` does."""
    from .open_backend import open_backend

    opened = open_backend(config, progress, device=device, threads=threads)
    return model_controller(
        opened.backend, codebook, policy=opened.info.policy, sampling=config.sampling, sure=config.sure
    )
