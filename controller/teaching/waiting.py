"""Waiting for what a task names and nobody sees: it may only be hidden, so it is waited for before it is given up.

A decision knows no more of the past than the last command, so the command that waits is the memory: first the shortest
wait, then one twice as long, then no more. Where nothing waits, it is given up at once.
"""

from codeword.codebook import Command, Result, make_command
from codeword.codebook.arguments import ChoiceArgument, NumberArgument

from .codebook_generator import Book


def waits(book: Book) -> tuple[Command, ...]:
    """The commands to wait with, in their order: two, one, or none."""
    name = book.names.skills.get("wait")
    if name is None:
        return ()
    needed = {arg: kind for arg, kind in book.codebook.skills[name].args.items() if kind.default is None}
    if not needed:
        return (make_command(book.codebook, name, {}),)
    ((argument, kind),) = needed.items()
    return tuple(make_command(book.codebook, name, {argument: value}) for value in _values(kind))


def unseen(book: Book, last: Result | None) -> Command:
    """What is right where something that is needed is not seen, by what was done last."""
    ways = waits(book)
    before = next((number for number, command in enumerate(ways) if last and last.command == command.text), None)
    if before is None and not (ways and last and f'"{ways[0].skill}"' in last.command):
        return ways[0] if ways else book.cannot("missing")
    following = len(ways) if before is None else before + 1
    return ways[following] if following < len(ways) else book.cannot("missing")


def _values(kind: object) -> list[int | float | str]:
    """The least value of an argument that is not 0, and twice that or the next one."""
    if isinstance(kind, NumberArgument):
        least, most = max(kind.low, 1), kind.high
        ticks = [least, 2 * least if least < 2 * least <= most else least + 1]
        return [kind.value(tick) for tick in ticks if tick <= most]
    assert isinstance(kind, ChoiceArgument)
    return list(kind.choices[:2])
