"""What a plan does where a command fails is told before it happens, and is what happens."""

from codeword.codebook import Codebook, Command, Observation, Result
from codeword.codebook.contingencies import Contingency, contingencies
from codeword.codebook.plan_executor import PlanExecutor
from codeword.codebook.task_plan import TaskPlan, read_plan, told_command
from tests.codebook.plan_books import COFFEE, DOG, book, scene
from tests.observations import observe


def begun(codebook: Codebook, text: str, seen: Observation) -> tuple[PlanExecutor, Command]:
    executor = PlanExecutor(codebook, read_plan(codebook, text))
    found = executor.next(seen)
    assert isinstance(found, Command)
    return executor, found


def failed(seen: Observation, command: Command) -> Observation:
    last = Result(command=command.text, status="failed")
    return seen.model_copy(update={"step": seen.step + 1, "last": last})


def test_a_command_is_tried_again_as_often_as_is_told() -> None:
    executor, bark = begun(book(DOG), '{"plan":[{"skill":"bark"},{"skill":"sit"}]}', scene())
    assert contingencies(executor, scene(), bark) == (
        Contingency("it fails", "again, 2 more times at most; then this part of the plan is given up"),
    )
    seen, tries = scene(), 0
    while isinstance(found := executor.next(seen := failed(seen, bark)), Command):
        assert found == bark
        tries += 1
    assert (tries, found) == (2, "impossible")


def test_telling_it_changes_nothing(tabletop: Codebook) -> None:
    text = '{"plan":[[["red_block","on","green_block"]],{"skill":"home"}]}'
    seen = observe({"red_block": "table", "green_block": "table"})
    executor, pick = begun(tabletop, text, seen)
    told = contingencies(executor, seen, pick)
    assert contingencies(executor, seen, pick) == told
    assert executor.failures == {}
    assert executor.next(failed(seen, pick)) == pick
    assert executor.failures == {pick.text: 1}


def test_a_thing_that_is_out_of_sight_is_looked_for(tabletop: Codebook) -> None:
    text = '{"plan":[[["red_block","on","green_block"]]]}'
    seen = observe({"red_block": "table", "green_block": "table"})
    executor, pick = begun(tabletop, text, seen)
    told = {one.case: one.then for one in contingencies(executor, seen, pick)}
    assert set(told) == {"it fails", "red_block is out of sight"}
    gone = failed(observe({"green_block": "table"}), pick)
    found = executor.next(gone)
    assert isinstance(found, Command)
    assert told["red_block is out of sight"].startswith(told_command(found))


def test_cases_with_one_answer_are_told_together() -> None:
    seen = scene("powered", "hot", mug="cup")
    executor, brew = begun(book(COFFEE), '{"plan":[{"skill":"brew","drink":"tea","cup":"mug"}]}', seen)
    (fails, gone) = contingencies(executor, seen, brew)
    assert fails.then.startswith("again, 2 more times at most; then ")
    assert gone == Contingency("mug is out of sight", "this part of the plan is given up")


def test_nothing_can_go_wrong_with_saying_that_it_is_done() -> None:
    executor = PlanExecutor(book(DOG), TaskPlan(()))
    done = executor.next(scene())
    assert isinstance(done, Command)
    assert contingencies(executor, scene(), done) == ()
