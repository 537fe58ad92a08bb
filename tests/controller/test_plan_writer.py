"""The plan that is chosen among those that a model wrote, and how sure it is of it."""

import math

import pytest

from codeword.codebook import Codebook, Entity, Fact, Observation, parse_codebook
from codeword.codebook.task_plan import read_plan
from codeword.controller.decision import Decision
from codeword.controller.plan_writer import ThoughtOf, WrittenPlan, _chosen
from codeword.controller.prior.coverage import coverage
from codeword.controller.prior.of_task import plan_prior

BOOK = """
codebook: boat
robot: {robot: boat, primitives: {act: {description: does it}}}
entities: [bay]
skills:
  sail_to: {description: sail to a bay, args: {bay: {entity: bay}}}
  drop_anchor: {description: let the anchor down}
  done: {description: all is done}
  cannot: {description: gives up, args: {reason: {choice: [missing]}}}
"""
ANCHOR, SAIL = '{"plan":[{"skill":"drop_anchor"}]}', '{"plan":[{"skill":"sail_to","bay":"bay_2"}]}'

BOTH = '{"plan":[{"skill":"sail_to","bay":"bay_2"},{"skill":"drop_anchor"}]}'


def written(text: str, probability: float) -> Decision:
    return Decision(text=text, logprob=math.log(probability), stage_ms={}, path="decoded", key="k")


def chosen(book: Codebook, seen: Observation, made: list[Decision], task: str = "", enough: float = 0.0) -> WrittenPlan:
    """What is chosen of some plans: for a task by its prior, else by their probabilities alone."""
    prior = plan_prior(book, task, seen, {}) if task else None
    covered = coverage(book, task, seen, prior) if prior is not None else None
    thought = ThoughtOf.of([(one, read_plan(book, one.text)) for one in made], prior, covered)
    return _chosen(book, seen, thought, enough)


@pytest.mark.parametrize(
    ("task", "plan", "sure"), [("drop the anchor", ANCHOR, 0.7), ("sail to bay_2", SAIL, 0.2), ("bay_2", SAIL, 0.2)]
)
def test_a_plan_that_leaves_out_what_is_named_falls_behind_and_makes_no_other_surer(
    task: str, plan: str, sure: float
) -> None:
    boat = parse_codebook(BOOK)
    seen = Observation(step=0, time_s=0.0, entities=(Entity(id="bay_2", kind="bay"),), facts=())
    made = [written(ANCHOR, 0.7), written(SAIL, 0.2)]
    found = chosen(boat, seen, made, task)
    assert (found.plan.text, found.sure) == (plan, pytest.approx(sure))
    probabilities = [one.probability for one in found.considered]
    assert probabilities == sorted(probabilities, reverse=True) and sum(probabilities) <= 1
    assert chosen(boat, seen, made).plan.text == ANCHOR


def test_plans_of_other_lengths_take_no_weight_from_each_other() -> None:
    boat = parse_codebook(BOOK)
    seen = Observation(step=0, time_s=0.0, entities=(Entity(id="bay_2", kind="bay"),), facts=())
    found = chosen(boat, seen, [written(ANCHOR, 0.6), written(BOTH, 0.3)], "drop the anchor in bay_2")
    assert (found.plan.text, found.sure) == (ANCHOR, pytest.approx(0.6))


def test_plans_that_come_to_the_same_count_together_where_none_is_sure_enough() -> None:
    effects = "args: {bay: {entity: bay}}, effects: [not at(any), at(bay)]}"
    text = BOOK.replace("args: {bay: {entity: bay}}}", effects).replace(
        "entities: [bay]", 'entities: [bay]\nfacts: {"at(bay)": it lies there}'
    )
    boat = parse_codebook(text)
    bays = tuple(Entity(id=name, kind="bay") for name in ("bay_1", "bay_2"))
    seen = Observation(step=0, time_s=0.0, entities=bays, facts=())
    there, elsewhere = '{"plan":[[["at","bay_2"]]]}', SAIL.replace("bay_2", "bay_1")
    made = [written(there, 0.45), written(SAIL, 0.35), written(elsewhere, 0.1), written('{"cannot":"unclear"}', 0.05)]
    alone, together = (chosen(boat, seen, made, enough=enough) for enough in (0.4, 0.6))
    assert (alone.plan.text, alone.sure) == (there, pytest.approx(0.45))
    assert (together.plan.text, together.sure) == (there, pytest.approx(0.8))
    assert [one.plan for one in together.considered] == [there, elsewhere, '{"cannot":"unclear"}']


