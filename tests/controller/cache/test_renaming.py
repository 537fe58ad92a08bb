"""The same situation in other words: found, and only ever a guess."""

from pathlib import Path

import numpy as np
import pytest

from codeword.codebook import Codebook, Observation, load_codebook, parse_codebook
from codeword.codebook.action_space import legal
from codeword.codebook.choice_graph import Node
from codeword.codebook.prompt import Prompt
from codeword.controller import Decision
from codeword.controller.adapter import NONE, Adapter
from codeword.controller.cache.cached import Cached
from codeword.controller.cache.near import renaming
from codeword.controller.cache.opening import SqliteStore
from codeword.controller.controller import model_controller
from codeword.controller.engine import Cancelled, never
from codeword.controller.sampling import Sampling
from codeword.controller.speculation_hint import NO_HINT, About, Hint
from tests.observations import observe


def seen(first: str, second: str, bowl: str, place: str = "table", zone: str = "left_zone") -> Observation:
    """Two blocks and a bowl of those colors, as the tabletop reports them."""
    looked = observe({f"{first}_block": place, f"{second}_block": "table"}, (f"{bowl}_bowl",), (zone,))
    colored = [
        entity.model_copy(update={"properties": {"color": entity.id.partition("_")[0]}})
        if entity.kind in ("block", "bowl")
        else entity
        for entity in looked.entities
    ]
    return looked.model_copy(update={"entities": tuple(colored)})


TASK = "Put the {} block in the {} bowl."


def test_other_colors_are_the_same_situation(tabletop: Codebook) -> None:
    one = renaming(tabletop, TASK.format("red", "blue"), seen("red", "green", "blue"))
    other = renaming(tabletop, TASK.format("Pink", "cyan"), seen("pink", "white", "cyan"))
    assert one.key == other.key
    text = one.away('{"skill":"pick","object":"red_block"}')
    assert text == '{"skill":"pick","object":"<0>_block"}'
    assert other.back(text) == '{"skill":"pick","object":"pink_block"}'
    assert one.back(text) == '{"skill":"pick","object":"red_block"}'
    assert one.back("<7> <99999999999> <x>") == "<7> <99999999999> <x>"


def test_what_differs_in_more_than_its_words_is_another(tabletop: Codebook) -> None:
    task = TASK.format("red", "blue")
    names = {
        renaming(tabletop, task, seen("red", "green", "blue")).key,
        renaming(tabletop, TASK.format("green", "blue"), seen("red", "green", "blue")).key,
        renaming(tabletop, task, seen("red", "blue", "blue")).key,
        renaming(tabletop, task, seen("red", "green", "red")).key,
        renaming(tabletop, task, seen("red", "green", "blue", "held")).key,
        renaming(tabletop, task, seen("red", "green", "blue", zone="right_zone")).key,
        renaming(tabletop, f"{task} Now!", seen("red", "green", "blue")).key,
        renaming(load_codebook("workbench"), task, seen("red", "green", "blue")).key,
    }
    assert len(names) == 8


def test_colors_that_a_computed_fact_tells_apart_are_not_the_same() -> None:
    book = load_codebook("colors")
    warm = [d.name for d in book.derived.values() if len(d.places) == 1 and d.condition.properties()]
    assert warm, "the codebook tells colors apart"
    task = "Put all blocks of warm colors into the blue bowl."
    red, yellow, orange = (
        renaming(book, task, seen(color, "cyan", "blue")).key for color in ("red", "yellow", "orange")
    )
    assert red == yellow != orange, "orange is warm like the others, but not primary"


class Recorder:
    """A backend that takes the first legal text, and notes what it was told to expect."""

    def __init__(self) -> None:
        self.guesses: list[str | None] = []

    @property
    def adapter(self) -> Adapter:
        return NONE

    def key_of(self, prompt: Prompt, graph: Node, sampling: Sampling | None = None) -> str:
        del graph, sampling
        return f"{abs(hash(prompt)):064x}"

    def decide(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled = never,
        *,
        hint: Hint = NO_HINT,
        sampling: Sampling | None = None,
    ) -> Decision:
        del cancelled
        self.guesses.append(hint.guess)
        text = next(text for text in graph.texts() if "pick" in text)
        return Decision(text=text, logprob=0.0, stage_ms={}, path="decoded", key=self.key_of(prompt, graph, sampling))

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        del system, cancelled

    def settle(self) -> None: ...


