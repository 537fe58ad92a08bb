"""Plans as text: what can be written, read again, and what is refused."""

import json
import random
from typing import Any

import pytest

from codeword.codebook import Codebook, load_codebook
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.distribution import check_quantified
from codeword.codebook.errors import CommandError
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_trace import same_outcome, trace
from codeword.codebook.task_plan import MOST_ITEMS, Do, TaskPlan, check_things, goal_words, read_plan
from tests.codebook.plan_books import COFFEE, DOG, book, scene
from tests.observations import observe, random_observation


def walk(graph: Node, rng: random.Random) -> str:
    """A text of a graph, every edge as likely as any other."""
    text, node = "", graph
    while node is not END:
        piece, node = rng.choice(node.edges)
        text += piece
    return text


def check_read(codebook: Codebook, plan: TaskPlan, text: str) -> None:
    """Compare a plan with its text, item by item."""
    given = json.loads(text)
    assert plan.cannot == given.get("cannot", "")
    listed: list[tuple[Any, int]] = []
    for one in given.get("plan", ()):
        if isinstance(one, int):
            listed[-1] = (listed[-1][0], one)
        else:
            listed.append((one, 1))
    for (one, times), item in zip(listed, plan.items, strict=True):
        if isinstance(item, Do):
            defaults = {name: arg.default for name, arg in codebook.skills[one["skill"]].args.items()}
            args = {
                name: list(value) if isinstance(value, tuple) else value for name, value in item.command.args.items()
            }
            assert ({"skill": item.command.skill, **args}, item.times) == ({**defaults, **one}, times)
        else:
            words = list(map(tuple, goal_words(item.goal)))
            assert sorted(words) == sorted(set(map(tuple, one)))


@pytest.mark.parametrize("name", ["tabletop", "lekiwi", "mobile", "showcase"])
def test_what_the_grammar_writes_is_read_as_it_stands(name: str) -> None:
    codebook, rng = load_codebook(name), random.Random(5)
    for _ in range(6):
        seen = random_observation(rng)
        graph = plan_graph(codebook, seen, "put the red block away")
        for _ in range(10):
            text = walk(graph, rng)
            plan = read_plan(codebook, text)
            check_things(codebook, plan, seen)
            assert graph.accepts(text)
            check_read(codebook, plan, text)
            assert read_plan(codebook, plan.text) == plan


def test_a_codebook_without_effects_is_commanded() -> None:
    dog = book(DOG)
    graph = plan_graph(dog, scene())
    for text, told in (
        ('{"plan":[{"skill":"bark"},3]}', "bark, 3 times"),
        ('{"plan":[{"skill":"walk","steps":-5}]}', "walk(steps -5)"),
        ('{"plan":[{"skill":"sit"},{"skill":"bark"},2,{"skill":"sit"}]}', "sit; bark, 2 times; sit"),
        ('{"cannot":"unclear"}', "cannot (unclear)"),
    ):
        assert graph.accepts(text), text
        assert read_plan(dog, text).told == told
    for text in ('{"plan":[]}', '{"plan":[{"skill":"walk","steps":0}]}', '{"plan":[{"skill":"done"}]}', '{"plan":[3]}'):
        assert not graph.accepts(text), text


def test_commands_whose_preconditions_do_not_hold_yet_can_be_written() -> None:
    coffee = book(COFFEE)
    graph = plan_graph(coffee, scene(mug="cup"))
    assert graph.accepts('{"plan":[{"skill":"brew","drink":"tea","cup":"mug"}]}')
    assert graph.accepts('{"plan":[[["powered"]],{"skill":"rinse"}]}')
    assert not graph.accepts('{"plan":[{"skill":"brew","drink":"tea","cup":"glass"}]}')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"plan":[{"skill":"fly"}]}', "schema: item 1: at skill: 'fly' is not one of"),
        ('{"plan":[{"skill":"sit"},{"skill":"bark","times":2}]}', "schema: item 2: Additional properties"),
        ('{"plan":[{"skill":"walk","steps":11}]}', "schema: item 1: at steps: 11 is greater than the maximum of 10"),
        ('{"plan":[{"skill":"done"}]}', "schema: item 1: 'done' is no item of a plan, which ends by itself"),
        ('{"plan":[]}', "schema"),
        ('{"plan":[{"skill":"bark"},1000000000]}', "schema"),
        ('{"plan":[3,{"skill":"bark"}]}', "schema: the count 3 stands behind no command of its own"),
        ('{"plan":[{"skill":"bark"},2,2]}', "schema: the count 2 stands behind no command of its own"),
        ('{"plan":[[["barked"]]]}', "schema: unknown fact 'barked' (there are none)"),
        ('{"cannot":"tired"}', "schema"),
        ('{"plan":[{"skill":"bark"}],"plan":[]}', "json: the key 'plan' stands twice"),
        ('{"plan":[[[[[["a"]]]]]]}', "json: nested deeper than 6"),
        ('{"plan":[{"skill":"walk","steps":1e999}]}', "json: a number is not finite"),
    ],
)
def test_a_plan_that_is_none_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(CommandError) as refused:
        read_plan(book(DOG), text)
    assert str(refused.value).startswith(why)


def test_ten_thousand_items_are_refused_at_once() -> None:
    dog = book(DOG)
    with pytest.raises(CommandError, match="size: 170010 bytes; at most 16384"):
        read_plan(dog, '{"plan":[' + ",".join(['{"skill":"bark"}'] * 10_000) + "]}")
    with pytest.raises(CommandError, match=f"schema: a plan of 400 commands and facts; at most {MOST_ITEMS}"):
        read_plan(dog, '{"plan":[' + ",".join(['{"skill":"bark"}'] * 400) + "]}")