def test_plans_that_leave_nothing_to_be_done_do_not_count_together() -> None:
    facts = "entities: [bay]\nfacts: {down: the anchor is down, lit: a lamp is on}"
    skills = (
        "drop_anchor: {description: let the anchor down, effects: [down]}\n  lamp: {description: on, effects: [lit]}"
    )
    text = BOOK.replace("entities: [bay]", facts).replace("drop_anchor: {description: let the anchor down}", skills)
    boat = parse_codebook(text.replace("effects: [down]", "preconditions: [not down], effects: [down]").replace(
        "effects: [lit]", "preconditions: [not lit], effects: [lit]"))  # fmt: skip
    seen = Observation(step=0, time_s=0.0, entities=(), facts=(Fact("down", ()), Fact("lit", ())))
    lamp = ANCHOR.replace("drop_anchor", "lamp")
    made = [written(ANCHOR, 0.4), written(lamp, 0.35)]
    assert chosen(boat, seen, made, enough=0.6).sure == pytest.approx(0.4)


TRAYS = """
codebook: oven
robot: {robot: oven, primitives: {act: {description: does it}}}
entities: [tray]
facts: {"on(a, b)": one lies on the other}
skills:
  shut: {description: shut the lid of a tray, args: {tray: {entity: tray}}}
  put: {description: put one on another, args: {a: {entity: tray}, b: {entity: tray}}, preconditions: ["not on(any, a)"],
        effects: ["not on(a, any)", "on(a, b)"]}
  done: {description: all is done}
  cannot: {description: gives up, args: {reason: {choice: [missing]}}}
"""


def trays(*names: str) -> Observation:
    return Observation(step=0, time_s=0.0, entities=tuple(Entity(id=name, kind="tray") for name in names), facts=())


@pytest.mark.parametrize(
    ("task", "plan"),
    [
        ("shut the lid of the right tray", '{"cannot":"missing"}'),
        ("shut the lid of the left tray", '{"plan":[{"skill":"shut","tray":"left_tray"}]}'),
        ("shut the lid of the tray at the left", '{"plan":[{"skill":"shut","tray":"left_tray"}]}'),
    ],
)
def test_what_is_named_and_not_there_is_not_taken_for_something_else(task: str, plan: str) -> None:
    oven, seen = parse_codebook(TRAYS), trays("left_tray", "sunflower_tray")
    prior = plan_prior(oven, task, seen, {})
    shut = '{"plan":[{"skill":"shut","tray":"left_tray"}]}'
    found = chosen(oven, seen, [written(shut, 0.7), written('{"cannot":"missing"}', 0.1)], task)
    assert found.plan.text == plan
    assert (prior.cannot >= 0.95) is ("cannot" in plan)


def test_a_plan_that_contradicts_itself_takes_no_weight_from_others_unless_it_has_most() -> None:
    oven, seen = parse_codebook(TRAYS), trays("red_tray", "blue_tray", "small_tray")
    right = '{"plan":[[["red_tray","on","blue_tray"]]]}'
    two_places = '{"plan":[[["red_tray","on","blue_tray"],["red_tray","on","small_tray"]]]}'

    def best(likely: float, never: float) -> tuple[str, float | None]:
        found = chosen(oven, seen, [written(right, likely), written(two_places, never)], enough=0.6)
        return found.plan.text, found.sure

    assert best(0.5, 0.4) == (right, pytest.approx(0.5 / 0.6))
    assert best(0.4, 0.45) == (right, pytest.approx(0.4 / 0.55))
    assert best(0.3, 0.6) == (two_places, pytest.approx(0.6))
