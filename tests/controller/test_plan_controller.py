"""Deciding by plans: one plan for a task, commands by its order, and another plan where one is called for."""

import math

import pytest

from codeword.codebook import Codebook, Command, Observation, Result, load_codebook, read_command
from codeword.codebook.choice_graph import Node
from codeword.codebook.command_codec import give_up
from codeword.codebook.plan_executor import PlanExecutor
from codeword.codebook.planner import SymbolicWorld
from codeword.codebook.prompt import Prompt
from codeword.codebook.task_plan import check_things, read_plan
from codeword.controller.adapter import Adapter
from codeword.controller.decision import Choice, Decision, Option
from codeword.controller.engine import Engine
from codeword.controller.plan_controller import PlanController
from codeword.controller.registry import LocalModel
from tests.codebook.plan_books import COFFEE, DOG, book, scene
from tests.observations import large_observation, observe

BARK = '{"plan":[{"skill":"bark"},2]}'
SIT = '{"plan":[{"skill":"sit"}]}'
UNCLEAR = '{"cannot":"unclear"}'


class Writer:
    """An engine that writes plans as it is told to, each as likely as is said."""

    adapter = Adapter("none")

    def __init__(self, *plans: str, **odds: float) -> None:
        self.plans = list(plans)
        self.odds = {{"bark": BARK, "sit": SIT, "unclear": UNCLEAR}[name]: share for name, share in odds.items()}
        self.prompts: list[Prompt] = []

    def decide(self, prompt: Prompt, graph: Node, cancelled=None, *, hint=None, sampling=None) -> Decision:  # type: ignore[no-untyped-def]
        del cancelled, hint, sampling
        self.prompts.append(prompt)
        if not self.odds:
            text = self.plans.pop(0)
            assert graph.accepts(text), text
            return Decision(text=text, logprob=0.0, stage_ms={"total": 1.0}, path="decoded", key=text)
        legal = {text: share for text, share in self.odds.items() if graph.accepts(text)}
        whole, taken = sum(legal.values()), max(legal, key=lambda text: legal[text])
        options = tuple(Option(text=text, probability=share / whole) for text, share in legal.items())
        choices = (Choice(after="", options=options, taken=taken),) if len(legal) > 1 else ()
        logprob = math.log(legal[taken] / whole)
        return Decision(
            text=taken, logprob=logprob, choices=choices, stage_ms={"total": 1.0}, path="decoded", key=f"of {whole}"
        )


def carried_out(codebook: Codebook, controller: PlanController, task: str, seen: Observation) -> list[Decision]:
    """What is decided until the end, where every command goes as it should."""
    world, made = SymbolicWorld.of(codebook, seen), list[Decision]()
    for step in range(12):
        decision = controller.decide(task, seen)
        made.append(decision)
        if '"done"' in decision.text or '"cannot"' in decision.text:
            break
        command = read_command(codebook, decision.text)
        world = world.after(command)
        last = Result(command=command.text, status="done")
        seen = seen.model_copy(update={"facts": tuple(sorted(world.state.facts)), "last": last, "step": step + 1})
    return made


def test_the_model_is_asked_once_and_every_command_follows() -> None:
    writer = Writer(BARK)
    made = carried_out(book(DOG), PlanController(writer, book(DOG)), "bark twice", scene())  # type: ignore[arg-type]
    assert [one.text for one in made] == ['{"skill":"bark"}', '{"skill":"bark"}', '{"skill":"done"}']
    assert [(one.path, one.item) for one in made] == [("plan", 0), ("planned", 0), ("planned", 1)]
    assert {one.plan for one in made} == {BARK}
    assert len(writer.prompts) == 1
    assert len({one.key for one in made}) == 3


def test_numbers_and_examples_of_the_codebook_stand_in_the_prompt() -> None:
    text = DOG.replace("bark: {description: bark once}", "bark: {description: bark once, examples: [say woof]}")
    writer = Writer('{"plan":[{"skill":"walk","steps":-5}]}')
    PlanController(writer, book(text)).decide("woof, then five steps back", scene())  # type: ignore[arg-type]
    (prompt,) = writer.prompts
    assert 'Example: say woof = {"plan":[{"skill":"bark"}]}' in prompt.task.splitlines()
    assert "Numbers: five steps = 5" in prompt.observation.splitlines()


