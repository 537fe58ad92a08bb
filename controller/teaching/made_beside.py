"""Lessons made by a process of their own while a model learns from those before.

In one process, the small objects of lessons and the tensors of passes, each of another size, cut malloc's memory into
so many pieces that much of the time went into looking for a free one (runtime/guide/teaching.md).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from codeword.codebook.choice_graph import Node
from codeword.codebook.errors import CodewordError
from codeword.codebook.prompt import Prompt
from codeword.controller.automaton import Automaton
from codeword.controller.prior.weighted import bias_of
from codeword.controller.tokens import Tokens

from .plan_lessons import plan_lessons
from .sequences import Branch, Group, OpenToken


class LessonText(Protocol):
    """What a lesson has for a model: its prompt, all that may be written and all of it that is right, and what of that
    is taught. `kind` and `act` are for counting."""

    @property
    def prompt(self) -> Prompt: ...
    @property
    def graph(self) -> Node: ...
    @property
    def right(self) -> tuple[str, ...]: ...
    @property
    def taught(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def act(self) -> str: ...


def encode_group(tokens: Tokens, group: Sequence[LessonText]) -> Group:
    """Lessons of one codebook as one group."""
    prefix = tokens.prompt(group[0].prompt).system
    return Group(prefix, tuple(encode(tokens, lesson) for lesson in group))


def encode(tokens: Tokens, lesson: LessonText) -> Branch:
    """A lesson as tokens, and what was open on the way to its answer."""
    prompt = tokens.prompt(lesson.prompt)
    right = [tokens.encode(text) for text in lesson.right]
    taught = tokens.encode(lesson.taught)
    automaton, bias = Automaton(lesson.graph, tokens.encode), bias_of(lesson.graph, tokens.decode)
    state = automaton.start
    choices = []
    for place, token in enumerate(taught):
        if len(state.next) > 1:
            fits = sorted({r[place] for r in right if r[:place] == taught[:place]})
            added: Sequence[float] = ()
            if bias is not None:
                _, added = bias(taught[:place], [[t, *automaton.forced_run(s)[0]] for t, s in state.next.items()])
            choices.append(OpenToken(place, tuple(fits), tuple(state.next), tuple(round(one, 3) for one in added)))
        state = state.next[token]
    return Branch(prompt.task + prompt.observation, taught, tuple(choices), lesson.kind, lesson.act)


def encoded_for(folder: Path, seed: int, split: str, per_book: int, begin: int) -> Iterator[Group]:
    """`encoded` by the tokenizer in a model's folder: all that another process has to be told."""
    return encoded(Tokens(folder), seed, split, per_book=per_book, begin=begin)


def encoded(tokens: Tokens, seed: int, split: str, *, per_book: int, begin: int = 0) -> Iterator[Group]:
    """Groups of lessons without end, from one by its number; the same for the same seed and split."""
    for some in plan_lessons(seed, split, per_book=per_book, begin=begin):
        yield encode_group(tokens, some)


_SPAWN = get_context("spawn")
_AHEAD = 8
"""So many groups are made before they are asked for."""

Make = Callable[[int], Iterator[Group]]
"""Groups from one by its number on, without end; pickled for the other process."""


def made_beside(make: Make, begin: int) -> Iterator[Group]:
    """The groups that `make` makes from one by its number on. Raises CodewordError where the process dies, and any
    that `make` raises.
    """
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_work, args=(there, make, begin), daemon=True, name="lessons")
    process.start()
    there.close()
    try:
        for _ in range(_AHEAD):
            here.send(None)
        while True:
            try:
                found = here.recv()
            except (EOFError, OSError):
                process.join()
                raise CodewordError(f"the process that makes lessons died (exit {process.exitcode})") from None
            if isinstance(found, CodewordError):
                raise found
            with suppress(OSError):  # it has died: what it made before is learned from first
                here.send(None)
            yield found
    finally:
        here.close()
        process.terminate()
        process.join()


def _work(orders: Connection, make: Make, begin: int) -> None:
    """One group for each order, until nobody listens any more."""
    if hasattr(os, "nice"):
        os.nice(10)  # learning waits for its slower thread
    with suppress(EOFError, OSError, KeyboardInterrupt):
        try:
            for group in make(begin):
                orders.recv()
                orders.send(group)
        except CodewordError as problem:
            orders.send(problem)
