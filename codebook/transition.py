"""The transition that a command makes if it succeeds: the codebook's effects, and that all else stays."""

from .command import Command
from .observation import Observation, Result
from .planner import SymbolicWorld
from .skills import Codebook


def predict(codebook: Codebook, observation: Observation, command: Command) -> Observation | None:
    """The observation after a command, as far as prompts tell of it: facts, what is there, and how the command ended.

    Poses and times stay those of before. None after a command that ends the episode.
    """
    skill = codebook.skills[command.skill]
    if skill.ends is not None:
        return None
    facts = SymbolicWorld.of(codebook, observation).facts_after(command)
    last = Result(command=command.text, status="done", duration_s=0.0)
    return observation.model_copy(
        update={"step": observation.step + 1, "facts": tuple(sorted(facts, key=str)), "last": last}
    )


def unshown_effects(codebook: Codebook, before: Observation, command: Command, after: Observation) -> tuple[str, ...]:
    """Which declared effects of a command that was carried out between two looks do not show in the second one, each
    as `at(dock) does not show` or `at(gate) still shows`.
    """
    expected = predict(codebook, before, command)
    if expected is None:
        return ()
    here, seen, told = frozenset(before.facts), frozenset(after.facts), frozenset(expected.facts)
    return (
        *(f"{fact} does not show" for fact in sorted(told - here - seen, key=str)),
        *(f"{fact} still shows" for fact in sorted((here - told) & seen, key=str)),
    )
