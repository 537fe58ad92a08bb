"""From lessons to tokens, by a model's own tokenizer and the automaton of what is legal."""

from collections.abc import Iterator
from itertools import chain, islice

from codeword.controller.automaton import Automaton
from codeword.controller.tokens import Tokens

from .lessons import Lesson, lessons
from .mixes import easy_mix, split_mix
from .sequences import Branch, Choice, Group


def encode_group(tokens: Tokens, group: list[Lesson]) -> Group:
    """Lessons of one codebook as one group."""
    prefix = tokens.prompt(group[0].prompt).system
    return Group(prefix, tuple(encode(tokens, lesson) for lesson in group))


def encode(tokens: Tokens, lesson: Lesson) -> Branch:
    """A lesson as tokens, and what was open on the way to its answer."""
    prompt = tokens.prompt(lesson.prompt)
    right = [tokens.encode(text) for text in lesson.right]
    taught = tokens.encode(lesson.taught)
    state = Automaton(lesson.graph, tokens.encode).start
    choices = []
    for place, token in enumerate(taught):
        if len(state.next) > 1:
            fits = sorted({r[place] for r in right if r[:place] == taught[:place]})
            choices.append(Choice(place, tuple(fits), tuple(state.next)))
        state = state.next[token]
    refused = tuple(tokens.encode(lesson.refused)) if lesson.refused else ()
    return Branch(prompt.task + prompt.observation, taught, tuple(choices), lesson.kind, lesson.act, refused)


def encoded(tokens: Tokens, seed: int, split: str, *, per_book: int, begin: int = 0, easy: int = 0) -> Iterator[Group]:
    """Groups of lessons without end, from one by its number; the same for the same seed and split. So many at the
    beginning are of easy kinds of task alone."""
    first = islice(lessons(seed, easy_mix(), per_book=per_book, begin=begin), max(0, easy - begin))
    for group in chain(first, lessons(seed, split_mix(split), per_book=per_book, begin=max(easy, begin))):
        yield encode_group(tokens, group)
