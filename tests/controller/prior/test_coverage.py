"""What a whole plan covers of its task: features worked out by hand, and weights that are learned."""

import json
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Entity, Observation, parse_codebook
from codeword.codebook.task_plan import TaskPlan, read_plan
from codeword.controller.prior import coverage as module
from codeword.controller.prior.coverage import FEATURES, Coverage, coverage, learned
from codeword.controller.prior.of_task import plan_prior
from codeword.controller.teaching.coverage import Thought, count_kept_aside, count_right, learn_coverage

BOOK = """
codebook: cart
description: a small cart
robot: {robot: cart, primitives: {act: {description: does it}}}
entities: [site]
facts: {"at(site)": it stands there}
skills:
  drive: {description: roll forward, args: {distance_m: {number: {min: 0, max: 2, step: 0.5}}}}
  go_to: {description: roll to a site, args: {site: {entity: site}}, effects: [not at(any), at(site)]}
  light: {description: set the head lamp, args: {color: {choice: [red, green]}}}
  horn: {description: sound the horn}
  done: {description: all is done}
  cannot: {description: gives up, args: {reason: {choice: [missing]}}}
"""
THING, STRANGE, NUMBER, SKILL, WORD = range(len(FEATURES))
GO, DRIVE, RED, HORN = (
    '{"skill":"go_to","site":"%s"}', '{"skill":"drive","distance_m":%s}', '{"skill":"light","color":"red"}',
    '{"skill":"horn"}',
)  # fmt: skip


@pytest.fixture(scope="module")
def cart() -> Codebook:
    return parse_codebook(BOOK)


def covered(cart: Codebook, task: str) -> Coverage:
    sites = tuple(Entity(id=name, kind="site") for name in ("old_dock", "gate"))
    seen = Observation(step=0, time_s=0.0, entities=sites, facts=())
    return coverage(cart, task, seen, plan_prior(cart, task, seen, {}))


def of(cart: Codebook, *items: str) -> TaskPlan:
    return read_plan(cart, f'{{"plan":[{",".join(items)}]}}')


def found(cart: Codebook, task: str, *items: str) -> list[float]:
    row = covered(cart, task).features(cart, of(cart, *items))
    assert row is not None
    return row


def test_what_is_named_and_left_out_and_what_nobody_named(cart: Codebook) -> None:
    task = "go to the old dock, then horn"
    right = found(cart, task, GO % "old_dock", HORN)
    assert right == [0] * len(FEATURES)
    wrong = found(cart, task, GO % "gate", HORN)
    assert (wrong[THING], wrong[STRANGE], wrong[WORD]) == (1, 1, 2)  # old, dock
    short = found(cart, task, GO % "old_dock")
    assert short[WORD] == 1 and short[SKILL] > 0.5  # of horn


def test_numbers_that_are_said_and_left_out(cart: Codebook) -> None:
    assert found(cart, "drive half a metre", DRIVE % "0.5")[NUMBER] == 0
    assert found(cart, "drive half a metre", HORN)[NUMBER] == 1
    assert found(cart, "sound the horn twice", f"{HORN},2")[NUMBER] == 0
    assert found(cart, "sound the horn twice", HORN)[NUMBER] == 1


def test_words_are_taken_up_by_skills_choices_and_things(cart: Codebook) -> None:
    assert found(cart, "red lamp please", RED)[WORD] == 0
    assert found(cart, "red lamp please", HORN)[WORD] == 1  # lamp is no word of a name, a choice or a thing
    assert found(cart, "honk and swim", HORN)[WORD] == 0  # nor are those


def test_plans_of_as_many_commands_share_their_weight_and_others_keep_theirs(cart: Codebook) -> None:
    right, wrong, short = of(cart, GO % "gate", HORN), of(cart, GO % "gate", RED), of(cart, GO % "gate")
    goal, mixed = of(cart, '[["at","old_dock"]]'), of(cart, '[["at","gate"]]', HORN)
    cannot = read_plan(cart, '{"cannot":"unclear"}')
    task = covered(cart, "go to the gate, then horn")
    assert [task.features(cart, plan) for plan in (goal, mixed, cannot)] == [None] * 3
    weights = {wrong: 0.3, right: 0.2, short: 0.1, goal: 0.1, mixed: 0.1, cannot: 0.15}
    shared = task.shared(cart, weights)
    assert shared[right] > shared[wrong]
    assert shared[right] + shared[wrong] == pytest.approx(0.5)
    alone = (short, goal, mixed, cannot)
    assert [shared[plan] for plan in alone] == pytest.approx([weights[plan] for plan in alone])


def thought(book: int, *, covers: bool) -> Thought:
    """Two plans: the likelier leaves a thing out, and is right where it need not be covered."""
    left_out, full = [0.0] * len(FEATURES), [0.0] * len(FEATURES)
    left_out[THING] = 1.0
    return Thought(f"book {book}", (-0.5, -1.2), (tuple(left_out), tuple(full)), (1, 1), (not covers, covers))


def test_weights_are_learned_that_put_the_right_plan_first_in_other_codebooks_too() -> None:
    some = [thought(number, covers=number % 10 != 0) for number in range(80)]
    weights = learn_coverage(some)
    assert weights[THING] < -1 and weights[WORD] == pytest.approx(0, abs=1e-6)
    assert count_right([0.0] * len(FEATURES), some) == 8
    assert count_right(weights, some) == count_kept_aside(some) == 72


def test_the_shipped_weights_are_those_of_the_features() -> None:
    told = json.loads((Path(module.__file__).parent / "coverage.json").read_text())
    assert tuple(told) == FEATURES and learned() == tuple(told.values())
    weights = dict(zip(FEATURES, learned(), strict=True))
    assert all(weight < 0 for weight in weights.values())
