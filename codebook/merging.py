"""Commands one after the other that differ in a list of things alone, as one command.

Plans are searched for with the shortest lists, as there are too many longer ones, and as a longer one could hold things
that nobody asked for.
"""

from collections.abc import Mapping, Sequence

from .arguments import ListArgument
from .command import Command, Value
from .command_codec import bindings_of, make_command
from .conditions import holds_for_each
from .effects import apply
from .facts import Fact
from .skills import Codebook
from .state import FactState


def merged(codebook: Codebook, start: FactState, commands: Sequence[Command]) -> tuple[Command, ...]:
    """The same commands from a state on, neighbours made into one where that is legal and comes to the same facts."""
    if not any(codebook.skills[command.skill].has_lists for command in commands):
        return tuple(commands)
    found: list[Command] = []
    before, here = start, start  # the states before and behind the last command that was found
    for command in commands:
        after = here.after(_facts_after(codebook, here, command))
        both = _joined(codebook, found[-1], command) if found else None
        if both is None or not _possible(codebook, before, both) or _facts_after(codebook, before, both) != after.facts:
            found.append(command)
            before = here
        else:
            found[-1] = both
        here = after
    return tuple(found)


def _joined(codebook: Codebook, one: Command, other: Command) -> Command | None:
    """One command for two that differ in one list alone; None where there can be none."""
    if one.skill != other.skill:
        return None
    args: Mapping[str, Value] = one.args
    differ = [name for name, value in args.items() if value != other.args[name]]
    if len(differ) != 1:
        return None
    (name,) = differ
    argument, first, second = codebook.skills[one.skill].args[name], args[name], other.args[name]
    if not isinstance(argument, ListArgument) or not isinstance(first, tuple) or not isinstance(second, tuple):
        return None
    if set(first) & set(second) or len(first) + len(second) > argument.high:
        return None
    return make_command(codebook, one.skill, {**args, name: (*first, *second)})


def _possible(codebook: Codebook, state: FactState, command: Command) -> bool:
    bindings = bindings_of(command)
    return all(holds_for_each(condition, state, bindings) for condition in codebook.skills[command.skill].conjuncts)


def _facts_after(codebook: Codebook, state: FactState, command: Command) -> frozenset[Fact]:
    return apply(codebook.skills[command.skill].effects, state.facts, state, bindings_of(command))
