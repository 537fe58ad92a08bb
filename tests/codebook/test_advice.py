"""What a writer of codebooks is told beyond faults."""

from codeword.codebook import legal, load_codebook, parse_codebook
from codeword.codebook.advice import advice
from codeword.codebook.choice_graph import Distinct, Node
from tests.codebook.plan_books import COFFEE, DOG, book
from tests.observations import observe


def test_what_can_be_chained_and_what_can_only_be_named() -> None:
    assert advice(book(DOG)) == ("no skill declares effects: tasks can name commands, and the planner can add none",)
    assert advice(book(COFFEE)) == (
        "the planner can chain switch_on, heat; only a task can ask for brew, rinse (no effects)",
    )


def test_facts_that_nothing_brings_about() -> None:
    told = advice(load_codebook("tabletop"))
    assert told[1:] == ("nothing brings about or ends 'wide', which pick asks for",)


def test_descriptions_that_say_nothing_or_the_same() -> None:
    same = DOG.replace("bark once", "sit down now").replace("sit down}", "sit down just now}")
    (_, *told) = advice(book(same))
    assert told == ["a model can hardly tell 'sit' from 'bark': their descriptions are nearly the same"]
    (_, *told) = advice(book(DOG.replace("bark once", "Bark!")))
    assert told == ["the description of 'bark' says no more than its name"]


COLLECT = """
codebook: collect
include: [tabletop]
skills:
  collect:
    description: put blocks into a bowl that does not hold them yet
    args: {blocks: {list: block, min: 1, max: 3}, bowl: {entity: bowl}}
    preconditions: ["not in(blocks, bowl)"]
    steps:
      - {each: $blocks, as: one, steps: [pick: {object: $one}, place: {object: $one, target: $bowl}]}
"""
IN_FRONT = COLLECT.replace(
    "{blocks: {list: block, min: 1, max: 3}, bowl: {entity: bowl}}",
    "{bowl: {entity: bowl}, blocks: {list: block, min: 1, max: 3}}",
)


def spells_lists_once(text: str) -> bool:
    """Whether the lists of `collect` share their ends, so that they need not be gone through one by one."""
    seen = observe(dict.fromkeys(("red_block", "green_block", "blue_block"), "table"), ("red_bowl", "blue_bowl"))
    waiting: list[Node] = [legal(parse_codebook(text), seen).graph]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Distinct):
            return True
        waiting += [child for _, child in node.edges]
    return False


def test_a_list_that_grows_is_named_with_the_cure() -> None:
    (told,) = (line for line in advice(parse_codebook(COLLECT)) if "grow" in line)
    assert told == (
        "the commands of 'collect' grow with every combination of its list 'blocks': 'not in(blocks, bowl)' asks for "
        "'bowl' as well, which stands behind it; put 'bowl' in front of 'blocks'"
    )
    assert not [line for line in advice(parse_codebook(IN_FRONT)) if "grow" in line]
    assert spells_lists_once(IN_FRONT)
    assert not spells_lists_once(COLLECT)
