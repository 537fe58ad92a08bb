"""What words alone tell of plans: the likeliest one is the one that is meant, and what it begins with is likelier than
what others begin with.
"""

import math
from dataclasses import replace
from itertools import product

import pytest

from codeword.codebook import Codebook, Entity, Observation, parse_codebook
from codeword.codebook.choice_graph import Node
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_prompt import plan_prompt
from codeword.controller.digest import graph_digest
from codeword.controller.engine import Engine
from codeword.controller.prior.of_task import parts_of, plan_prior, sign_of
from codeword.controller.prior.plan_prior import Asked, PlanPrior
from codeword.controller.prior.weighted import Weighted, bias_of, prior_of
from codeword.controller.registry import LocalModel

BOOK = """
codebook: cart
description: a small cart
robot: {robot: cart, primitives: {act: {description: does it}}}
entities: [site]
skills:
  drive: {description: roll forward, args: {distance_m: {number: {min: 0, max: 2, step: 0.5}}}}
  go_to: {description: roll to a site, args: {site: {entity: site}}}
  light: {description: set the head lamp, args: {color: {choice: [red, green]}}}
  horn: {description: sound the horn}
  done: {description: all is done}
  cannot: {description: gives up, args: {reason: {choice: [missing]}}}
"""
SITES = ("old_dock", "new_dock", "gate")

DRIVE, GO, LIGHT, HORN = (
    '{"skill":"drive","distance_m":%s}', '{"skill":"go_to","site":"%s"}', '{"skill":"light","color":"%s"}',
    '{"skill":"horn"}',
)  # fmt: skip
COMMANDS = [
    *(DRIVE % text for text in ("0", "0.5", "1", "1.5", "2")),
    *(GO % site for site in SITES), *(LIGHT % color for color in ("red", "green")), HORN,
]  # fmt: skip
ITEMS = [*COMMANDS, *(f"{one},{times}" for one in COMMANDS for times in (2, 3))]
PLANS = [
    *(f'{{"plan":[{one}]}}' for one in ITEMS),
    *(f'{{"plan":[{one},{other}]}}' for one, other in product(ITEMS, ITEMS)),
]


@pytest.fixture(scope="module")
def cart() -> Codebook:
    return parse_codebook(BOOK)


@pytest.fixture(scope="module")
def seen() -> Observation:
    return Observation(step=0, time_s=0.0, entities=tuple(Entity(id=site, kind="site") for site in SITES), facts=())


@pytest.mark.parametrize(
    ("task", "items"),
    [
        ("drive one and a half metres", [DRIVE % "1.5"]),
        ("go to the old dock", [GO % "old_dock"]),
        ("head lamp green please", [LIGHT % "green"]),
        ("sound the horn three times", [f"{HORN},3"]),
        ("horn x2", [f"{HORN},2"]),
        ("drive 2 m, then lamp red", [DRIVE % "2", LIGHT % "red"]),
        ("go to the gate and sound the horn twice", [GO % "gate", f"{HORN},2"]),
        ("go to the new dock and the gate", [GO % "new_dock", GO % "gate"]),
        ("gate, then horn", [GO % "gate", HORN]),
        ("lamp red, then the old dock", [LIGHT % "red", GO % "old_dock"]),
        ("boil me some soup", None),
    ],
)
def test_of_all_plans_the_likeliest_is_the_one_that_is_meant(
    cart: Codebook, seen: Observation, task: str, items: list[str] | None
) -> None:
    prior = plan_prior(cart, task, seen, {})
    if items is None:
        assert prior.cannot > 0.5
        return
    assert prior.cannot < 0.5
    assert max(PLANS, key=lambda text: prior.score(text)[0]) == f'{{"plan":[{",".join(items)}]}}'


