"""Plans carried out: preconditions made true first, repetition, failures, things that are not there."""

import json

from codeword.codebook import Codebook, Command, Observation, Result
from codeword.codebook.plan_executor import MOST_FAILURES, PlanExecutor
from codeword.codebook.plan_trace import trace
from codeword.codebook.task_plan import read_plan
from tests.codebook.plan_books import COFFEE, DOG, book, scene
from tests.observations import observe


def commanded(codebook: Codebook, text: str, seen: Observation) -> list[str]:
    found = trace(codebook, read_plan(codebook, text), seen)
    return [*(command.text for command in found.commands), *([found.failure] if found.failure else [])]


def after(seen: Observation, command: Command, status: str = "done") -> Observation:
    last = Result.model_validate({"command": command.text, "status": status})
    return seen.model_copy(update={"step": seen.step + 1, "last": last})


def test_commands_come_in_order_and_as_often_as_the_plan_says() -> None:
    text = '{"plan":[{"skill":"sit"},{"skill":"bark"},3,{"skill":"walk","steps":-5},{"skill":"sit"}]}'
    assert commanded(book(DOG), text, scene()) == [
        '{"skill":"sit"}', *['{"skill":"bark"}'] * 3, '{"skill":"walk","steps":-5}', '{"skill":"sit"}',
    ]  # fmt: skip


def test_what_a_command_needs_is_made_so_first() -> None:
    tea = '{"skill":"brew","drink":"tea","cup":"mug"}'
    assert commanded(book(COFFEE), f'{{"plan":[{tea}]}}', scene(mug="cup")) == [
        '{"skill":"switch_on"}', '{"skill":"heat"}', tea,
    ]  # fmt: skip
    assert commanded(book(COFFEE), f'{{"plan":[{tea},2]}}', scene("powered", "hot", mug="cup")) == [tea, tea]


def test_goals_and_commands_mix(tabletop: Codebook) -> None:
    text = '{"plan":[[["red_block","on","green_block"]],{"skill":"home"},[["red_block","on","table"]]]}'
    said = commanded(tabletop, text, observe({"red_block": "table", "green_block": "table"}))
    assert [command.split('"')[3] for command in said] == ["pick", "place", "home", "pick", "place"]


def test_a_command_whose_effects_hold_is_not_undone_to_be_done_again() -> None:
    assert commanded(book(COFFEE), '{"plan":[{"skill":"switch_on"}]}', scene("powered")) == []


def test_a_failed_command_is_tried_again_and_given_up_in_the_end() -> None:
    dog = book(DOG)
    executor, seen = PlanExecutor(dog, read_plan(dog, '{"plan":[{"skill":"bark"},{"skill":"sit"}]}')), scene()
    for _ in range(MOST_FAILURES):
        found = executor.next(seen)
        assert isinstance(found, Command) and found.skill == "bark"
        seen = after(seen, found, "failed")
    assert executor.next(seen) == "impossible"
    assert executor.done == ()


def test_a_failure_that_passes_costs_nothing_but_itself() -> None:
    dog = book(DOG)
    executor, seen = PlanExecutor(dog, read_plan(dog, '{"plan":[{"skill":"bark"},2]}')), scene()
    said = []
    for status in ("done", "failed", "done"):
        found = executor.next(seen)
        assert isinstance(found, Command)
        said.append(found.skill)
        seen = after(seen, found, status)
    assert said == ["bark", "bark", "bark"]
    ending = executor.next(seen)
    assert isinstance(ending, Command) and ending.skill == "done"
    assert executor.done == ("bark, 2 times",)


def test_a_command_of_the_planner_without_its_effect_is_given_up_and_one_that_shows_in_the_end_is_not() -> None:
    coffee, tea = book(COFFEE), '{"plan":[{"skill":"brew","drink":"tea","cup":"mug"}]}'
    executor, seen = PlanExecutor(coffee, read_plan(coffee, tea)), scene(mug="cup")
    for _ in range(MOST_FAILURES - 1):
        found = executor.next(seen)
        assert isinstance(found, Command) and found.skill == "switch_on"
        seen = after(seen, found)
    late = executor.next(seen)
    assert isinstance(late, Command) and executor.unshown == "switch_on was done 2 times, but powered does not show"
    heat = executor.next(after(scene("powered", mug="cup"), late))
    assert isinstance(heat, Command) and heat.skill == "heat" and not executor.unshown
    stuck, seen = PlanExecutor(coffee, read_plan(coffee, tea)), scene(mug="cup")
    for _ in range(MOST_FAILURES):
        found = stuck.next(seen)
        assert isinstance(found, Command)
        seen = after(seen, found)
    assert stuck.next(seen) == "impossible"
    assert stuck.unshown == "switch_on was done 3 times, but powered does not show"