def test_what_a_command_needs_is_done_first_and_told_as_part_of_its_item() -> None:
    tea = '{"skill":"brew","drink":"tea","cup":"mug"}'
    coffee = book(COFFEE)
    controller = PlanController(Writer(f'{{"plan":[{tea},{{"skill":"rinse"}}]}}'), coffee)  # type: ignore[arg-type]
    made = carried_out(coffee, controller, "make tea, then rinse", scene(mug="cup"))
    skills = [one.text.split('"')[3] for one in made]
    assert skills == ["switch_on", "heat", "brew", "rinse", "done"]
    assert [one.item for one in made] == [0, 0, 0, 1, 2]


def test_another_task_gets_another_plan() -> None:
    controller = PlanController(Writer(BARK, SIT), book(DOG))  # type: ignore[arg-type]
    controller.decide("bark twice", scene())
    assert controller.decide("no, sit", scene()).text == '{"skill":"sit"}'


def test_below_the_floor_nothing_moves_and_the_likeliest_plans_are_told() -> None:
    made = PlanController(Writer(bark=0.5, sit=0.3, unclear=0.2), book(DOG), sure=0.6).decide("woof", scene())  # type: ignore[arg-type]
    assert made.text == '{"skill":"cannot","reason":"missing"}'
    assert [(one.told, round(one.probability, 2)) for one in made.considered[:2]] == [
        ("bark, 2 times", 0.5),
        ("sit", 0.3),
    ]
    (note,) = made.notes
    assert note.kind == "unsure"
    assert note.text == "not sure enough to act (50%; at least 60% is asked for): bark, 2 times (50%); or sit (30%)"
    assert (
        PlanController(Writer(bark=0.7, sit=0.3), book(DOG), sure=0.6).decide("woof", scene()).text
        == '{"skill":"bark"}'
    )  # type: ignore[arg-type]


def test_that_it_cannot_be_done_needs_no_sureness() -> None:
    made = PlanController(Writer(unclear=0.5, sit=0.4, bark=0.1), book(DOG), sure=0.9).decide("sing", scene())  # type: ignore[arg-type]
    assert made.text == '{"skill":"cannot","reason":"missing"}'
    assert made.notes == ()


def test_the_rest_is_written_again_told_what_is_done_once_something_else_is_seen(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))
    first = '{"plan":[{"skill":"home"},[["red_block","in","blue_bowl"]]]}'
    writer = Writer(first, '{"plan":[[["green_block","in","blue_bowl"]]]}')
    controller = PlanController(writer, tabletop)  # type: ignore[arg-type]
    assert controller.decide("home, then a block into the bowl", seen).text == '{"skill":"home"}'
    last = Result(command='{"skill":"home"}', status="done")
    wide = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",), red_block="wide")
    made = controller.decide("home, then a block into the bowl", wide.model_copy(update={"last": last, "step": 1}))
    assert made.text == '{"skill":"pick","object":"green_block"}'
    assert "Done: home" in writer.prompts[1].task.splitlines()
    assert "Done:" not in writer.prompts[0].task


def test_a_quantity_that_no_argument_takes_is_refused_and_not_clamped() -> None:
    controller = PlanController(Writer('{"plan":[{"skill":"drive","distance_m":1}]}'), load_codebook("lekiwi"))  # type: ignore[arg-type]
    made = controller.decide("drive forward 30 metres", scene())
    assert made.text == '{"skill":"cannot","reason":"missing"}'
    assert "30 m" in made.notes[-1].text and "at most 1" in made.notes[-1].text


def test_a_number_between_two_steps_is_rounded_and_that_is_told() -> None:
    controller = PlanController(Writer('{"plan":[{"skill":"drive","distance_m":0.1}]}'), load_codebook("lekiwi"))  # type: ignore[arg-type]
    made = controller.decide("drive forward 13 centimetres", scene())
    assert made.text == '{"skill":"drive","distance_m":0.1}'
    assert "13 centimetres was taken as 0.1 m" in made.notes[-1].text


def brewing(cup: str) -> str:
    return f'{{"plan":[{{"skill":"brew","drink":"tea","cup":"{cup}"}}]}}'


CUPS = scene("powered", "hot", red_cup="cup", blue_cup="cup", old_cup="cup")


