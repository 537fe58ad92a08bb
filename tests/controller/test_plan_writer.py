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
    chosen = _chosen(boat, [written(ANCHOR, 0.7), written(SAIL, 0.2)], prior)
    assert (chosen.plan.text, chosen.sure) == (plan, pytest.approx(sure))
    without = _chosen(boat, [written(ANCHOR, 0.7), written(SAIL, 0.2)], None)
    assert (without.plan.text, without.sure) == (ANCHOR, pytest.approx(0.7))
