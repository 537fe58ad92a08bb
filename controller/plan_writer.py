"""The plan of a task, written by the model once: the likeliest one as a whole, how sure the model is of it, and what
else it considered.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any, NamedTuple

from codeword.codebook.choice_graph import Node
from codeword.codebook.distribution import check_quantified, spelled_out, spread
from codeword.codebook.mutex import Mutexes
from codeword.codebook.observation import Observation
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_numbers import most_or_least, with_signs
from codeword.codebook.plan_prompt import plan_prompt
from codeword.codebook.plan_trace import contradicts_itself, same_outcome, trace
from codeword.codebook.skills import Codebook
from codeword.codebook.task_plan import Achieve, TaskPlan, read_plan

from .backend import Backend
from .decision import Alternative, Choice, Decision, Note
from .engine import Cancelled, never
from .prior.coverage import Coverage, coverage
from .prior.of_task import plan_prior
from .prior.plan_prior import PlanPrior
from .prior.weighted import Weighted
from .rephrase import rephrased
from .sampling import GREEDY, Sampling
from .speculation_hint import About, Hint

# N-best decoding: whole texts, the likeliest first: the ways that were not gone into at a choice, best first.
#
# A decision takes the likeliest word at every choice; what it began with may be followed by nothing that is likely,
# so that another text is likelier as a whole. What a way is worth at most is known before it is gone: the probability
# of what it begins with, since none exceeds one (best-first search with an admissible bound, as in A*). So what
# cannot be better is never decided. Only options that a decision tells of are ways: the likeliest few of each choice.


class Untaken(NamedTuple):
    """Texts that were not gone into: those that begin with `begins`, but not as any of `but` does. What they begin with
    has the probability exp(-cost); `number` puts equals in the order in which they were seen.
    """

    cost: float
    number: int
    begins: str
    but: tuple[str, ...]
    before: tuple[Choice, ...]


class NBest:
    """What else can be written than a decision, one text after the other; each is decided within the graph of those
    that begin as it does.

    A choice tells of its options by words, and one word may begin another ("block", "blocks"): those that begin as the
    longer one are then its texts alone.
    """

    def __init__(self, decide: Callable[[Node], Decision], graph: Node, first: Decision) -> None:
        self._decide, self._graph = decide, graph
        self._ways: list[Untaken] = []
        self._number = 0
        self._branch((), first.choices, 0.0)

    @property
    def bound(self) -> float:
        """No text that was not written yet is likelier: the natural logarithm of a probability; -inf at the end."""
        return -self._ways[0].cost if self._ways else -math.inf

    def next(self) -> Decision | None:
        """The likeliest text within the likeliest of the ways left, its `logprob` and `choices` those of all of it;
        None where that way leads to no text of its own.

        Raises IndexError where no way is left, and what deciding raises.
        """
        way = heapq.heappop(self._ways)
        among = self._graph.beginning(way.begins)
        for other in way.but:
            among = among.without(other)
        if not among.edges:
            return None
        made = self._decide(among)
        self._branch(way.before, made.choices, -way.cost)
        logprob = -math.inf if made.logprob is None else made.logprob - way.cost
        return made.model_copy(update={"logprob": logprob, "choices": (*way.before, *made.choices)})

    def _branch(self, before: Sequence[Choice], choices: Iterable[Choice], so_far: float) -> None:
        """Remember every way not gone into at choices that come after what was chosen before."""
        done = list(before)
        for choice in choices:
            odds = {option.text: option.probability for option in reversed(choice.options)}
            for option, probability in reversed(odds.items()):
                if option != choice.taken and probability > 0:
                    self._number += 1
                    turned = choice.model_copy(update={"taken": option})
                    longer = tuple(choice.after + text for text in odds if text != option and text.startswith(option))
                    cost = -(so_far + math.log(probability))
                    way = Untaken(cost, self._number, choice.after + option, longer, (*done, turned))
                    heapq.heappush(self._ways, way)
            done.append(choice)
            so_far += math.log(odds[choice.taken])


MOST_CONSIDERED = 4
"""The most plans that are written beside the first one, to find a likelier one or to ask the user."""

ENOUGH = 0.6
"""Where no plan is more probable than this, others are looked at: the right one is often among them."""

_MEANT = 0.5
"""Plans that do not contradict themselves have this share of the weight at least, where those that do are slips."""


@dataclass(frozen=True)
class WrittenPlan:
    """A plan, the decision that wrote it, and the plans considered, the likeliest first and this one among them.
    `asked` is the task as it was read (`rephrased`).

    `sure` is the probability that the model gives the plan among all that could be written, in all ways of writing it
    that were looked at (0 to 1); None where a model elsewhere does not tell it.
    """

    plan: TaskPlan
    decision: Decision
    sure: float | None
    considered: tuple[Alternative, ...]
    asked: str = ""


@dataclass(frozen=True)
class ThoughtOf:
    """The decisions that wrote plans, each with what it is taken as, the plans by the probability that the model gives
    them (those written otherwise that mean the same count together), and what the words of their task say of any; None
    where they are not asked.
    """

    made: Sequence[tuple[Decision, TaskPlan]]
    weights: dict[TaskPlan, float]
    covered: Coverage | None

    @staticmethod
    def of(made: Sequence[tuple[Decision, TaskPlan]], prior: PlanPrior | None, covered: Coverage | None) -> "ThoughtOf":
        """What some decisions come to."""
        weights: dict[TaskPlan, float] = {}
        for decision, plan in made:
            weights[plan] = weights.get(plan, 0.0) + _weight(decision, prior)
        return ThoughtOf(made, weights, covered)

    def left(self, codebook: Codebook) -> dict[TaskPlan, float]:
        """What is left to each plan of its weight beside the others, by how well it covers the words of the task."""
        return dict(self.weights) if self.covered is None else self.covered.shared(codebook, self.weights)

    def best(self, codebook: Codebook) -> tuple[TaskPlan, float]:
        """The plan that covers the task best, and how sure the model is of it: the lower of its two readings."""
        left = self.left(codebook)
        best = max(left, key=lambda plan: left[plan])
        return best, min(self.weights[best], left[best])


class PlanWriter:
    """Has a model write plans."""

    def __init__(self, engine: Backend, sampling: Sampling) -> None:
        self._engine, self._sampling = engine, sampling

    def write(
        self,
        codebook: Codebook,
        task: str,
        observation: Observation,
        cancelled: Cancelled,
        *,
        done: Sequence[str] = (),
        sure: float = 0.0,
    ) -> WrittenPlan:
        """Write the plan of a task, without what its speaker took back and in the order of doing; `done` are the items
        of an earlier plan that are done already.

        Other plans are looked at as long as one of them can be likelier than the best so far, and where the best is
        less sure than ENOUGH or than `sure`, so that there is something to choose from. Where the plan has but some of
        the things that the task speaks of all of, or one that it leaves out, it is written for each of them by name.
        Raises DecisionCancelled.
        """
        enough = max(sure, ENOUGH)
        if (asked := rephrased(codebook, task, observation)) != task:
            note = Note(kind="task", text=f"the task was taken as: {asked}")
            written = self._written(codebook, asked, observation, cancelled, done, enough)
            told = written.decision.model_copy(update={"notes": (note, *written.decision.notes)})
            return replace(written, decision=told, asked=asked)
        return replace(self._written(codebook, task, observation, cancelled, done, enough), asked=task)

    def _written(
        self, codebook: Codebook, task: str, observation: Observation, cancelled: Cancelled, done: Sequence[str],
        enough: float,
    ) -> WrittenPlan:  # fmt: skip
        written = _chosen(
            codebook, observation, self._made(codebook, task, observation, cancelled, done, enough), enough
        )
        if not check_quantified(codebook, task, observation, written.plan):
            return written
        if (text := spelled_out(codebook, task, observation)) == task:
            return written
        again = _chosen(codebook, observation, self._made(codebook, text, observation, cancelled, done, enough), enough)
        return replace(again, decision=_both(written.decision, again.decision, f"the task was taken as: {text}"))

    def thought_of(self, codebook: Codebook, task: str, observation: Observation) -> ThoughtOf:
        """The plans that are looked at for a task."""
        task = rephrased(codebook, task, observation)
        return self._made(codebook, task, observation, never, (), ENOUGH)

    def _made(
        self, codebook: Codebook, task: str, observation: Observation, cancelled: Cancelled, done: Sequence[str],
        enough: float,
    ) -> ThoughtOf:  # fmt: skip
        there = [entity.id for entity in observation.entities]
        prompt = plan_prompt(codebook, task, observation, done)
        graph = plan_graph(codebook, observation, task)
        prior, covered = None, None
        if (trust := self._engine.adapter.trust) is not None:
            prior = plan_prior(codebook, task, observation, trust)
            graph, covered = Weighted.of(graph, prior), coverage(codebook, task, observation, prior)
        hint = Hint(about=About(codebook, task, observation, asks="plan"))

        def read(decision: Decision) -> TaskPlan:
            plan = with_signs(codebook, task, there, read_plan(codebook, decision.text))
            plan = most_or_least(codebook, task, there, plan)
            return spread(codebook, task, observation, plan)

        def bare(within: Node) -> Decision:
            return self._engine.decide(prompt, within, cancelled)

        first = self._engine.decide(prompt, graph, cancelled, hint=hint, sampling=self._sampling)
        thought = ThoughtOf.of([(first, read(first))], prior, covered)
        if first.logprob is not None and not self._sampling.temperature:
            others = NBest(bare, graph, first)
            for _ in range(MOST_CONSIDERED):
                best, sure = thought.best(codebook)
                if exp(others.bound) <= thought.weights[best] and sure >= enough:
                    break
                other = others.next() if exp(others.bound) > 0 else None
                if other is None:
                    break
                thought = ThoughtOf.of([*thought.made, (other, read(other))], prior, covered)
        return thought


def ask_for_plan(
    engine: Backend, codebook: Codebook, task: str, observation: Observation, sampling: Sampling = GREEDY
) -> tuple[TaskPlan, float | None]:
    """The plan that a model writes for a task, of which nothing is carried out, and how sure it is of it (0 to 1; None
    where it does not tell).
    """
    written = PlanWriter(engine, sampling).write(codebook, task, observation, never)
    return written.plan, written.sure


def _chosen(codebook: Codebook, observation: Observation, thought: ThoughtOf, enough: float) -> WrittenPlan:
    """The likeliest of some plans, held against the words of the task as a whole. Where none is more probable than
    `enough` by itself, those that contradict themselves do not count, and those count together that come to the same
    here: a goal, and the command that brings it about. How well a plan covers the task, and what a prior says of it as
    a whole, makes it no surer than the model is.
    """
    made, texts = [decision for decision, _ in thought.made], dict[TaskPlan, Decision]()
    for decision, plan in thought.made:
        texts.setdefault(plan, decision)
    if max(thought.weights.values()) < enough:
        weights = _of_outcomes(codebook, observation, _meant(codebook, observation, thought.weights))
        thought = replace(thought, weights=weights)
    left = thought.left(codebook)
    ranked = sorted(left, key=lambda plan: -left[plan])
    best, probable = thought.best(codebook)
    first, told = made[0], probable / left[best]
    considered = tuple(
        Alternative(plan=plan.text, told=plan.told, probability=min(1.0, told * left[plan])) for plan in ranked
    )
    costs: dict[str, Any] = {
        "key": first.key,
        "stage_ms": _summed(one.stage_ms for one in made),
        "first_token_ms": first.first_token_ms,
        "tokens_cached": first.tokens_cached,
        "cache_level": first.cache_level,
        "path": next((one.path for one in made if one.path != "cache"), first.path),
        "passes": sum(one.passes for one in made),
        "notes": tuple(note for one in made for note in one.notes),
    }
    if read_plan(codebook, texts[best].text) != best:
        costs["notes"] = (*costs["notes"], Note(kind="task", text=f"taken as: {best.told}"))
    sure = None if first.logprob is None else considered[0].probability
    return WrittenPlan(best, texts[best].model_copy(update=costs), sure, considered)


def _both(first: Decision, second: Decision, why: str) -> Decision:
    """The second decision, with what both took, and why there are two."""
    return second.model_copy(
        update={
            "stage_ms": _summed((first.stage_ms, second.stage_ms)),
            "first_token_ms": first.first_token_ms,
            "passes": first.passes + second.passes,
            "notes": (*first.notes, Note(kind="task", text=why), *second.notes),
        }
    )


def _meant(codebook: Codebook, observation: Observation, weights: dict[TaskPlan, float]) -> dict[TaskPlan, float]:
    """The plans without those that contradict themselves, whose weight is spread over all others; as they were where
    such plans have most of it, for then it may be the task that contradicts itself.
    """
    if not any(isinstance(item, Achieve) for plan in weights for item in plan.items):
        return weights
    mutexes = Mutexes(codebook, observation)
    never = {plan for plan in weights if contradicts_itself(codebook, plan, observation, mutexes)}
    rest = 1.0 - sum(weights[plan] for plan in never)
    if not never or len(never) == len(weights) or rest < _MEANT:
        return weights
    return {plan: weight / rest for plan, weight in weights.items() if plan not in never}


def _of_outcomes(codebook: Codebook, observation: Observation, weights: dict[TaskPlan, float]) -> dict[TaskPlan, float]:
    """The likeliest plan of each outcome, with the weight of all that come to it; those that leave nothing to be done
    have only that in common.
    """
    found: dict[TaskPlan, float] = {}
    for plan in sorted(weights, key=lambda plan: -weights[plan]):
        does = plan.cannot or trace(codebook, plan, observation).commands
        same = next((other for other in found if does and same_outcome(codebook, other, plan, observation)), plan)
        found[same] = found.get(same, 0.0) + weights[plan]
    return found


def _weight(decision: Decision, prior: PlanPrior | None) -> float:
    """The probability of what was written, times what a prior says of it as a whole; 1 where a model elsewhere does not
    tell it.
    """
    if decision.logprob is None:
        return 1.0
    return exp(decision.logprob + (prior.of_whole(decision.text) if prior is not None else 0.0))


def _summed(stages: Iterable[dict[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in stages:
        for name, ms in one.items():
            found[name] = found.get(name, 0.0) + ms
    return found