def test_what_the_task_leaves_out_and_the_plan_does_not_is_written_again_without_it() -> None:
    writer = Writer(brewing("blue_cup"), brewing("red_cup"))
    controller = PlanController(writer, book(COFFEE))  # type: ignore[arg-type]
    made = controller.decide("tea in the red cup, not the blue one", CUPS)
    assert made.text == '{"skill":"brew","drink":"tea","cup":"red_cup"}'
    assert [note.text for note in made.notes] == ["the task was taken as: tea in the red cup"]
    assert "Task: tea in the red cup\n" in writer.prompts[1].observation


def test_a_plan_that_still_has_what_the_task_leaves_out_is_not_carried_out() -> None:
    controller = PlanController(Writer(brewing("blue_cup"), brewing("blue_cup")), book(COFFEE))  # type: ignore[arg-type]
    made = controller.decide("tea in the red cup, not the blue one", CUPS)
    assert '"cannot"' in made.text
    assert "not carried out: the task leaves out blue_cup, and the plan does not" in made.notes[-1].text


def test_a_command_for_one_of_all_is_carried_out_for_each_of_them() -> None:
    controller = PlanController(Writer(brewing("blue_cup")), book(COFFEE))  # type: ignore[arg-type]
    made = carried_out(book(COFFEE), controller, "tea in every cup except the blue one", CUPS)
    assert [one.text for one in made[:2]] == [
        '{"skill":"brew","drink":"tea","cup":"red_cup"}', '{"skill":"brew","drink":"tea","cup":"old_cup"}',
    ]  # fmt: skip
    assert '"done"' in made[2].text
    assert made[0].notes[-1].text.startswith("taken as: brew(drink tea, cup red_cup); brew(")


def test_a_task_under_a_condition_is_not_carried_out() -> None:
    controller = PlanController(Writer(brewing("red_cup")), book(COFFEE))  # type: ignore[arg-type]
    made = controller.decide("if Anna looks tired, tea in the red cup", CUPS)
    assert '"cannot"' in made.text
    assert "a plan is carried out once and now; give the task when it is to be: 'if Anna looks" in made.notes[-1].text


def test_whatever_a_model_writes_for_a_large_scene_is_carried_out_as_it_stands(
    tiny_quantized: LocalModel, tabletop: Codebook
) -> None:
    seen = large_observation()
    made = PlanController(Engine(tiny_quantized, threads=1), tabletop).decide("tidy up", seen)
    plan = read_plan(tabletop, made.plan)
    check_things(tabletop, plan, seen)
    found = PlanExecutor(tabletop, plan).next(seen)
    assert made.text == (found if isinstance(found, Command) else give_up(tabletop, found)).text


def test_a_plan_for_a_large_scene_can_be_written_and_comes_to_its_end(tabletop: Codebook) -> None:
    text = '{"plan":[[["purple_block","in","green_bowl"]],{"skill":"home"},[["pink_block","on","far_zone"]]]}'
    controller = PlanController(Writer(text), tabletop)  # type: ignore[arg-type]
    made = carried_out(tabletop, controller, "tidy up", large_observation())
    assert [read_command(tabletop, one.text).skill for one in made] == [
        "pick",
        "place",
        "home",
        "pick",
        "place",
        "done",
    ]


@pytest.mark.parametrize("task", ["Stop!", "Do not bark.", ""])
def test_reflexes_come_before_the_model(task: str) -> None:
    made = PlanController(Writer(), book(DOG)).decide(task, scene())  # type: ignore[arg-type]
    assert '"cannot"' in made.text


def test_where_the_planner_gave_up_it_is_told_that_this_is_no_proof(tabletop: Codebook) -> None:
    """Six blocks in more arrangements than are looked at; with three all of them are."""
    for size, proved in ((6, False), (3, True)):
        names = [f"block_{number}" for number in range(size)]
        seen = observe(dict.fromkeys(names, "table"))
        never = '{"plan":[[["block_0","on","block_1"],["block_1","on","block_0"]]]}'
        decision = PlanController(Writer(never), tabletop).decide("stack them in a ring", seen)  # type: ignore[arg-type]
        assert decision.text == '{"skill":"cannot","reason":"impossible"}'
        told = [note.text for note in decision.notes if note.kind == "planner"]
        assert len(told) == (not proved)
        assert all("gave up after" in text and "no proof" in text for text in told)
