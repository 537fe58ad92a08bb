"""How sure a model is of a goal, and that what it is not sure enough of moves nothing."""

import math

import pytest

from codeword.codebook import Codebook, Entity, Fact, Observation, parse_codebook
from codeword.codebook.goals import read_goal
from codeword.controller.decision import Decision, DecisionCancelled
from codeword.controller.engine import never
from codeword.controller.goal_controller import GoalController
from codeword.controller.goal_writer import GoalWriter
from codeword.controller.likeliest import best
from codeword.controller.sampling import GREEDY
from codeword.controller.sureness import SURE, needed, sureness
from tests.controller.goal_fakes import GREEN, RED, START, Scripted, Unsure, start
from tests.observations import observe

ALL = '{"goal":[["all","block","in","blue_bowl"]]}'
BOTH = '{"goal":[["red_block","in","blue_bowl"],["green_block","in","blue_bowl"]]}'
TURNED = '{"goal":[["green_block","in","blue_bowl"],["red_block","in","blue_bowl"]]}'
CANNOT = '{"skill":"cannot","reason":"missing"}'
TASK = "red into the blue bowl"


def made(text: str, share: float | None) -> Decision:
    return Decision(
        text=text, logprob=None if share is None else math.log(share), stage_ms={}, path="decoded", key=text
    )


def test_goals_of_the_same_meaning_share_their_probability(tabletop: Codebook) -> None:
    looked = [made(BOTH, 0.4), made(TURNED, 0.2), made(ALL, 0.25), made(RED, 0.1), made(BOTH, 0.4)]
    for text, share in ((BOTH, 0.85), (ALL, 0.85), (TURNED, 0.85), (RED, 0.1), (GREEN, 0.0)):
        assert sureness(tabletop, read_goal(text), start(), looked) == pytest.approx(share), text


def test_a_goal_that_is_said_not_to_be_missing_is_not_what_is(tabletop: Codebook) -> None:
    looked = [made('{"cannot":"missing"}', 0.6), made('{"cannot":"unsafe"}', 0.3)]
    assert sureness(tabletop, read_goal('{"cannot":"unsafe"}'), start(), looked) == pytest.approx(0.3)


def test_who_does_not_tell_is_neither_sure_nor_unsure(tabletop: Codebook) -> None:
    assert sureness(tabletop, read_goal(RED), start(), [made(RED, None)]) is None


def test_what_was_looked_at_is_kept() -> None:
    looked: list[Decision] = []
    engine = Unsure(green=0.6, red=0.4)
    from codeword.codebook import load_codebook
    from codeword.codebook.goals import goal_graph, goal_prompt

    book = load_codebook("tabletop")
    graph, prompt = goal_graph(book, start(), TASK), goal_prompt(book, TASK, start())
    first = engine.decide(prompt, graph)

    def score(made: Decision) -> float:
        return -math.inf if made.logprob is None else made.logprob - 3.0 * (made.text == GREEN)

    found = best(lambda among: engine.decide(prompt, among), graph, first, score, looked=looked)
    assert found.text == RED
    assert [(one.text, round(math.exp(one.logprob or 0), 3)) for one in looked] == [(RED, 0.4)]


def test_what_is_not_sure_enough_moves_nothing_and_is_told(tabletop: Codebook) -> None:
    engine = Unsure(red=0.5, green=0.5)
    controller = GoalController(engine, tabletop, sure=0.6)  # type: ignore[arg-type]
    held = controller.decide(TASK, start())
    assert (held.text, held.written_goal, held.sureness) == (CANNOT, RED, pytest.approx(0.5))
    assert [(note.kind, note.text) for note in held.notes] == [
        (
            "hold",
            "nothing is done; this would have been gone after: red_block in blue_bowl (50% sure, and 60% is asked for)",
        )
    ]
    again = controller.decide(TASK, start())
    assert (again.text, again.written_goal, again.sureness) == (CANNOT, RED, pytest.approx(0.5))
    assert engine.asked == 1, "nothing else is seen, and nothing is asked again"


def test_what_is_sure_enough_is_gone_after_and_says_how_sure(tabletop: Codebook) -> None:
    controller = GoalController(Scripted(RED), tabletop, sure=0.6)  # type: ignore[arg-type]
    for _ in range(2):
        decision = controller.decide(TASK, start())
        assert decision.text == '{"skill":"pick","object":"red_block"}'
        assert decision.sureness == pytest.approx(math.exp(-0.5))
        assert decision.notes == ()


def test_the_floor_is_on_by_default(tabletop: Codebook) -> None:
    assert 0 < SURE < 1
    odds = {"red": SURE - 0.01, "green": 1.01 - SURE}
    assert GoalController(Unsure(**odds), tabletop).decide(TASK, start()).text == CANNOT  # type: ignore[arg-type]


