"""What plans never make up: an argument that no effect, no default and no value for plans declares."""

import pytest

from codeword.codebook import Codebook, CodebookError, Entity, Observation, load_codebook, parse_codebook
from codeword.codebook.parse import Vocabulary, parse_condition
from codeword.codebook.planner import Plan, SymbolicWorld, plan
from codeword.codebook.prompt import codebook_text
from tests.observations import observe

ROVER = """\
codebook: rover
robot: base
entities: [place, animal]
facts:
  moved: the base has moved
  heard(thing): the thing has heard the base
  lit: the lamp is lit
  warm: the heater is warm
skills:
  drive:
    description: drive ahead, or back if negative
    args:
      distance_m: {number: {min: -2, max: 2, step: 0.5}}
    preconditions: [not distance_m == 0]
    effects: [moved]
  hoot:
    description: sound the horn at something
    args:
      thing: {entity: [place, animal]}
      blasts: {integer: {min: 1, max: 3}}
    effects: [heard(thing)]
  switch:
    description: turn the lamp on or off
    args:
      way: {choice: ["off", "on"]}
    effects: [lit if way == on, not lit if way == off]
  heat:
    description: set the heater
    args:
      level: {integer: {min: 0, max: 5}}
    effects: [warm if level > 2]
  done: {description: say that it is done}
  cannot: {description: give up, args: {reason: {choice: [missing, impossible]}}}
"""
SEEN = Observation(step=0, time_s=0.0, entities=(Entity(id="cat", kind="animal"),), facts=())


def planned(codebook: Codebook, goal: str, seen: Observation = SEEN) -> Plan:
    ids = tuple(entity.id for entity in seen.entities)
    vocabulary = Vocabulary(codebook.places(), codebook.kinds, entities=ids)
    return plan(SymbolicWorld.of(codebook, seen), parse_condition(goal, vocabulary))


@pytest.mark.parametrize(
    ("old", "new", "goal", "command"),
    [
        ("", "", "moved", None),  # a precondition leaves eight distances
        ("step: 0.5}}", "step: 0.5}, default: 1}", "moved", '{"skill":"drive"}'),
        ("step: 0.5}}", "step: 0.5}, planned: 1}", "moved", '{"skill":"drive","distance_m":1}'),
        ("step: 0.5}}", "step: 0.5}, planned: 0}", "moved", None),  # that one is not legal, and no other is declared
        ("[not distance_m == 0]", "[distance_m == 1.5]", "moved", '{"skill":"drive","distance_m":1.5}'),
        ("    preconditions: [not distance_m == 0]\n", "", "moved", None),
        ("{min: -2, max: 2, step: 0.5}", "{min: 1, max: 1, step: 0.5}", "moved", '{"skill":"drive","distance_m":1}'),
        ("", "", "heard(cat)", None),
        ("max: 3}}", "max: 3}, planned: 2}", "heard(cat)", '{"skill":"hoot","thing":"cat","blasts":2}'),
        ("", "", "lit", '{"skill":"switch","way":"on"}'),
        ("", "", "warm", None),  # three levels do the same
        ("max: 5}}", "max: 5}, planned: 4}", "warm", '{"skill":"heat","level":4}'),
        ("max: 5}}", "max: 3}}", "warm", '{"skill":"heat","level":3}'),
    ],
)
def test_a_value_is_planned_only_where_the_codebook_leaves_no_other(
    old: str, new: str, goal: str, command: str | None
) -> None:
    found = planned(parse_codebook(ROVER.replace(old, new, 1) if old else ROVER), goal)
    if command is None:
        assert (found.failure, found.commands) == ("impossible", ())
    else:
        assert [one.text for one in found.commands] == [command]


def test_a_thing_that_no_effect_and_no_precondition_tells_of_is_not_made_up() -> None:
    over = ROVER.replace(
        "    args:\n      distance_m: {number: {min: -2, max: 2, step: 0.5}}\n    preconditions: [not distance_m == 0]\n",
        "    args:\n      thing: {entity: [place, animal]}\n",
    )
    assert planned(parse_codebook(over), "moved").failure == "impossible", "not even where there is only the cat"
    told = over.replace("    effects: [moved]", "    preconditions: [place(thing)]\n    effects: [moved]")
    hall = SEEN.model_copy(update={"entities": (*SEEN.entities, Entity(id="hall", kind="place"))})
    assert [c.text for c in planned(parse_codebook(told), "moved", hall).commands] == [
        '{"skill":"drive","thing":"hall"}'
    ]


def test_the_model_is_not_told_what_plans_take() -> None:
    assert codebook_text(parse_codebook(ROVER)) == codebook_text(
        parse_codebook(ROVER.replace("max: 3}}", "max: 3}, planned: 2}"))
    )


def test_a_firm_grip_is_still_planned_for_what_slips() -> None:
    workbench = load_codebook("workbench")
    seen = observe({"red_block": "table"}, ("blue_bowl",))
    goal = parse_condition("holding(red_block)", Vocabulary(workbench.places(), workbench.kinds, entities=None))
    dear = {'{"skill":"pick","object":"red_block"}': 4.0}
    found = plan(SymbolicWorld.of(workbench, seen), goal, dear=dear)
    assert [c.text for c in found.commands] == ['{"skill":"pick_firmly","object":"red_block","force_n":30}']


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("max: 3}, planned: 9}", "20:52: the value in plans of 'blasts' cannot be '9': 1..3 step 1"),
        ("max: 3}, default: 1, planned: 2}", "20:55: plans take the default of 'blasts'; leave out 'planned'"),
    ],
)
def test_a_value_for_plans_is_one_of_the_argument_s(new: str, fault: str) -> None:
    with pytest.raises(CodebookError) as told:
        parse_codebook(ROVER.replace("max: 3}}", new), "c.yaml")
    assert [str(one) for one in told.value.faults] == [f"c.yaml:{fault}"]