def test_parts_are_cut_where_one_thing_ends_and_another_begins() -> None:
    assert parts_of("drive 2 m, then bark; and then sit") == ("drive 2 m", "bark", "sit")
    assert parts_of("first bark, after that sit. Finally, roll over") == ("first bark", "sit", "roll over")
    assert parts_of("bark after you sat down and rolled") == ("you sat down", "rolled", "bark")
    assert parts_of("Once the lamp is on, bark and sit") == ("the lamp is on", "bark", "sit")
    assert parts_of("before you bark, sit") == ("sit", "you bark")
    assert parts_of("weigh pallet two before pallet one") == ("weigh pallet two", "pallet one")
    assert parts_of("bark until it is dark and sit") == ("bark until it is dark and sit",)
    assert parts_of("bark after sitting before rolling") == ("bark after sitting before rolling",)
    assert parts_of("drive 0.5 m") == ("drive 0.5 m",)
    assert parts_of("drive one and a half metres and bark", [(6, 27)]) == ("drive one and a half metres", "bark")
    assert parts_of("...") == ("...",)


def made(**changes: object) -> PlanPrior:
    """A prior of figures that can be worked out by hand: a skill of 3 in 4, one of 1 in 4."""
    asked = Asked(
        {"go": math.log(0.75), "grab": math.log(0.25)},
        {"go.to": {"red_bowl": math.log(0.6), "red_cup": math.log(0.3), "bin": math.log(0.1)}},
        {"go.far": ("3", "-3")},
        {},
    )
    return replace(PlanPrior(0.2, (asked,), True, (), {"skill": 0.3}), **changes)  # type: ignore[arg-type]


def test_what_a_text_begins_with_is_as_likely_as_all_that_follows() -> None:
    prior = made()
    assert prior.score('{"')[0] == pytest.approx(0.0)
    assert prior.score('{"c')[0] == prior.score('{"cannot":"unclear"}')[0] == pytest.approx(math.log(0.2))
    command = math.log(0.8 * 0.85)
    assert prior.score('{"plan":[{"skill":"')[0] == pytest.approx(command)
    assert prior.score('{"plan":[{"skill":"g')[0] == pytest.approx(command)
    assert prior.score('{"plan":[{"skill":"go')[0] == pytest.approx(command + math.log(0.75))
    assert prior.score('{"plan":[{"skill":"gr')[0] == pytest.approx(command + math.log(0.25))
    went = prior.score('{"plan":[{"skill":"go"')[0]
    assert prior.score('{"plan":[{"skill":"go","to":"red_')[0] == pytest.approx(went + math.log(0.9))
    assert prior.score('{"plan":[{"skill":"go","to":"red_cup"')[0] == pytest.approx(went + math.log(0.3))
    assert prior.score('{"plan":[{"skill":"go","far":3')[0] == pytest.approx(went + math.log(0.97 / 2 + 0.03 / 10))
    assert prior.score('{"plan":[{"skill":"go","far":-')[0] == pytest.approx(went + math.log(0.97 / 2 + 0.03 / 10))
    ended = prior.score('{"plan":[{"skill":"grab"}]}')[0]
    going_on = prior.score('{"plan":[{"skill":"grab"},')[0]
    begun = prior.score('{"plan":[{"skill":"grab"}')[0]
    assert math.exp(ended) + math.exp(going_on) == pytest.approx(math.exp(begun), rel=0.15)  # a number is left out
    assert going_on < ended


def test_what_a_model_counts_beside_it_depends_on_the_place() -> None:
    prior = made()
    assert prior.weigh('{"plan":[{"skill":"', ["go", "grab"])[0] == 0.3
    assert prior.weigh('{"plan":[{"skill":"go","far":', ["3", "4"])[0] == 1.0
    assert [prior.score(text)[1] for text in ('{"', '{"plan":[', '{"plan":[{"skill":"g', '{"plan":[{"skill":"go"}')] == [
        "opening", "opening", "skill", "next",
    ]  # fmt: skip


