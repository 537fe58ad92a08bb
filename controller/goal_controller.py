"""Deciding by goals: the model writes once for a task what is to hold in the end.

Then either the planner finds the commands (policy `goal`), or the model itself, told what is left of it (`mixed`). A
goal is written anew where the task changes, and where it says that there is none, or no plan leads to it, and something
else is seen.
"""

import math
from collections.abc import Callable, Iterable

from codeword.codebook.absent import named
from codeword.codebook.command import Command
from codeword.codebook.doubts import doubt
from codeword.codebook.facts import Fact
from codeword.codebook.goals import Goal, goal_facts, goal_graph, goal_prompt, read_goal
from codeword.codebook.observation import Observation
from codeword.codebook.offer import offer
from codeword.codebook.planner import Plan, SymbolicWorld, plan
from codeword.codebook.pursuit import PATIENCE, Pursuit, idle_command
from codeword.codebook.skills import NOTHING, Codebook
from codeword.codebook.wanted import Wanted, settled
from codeword.codebook.writing import give_up

from .backend import Backend
from .decision import Decision, DecisionCancelled, Note, Stopwatch, decision_key
from .engine import Cancelled, never
from .foresight import Foresight, Question
from .habits import Habits, situation_of
from .hint import About, Hint
from .likeliest import best
from .sampling import GREEDY, Sampling

_DRAWS = 4
"""So many other goals are drawn where no plan leads to the first."""

_SOON = 300
"""So many states are looked at for a plan to a goal before it is let pass; planning itself looks at more."""


def goal_score(codebook: Codebook, task: str, observation: Observation) -> Callable[[Decision], float]:
    """How good a written goal is for a task: its log-probability less what speaks against it."""

    def score(made: Decision) -> float:
        against = doubt(codebook, read_goal(made.text), task, observation)
        return (-math.inf if made.logprob is None else made.logprob) - against

    return score


class GoalWriter:
    """Has the model write goals; remembers the last one, and what it was written for."""

    def __init__(self, engine: Backend, sampling: Sampling) -> None:
        self._engine, self._sampling = engine, sampling
        self._task: str | None = None
        self._seen: frozenset[Fact | str] | None = None
        self._looked_for: frozenset[str] = frozenset()
        self.wanted: Wanted | None = None
        self.written: Decision | None = None

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
        """Write the goal of a task: of what can be written what is likeliest as a whole, doubts counted. Where it
        contradicts itself, others are drawn by lot, and the first that a plan leads to is taken, else of the one
        written what a plan leads to. What was written first stands where the time is over before.

        Raises DecisionCancelled.
        """
        clock = Stopwatch()
        graph = goal_graph(codebook, observation, task)
        clock.lap("legal")
        hint = Hint(about=About(codebook, task, observation, of_goal=True))
        prompt = goal_prompt(codebook, task, observation)
        first = self._engine.decide(prompt, graph, cancelled, hint=hint, sampling=self._sampling)
        self._task, self._seen = task, _shown(observation)
        first_goal, notes = settled(codebook, read_goal(first.text), observation), first.notes
        self._take(codebook, first, first_goal, {**first.stage_ms, **clock.stage_ms()})
        self._looked_for = _not_there(Wanted(codebook, first_goal), observation)
        if not self._sampling.temperature:
            score = goal_score(codebook, task, observation)
            better = best(lambda among: self._engine.decide(prompt, among, cancelled), graph, first, score)
            if better is not first:
                before, first_goal = first_goal, settled(codebook, read_goal(better.text), observation)
                told = f"taken in place of what was written first ({before.told}): {first_goal.told}"
                notes = (*notes, Note(kind="goal", text=told))
                first = better.model_copy(update={"key": first.key, "stage_ms": first.stage_ms})
                self._looked_for = _not_there(Wanted(codebook, first_goal), observation)
        written = self._take(codebook, first, first_goal, {**first.stage_ms, **clock.stage_ms()}, notes)
        if first_goal.cannot == "missing":
            return self._all_there(codebook, task, observation, cancelled, clock)
        if not _is_muddled(Wanted(codebook, first_goal), observation):
            return written
        refused = {first.text}
        for seed in range(1, _DRAWS + 1):
            by_lot = Sampling(temperature=1.0, seed=self._sampling.seed + seed)
            drawn = self._engine.decide(prompt, graph, cancelled, hint=hint, sampling=by_lot)
            other = settled(codebook, read_goal(drawn.text), observation)
            if drawn.text not in refused and not other.cannot and _is_ahead(Wanted(codebook, other), observation):
                told = f"no plan leads to what was written first ({first_goal.told}); drawn by lot: {other.told}"
                note = Note(kind="goal", text=told)
                return self._take(codebook, drawn, other, {**first.stage_ms, **clock.stage_ms()}, (*notes, note))
            refused.add(drawn.text)
        together = _together(codebook, first_goal, observation, cancelled)
        if together != first_goal:
            told = f"no plan leads to all of what was written ({first_goal.told}); gone after: {together.told}"
            notes = (*notes, Note(kind="goal", text=told))
        return self._take(codebook, first, together, {**first.stage_ms, **clock.stage_ms()}, notes)

    def _all_there(
        self, codebook: Codebook, task: str, observation: Observation, cancelled: Cancelled, clock: Stopwatch
    ) -> Decision:
        """The goal that is written where the model must not say that something is missing, if the task names all that
        it is about, and all of that is there; else what was written.
        """
        assert self.written is not None
        graph = goal_graph(codebook, observation, task, giving_up=False)
        hint = Hint(about=About(codebook, task, observation, of_goal=True))
        prompt = goal_prompt(codebook, task, observation)
        second = self._engine.decide(prompt, graph, cancelled, hint=hint, sampling=self._sampling)
        said, there = read_goal(second.text), [entity.id for entity in observation.entities]
        about = {arg for fact in said.facts for arg in fact.args}
        if said.cannot or said.groups or not all(arg in there and named(task, arg, there) for arg in about):
            return self.written
        note = Note(kind="goal", text=f"said to be missing, though all that the task names is there: {said.told}")
        return self._take(
            codebook, second, said, {**self.written.stage_ms, **clock.stage_ms()}, (*self.written.notes, note)
        )

    def looked_for(self, observation: Observation) -> bool:
        """Whether something that the goal names was not seen when it was written, nor is now."""
        return bool(self._looked_for - {entity.id for entity in observation.entities})

    def _take(
        self, codebook: Codebook, made: Decision, wished: Goal, stages: dict[str, float], notes: tuple[Note, ...] = ()
    ) -> Decision:
        self.wanted = Wanted(codebook, wished)
        told = {"stage_ms": stages, "notes": notes or made.notes, "written_goal": wished.text}
        self.written = made.model_copy(update=told)
        return self.written


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
        if not _plan(Wanted(codebook, Goal((*kept, fact))), observation).failure:
            kept = (*kept, fact)
    return Goal(kept) if kept else said


