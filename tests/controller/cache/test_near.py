"""Situations nearly the same: the nearest is found, its command fitted to what is there, and only ever a guess."""

from pathlib import Path

import numpy as np
import pytest

from codeword.codebook import Codebook
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.prompt import Prompt
from codeword.controller.cache.cached import Cached
from codeword.controller.cache.near import Near, Renaming, direction
from codeword.controller.cache.opening import SqliteStore
from codeword.controller.engine import Engine
from codeword.controller.model import Floats
from codeword.controller.registry import LocalModel
from codeword.controller.speculation_hint import About, Hint
from tests.controller.cache.test_renaming import TASK, Recorder, seen

EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
RED, BLUE = Renaming("", ("red",)), Renaming("", ("blue",))


def graph_of(*texts: str) -> Node:
    return Node(tuple((text, END) for text in texts))


def test_the_nearest_is_taken_in_the_words_of_here_where_its_own_are_not_legal() -> None:
    near = Near()
    assert near.guess(EAST, RED, graph_of("pick red")) is None
    near.learn(EAST, RED, "pick red")
    near.learn(NORTH, RED, "done")
    between = direction(np.array([EAST, EAST, NORTH]))
    assert near.guess(between, BLUE, graph_of("pick red", "pick blue", "done")) == "pick red"
    assert near.guess(between, BLUE, graph_of("pick blue", "done")) == "pick blue"
    assert near.guess(between, BLUE, graph_of("done")) is None
    assert near.guess(NORTH, BLUE, graph_of("pick blue", "done")) == "done"


def test_only_so_many_are_remembered() -> None:
    near = Near(2)
    for at, text in ((EAST, "one"), (NORTH, "two"), (-EAST, "three")):
        near.learn(at, RED, text)
    assert len(near) == 2
    assert near.guess(-EAST, RED, graph_of("three")) == "three"
    assert near.guess(EAST, RED, graph_of("one", "two")) == "two", "the oldest made room"


def test_a_direction_is_a_unit_vector() -> None:
    assert np.allclose(direction(np.array([[3, 0], [0, 4]], np.float32)), [0.6, 0.8])
    assert not direction(np.zeros((0, 2), np.float32)).any()


@pytest.mark.parametrize("near", [False, True])
def test_what_was_decided_nearby_is_a_guess_and_never_served(tabletop: Codebook, tmp_path: Path, near: bool) -> None:
    def direction_of(prompt: Prompt) -> Floats:
        del prompt
        return EAST

    backend = Recorder()
    cached = Cached(
        backend,  # type: ignore[arg-type]
        SqliteStore(tmp_path / "decisions.sqlite"),
        direction_of=direction_of if near else None,
    )
    graph = graph_of('{"skill":"pick"}')
    for first, place in (("red", "table"), ("green", "held")):  # not the same up to a renaming
        look = seen(first, "white", "blue", place)
        hint = Hint("habit", About(tabletop, TASK.format("red", "blue"), look))
        made = cached.decide(Prompt("system", "task", first), graph, hint=hint)
        assert made.path == "decoded"
    assert backend.guesses == ["habit", '{"skill":"pick"}' if near else "habit"]


def test_an_engine_tells_where_prompts_lie(tiny_quantized: LocalModel) -> None:
    engine = Engine(tiny_quantized, threads=1)
    one, same, other = (
        engine.direction_of(Prompt(system, "task", text))
        for system, text in (("a", "red block on table"), ("b", "red block on table"), ("a", "nothing"))
    )
    assert np.isclose(np.linalg.norm(one), 1)
    assert np.array_equal(one, same), "the codebook is not compared"
    assert one @ other < 0.999
