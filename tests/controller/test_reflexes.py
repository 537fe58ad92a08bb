"""What is answered by rule reaches no model, whatever the policy."""

import pytest

from codeword.codebook import Codebook, Observation, parse_codebook
from codeword.codebook.choice_graph import Node
from codeword.controller import RandomController
from codeword.controller.adapter import Adapter
from codeword.controller.controller import ModelController
from codeword.controller.decision import Decision
from codeword.controller.plan_controller import PlanController
from tests.codebook.test_reflexes import FORBIDS
from tests.observations import observe

KINDS = (ModelController, PlanController)
UNCLEAR = "[missing, impossible, unsafe]"


def start() -> Observation:
    return observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))


class Silent:
    """An engine that must not be asked."""

    adapter = Adapter("none")

    def decide(self, *given: object, **more: object) -> None:
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
    assert PlanController(Silent(), book).decide("", start()).text == '{"skill":"cannot","reason":"unclear"}'  # type: ignore[arg-type]


class Once:
    """An engine that writes one plan, once."""

    adapter = Adapter("none")

    def __init__(self) -> None:
        self.plans = ['{"plan":[[["red_block","in","blue_bowl"]]]}']

    def decide(self, prompt: object, graph: Node, *given: object, **more: object) -> Decision:
        del prompt, given, more
        text = self.plans.pop()
        assert graph.accepts(text)
        return Decision(text=text, logprob=-0.1, stage_ms={"total": 1.0}, path="decoded", key="k")


def test_a_plan_is_not_forgotten_over_a_stop(tabletop: Codebook) -> None:
    controller = PlanController(Once(), tabletop)  # type: ignore[arg-type]
    seen = start()
    first = controller.decide("red into blue", seen)
    assert controller.decide("Stop!", seen).path == "reflex"
    assert controller.decide("red into blue", seen).text == first.text