def _not_there(wanted: Wanted, observation: Observation) -> frozenset[str]:
    """What a goal names that is not seen."""
    named = {arg for fact in wanted.goal.facts for arg in fact.args}
    return frozenset(named - {entity.id for entity in observation.entities})


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


class GoalController:
    """The model writes the goal, the planner finds the commands over the codebook's own preconditions and effects."""

    def __init__(self, engine: Backend, codebook: Codebook, *, sampling: Sampling = GREEDY) -> None:
        self._codebook = codebook
        self._writer = GoalWriter(engine, sampling)
        self._pursuit = Pursuit(codebook, NOTHING)
        self._waited = 0

    def use(self, codebook: Codebook) -> None:
        """Decide by this codebook from now on."""
        self._codebook = codebook
        self._writer.use(codebook)
        self._pursuit.use(codebook)

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        """The next command of a plan to the goal; `cannot` where the model says so, or no plan is found again, and
        looking again did not help. Where all that is left to do is about named things that are gone for good, nothing
        else is asked for.
        """
        clock, asked = Stopwatch(), None
        if not self._writer.knows(task):
            asked, self._waited = self._ask(task, observation, cancelled), 0
        found = self._next(observation)
        gone = found == "missing" and self._are_gone(observation)
        if not isinstance(found, Command) and not gone and asked is None and self._writer.new_to(observation):
            asked = self._ask(task, observation, cancelled)
            found = self._next(observation)
        if not isinstance(found, Command):
            waits = found == "missing" and (not gone or self._writer.looked_for(observation))
            again = self._look_again(observation) if waits else None
            found = again or give_up(self._codebook, found)
        written = self._writer.written
        assert written is not None
        facts = sorted(map(str, self._codebook.state(observation).facts))
        key = decision_key({"goal": written.key, "codebook": self._codebook.hash, "facts": facts, "policy": "goal/3"})
        total = clock.stage_ms()["total"]
        if asked is None:
            return Decision(
                text=found.text, logprob=0.0, stage_ms={"plan": total, "total": total}, path="planned", key=key,
                written_goal=self._writer.goal.text,
            )  # fmt: skip
        planned = total - asked.stage_ms["total"]
        stages = {**asked.stage_ms, "plan": planned, "total": total}
        path = "goal" if asked.path == "decoded" else asked.path
        return asked.model_copy(update={"text": found.text, "stage_ms": stages, "path": path, "key": key})

    def _are_gone(self, observation: Observation) -> bool:
        """Whether each fact that is still to come about names something that is not there."""
        wanted, there = self._writer.wanted, {entity.id for entity in observation.entities}
        if wanted is None or wanted.goal.cannot or wanted.goal.groups:
            return False
        return not any(there.issuperset(fact.args) for fact in wanted.open(observation))

    def _look_again(self, observation: Observation) -> Command | None:
        """A command that only lets time pass, a few times for each task: what is missing may be hidden."""
        if self._waited >= PATIENCE:
            return None
        self._waited += 1
        return idle_command(SymbolicWorld.of(self._codebook, observation))

    def _ask(self, task: str, observation: Observation, cancelled: Cancelled) -> Decision:
        made = self._writer.write(self._codebook, task, observation, cancelled)
        self._pursuit = Pursuit(self._codebook, NOTHING)
        return made

    def _next(self, observation: Observation) -> Command | str:
        """The next command, or why there is none."""
        wanted = self._writer.wanted
        assert wanted is not None
        if wanted.goal.cannot:
            return wanted.goal.cannot
        wanted.saw(observation)
        self._pursuit.seek(wanted.condition(observation))
        found = self._pursuit.next(observation)
        return found if isinstance(found, Command) else found.failure


