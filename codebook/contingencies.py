"""What a plan does next where a command fails: known before it happens, while the command is carried out."""

from dataclasses import dataclass

from .command import Command
from .command_codec import bindings_of, things_in
from .facts import apply
from .observation import Observation, Result
from .plan_executor import PlanExecutor
from .skills import Codebook
from .task_plan import told_command

_FAILS, _FAILS_HALF_WAY = "it fails", "it fails half-way"


@dataclass(frozen=True)
class Contingency:
    """What may go wrong with a command, and what the plan does then, both in words."""

    case: str
    then: str


def contingencies(executor: PlanExecutor, observation: Observation, command: Command) -> tuple[Contingency, ...]:
    """What comes next where the command that `executor` gave for an observation fails: with everything as it was, half
    way (what its effects take away is gone, and what they bring is not there: something slipped), or with one of the
    things that it names out of sight. Cases with the same answer are told together, and half way only where that makes
    a difference. The executor stays as it is.
    """
    codebook = executor.codebook
    if codebook.skills[command.skill].ends is not None:
        return ()
    failed = _failed(observation, command)
    cases = {_FAILS: failed}
    half_way = _half_way(codebook, failed, command)
    if half_way.facts != failed.facts:
        cases[_FAILS_HALF_WAY] = half_way
    cases |= {
        f"{name} is out of sight": _without(failed, name)
        for name in _things(codebook, command)
        if observation.entity(name) is not None
    }
    answers: dict[str, list[str]] = {}
    for case, seen in cases.items():
        answers.setdefault(_answer(executor.copy(), seen, command), []).append(case)
    for alike in answers.values():
        if _FAILS in alike and _FAILS_HALF_WAY in alike:
            alike.remove(_FAILS_HALF_WAY)
    return tuple(Contingency(" or ".join(alike), then) for then, alike in answers.items())


def _answer(executor: PlanExecutor, seen: Observation, command: Command) -> str:
    """What is done where this is seen, and goes on to be seen while the same command is tried again."""
    found, tries = executor.next(seen), 0
    while isinstance(found, Command) and found.text == command.text:
        tries += 1
        found = executor.next(_failed(seen, command))
    then = told_command(found) if isinstance(found, Command) else "this part of the plan is given up"
    return f"again, {tries} more time{'s' if tries > 1 else ''} at most; then {then}" if tries else then


def _failed(observation: Observation, command: Command) -> Observation:
    """What is seen where a command failed and changed nothing."""
    last = Result(command=command.text, status="failed")
    return observation.model_copy(update={"step": observation.step + 1, "last": last})


def _half_way(codebook: Codebook, failed: Observation, command: Command) -> Observation:
    """The same after what the command's effects take away, and without what they bring."""
    taken = [effect for effect in codebook.skills[command.skill].effects if not effect.adds]
    state = codebook.state(failed)
    left = apply(taken, state.facts, state, bindings_of(command))
    return failed.model_copy(update={"facts": tuple(fact for fact in failed.facts if fact in left)})


def _without(observation: Observation, name: str) -> Observation:
    """The same without a thing, and all that is told of it."""
    entities = tuple(entity for entity in observation.entities if entity.id != name)
    facts = tuple(fact for fact in observation.facts if name not in fact.args)
    return observation.model_copy(update={"entities": entities, "facts": facts})


def _things(codebook: Codebook, command: Command) -> list[str]:
    """The things that a command names, in its order."""
    args = codebook.skills[command.skill].args
    return list(dict.fromkeys(thing for name, value in command.args.items() for thing in things_in(args[name], value)))