def test_where_effects_may_show_late_a_robot_that_can_wait_looks_again_before_it_sends_the_command_again() -> None:
    waiting = COFFEE.replace("  rinse:", "  rest: {description: wait a while, waits: true}\n  rinse:")
    coffee, tea = book(waiting), '{"plan":[{"skill":"brew","drink":"tea","cup":"mug"}]}'

    def sent(looks: int, shows_from: int) -> list[str]:
        executor, seen, said = PlanExecutor(coffee, read_plan(coffee, tea)), scene(mug="cup"), list[str]()
        for look in range(1, looks + 1):
            found = executor.next(seen)
            if not isinstance(found, Command):
                return [*said, found]
            said.append(found.skill)
            seen = after(scene("powered", mug="cup") if look >= shows_from else scene(mug="cup"), found)
        return said

    assert sent(4, shows_from=3) == ["switch_on", "rest", "rest", "heat"]
    assert sent(5, shows_from=4) == ["switch_on", "rest", "rest", "switch_on", "heat"]
    assert sent(20, shows_from=99) == [*["switch_on", "rest", "rest"] * MOST_FAILURES, "impossible"]


def test_a_thing_that_is_not_there_is_missing_and_nothing_moves_for_it() -> None:
    text = '{"plan":[{"skill":"brew","drink":"tea","cup":"mug"}]}'
    assert commanded(book(COFFEE), text, scene(glass="cup")) == ["missing"]


def test_what_nothing_can_make_so_is_impossible_and_nothing_moves_for_it(tabletop: Codebook) -> None:
    wide = observe({"red_block": "table"}, ("blue_bowl",), red_block="wide")
    assert commanded(tabletop, '{"plan":[{"skill":"pick","object":"red_block"}]}', wide) == ["impossible"]


def test_a_class_of_which_nothing_can_be_said_is_missing_beside_what_can_be_done(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"}, (), ("left_zone",))
    red = '["red_block","on","left_zone"]'
    for nothing in ('["all","bowl","on","left_zone"]', '["all","green","on","left_zone"]'):
        assert commanded(tabletop, f'{{"plan":[[{nothing},{red}]]}}', seen) == ["missing"]
    said = commanded(tabletop, f'{{"plan":[[["all","block","on","table"],{red}]]}}', seen)
    assert [json.loads(command)["skill"] for command in said] == ["pick", "place"], "all but the one set apart"


def test_of_a_class_what_nothing_brings_about_may_be_so_already() -> None:
    text = COFFEE.replace("[cup]", "[cup, shelf]").replace(
        "facts:", "facts:\n  on(a in cup, b in shelf): it stands there"
    )
    plan = '{"plan":[[["all","cup","on","board"],["powered"]]]}'
    things = {"mug": "cup", "glass": "cup", "board": "shelf"}
    assert commanded(book(text), plan, scene("on(mug, board)", "on(glass, board)", **things)) == [
        '{"skill":"switch_on"}'
    ]
    assert commanded(book(text), plan, scene("on(mug, board)", **things)) == ["impossible"]


def test_what_is_so_already_is_not_undone_to_be_done_again_and_a_thing_is_got_to_be_done_with() -> None:
    drone = book("""
codebook: drone
robot: {robot: drone, primitives: {act: {description: acts}}}
entities: [ball]
facts: {flying: it is in the air, holding(ball): it has the ball}
skills:
  take_off: {description: start, preconditions: [not flying], effects: [flying]}
  land: {description: come down, preconditions: [flying], effects: [not flying]}
  take: {description: grip a ball, args: {ball: {entity: ball}}, preconditions: [not holding(ball)], effects: [holding(ball)]}
  throw: {description: throw a ball, args: {ball: {entity: ball}}, preconditions: [holding(ball)], effects: [not holding(ball)]}
  done: {description: end}
  cannot: {description: give up, args: {reason: {choice: [missing]}}}
""")
    seen = scene(ball_1="ball")
    for plan, commands in (('{"skill":"land"}', []), ('{"skill":"throw","ball":"ball_1"}', ["take", "throw"])):
        found = trace(drone, read_plan(drone, f'{{"plan":[{plan}]}}'), seen)
        assert ([command.skill for command in found.commands], found.failure) == (commands, "")