def test_the_reason_is_unclear_where_the_codebook_has_it(tabletop: Codebook) -> None:
    book = parse_codebook(tabletop.text.replace("[missing, impossible, unsafe]", "[missing, impossible, unclear]"))
    held = GoalController(Unsure(red=0.5, green=0.5), book, sure=0.6).decide(TASK, start())  # type: ignore[arg-type]
    assert held.text == '{"skill":"cannot","reason":"unclear"}'


def test_what_stands_as_the_time_is_over_is_not_gone_after_unsurely_either(tabletop: Codebook) -> None:
    class Slow(Unsure):
        def decide(self, prompt, graph, cancelled=None, *, hint=None, sampling=None) -> Decision:  # type: ignore[no-untyped-def]
            if self.asked:
                raise DecisionCancelled("too late")
            return super().decide(prompt, graph, cancelled, hint=hint, sampling=sampling)

    controller = GoalController(Slow(green=0.4, red=0.6), tabletop, sure=0.6)  # type: ignore[arg-type]
    with pytest.raises(DecisionCancelled):
        controller.decide(TASK, start())
    assert controller.decide(TASK, start()).text == CANNOT


def test_to_give_up_needs_no_sureness(tabletop: Codebook) -> None:
    writer = GoalWriter(Unsure(missing=0.9, red=0.1), GREEDY, sure=0.95)  # type: ignore[arg-type]
    held = writer.write(tabletop, "the cheese into the blue bowl", start(), never)
    assert (held.written_goal, held.notes, writer.held) == ('{"cannot":"missing"}', (), None)


THERE = observe({"red_block": "blue_bowl", "green_block": "table"}, ("blue_bowl",))


def test_done_at_first_sight_is_told(tabletop: Codebook) -> None:
    class Sure(Scripted):
        def decide(self, *given: object, **more: object) -> Decision:
            return super().decide(*given, **more).model_copy(update={"logprob": math.log(0.97)})  # type: ignore[arg-type]

    decision = GoalController(Sure(RED), tabletop).decide(TASK, THERE)  # type: ignore[arg-type]
    assert decision.text == '{"skill":"done"}'
    assert [(note.kind, note.text) for note in decision.notes] == [
        ("hold", "nothing is done: what is asked for holds already (red_block in blue_bowl)")
    ]


def test_what_holds_already_has_to_be_surer(tabletop: Codebook) -> None:
    assert needed(0.55, holds=True) == pytest.approx(0.9, abs=0.005)
    assert (needed(0.0, holds=True), needed(1.0, holds=True), needed(0.55, holds=False)) == (0.0, 1.0, 0.55)
    decision = GoalController(Unsure(red=0.8, green=0.2), tabletop, sure=0.55).decide(TASK, THERE)  # type: ignore[arg-type]
    assert decision.text == CANNOT
    assert [note.text for note in decision.notes] == [
        "nothing is done; this would have been said to hold already: red_block in blue_bowl "
        "(80% sure, and 90% is asked for)"
    ]


def test_a_goal_that_comes_to_nothing_is_not_done(tabletop: Codebook) -> None:
    """One of two blocks is too wide for the gripper, so that no tower of all that can be moved is left to build."""
    wide, tower = observe(START, ("blue_bowl",), red_block="wide"), '{"goal":[["all","block","on","one_another"]]}'
    decision = GoalController(Scripted(tower), tabletop).decide("stack all", wide)  # type: ignore[arg-type]
    assert decision.text == '{"skill":"cannot","reason":"impossible"}'
    assert [(note.kind, note.text) for note in decision.notes] == [
        ("hold", "nothing here can be made so: all block on one_another")
    ]


def test_what_a_task_names_and_nobody_sees_is_not_replaced_by_something_else(tabletop: Codebook) -> None:
    things = tuple(Entity(id=name, kind="block") for name in ("apple", "mug", "spoon"))
    seen = Observation(
        step=0, time_s=0.0, entities=(*things, Entity(id="table", kind="table")),
        facts=tuple(Fact("on", (thing.id, "table")) for thing in things),
    )  # fmt: skip
    apple = '{"goal":[["holding","apple"]]}'
    held = GoalController(Scripted(apple), tabletop).decide("pick up the banana", seen)  # type: ignore[arg-type]
    assert held.text == '{"skill":"wait","duration_s":0.5}', "it may be hidden"
    assert [(note.kind, note.text) for note in held.notes] == [
        (
            "hold",
            "nothing is done: the task names 'banana', which is not seen, and not what was written: holding apple",
        )
    ]
    right = GoalController(Scripted(apple), tabletop).decide("pick up the apple", seen)  # type: ignore[arg-type]
    assert right.text == '{"skill":"pick","object":"apple"}'
    absent = GoalController(Scripted(apple.replace("apple", "banana")), tabletop)  # type: ignore[arg-type]
    said = [absent.decide("pick up the banana", seen).text for _ in range(3)]
    assert said == ['{"skill":"wait","duration_s":0.5}', '{"skill":"wait","duration_s":0.5}', CANNOT], (
        "and it can be written"
    )
