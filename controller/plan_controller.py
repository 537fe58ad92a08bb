"""Deciding by plans: the model writes once for a task what is to be done, in order, and plain code carries it out.

Every command after the first costs no model. The rest of a plan is written again, told what is done, where its item
cannot be carried out and something else is seen than when it was written.
"""

from typing import Any

from codeword.codebook.command import Command
from codeword.codebook.command_codec import give_up
from codeword.codebook.distribution import check_quantified
from codeword.codebook.errors import CommandError
from codeword.codebook.facts import Fact
from codeword.codebook.observation import Observation
from codeword.codebook.plan_executor import PlanExecutor
from codeword.codebook.plan_numbers import check_numbers
from codeword.codebook.reflexes import condition
from codeword.codebook.skills import Codebook
from codeword.codebook.task_plan import UNCLEAR, TaskPlan, check_things

from .ambiguity import check_ambiguous
from .backend import Backend
from .decision import Decision, Note, Stopwatch, decision_key, reflex_decision
from .engine import Cancelled, never
from .plan_writer import PlanWriter, WrittenPlan
from .sampling import GREEDY, Sampling

_POLICY = "plan/1"
_SHOWN = 2
MOST_REWRITTEN = 3
"""The most times that the rest of a task's plan is written again."""


class PlanController:
    """The model writes a plan; commands follow from it, from the codebook's effects and from what is seen.

    Below the probability `sure` (0 to 1) nothing is done: the episode ends as not understood, and the likeliest plans
    are told. Nor is anything done where the numbers of the plan are not those of the task.
    """

    def __init__(
        self,
        engine: Backend,
        codebook: Codebook,
        *,
        sampling: Sampling = GREEDY,
        sure: float = 0.0,
    ) -> None:
        self._codebook, self._sure = codebook, sure
        self._writer = PlanWriter(engine, sampling)
        self._task: str | None = None
        self._seen: frozenset[Fact | str] = frozenset()
        self._written: WrittenPlan | None = None
        self._executor = PlanExecutor(codebook, TaskPlan(()))
        self._done: tuple[str, ...] = ()
        self._notes: tuple[Note, ...] = ()
        self._rewritten = 0
        self._is_stale = False

    def use(self, codebook: Codebook) -> None:
        """Decide by this codebook from now on; the rest of the plan is written again where it is none by it."""
        self._codebook = codebook
        try:
            self._executor.use(codebook)
        except CommandError:
            self._is_stale = True

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        """The next command of the plan, `done` behind its last item; `cannot` where the model says so, is not sure
        enough, or an item cannot be carried out.
        """
        if (held := reflex_decision(self._codebook, task)) is not None:
            return held
        clock, asked = Stopwatch(), None
        if task != self._task:
            asked, self._rewritten = self._write(task, observation, cancelled, ()), 0
        elif self._is_stale:
            asked = self._write(task, observation, cancelled, (*self._done, *self._executor.done))
        found = self._executor.next(observation)
        if not isinstance(found, Command) and asked is None and self._may_write_again(observation):
            asked = self._write(task, observation, cancelled, (*self._done, *self._executor.done))
            self._rewritten += 1
            found = self._executor.next(observation)
        command = found if isinstance(found, Command) else give_up(self._codebook, found)
        if not isinstance(found, Command):
            self._notes = (*self._notes, *_why_given_up(self._executor))
        return self._decision(command, asked, clock, observation)

    def _may_write_again(self, observation: Observation) -> bool:
        """Whether something else is seen than when the plan was written, and that was not so too often."""
        return self._rewritten < MOST_REWRITTEN and self._seen != _shown(observation)

    def _write(self, task: str, observation: Observation, cancelled: Cancelled, done: tuple[str, ...]) -> WrittenPlan:
        written = self._writer.write(self._codebook, task, observation, cancelled, done=done, sure=self._sure)
        self._task, self._seen, self._written, self._done = task, _shown(observation), written, done
        self._is_stale = False
        refusal, self._notes = self._checked(written.asked, observation, written)
        self._executor = PlanExecutor(self._codebook, TaskPlan((), refusal) if refusal else written.plan)
        return written

    def _checked(self, task: str, observation: Observation, written: WrittenPlan) -> tuple[str, tuple[Note, ...]]:
        """Why a plan is not carried out, as a reason for `cannot`, empty where it is; and what is told of it."""
        if written.plan.cannot:
            return "", ()
        if written.sure is not None and written.sure < self._sure:
            others = "; or ".join(f"{one.told} ({one.probability:.0%})" for one in written.considered[:_SHOWN])
            why = f"not sure enough to act ({written.sure:.0%}; at least {self._sure:.0%} is asked for): {others}"
            return UNCLEAR, (Note(kind="unsure", text=why),)
        if when := condition(task):
            why = f"a plan is carried out once and now; give the task when it is to be: '{when}'"
            return UNCLEAR, (Note(kind="condition", text=f"not carried out: {why} ({written.plan.told})"),)
        if why := check_ambiguous(self._codebook, task, observation, written.plan):
            return UNCLEAR, (Note(kind="ambiguous", text=f"not carried out: {why} ({written.plan.told})"),)
        if why := check_quantified(self._codebook, task, observation, written.plan):
            return UNCLEAR, (Note(kind="quantifier", text=f"not carried out: {why} ({written.plan.told})"),)
        there = [entity.id for entity in observation.entities]
        numbers = check_numbers(self._codebook, task, there, written.plan)
        if numbers.refusal:
            return UNCLEAR, (Note(kind="numbers", text=f"not carried out: {numbers.refusal} ({written.plan.told})"),)
        return "", tuple(Note(kind="numbers", text=rounded) for rounded in numbers.rounded)

    def _decision(
        self, command: Command, asked: WrittenPlan | None, clock: Stopwatch, observation: Observation
    ) -> Decision:
        written, executor = self._written, self._executor
        assert written is not None
        facts = sorted(map(str, self._codebook.state(observation).facts))
        context = {"written": written.decision.key, "codebook": self._codebook.hash, "facts": facts, "policy": _POLICY}
        key = decision_key(context | _progress(executor, observation) | {"sure": self._sure, "done": self._done})
        plan, item, sure = written.plan.text, executor.at, written.sure
        total = clock.stage_ms()["total"]
        if asked is None:
            return Decision(
                text=command.text, logprob=0.0, stage_ms={"plan": total, "total": total}, path="planned", key=key,
                plan=plan, item=item, sureness=sure, notes=self._taken_notes(),
            )  # fmt: skip
        stages = {**asked.decision.stage_ms, "plan": total - asked.decision.stage_ms["total"], "total": total}
        path = "plan" if asked.decision.path == "decoded" else asked.decision.path
        told = {"plan": plan, "item": item, "sureness": sure, "considered": asked.considered, "done": self._done}
        told |= {"text": command.text, "stage_ms": stages, "path": path, "key": key}
        return asked.decision.model_copy(update=told | {"notes": (*asked.decision.notes, *self._taken_notes())})

    def _taken_notes(self) -> tuple[Note, ...]:
        """What is to be told with this decision, once."""
        notes, self._notes = self._notes, ()
        return notes


