"""From lessons to tokens, by a model's own tokenizer and the automaton of what is legal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from codeword.codebook.choice_graph import Node
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
