"""Small codebooks as people write them, for tests of plans."""

from codeword.codebook import Codebook, Entity, Fact, Observation, parse_codebook

_ROBOT = "robot: {robot: some, primitives: {act: {description: carries a skill out}}}"
_ENDS = """
  done: {description: say that the task is done}
  cannot: {description: say that it cannot be done, args: {reason: {choice: [missing, unsafe]}}}
"""

DOG = f"""
codebook: dog
{_ROBOT}
skills:
  sit: {{description: sit down}}
  bark: {{description: bark once}}
  walk:
    description: walk straight ahead, or back if negative
    args: {{steps: {{integer: {{min: -10, max: 10}}}}}}
    preconditions: [not steps == 0]
{_ENDS}
"""
"""No facts and no effects at all."""

COFFEE = f"""
codebook: coffee
{_ROBOT}
entities: [cup]
facts:
  powered: the machine is on
  hot: the water is hot
skills:
  switch_on: {{description: switch the machine on, preconditions: [not powered], effects: [powered]}}
  heat: {{description: heat the water, preconditions: [powered], effects: [hot]}}
  brew:
    description: make a drink
    args: {{drink: {{choice: [tea, coffee]}}, cup: {{entity: cup}}}}
    preconditions: [hot]
  rinse: {{description: rinse the nozzle}}
{_ENDS}
"""
"""Some skills have effects, others none."""


def book(text: str) -> Codebook:
    return parse_codebook(text)


def scene(*facts: str, **things: str) -> Observation:
    """What is seen: things by their kinds, and facts."""
    entities = tuple(Entity(id=thing, kind=kind) for thing, kind in things.items())
    return Observation(step=0, time_s=0.0, entities=entities, facts=tuple(map(Fact.parse, facts)))
