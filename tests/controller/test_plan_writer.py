"""The plan that is chosen among those that a model wrote, and how sure it is of it."""

import math

import pytest

from codeword.codebook import Entity, Observation, parse_codebook
from codeword.controller.decision import Decision
from codeword.controller.plan_writer import _chosen
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


def written(text: str, probability: float) -> Decision:
    return Decision(text=text, logprob=math.log(probability), stage_ms={}, path="decoded", key="k")


@pytest.mark.parametrize(
    ("task", "plan", "sure"),
    [("drop the anchor", ANCHOR, 0.7), ("drop the anchor in bay_2", SAIL, 0.2), ("bay_2, then drop it", SAIL, 0.2)],
)
def test_a_plan_that_leaves_out_what_is_named_falls_behind_and_makes_no_other_surer(
    task: str, plan: str, sure: float
) -> None:
    boat = parse_codebook(BOOK)
    seen = Observation(step=0, time_s=0.0, entities=(Entity(id="bay_2", kind="bay"),), facts=())
    prior = plan_prior(boat, task, seen, {})
    chosen = _chosen(boat, seen, [written(ANCHOR, 0.7), written(SAIL, 0.2)], prior, 0.0)
    assert (chosen.plan.text, chosen.sure) == (plan, pytest.approx(sure))
    without = _chosen(boat, seen, [written(ANCHOR, 0.7), written(SAIL, 0.2)], None, 0.0)
    assert (without.plan.text, without.sure) == (ANCHOR, pytest.approx(0.7))


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
    alone, together = (_chosen(boat, seen, made, None, sure_enough) for sure_enough in (0.4, 0.6))
    assert (alone.plan.text, alone.sure) == (there, pytest.approx(0.45))
    assert (together.plan.text, together.sure) == (there, pytest.approx(0.8))
    assert [one.plan for one in together.considered] == [there, elsewhere, '{"cannot":"unclear"}']