class MixedController:
    """The model writes the goal, and then picks every command with its goal before it."""

    def __init__(self, engine: Backend, codebook: Codebook, *, sampling: Sampling = GREEDY) -> None:
        self._codebook, self._sampling = codebook, sampling
        self._writer = GoalWriter(engine, sampling)
        self._habits = Habits()
        self._foresight = Foresight(engine)

    def use(self, codebook: Codebook) -> None:
        """Decide by this codebook from now on."""
        self._foresight.rest()
        self._codebook = codebook
        self._writer.use(codebook)

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        """The command that the model picks among those legal."""
        clock, asked = Stopwatch(), None
        if self._writer.wanted is not None:
            self._writer.wanted.saw(observation)
        if self._asks_anew(task, observation):
            self._foresight.rest()
            asked = self._writer.write(self._codebook, task, observation, cancelled)
        assert self._writer.wanted is not None
        self._writer.wanted.saw(observation)
        legal_clock = Stopwatch()
        question = self._question(task, observation)
        legal_clock.lap("legal")
        made = self._foresight.answer(question, cancelled)
        self._habits.learn(situation_of(observation.last), made.text)
        stages = {**made.stage_ms, **legal_clock.stage_ms(), "total": clock.stage_ms()["total"]}
        if asked is not None:
            stages["goal"] = asked.stage_ms["total"]
        told = {"left_out": question.left_out, "written_goal": self._writer.goal.text}
        notes = (*(asked.notes if asked is not None else ()), *made.notes)
        return made.model_copy(update={"stage_ms": stages, "notes": notes, **told})

    def look_ahead(self, task: str, observation: Observation, command: Command) -> None:
        """Decide what comes after a command that has begun, as long as the goal need not be written anew."""

        def asking(foretold: Observation) -> Question | None:
            return None if self._asks_anew(task, foretold) else self._question(task, foretold)

        self._foresight.look_ahead(asking, self._codebook, observation, command)

    def catch_up(self, longest_s: float) -> None:
        """Wait, but only so long, until what comes next is decided."""
        self._foresight.catch_up(longest_s)

    def rest(self) -> None:
        """Give up what is being decided ahead."""
        self._foresight.rest()

    def _asks_anew(self, task: str, observation: Observation) -> bool:
        """Whether a goal is to be written: none is known for the task, or something else is seen than when it was given
        up, or than when it spoke of things some of which are gone for good.
        """
        last, wanted = self._writer.goal, self._writer.wanted
        lost = bool(last.groups) and wanted is not None and wanted.missed > PATIENCE
        return not self._writer.knows(task) or ((bool(last.cannot) or lost) and self._writer.new_to(observation))

    def _question(self, task: str, observation: Observation) -> Question:
        assert self._writer.wanted is not None
        offered = offer(self._codebook, task, observation, self._writer.wanted.ahead(observation))
        hint = Hint(self._habits.expected(situation_of(observation.last)), About(self._codebook, task, observation))
        return Question(offered.prompt, offered.legal.graph, self._sampling, hint, dict(offered.legal.left_out))
