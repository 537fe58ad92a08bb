"""The goal of a task, written by the model: what is to hold in the end.

What is likeliest as a whole is taken, where the model is sure enough of it; where that contradicts itself another, or
as much of it as can be.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from codeword.codebook.absent import replaced
from codeword.codebook.choices import Node
from codeword.codebook.facts import Fact
from codeword.codebook.goals import Goal, goal_facts, goal_graph, goal_prompt, known_words, read_goal
from codeword.codebook.observation import Observation
from codeword.codebook.planner import Plan, SymbolicWorld, plan
from codeword.codebook.skills import Codebook
from codeword.codebook.wanted import Wanted, settled

from .backend import Backend
from .decision import Decision, DecisionCancelled, Note, Stopwatch
from .engine import Cancelled
from .hint import About, Hint
from .likeliest import best
from .reflexes import UNCLEAR
from .sampling import Sampling
from .sureness import SURE, needed, sureness

_DRAWS = 4
"""So many other goals are drawn where no plan leads to the first."""

_SOON = 300
"""So many states are looked at for a plan to a goal before it is let pass; planning itself looks at more."""


class _Asks:
    """Asks a model for the goal of one task in one situation, and knows what that took."""

    def __init__(
        self, engine: Backend, codebook: Codebook, task: str, observation: Observation, cancelled: Cancelled
    ) -> None:
        self.codebook, self.task, self.observation, self.cancelled = codebook, task, observation, cancelled
        self.clock = Stopwatch()
        self.graph = goal_graph(codebook, observation, task)
        self.clock.lap("legal")
        self._engine = engine
        self._made: list[Decision] = []
        self._notes: list[Note] = []
        self.looked: list[Decision] = []
        """What was looked at of all that may be written, each with the probability of the whole of it."""
        self._prompt = goal_prompt(codebook, task, observation)
        self._hint = Hint(about=About(codebook, task, observation, asks="goal"))

    def decide(self, graph: Node, sampling: Sampling) -> Decision:
        """What is written of a graph. Raises DecisionCancelled, with all notes so far."""
        return self._kept(
            lambda: self._engine.decide(self._prompt, graph, self.cancelled, hint=self._hint, sampling=sampling)
        )

    def decide_bare(self, graph: Node) -> Decision:
        """The likeliest of a graph, nothing foretold: what was foretold has been tried. Raises as `decide` does."""
        return self._kept(lambda: self._engine.decide(self._prompt, graph, self.cancelled))

    def _kept(self, decide: Callable[[], Decision]) -> Decision:
        try:
            made = decide()
        except DecisionCancelled as problem:
            raise DecisionCancelled(str(problem), (*self._notes, *problem.notes)) from problem
        self._made.append(made)
        self._notes += made.notes
        return made

    def noted(self, text: str) -> None:
        """Something worth knowing of how the goal was taken."""
        self._notes.append(Note(kind="goal", text=text))

    def settled(self, made: Decision) -> Goal:
        return settled(self.codebook, read_goal(made.text), self.observation)

    def whole(self, made: Decision, wish: Goal) -> Decision:
        """One of the decisions with what all of them took, and with all notes: it began as the first one did."""
        first = self._made[0]
        tokens = made.tokens_forced + made.tokens_chosen
        chosen = len(made.choices) or made.tokens_chosen
        return made.model_copy(
            update={
                "written_goal": wish.text,
                "sureness": sureness(self.codebook, read_goal(made.text), self.observation, self.looked),
                "notes": tuple(self._notes),
                "stage_ms": {**first.stage_ms, **self.clock.stage_ms()},
                "first_token_ms": first.first_token_ms,
                "tokens_cached": first.tokens_cached,
                "cache_level": first.cache_level,
                "path": next((each.path for each in self._made if each.path != "cache"), first.path),
                "tokens_chosen": chosen,
                "tokens_forced": max(0, tokens - chosen),
                "tokens_guessed": sum(each.tokens_guessed for each in self._made),
                "tokens_accepted": sum(each.tokens_accepted for each in self._made),
                "passes": sum(each.passes for each in self._made),
            }
        )


class GoalWriter:
    """Has the model write goals; remembers the last one, and what it was written for."""

    def __init__(self, engine: Backend, sampling: Sampling, sure: float = SURE) -> None:
        """What is written with less than this probability is not gone after."""
        self._engine, self._sampling, self._sure = engine, sampling, sure
        self._task: str | None = None
        self._seen: frozenset[Fact | str] = frozenset()
        self.wanted: Wanted | None = None
        self.written: Decision | None = None
        self.held: str | None = None
        """Why what was written is not gone after; None where it is."""

    @property
    def goal(self) -> Goal:
        """The last goal; an empty one before the first."""
        return Goal(()) if self.wanted is None else self.wanted.goal

    def use(self, codebook: Codebook) -> None:
        """Read the goal by this codebook from now on."""
        if self.wanted is not None:
            self.wanted = Wanted(codebook, self.wanted.goal)

    def knows(self, task: str) -> bool:
        """Whether there is a goal for this task."""
        return task == self._task

    def new_to(self, observation: Observation) -> bool:
        """Whether something else is observed than when the goal was written."""
        return self._seen != _shown(observation)

    def write(self, codebook: Codebook, task: str, observation: Observation, cancelled: Cancelled) -> Decision:
        """Write the goal of a task: of what can be written what is likeliest as a whole. Where it contradicts itself,
        others are drawn by lot if the model may be sure enough of them, and the first that a plan leads to is taken,
        else of the one written what a plan leads to. What was taken last stands where the time is over before.

        What the model is less sure of than it has to be is not gone after, nor is what comes to nothing here: the goal
        is to give up then, and a note of kind `hold` says what would have been done. Raises DecisionCancelled.
        """
        asks = _Asks(self._engine, codebook, task, observation, cancelled)
        try:
            made = self._write(asks)
        except DecisionCancelled:
            if self.written is not None and asks.looked:
                self._held(asks, self.written)
            raise
        return self._held(asks, made)

    def _write(self, asks: _Asks) -> Decision:
        """The goal, however sure the model is of it."""
        task, observation = asks.task, asks.observation
        first = asks.decide(asks.graph, self._sampling)
        asks.looked.append(first)
        self._task, self._seen = task, _shown(observation)
        taken = self._take(asks, first)
        if not self._sampling.temperature:
            taken = self._likelier(asks, first)
        assert self.wanted is not None
        return self._another(asks) if _is_muddled(self.wanted, observation) else taken

    def _held(self, asks: _Asks, made: Decision) -> Decision:
        """In place of a goal that the model is not sure enough of, or that comes to nothing here, take none."""
        assert self.wanted is not None
        wish = self.goal
        if wish.cannot:
            return made
        if not self.wanted.facts(asks.observation) and not wish.denied:
            return self._hold(asks, made, "impossible", f"nothing here can be made so: {wish.told}")
        seen = [entity.id for entity in asks.observation.entities]
        about = {arg for fact in (*self.wanted.facts(asks.observation), *wish.denied) for arg in fact.args}
        if name := replaced(asks.task, about, seen, known_words(asks.codebook, asks.observation)):
            why = f"nothing is done: the task names '{name}', which is not seen, and not what was written: {wish.told}"
            return self._hold(asks, made, "missing", why)
        holds = self.wanted.reached(asks.observation)
        floor = needed(self._sure, holds=holds)
        if made.sureness is None or made.sureness >= floor:
            return made
        how = f"{made.sureness:.0%} sure, and {floor:.0%} is asked for"
        then = "would have been said to hold already" if holds else "would have been gone after"
        return self._hold(asks, made, UNCLEAR, f"nothing is done; this {then}: {wish.told} ({how})")

    def _hold(self, asks: _Asks, made: Decision, reason: str, why: str) -> Decision:
        self.wanted, self.held = Wanted(asks.codebook, Goal((), reason)), reason
        self.written = made.model_copy(update={"notes": (*made.notes, Note(kind="hold", text=why))})
        return self.written

    def _likelier(self, asks: _Asks, first: Decision) -> Decision:
        """Take what is likelier as a whole than what was written first."""
        better = best(asks.decide_bare, asks.graph, first, _logprob, looked=asks.looked)
        if better is not first:
            asks.noted(f"taken in place of what was written first ({self.goal.told}): {asks.settled(better).told}")
        return self._take(asks, better.model_copy(update={"key": first.key}))

    def _another(self, asks: _Asks) -> Decision:
        """In place of a goal that contradicts itself take another that is drawn by lot, or of it what can be."""
        assert self.written is not None
        before, muddled = self.written, self.goal
        refused = {before.text}
        rest = 1.0 if before.logprob is None else 1.0 - math.exp(before.logprob)
        for seed in range(1, _DRAWS + 1 if rest >= self._sure else 1):
            drawn = asks.decide(asks.graph, Sampling(temperature=1.0, seed=self._sampling.seed + seed))
            asks.looked.append(drawn)
            other = asks.settled(drawn)
            is_new = drawn.text not in refused and not other.cannot
            if is_new and _is_ahead(Wanted(asks.codebook, other), asks.observation):
                asks.noted(f"no plan leads to what was written ({muddled.told}); drawn by lot: {other.told}")
                return self._take(asks, drawn)
            refused.add(drawn.text)
        together = _together(asks.codebook, muddled, asks.observation, asks.cancelled)
        if together != muddled:
            asks.noted(f"no plan leads to all of what was written ({muddled.told}); gone after: {together.told}")
        return self._take(asks, before, together)

    def looked_for(self, observation: Observation) -> bool:
        """Whether something that the goal names was not seen when it was written, nor is now."""
        about = {arg for fact in (*self.goal.facts, *self.goal.denied) for arg in fact.args}
        return bool(about.difference(self._seen, (entity.id for entity in observation.entities)))

    def _take(self, asks: _Asks, made: Decision, wished: Goal | None = None) -> Decision:
        """Have what was written, or what is wished of it, for the goal."""
        wish = asks.settled(made) if wished is None else wished
        self.wanted, self.held = Wanted(asks.codebook, wish), None
        self.written = asks.whole(made, wish)
        return self.written


def _logprob(made: Decision) -> float:
    return -math.inf if made.logprob is None else made.logprob


def _is_muddled(wanted: Wanted, observation: Observation) -> bool:
    """Whether facts that can each be brought about cannot hold together: it is certain that no plan leads to them, or
    none is found soon and things would rest on themselves or be at two places.
    """
    if wanted.goal.cannot:
        return False
    found = _plan(wanted, observation)
    if not found.failure or not (found.expanded < _SOON or _contradict(wanted.facts(observation))):
        return False
    return set(wanted.facts(observation)) <= {*goal_facts(wanted.codebook, observation), *observation.facts}


def _together(codebook: Codebook, said: Goal, observation: Observation, cancelled: Cancelled) -> Goal:
    """A goal's facts in their order as far as a plan leads to each together with those before it; a goal of classes as
    it is. Raises DecisionCancelled.
    """
    if said.groups:
        return said
    kept: tuple[Fact, ...] = ()
    for fact in said.facts:
        if cancelled():
            raise DecisionCancelled("the decision was given up before a goal was found that can be")
        if not _plan(Wanted(codebook, replace(said, facts=(*kept, fact))), observation).failure:
            kept = (*kept, fact)
    return replace(said, facts=kept) if kept else said


def _is_ahead(wanted: Wanted, observation: Observation) -> bool:
    """Whether a goal does not hold yet, and a plan leads to it."""
    found = _plan(wanted, observation)
    return not found.failure and bool(found.commands)


def _plan(wanted: Wanted, observation: Observation) -> Plan:
    world = SymbolicWorld.of(wanted.codebook, observation)
    return plan(world, wanted.condition(observation), max_expanded=_SOON)


def _contradict(facts: Iterable[Fact]) -> bool:
    """Whether facts of one name about two things each lead from a thing back to itself, or to two others."""
    pairs = [fact for fact in facts if len(fact.args) == 2]
    follows: dict[tuple[str, str], str] = {(f.name, f.args[0]): f.args[1] for f in pairs}
    if len(follows) < len(pairs):
        return True
    for name, first in follows:
        place = first
        for _ in follows:
            place = follows.get((name, place), "")
            if place == first:
                return True
    return False


def _shown(observation: Observation) -> frozenset[Fact | str]:
    """What goals depend on of an observation: its facts, and what is there."""
    return frozenset((*observation.facts, *(entity.id for entity in observation.entities)))