def test_a_plan_about_a_thing_that_is_not_there_is_refused(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"}, ("blue_bowl",))
    for text in ('{"plan":[[["gold_block","in","blue_bowl"]]]}', '{"plan":[{"skill":"pick","object":"gold_block"}]}'):
        with pytest.raises(CommandError, match="entity: 'gold_block' is not observed"):
            check_things(tabletop, read_plan(tabletop, text), seen)


def test_plans_that_come_to_the_same_are_told_from_those_that_do_not(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))

    def plan(text: str) -> TaskPlan:
        return read_plan(tabletop, text)

    goal = plan('{"plan":[[["red_block","in","blue_bowl"]]]}')
    commands = plan('{"plan":[{"skill":"place","object":"red_block","target":"blue_bowl"}]}')
    other = plan('{"plan":[{"skill":"place","object":"green_block","target":"blue_bowl"}]}')
    assert same_outcome(tabletop, goal, commands, seen)
    assert not same_outcome(tabletop, goal, other, seen)
    assert not same_outcome(tabletop, goal, TaskPlan((), "unclear"), seen)
    assert [command.skill for command in trace(tabletop, commands, seen).commands] == ["pick", "place"]
    dog = book(DOG)
    barks = read_plan(dog, '{"plan":[{"skill":"bark"},2]}')
    (item,) = barks.items
    assert isinstance(item, Do)
    written_twice = TaskPlan((Do(item.command), Do(item.command)))
    assert same_outcome(dog, barks, written_twice, scene())
    assert not same_outcome(dog, barks, TaskPlan((item, Do(item.command))), scene())


RED, GREEN = '["red_block","in","blue_bowl"]', '["green_block","in","blue_bowl"]'
SIT, BARK, RINSE = '{"skill":"sit"}', '{"skill":"bark"}', '{"skill":"rinse"}'


@pytest.mark.parametrize(
    ("name", "one", "two", "same"),
    [
        ("dog", f"{SIT},{BARK}", f"{BARK},{SIT}", False),
        ("dog", f"{SIT},{BARK},{BARK}", f"{SIT},{BARK},2", True),
        ("dog", f"{BARK},3", f"{BARK},2", False),
        ("dog", '{"skill":"walk","steps":5}', '{"skill":"walk","steps":-5}', False),
        ("coffee", '[["powered"],["hot"]]', '[["hot"]]', True),
        ("coffee", '[["powered"]]', '[["hot"]]', False),
        ("coffee", f'{RINSE},[["powered"]]', f'[["powered"]],{RINSE}', True),
        ("coffee", f'{RINSE},[["powered"]]', '[["powered"]]', False),
        ("coffee", f"{RINSE},{RINSE}", RINSE, False),
        ("tabletop", f"[{RED}],[{GREEN}]", f"[{GREEN}],[{RED}]", True),
        ("tabletop", f"[{RED}],[{GREEN}]", f"[{RED},{GREEN}]", True),
        ("tabletop", f"[{RED}],[{RED}]", f"[{RED}]", True),
        ("tabletop", f"[{RED}],[{GREEN}]", f"[{RED}]", False),
        ("tabletop", f'[["green_block","on","table"]],[{RED}]', f"[{RED}]", True),
        ("tabletop", f'[{GREEN}],[["green_block","on","table"]]', f"[{GREEN}]", False),
        ("tabletop", '[["all","block","in","blue_bowl"]]', f"[{RED},{GREEN}]", True),
        ("tabletop", '[["all","block","in","blue_bowl"]]', f"[{RED}]", False),
    ],
)
def test_order_count_and_repetition_matter_where_they_make_a_difference(
    name: str, one: str, two: str, same: bool
) -> None:
    books = {"dog": (book(DOG), scene()), "coffee": (book(COFFEE), scene())}
    blocks = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))
    codebook, seen = books.get(name) or (load_codebook(name), blocks)
    first, second = (read_plan(codebook, f'{{"plan":[{text}]}}') for text in (one, two))
    assert same_outcome(codebook, first, second, seen) is same
    assert same_outcome(codebook, second, first, seen) is same


def test_words_of_the_task_are_copied_into_a_plan_and_no_others() -> None:
    text = DOG.replace("sit: {", "say: {description: say words, args: {text: {text: {max_words: 3}}}}\n  sit: {")
    speaker = book(text)
    graph = plan_graph(speaker, scene(), "Say good morning to Anna, then sit.")
    written = '{"plan":[{"skill":"say","text":"good morning"},{"skill":"sit"}]}'
    assert graph.accepts(written)
    assert read_plan(speaker, written).told == "say(text good morning); sit"
    assert not graph.accepts('{"plan":[{"skill":"say","text":"good evening"},{"skill":"sit"}]}')


@pytest.mark.parametrize(
    ("task", "plan", "why"),
    [
        ("put red in a bowl, not the blue bowl", '[[["red_block","in","blue_bowl"]]]', "blue_bowl"),
        ("put everything but the red block away", '[{"skill":"pick","object":"red_block"}]', "red_block"),
        ("put red in the blue bowl, not the green block", '[[["red_block","in","blue_bowl"]]]', ""),
        ("all blocks in the blue bowl but the red block", '[[["all","block","in","blue_bowl"]]]', "red_block"),
        (
            "all blocks in the blue bowl but the red block",
            '[[["all","block","in","blue_bowl"],["red_block","on","table"]]]',
            "",
        ),
    ],
)
def test_a_plan_that_names_what_the_task_leaves_out_must_not_be_carried_out(
    tabletop: Codebook, task: str, plan: str, why: str
) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl", "red_bowl"))
    told = check_quantified(tabletop, task, seen, read_plan(tabletop, f'{{"plan":{plan}}}'))
    assert told == (f"the task leaves out {why}, and the plan does not" if why else "")
