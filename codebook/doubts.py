"""What speaks against a goal that a model wrote, before anything is done for it: what its task names and it does not,
and that it holds already.

Neither is certain: a task names what is to be left alone, and some tasks are done already. So both only count against a
goal, beside how likely the model holds it.
"""

from .absent import named
from .observation import Observation
from .wanted import Wanted

UNSPOKEN, HELD, GIVEN_UP = 2.0, 2.0, 1.0
"""How much less likely a goal is for each thing that the task names and it does not speak of, for holding already, and
for saying that there can be none: natural logarithms of odds, chosen on lessons that nobody was taught with, by
`codeword bench goals`.
"""


def doubt(wanted: Wanted, task: str, observation: Observation) -> float:
    """How much speaks against a goal for a task: 0 or more, to be taken from the logarithm of its probability."""
    if wanted.goal.cannot:
        return GIVEN_UP
    held = HELD if wanted.reached(observation) else 0.0
    return UNSPOKEN * len(unspoken(wanted, task, observation)) + held


def unspoken(wanted: Wanted, task: str, observation: Observation) -> set[str]:
    """The things seen that a task names and a goal does not speak of, neither one by one nor as one of a class."""
    seen = [entity.id for entity in observation.entities]
    goal = wanted.goal
    spoken = {arg for fact in (*goal.facts, *wanted.facts(observation)) for arg in fact.args}
    spoken |= {word for group in goal.groups for word in group.words}
    return {thing for thing in seen if thing not in spoken and named(task, thing, seen)}