class GivenPlan:
    """Carries out a plan that somebody gave for a task; no model is asked, whatever the task says."""

    def __init__(self, codebook: Codebook, plan: TaskPlan) -> None:
        self._codebook, self._plan = codebook, plan
        self._executor = PlanExecutor(codebook, plan)
        self._began = False
        self._notes: tuple[Note, ...] = ()

    def use(self, codebook: Codebook) -> None:
        """Decide by this codebook from now on; where the plan is none by it, it is given up."""
        self._codebook = codebook
        try:
            self._executor.use(codebook)
        except CommandError as problem:
            self._executor = PlanExecutor(codebook, TaskPlan((), "impossible"))
            self._notes = (Note(kind="plan", text=f"the plan is none by the edited codebook: {problem}"),)

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        """The next command of the plan, `done` behind its last item; `cannot` where an item cannot be carried out."""
        del cancelled
        if (held := reflex_decision(self._codebook, task)) is not None:
            return held
        clock = Stopwatch()
        if not self._began:
            self._begin(observation)
        found = self._executor.next(observation)
        command = found if isinstance(found, Command) else give_up(self._codebook, found)
        if not isinstance(found, Command):
            self._notes = (*self._notes, *_why_given_up(self._executor))
        facts = sorted(map(str, self._codebook.state(observation).facts))
        context = {"codebook": self._codebook.hash, "facts": facts, "policy": "given/1"}
        key = decision_key(context | _progress(self._executor, observation))
        notes, self._notes = self._notes, ()
        total = clock.stage_ms()["total"]
        return Decision(
            text=command.text, logprob=0.0, stage_ms={"plan": total, "total": total}, path="planned", key=key,
            plan=self._plan.text, item=self._executor.at, notes=notes,
        )  # fmt: skip

    def _begin(self, observation: Observation) -> None:
        """Give the plan up before anything moves where a thing that it names is not there."""
        self._began = True
        try:
            check_things(self._codebook, self._plan, observation)
        except CommandError as problem:
            self._executor = PlanExecutor(self._codebook, TaskPlan((), "missing"))
            self._notes = (Note(kind="plan", text=f"nothing is done: {problem}"),)


def _why_given_up(executor: PlanExecutor) -> tuple[Note, ...]:
    """What is told where an item cannot be carried out."""
    planner = (gave_up_note(executor.gave_up),) if executor.gave_up else ()
    return (*planner, Note(kind="plan", text=executor.unshown)) if executor.unshown else planner


def gave_up_note(looked_at: int) -> Note:
    """What is told where the planner found no way, and it is not proved that there is none."""
    return Note(
        kind="planner", text=f"the planner gave up after {looked_at:,} states; that is no proof that there is no way"
    )


def _progress(executor: PlanExecutor, observation: Observation) -> dict[str, Any]:
    """What the next command of a plan depends on beside facts: how far it is, how the last one ended, what is there."""
    last = observation.last
    return {
        "plan": executor.plan.text,
        "at": executor.at,
        "items_done": executor.done,
        "failures": executor.failures,
        "last": None if last is None else [last.command, last.status],
        "there": sorted(entity.id for entity in observation.entities),
    }


def _shown(observation: Observation) -> frozenset[Fact | str]:
    """What plans depend on of an observation: its facts, and what is there."""
    return frozenset((*observation.facts, *(entity.id for entity in observation.entities)))
