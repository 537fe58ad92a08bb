"""Plans that are goals alone, as adapters of the first contract were taught to write them: what is to hold in the end.

The planner finds the commands. A goal is written anew where the task changes, and where it says that there is none, or
no plan leads to it, and something else is seen.
"""

from codeword.codebook.command import Command
from codeword.codebook.observation import Observation
from codeword.codebook.planner import SymbolicWorld
from codeword.codebook.pursuit import PATIENCE, Pursuit, idle_command
from codeword.codebook.skills import NOTHING, Codebook
from codeword.codebook.writing import give_up

from .backend import Backend
from .decision import Decision, Note, Stopwatch, decision_key
from .engine import Cancelled, never
from .goal_writer import GoalWriter
from .reflexes import reflex_decision
from .sampling import GREEDY, Sampling
from .sureness import SURE

_NO_EFFECTS = (
    "no skill of the codebook declares effects, and this adapter writes goals alone, which can ask for nothing then: "
    "declare effects, or use --adapter none, which writes commands as well"
)


class GoalController:
    """The model writes the goal, the planner finds the commands over the codebook's own preconditions and effects."""

    def __init__(self, engine: Backend, codebook: Codebook, *, sampling: Sampling = GREEDY, sure: float = SURE) -> None:
        """A goal that the model is less sure of than `sure` (0 to 1) is not gone after."""
        self._codebook = codebook
        self._writer = GoalWriter(engine, sampling, sure)
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
        if (held := reflex_decision(self._codebook, task)) is not None:
            return held
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
                written_goal=written.written_goal, sureness=written.sureness,
            )  # fmt: skip
        planned = total - asked.stage_ms["total"]
        stages = {**asked.stage_ms, "plan": planned, "total": total}
        path = "goal" if asked.path == "decoded" else asked.path
        notes = (*asked.notes, *_holding(self._writer, observation))
        return asked.model_copy(
            update={"text": found.text, "stage_ms": stages, "path": path, "key": key, "notes": notes}
        )

    def _are_gone(self, observation: Observation) -> bool:
        """Whether each fact that is still to come about names something that is not there."""
        wanted, there = self._writer.wanted, {entity.id for entity in observation.entities}
        if wanted is None or wanted.goal.cannot or wanted.goal.groups:
            return False
        left = (*wanted.open(observation), *wanted.ending(observation))
        return not any(there.issuperset(fact.args) for fact in left)

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


def _holding(writer: GoalWriter, observation: Observation) -> tuple[Note, ...]:
    """That a goal holds already when it is written: nothing is done then, which is not to pass for something done."""
    if writer.wanted is not None and not any(skill.effects for skill in writer.wanted.codebook.skills.values()):
        return (Note(kind="hold", text=_NO_EFFECTS),)
    if writer.wanted is None or not writer.wanted.reached(observation):
        return ()
    return (Note(kind="hold", text=f"nothing is done: what is asked for holds already ({writer.goal.told})"),)
