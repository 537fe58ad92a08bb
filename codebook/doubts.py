"""What speaks against a goal that a model wrote, before anything is done for it: what its task names and it does not,
and that it holds already.

Neither is certain: a task names what is to be left alone, and some tasks are done already. So both only count against a
goal, beside how likely the model holds it.
"""

from .absent import named
from .goals import Goal
from .observation import Observation
from .skills import Codebook
from .wanted import Wanted, settled

UNSPOKEN, HELD, GIVEN_UP = 2.0, 2.0, 1.0
"""How much less likely a goal is for each thing that the task names and it does not speak of, for holding already, and
for saying that there can be none: natural logarithms of odds. Chosen on lessons of all splits that nobody was taught
with, other ones than `codeword bench goals` measures on.
"""


def doubt(codebook: Codebook, goal: Goal, task: str, observation: Observation) -> float:
    """How much speaks against a goal, as it was written, for a task: 0 or more, to be taken from the logarithm of its
    probability.
    """
    if goal.cannot:
        return GIVEN_UP
    wanted = Wanted(codebook, settled(codebook, goal, observation))
    held = HELD if wanted.reached(observation) else 0.0
    return UNSPOKEN * len(unspoken(goal, wanted, task, observation)) + held


def unspoken(goal: Goal, wanted: Wanted, task: str, observation: Observation) -> set[str]:
    """The things seen that a task names and a goal does not speak of, neither one by one, nor as one of a class, nor as
    the place of all that it moves; `wanted` is what the goal comes to, settled by what is seen.
    """
    spoken = {word for group in goal.groups for word in group.words}
    spoken |= {arg for fact in (*goal.facts, *goal.denied, *wanted.facts(observation)) for arg in fact.args}
    seen = [entity.id for entity in observation.entities]
    return {thing for thing in seen if thing not in spoken and named(task, thing, seen)}
