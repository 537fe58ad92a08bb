"""What is answered by rule reaches no model, whatever the policy."""

import pytest

from codeword.codebook import Codebook, parse_codebook
from codeword.codebook.observation import Observation
from codeword.controller import RandomController
from codeword.controller.controller import ModelController
from codeword.controller.goal_controller import GoalController
from codeword.controller.plan_controller import PlanController
from tests.codebook.test_reflexes import FORBIDS
from tests.controller.goal_fakes import RED, Scripted, start
from tests.observations import observe

KINDS = (ModelController, GoalController, PlanController)
UNCLEAR = "[missing, impossible, unsafe]"


class Silent(Scripted):
    """An engine that must not be asked."""

    def decide(self, *given: object, **more: object) -> None:  # type: ignore[override]
        raise AssertionError(f"was asked: {given} {more}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("task", "told"), [("Stop!", "stop"), ("", "hold"), (FORBIDS[0], "hold"), ("Wait.", "stop")])
def test_no_controller_asks_a_model_or_moves_anything(tabletop: Codebook, kind: type, task: str, told: str) -> None:
    made = kind(Silent(), tabletop).decide(task, start())
    assert made.text == '{"skill":"cannot","reason":"missing"}'
    assert (made.path, [note.kind for note in made.notes], made.passes) == ("reflex", [told], 0)


def test_where_nobody_thinks_nothing_is_moved_either(tabletop: Codebook) -> None:
    assert RandomController(tabletop).decide("Halt", start()).text == '{"skill":"cannot","reason":"missing"}'


def test_the_reason_is_unclear_where_the_codebook_has_it(tabletop: Codebook) -> None:
    book = parse_codebook(tabletop.text.replace(UNCLEAR, "[missing, impossible, unclear]"))
    assert GoalController(Silent(), book).decide("", start()).text == '{"skill":"cannot","reason":"unclear"}'  # type: ignore[arg-type]


def test_a_goal_is_not_forgotten_over_a_stop(tabletop: Codebook) -> None:
    controller = GoalController(Scripted(RED), tabletop)  # type: ignore[arg-type]
    seen: Observation = observe({"red_block": "table"}, ("blue_bowl",))
    first = controller.decide("red into blue", seen)
    assert controller.decide("Stop!", seen).path == "reflex"
    assert controller.decide("red into blue", seen).text == first.text