@pytest.mark.parametrize("poison", [None, '{"skill":"pick","object":"tenth_block"}', "<0>", "x" * 300_000])
def test_what_was_decided_in_other_words_is_a_guess_and_never_served(
    tabletop: Codebook, tmp_path: Path, poison: str | None
) -> None:
    recorder, store = Recorder(), SqliteStore(tmp_path / "decisions.sqlite")
    cached = Cached(recorder, store)
    controller = model_controller(cached, tabletop, policy="direct")
    first = controller.decide(TASK.format("red", "blue"), seen("red", "green", "blue"))
    if poison is not None:
        for key in store_keys(store):
            store.put(key, poison)
    fresh = Cached(recorder, store)
    again = model_controller(fresh, tabletop, policy="direct")
    second = again.decide(TASK.format("pink", "cyan"), seen("pink", "white", "cyan"))
    assert (first.text, second.text) == (
        '{"skill":"pick","object":"red_block"}', '{"skill":"pick","object":"pink_block"}'
    )  # fmt: skip
    assert second.path == "decoded"
    assert recorder.guesses == [None, second.text if poison is None else None]
    store.close()


def test_a_plan_is_no_guess_for_a_command_nor_one_situation_for_another(tabletop: Codebook, tmp_path: Path) -> None:
    recorder, store = Recorder(), SqliteStore(tmp_path / "decisions.sqlite")
    cached = Cached(recorder, store)
    graph = legal(tabletop, seen("red", "green", "blue")).graph
    here, elsewhere = seen("red", "green", "blue"), seen("red", "green", "blue", "held")
    for number, about in enumerate((
        About(tabletop, TASK, here), About(tabletop, TASK, here, asks="plan"), About(tabletop, TASK, elsewhere),
        About(tabletop, TASK, here),
    )):  # fmt: skip
        cached.decide(Prompt("system", "task", str(number)), graph, hint=Hint(about=about))
    assert [guess is None for guess in recorder.guesses] == [True, True, True, False]
    store.close()


def store_keys(store: SqliteStore) -> list[str]:
    """Every key in a store."""
    import sqlite3

    with sqlite3.connect(store.path) as theirs:
        keys = [str(key) for (key,) in theirs.execute("SELECT key FROM entries")]
    theirs.close()
    return keys


SPEAKER = """\
codebook: speaker
robot: {robot: speaker, primitives: {say: {description: speak}}}
entities: [block, bowl, zone, table]
skills:
  say: {description: say words, args: {text: {text: {max_words: 2}}}}
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
"""


class Speaker(Recorder):
    """Says the longest thing that it may."""

    def decide(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled = never,
        *,
        hint: Hint = NO_HINT,
        sampling: Sampling | None = None,
    ) -> Decision:
        del cancelled
        self.guesses.append(hint.guess)
        text = max((text for text in graph.texts() if "text" in text), key=len)
        return Decision(text=text, logprob=0.0, stage_ms={}, path="decoded", key=self.key_of(prompt, graph, sampling))


@pytest.mark.parametrize("near", [False, True])
def test_words_of_another_task_are_neither_served_nor_guessed(tmp_path: Path, near: bool) -> None:
    book, speaker = parse_codebook(SPEAKER), Speaker()
    store = SqliteStore(tmp_path / "decisions.sqlite")
    here = np.array([1.0, 0.0], np.float32)
    cached = Cached(speaker, store, (lambda _: here) if near else None)
    said = [("red", "red morning"), ("red", "blue evening"), ("pink", "pink morning"), ("red", "red morning")]
    made, expected = [], [f'{{"skill":"say","text":"{text}"}}' for _, text in said]
    for first, text in said:
        controller = model_controller(cached, book, policy="direct")
        made.append(controller.decide(f"say {text}", seen(first, "blue", "white")))
    assert [one.text for one in made] == expected
    assert [one.path for one in made] == ["decoded", "decoded", "decoded", "cache"]
    assert speaker.guesses == [None, None, expected[2]], "words of another task are no guess, those of this one are"
    store.close()
