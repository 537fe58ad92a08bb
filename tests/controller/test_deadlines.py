"""Hard limits of a decision: each ends it while it is being made, and says which it was."""

import threading
import time

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


@pytest.mark.parametrize("stage", ["decision_ms", "first_token_ms"])
def test_a_limit_is_missed_once_its_time_is_over(stage: str) -> None:
    limits = Deadlines(**{stage: 5.0})
    assert not limits()
    time.sleep(0.01)
    assert limits()
    assert limits.missed == stage


def test_the_first_token_lifts_its_limit_and_sets_that_of_the_others() -> None:
    limits = Deadlines(first_token_ms=LONG, token_ms=20.0)
    limits.wrote(3)
    limits.wrote(2)
    time.sleep(0.03)
    assert not limits()  # three tokens may take 60 ms
    time.sleep(0.05)
    assert limits.missed == "token_ms"


def test_what_was_missed_first_stays_what_was_missed() -> None:
    limits = Deadlines(decision_ms=30.0, first_token_ms=1.0)
    time.sleep(0.005)
    assert limits.missed == "first_token_ms"
    time.sleep(0.03)
    assert limits.missed == "first_token_ms"


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_where_nothing_is_left_to_miss_nobody_watches_any_more() -> None:
    limits, told = Deadlines(first_token_ms=20.0), []
    with limits.guarding(told.append):
        limits.wrote(1)
        time.sleep(0.06)
        assert not any(thread.name == "deadline" for thread in threading.enumerate())
    assert told == [False]


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_limit_of_years_can_be_waited_for() -> None:
    with Deadlines(decision_ms=1e15).guarding(lambda on: None if not on else pytest.fail("halted")):
        time.sleep(0.02)


def test_whoever_is_guarded_is_halted_in_time_and_let_go_afterwards() -> None:
    halted, told = threading.Event(), []

    def halt(on: bool) -> None:
        told.append(on)
        if on:
            halted.set()

    with Deadlines(decision_ms=10.0).guarding(halt):
        assert halted.wait(5)
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
