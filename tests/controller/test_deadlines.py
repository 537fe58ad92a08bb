"""Hard limits of a decision: each ends it while it is being made, and says which it was."""

import threading

import pytest

from codeword.codebook import Codebook
from codeword.controller.controller import ModelController
from codeword.controller.deadlines import Deadlines
from codeword.controller.decision import DecisionCancelled
from codeword.controller.engine import Engine
from codeword.controller.registry import LocalModel
from tests.observations import observe

SEEN = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))
TASK = "Put red in the blue bowl."
LONG = 3_600_000.0


def test_without_limits_nothing_is_missed() -> None:
    limits = Deadlines()
    assert not limits()
    assert limits.missed == ""
    with limits.guarding(lambda on: pytest.fail(f"halted: {on}")):
        pass


class Clock:
    """Stands for the module `time`; goes on when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def perf_counter(self) -> float:
        return self.now_s

    def go_on(self, by_ms: float) -> None:
        self.now_s += by_ms / 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("codeword.controller.deadlines.time", made)
    return made


@pytest.mark.parametrize("stage", ["decision_ms", "first_token_ms"])
def test_a_limit_is_missed_once_its_time_is_over(clock: Clock, stage: str) -> None:
    limits = Deadlines(**{stage: 5.0})
    clock.go_on(4.9)
    assert not limits()
    clock.go_on(0.2)
    assert limits()
    assert limits.missed == stage


def test_the_first_token_lifts_its_limit_and_sets_that_of_the_others(clock: Clock) -> None:
    limits = Deadlines(first_token_ms=50.0, token_ms=20.0)
    limits.wrote(3)
    limits.wrote(2)
    clock.go_on(59.9)
    assert not limits(), "three tokens may take 60 ms"
    clock.go_on(0.2)
    assert limits.missed == "token_ms"


def test_what_was_missed_first_stays_what_was_missed(clock: Clock) -> None:
    limits = Deadlines(decision_ms=30.0, first_token_ms=1.0)
    clock.go_on(5.0)
    assert limits.missed == "first_token_ms"
    clock.go_on(30.0)
    assert limits.missed == "first_token_ms"


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_where_nothing_is_left_to_miss_nobody_watches_any_more() -> None:
    limits, told = Deadlines(first_token_ms=200.0), []
    with limits.guarding(told.append):
        limits.wrote(1)
        (watch,) = (thread for thread in threading.enumerate() if thread.name == "deadline")
        watch.join(60)
        assert not watch.is_alive()
    assert told == [False]


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_limit_of_years_can_be_waited_for() -> None:
    with Deadlines(decision_ms=1e15).guarding(lambda on: None if not on else pytest.fail("halted")):
        (watch,) = (thread for thread in threading.enumerate() if thread.name == "deadline")
        watch.join(0.05)
        assert watch.is_alive(), "it waits"


def test_whoever_is_guarded_is_halted_in_time_and_let_go_afterwards() -> None:
    halted, told = threading.Event(), []

    def halt(on: bool) -> None:
        told.append(on)
        if on:
            halted.set()

    with Deadlines(decision_ms=10.0).guarding(halt):
        assert halted.wait(60)
    assert told == [True, False]


@pytest.fixture
def controller(tiny_quantized: LocalModel, tabletop: Codebook) -> ModelController:
    return ModelController(Engine(tiny_quantized, profile="packed", threads=1), tabletop)


@pytest.mark.parametrize("limit", ["decision_ms", "first_token_ms"])
def test_a_decision_ends_at_its_limit_and_the_next_is_as_ever(controller: ModelController, limit: str) -> None:
    usual = controller.decide(TASK, SEEN).essence()
    controller.engine.settle()
    limits = Deadlines(**{limit: 0.001})
    with pytest.raises(DecisionCancelled):
        controller.decide(TASK, SEEN, limits)
    assert limits.missed == limit
    generous = Deadlines(decision_ms=LONG, first_token_ms=LONG, token_ms=LONG)
    assert controller.decide(TASK, SEEN, generous).essence() == usual
    assert generous.missed == ""
