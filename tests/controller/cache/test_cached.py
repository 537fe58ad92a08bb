"""A cache before a backend: the same decisions, sooner; and nothing of what a store says is believed."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Observation, legal, parse_codebook
from codeword.controller import Decision
from codeword.controller.cache.cached import Cached
from codeword.controller.cache.entries import CacheEntry
from codeword.controller.cache.opening import SqliteStore
from codeword.controller.controller import model_controller
from codeword.controller.decider_config import POLICIES
from codeword.controller.decision import DecisionCancelled
from codeword.controller.engine import Engine
from codeword.controller.registry import LocalModel
from codeword.controller.sampling import Sampling
from tests.observations import observe

TASK = "Put the red block in the blue bowl."


@pytest.fixture(scope="module")
def engine(tiny_quantized: LocalModel) -> Engine:
    return Engine(tiny_quantized)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "decisions.sqlite")
    yield made
    made.close()


def observations(count: int) -> list[Observation]:
    """Different ones, small: goals of large ones take long to compile."""
    places = ("table", "held", "blue_bowl", "left_zone", "green_block")
    return [
        observe({"green_block": "table", "red_block": place}, ("blue_bowl",), ("left_zone",))
        for place in places[:count]
    ]


def essence(decision: Decision) -> tuple[object, str]:
    return decision.essence(), decision.logprob.hex()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("sampling", [Sampling(), Sampling(0.8, seed=4)], ids=["greedy", "at random"])
def test_what_is_served_equals_what_is_decided(
    engine: Engine, store: SqliteStore, tabletop: Codebook, policy: str, sampling: Sampling
) -> None:
    def decide(backend: Engine | Cached) -> list[Decision]:
        controller = model_controller(backend, tabletop, policy=policy, sampling=sampling)
        return [controller.decide(TASK, seen) for seen in observations(5)]

    plain, cold, warm = decide(engine), decide(Cached(engine, store)), decide(Cached(engine, store))
    assert [essence(one) for one in plain] == [essence(one) for one in cold] == [essence(one) for one in warm]
    if policy == "plan":
        assert (warm[0].path, warm[0].passes, cold[0].path) == ("cache", 0, "plan")
    else:
        assert {one.path for one in warm} == {"cache"}
        assert sum(one.passes for one in warm) == 0
        assert sum(one.passes for one in cold) > 0, "one way to a goal may be all there is"
        assert {"key", "lookup", "legal", "total"} <= warm[0].stage_ms.keys()
    notes = [[note.text for note in one.notes] for one in plain]
    assert notes == [[note.text for note in one.notes] for one in cold]
    assert notes == [[note.text for note in one.notes] for one in warm], "nothing is told of what is served"
    assert policy != "direct" or not any(notes)


def test_the_key_is_that_of_the_decision(engine: Engine, tabletop: Codebook) -> None:
    from codeword.codebook.action_prompt import offer

    for seen in observations(3):
        offered = offer(tabletop, TASK, seen)
        key = engine.key_of(offered.prompt, offered.legal.graph)
        assert key == engine.decide(offered.prompt, offered.legal.graph).key
        assert key != engine.key_of(offered.prompt, offered.legal.graph, Sampling(0.5))


def other_command(tabletop: Codebook, text: str) -> str:
    """A command that is legal elsewhere, and not in the observations of these tests."""
    elsewhere = legal(tabletop, observe({"tenth_block": "table"}, ("tenth_bowl",)))
    return next(other for other in elsewhere.graph.texts() if other != text and "tenth_block" in other)


Value = dict[str, object]


def poisoned(value: Value, other: str) -> dict[str, object]:
    """What may stand in a store in place of an entry, by what is wrong with it."""
    return {
        "a command that is not legal here": {**value, "text": other},
        "a text that is no command": {**value, "text": "rm -rf /"},
        "another key": {**value, "key": "0" * 64},
        "a field more": {**value, "call": "os:system"},
        "a field less": {name: value[name] for name in value if name != "logprob"},
        "not a number": {**value, "logprob": float("nan")},
        "a list": [value],
        "too long": {**value, "text": "x" * 300_000},
    }


@pytest.mark.parametrize("what", list(poisoned(dict.fromkeys(CacheEntry.model_fields), "")))
def test_a_poisoned_entry_is_dropped_and_told_and_the_decision_made(
    engine: Engine, store: SqliteStore, tabletop: Codebook, what: str
) -> None:
    controller = model_controller(Cached(engine, store), tabletop, policy="direct")
    (seen,) = observations(1)
    made = controller.decide(TASK, seen)
    with sqlite3.connect(store.path) as theirs:
        (value,) = theirs.execute("SELECT value FROM entries").fetchone()
        poison = json.dumps(poisoned(json.loads(value), other_command(tabletop, made.text))[what])
        theirs.execute("UPDATE entries SET value = ?", (poison,))
    theirs.close()
    again = controller.decide(TASK, seen)
    assert essence(again) == essence(made)
    assert again.path == "decoded"
    (note,) = again.notes
    assert note.kind == "poisoned"
    assert note.text.startswith(f"poisoned cache entry {made.key[:12]} not served: ")
    healed = controller.decide(TASK, seen)
    assert (healed.path, healed.notes) == ("cache", ())


def test_an_entry_that_is_no_json_and_deeply_nested_ones(
    engine: Engine, store: SqliteStore, tabletop: Codebook
) -> None:
    controller = model_controller(Cached(engine, store), tabletop, policy="direct")
    (seen,) = observations(1)
    made = controller.decide(TASK, seen)
    for poison in ("", "{", "[" * 100_000, '{"key": 1e999}', "\u0000", "null"):
        store.put(made.key, poison)
        again = controller.decide(TASK, seen)
        assert (again.path, again.text, [note.kind for note in again.notes]) == ("decoded", made.text, ["poisoned"])


def test_skills_that_are_never_cached(engine: Engine, store: SqliteStore, tabletop: Codebook) -> None:
    text = tabletop.text
    (seen,) = observations(1)
    cached = Cached(engine, store)
    controller = model_controller(cached, tabletop, policy="direct")
    first = controller.decide(TASK, seen)
    assert controller.decide(TASK, seen).path == "cache"
    skill = json.loads(first.text)["skill"]
    lines = text.splitlines(keepends=True)
    at = lines.index(f"  {skill}:\n") + 1
    marked = parse_codebook("".join([*lines[:at], "    cached: false\n", *lines[at:]]), "marked.yaml")
    assert not marked.skills[skill].cached
    controller.use(marked)
    assert controller.decide(TASK, seen).path == "decoded"
    store.clear()
    assert essence(controller.decide(TASK, seen)) == essence(first)
    assert store.size() == (0, 0)


def test_a_decision_that_is_given_up_is_not_kept(engine: Engine, store: SqliteStore, tabletop: Codebook) -> None:
    controller = model_controller(Cached(engine, store), tabletop, policy="direct")
    (seen,) = observations(1)
    key = controller.decide(TASK, seen).key
    store.put(key, "poison")
    with pytest.raises(DecisionCancelled) as given_up:
        controller.decide(TASK, seen, lambda: True)
    assert [note.kind for note in given_up.value.notes] == ["poisoned"]
    assert store.get(key) is None
