"""All goals that can be said of a scene, as a grammar of their own: what plans have between their commands."""

from codeword.codebook import Codebook, Observation
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.goals import Sayable

MOST_ITEMS = 12


def goal_graph(codebook: Codebook, observation: Observation, task: str = "") -> Node:
    """`{"goal":[["red_block","in","blue_bowl"],...]}`: one item or more, in any order; nothing where none can be said."""
    found = Sayable.of(codebook, observation, task)
    if not found.size:
        return Node(())
    item, end = found.item(Node((("", END),))), ('"]]}', END)
    closing = Node((end,))
    for _ in range(min(MOST_ITEMS, found.size) - 1):
        closing = Node((('"],["', item.then(closing)), end))
    return Node((('{"goal":[["', item.then(closing)),))