def test_what_is_left_of_a_graph_has_its_prior_and_its_name_tells_of_it(cart: Codebook, seen: Observation) -> None:
    graph = plan_graph(cart, seen, "sound the horn")
    prior = plan_prior(cart, "sound the horn", seen, {})
    weighted = Weighted.of(graph, prior)
    assert prior_of(weighted) is prior
    assert prior_of(weighted.beginning('{"plan')) is prior
    assert prior_of(weighted.without('{"cannot')) is prior
    assert prior_of(graph) is None
    assert bias_of(graph, str) is None
    other = Weighted.of(graph, plan_prior(cart, "go to the gate", seen, {}))
    assert len({graph_digest(graph), graph_digest(weighted), graph_digest(other)}) == 3
    assert graph_digest(weighted) == graph_digest(Weighted.of(graph, plan_prior(cart, "sound the horn", seen, {})))


def test_a_direction_has_the_sign_that_the_codebook_gives_it() -> None:
    assert sign_of("turn on the spot, left is positive", "turn right by 90 degrees") == -1
    assert sign_of("turn on the spot, left is positive", "a quarter to the left") == 1
    assert sign_of("turn on the spot, clockwise is positive", "turn left by 90 degrees") == -1
    assert sign_of("turn on the spot, left is positive", "a quarter counterclockwise") == 1
    assert sign_of("drive ahead, backwards if negative", "back up half a metre") == -1
    assert sign_of("positive values go up, negative ones down", "higher by 3 cm") == 1
    assert sign_of("turn on the spot", "turn right by 90 degrees") == 0
    assert sign_of("left is positive", "left 45 degrees and right 45") == 0
    assert sign_of("left is positive and right is positive", "left") == 0
    text = BOOK.replace("description: roll forward", 'description: "roll forward, back if negative"').replace(
        "min: 0", "min: -2"
    )
    book = parse_codebook(text)
    seen = Observation(step=0, time_s=0.0, entities=(), facts=())
    for task, right, wrong in (("drive back 1.5 m", "-1.5", "1.5"), ("drive forward 1.5 m", "1.5", "-1.5")):
        prior = plan_prior(book, task, seen, {})
        assert prior.score(f'{{"plan":[{DRIVE % right}]}}')[0] > prior.score(f'{{"plan":[{DRIVE % wrong}]}}')[0] + 5


def test_what_has_a_number_is_counted_where_the_skill_takes_none(cart: Codebook, seen: Observation) -> None:
    assert plan_prior(cart, "sound two horns", seen, {}).parts[0].times == 2
    assert plan_prior(cart, "drive two", seen, {}).parts[0].times == 1


def test_a_model_that_counts_for_nothing_leaves_it_to_the_words(
    cart: Codebook, seen: Observation, tiny_model: LocalModel
) -> None:
    engine = Engine(tiny_model, profile="bf16")
    nothing = dict.fromkeys(("opening", "skill", "word", "number", "next", "free"), 0.0)
    for task, plan in (
        ("sound the horn", f'{{"plan":[{HORN}]}}'),
        ("drive 2 m, then lamp red", f'{{"plan":[{DRIVE % "2"},{LIGHT % "red"}]}}'),
    ):
        graph: Node = plan_graph(cart, seen, task)
        prior = plan_prior(cart, task, seen, nothing)
        made_ = engine.decide(plan_prompt(cart, task, seen), Weighted.of(graph, prior))
        assert made_.text == plan
        assert made_.logprob is not None
        assert made_.logprob > math.log(0.2)
        assert engine.decide(plan_prompt(cart, task, seen), graph).key != made_.key


def test_the_same_command_twice_in_a_row_is_unlikely_and_a_count_is_not() -> None:
    prior = made(parts=(made().parts[0],) * 2)
    go, other = '{"skill":"go","to":"bin"}', '{"skill":"go","to":"red_bowl"}'
    begun = f'{{"plan":[{go},'
    once, again = (prior.score(begun + command)[0] for command in (other, go))
    assert once - again == pytest.approx(math.log(0.6 / 0.1) - math.log(0.02))
    between = f'{{"plan":[{go},{other},'
    assert prior.score(between + go)[0] - prior.score(between + other)[0] == pytest.approx(
        math.log(0.1 / 0.6) - math.log(0.02)
    )
