"""Deciding ahead: an answer serves only where exactly the same is asked, is what deciding afterwards gives, and is
given up as soon as it is in the way."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from codeword.codebook import Codebook, Command, Observation, Result, parse_codebook
from codeword.codebook.command_codec import read_command
from codeword.codebook.transition import predict
from codeword.controller.controller import ModelController, model_controller
from codeword.controller.decision import Decision, DecisionCancelled
from codeword.controller.engine import Engine
from codeword.controller.lookahead import LooksAhead
from codeword.controller.model import Model, Part
from codeword.controller.packed_model import PackedModel
from codeword.controller.registry import LocalModel
from codeword.controller.torch_model import TorchModel
from tests.observations import observe

TASK = "Put red in the blue bowl."
START = {"red_block": "table", "green_block": "table"}


def start() -> Observation:
    return observe(START, ("blue_bowl",))


@pytest.fixture
def engine(tiny_quantized: LocalModel) -> Engine:
    return Engine(tiny_quantized, profile="packed", threads=2)


@pytest.fixture
def controller(engine: Engine, tabletop: Codebook) -> Iterator[ModelController]:
    made = ModelController(engine, tabletop)
    yield made
    made.rest()


def command(codebook: Codebook, decision: Decision) -> Command:
    return read_command(codebook, decision.text)


def pick(codebook: Codebook) -> Command:
    return read_command(codebook, '{"skill":"pick","object":"red_block"}')


def after(codebook: Codebook, seen: Observation, done: Command) -> Observation:
    """What is really observed after a command that went well: other poses, times and durations than predicted."""
    predicted = predict(codebook, seen, done)
    assert predicted is not None
    last = Result(command=done.text, status="done", duration_s=2.75)
    return predicted.model_copy(update={"time_s": seen.time_s + 2.75, "last": last})


def test_what_is_predicted_follows_the_effects(tabletop: Codebook) -> None:
    seen = predict(tabletop, start(), pick(tabletop))
    assert seen is not None
    assert [str(fact) for fact in seen.facts] == ["holding(red_block)", "on(green_block,table)"]
    assert seen.last == Result(command=pick(tabletop).text, status="done", duration_s=0.0)
    assert seen.step == start().step + 1
    assert predict(tabletop, start(), read_command(tabletop, '{"skill":"done"}')) is None


def test_a_predicted_question_is_answered_already_and_the_same(engine: Engine, tabletop: Codebook) -> None:
    controller, alone = (model_controller(engine, tabletop, policy="direct") for _ in range(2))
    assert isinstance(controller, LooksAhead)
    controller.decide(TASK, start())
    controller.look_ahead(TASK, start(), pick(tabletop))
    now = after(tabletop, start(), pick(tabletop))
    ahead = controller.decide(TASK, now)
    assert (ahead.path, ahead.passes) == ("lookahead", 0)
    controller.rest()
    alone.decide(TASK, start())
    later = alone.decide(TASK, now)
    assert later.path == "decoded"
    assert ahead.essence() == later.essence()
    assert ahead.key == later.key


def test_several_steps_are_decided_ahead(controller: ModelController, tabletop: Codebook) -> None:
    seen, done, paths = start(), pick(tabletop), []
    controller.look_ahead(TASK, seen, done)
    for _ in range(3):
        seen = after(tabletop, seen, done)
        decision = controller.decide(TASK, seen)
        paths.append(decision.path)
        done = command(tabletop, decision)
        if tabletop.skills[done.skill].ends:
            break
    assert paths and set(paths) == {"lookahead"}


def test_it_is_waited_for_once_something_came_true(
    controller: ModelController, tabletop: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, done = start(), pick(tabletop)
    controller.look_ahead(TASK, seen, done)
    with monkeypatch.context() as untried:
        untried.setattr("codeword.controller.lookahead.wait_for", lambda *_, **__: pytest.fail("waited for"))
        controller.catch_up(60.0)
    seen = after(tabletop, seen, done)
    decision = controller.decide(TASK, seen)
    assert decision.path == "lookahead"
    controller.look_ahead(TASK, seen, command(tabletop, decision))
    controller.catch_up(60.0)
    work = controller._foresight._work
    assert work is not None
    assert controller._foresight._made > controller._foresight._served or work.done()


def other_facts(seen: Observation) -> Observation:
    return observe({"red_block": "table", "green_block": "red_block"}, ("blue_bowl",)).model_copy(
        update={"last": seen.last}
    )


def slipped(seen: Observation) -> Observation:
    assert seen.last is not None
    return seen.model_copy(update={"last": seen.last.model_copy(update={"status": "failed", "reason": "slipped"})})


def one_more(seen: Observation) -> Observation:
    return seen.model_copy(
        update={"entities": (*seen.entities, seen.entities[0].model_copy(update={"id": "odd_block"}))}
    )


@pytest.mark.parametrize("changed", [other_facts, slipped, one_more])
def test_anything_else_is_decided_then(
    controller: ModelController, engine: Engine, tabletop: Codebook, changed
) -> None:  # type: ignore[no-untyped-def]
    controller.look_ahead(TASK, start(), pick(tabletop))
    now = changed(after(tabletop, start(), pick(tabletop)))
    decision = controller.decide(TASK, now)
    assert decision.path == "decoded"
    assert decision.essence() == ModelController(engine, tabletop).decide(TASK, now).essence()


def test_another_task_is_decided_then(controller: ModelController, tabletop: Codebook) -> None:
    controller.look_ahead(TASK, start(), pick(tabletop))
    assert controller.decide("Put it back.", after(tabletop, start(), pick(tabletop))).path == "decoded"


def test_another_codebook_ends_what_was_decided_by_the_last(controller: ModelController, tabletop: Codebook) -> None:
    controller.look_ahead(TASK, start(), pick(tabletop))
    controller.use(parse_codebook(tabletop.text.replace("grasp a block and lift it", "take a block up")))
    assert controller._foresight._work is None
    assert controller.decide(TASK, after(tabletop, start(), pick(tabletop))).path == "decoded"


def test_what_was_thrown_away_never_serves(controller: ModelController, tabletop: Codebook) -> None:
    now = after(tabletop, start(), pick(tabletop))
    controller.look_ahead(TASK, start(), pick(tabletop))
    controller.rest()
    assert controller.decide(TASK, now).path == "decoded"


def test_what_keeps_coming_out_otherwise_is_tried_less_often(controller: ModelController, tabletop: Codebook) -> None:
    tried = []
    for _ in range(16):
        controller.look_ahead(TASK, start(), pick(tabletop))
        tried.append(controller._foresight._work is not None)
        controller.decide(TASK, slipped(after(tabletop, start(), pick(tabletop))))
    assert tried[:3] == [True, False, True]
    assert sum(tried) == 4
    now = after(tabletop, start(), pick(tabletop))
    while True:
        controller.look_ahead(TASK, start(), pick(tabletop))
        if controller._foresight._work is not None:
            break
    controller._foresight._work.result()
    assert controller.decide(TASK, now).path == "lookahead"
    controller.look_ahead(TASK, start(), pick(tabletop))
    assert controller._foresight._work is not None


def test_whoever_waits_for_it_can_give_up(engine: Engine, tabletop: Codebook, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    real = Engine.decide

    def slow(self: Engine, *args: object, **kwargs: object) -> Decision:
        begun.set()
        go_on.wait(10)
        return real(self, *args, **kwargs)  # type: ignore[arg-type]

    controller = ModelController(engine, tabletop)
    monkeypatch.setattr(Engine, "decide", slow)
    controller.look_ahead(TASK, start(), pick(tabletop))
    assert begun.wait(10)
    threading.Timer(0.2, go_on.set).start()
    with pytest.raises(DecisionCancelled):
        controller.decide(TASK, after(tabletop, start(), pick(tabletop)), lambda: True)
    monkeypatch.setattr(Engine, "decide", real)
    assert controller.decide(TASK, start()).path == "decoded"


def test_what_goes_wrong_ahead_is_told(engine: Engine, tabletop: Codebook, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> Decision:
        raise ZeroDivisionError("a fault in the engine")

    controller = ModelController(engine, tabletop)
    monkeypatch.setattr(Engine, "decide", broken)
    controller.look_ahead(TASK, start(), pick(tabletop))
    controller._foresight._work.exception(10)
    with pytest.raises(ZeroDivisionError, match="a fault in the engine"):
        controller.rest()


@pytest.mark.parametrize("kind", [PackedModel, TorchModel])
def test_a_halted_pass_leaves_all_as_it_was(tiny_quantized: LocalModel, kind: "type[Model]") -> None:
    model: Model = kind(tiny_quantized)  # type: ignore[call-arg]
    cache, fresh = model.new_cache(), model.new_cache()
    model.read([Part(cache, [1, 2, 3])])
    model.halt(True)
    with pytest.raises(DecisionCancelled, match="middle of a pass"):
        model.read([Part(cache, [4, 5, 6], [2])])
    assert cache.length == 3
    model.halt(False)
    model.read([Part(fresh, [1, 2, 3])])
    states = [model.read([Part(one, [4, 5, 6], [2])])[0] for one in (cache, fresh)]
    assert np.array_equal(*states)


def test_fewer_threads_change_no_number(tiny_quantized: LocalModel) -> None:
    model = PackedModel(tiny_quantized, threads=3)
    states = []
    for threads in (None, 1, 2, 7):
        model.use_threads(threads)
        states.append(model.read([Part(model.new_cache(), list(range(1, 40)), [5, 38])])[0])
        assert np.array_equal(model.logits(states[-1][0]), model.logits(states[0][0]))
    assert all(np.array_equal(states[0], state) for state in states)
