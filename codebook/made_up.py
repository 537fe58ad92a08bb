"""A made-up scene for a codebook, to try tasks on without a robot."""

from .observation import Entity, Observation
from .skills import Codebook
from .task_plan import Do, things_named

_EACH = 3


def made_up_scene(codebook: Codebook) -> Observation:
    """Things of every kind: those that the codebook's examples name, where their skills tell the kind, and else
    `KIND_1` to `KIND_3`; each with one word out of every property that lists its words, in turn. No facts:
    which of them are so together nothing tells.
    """
    kinds: dict[str, str] = {}
    for example in codebook.examples:
        for item in example.plan.items:
            if isinstance(item, Do):
                for thing, takes in things_named(codebook, item.command):
                    if len(takes) == 1:
                        kinds[thing] = takes[0]
    for kind in codebook.kinds:
        if kind not in kinds.values():
            things = [f"{kind}_{number}" for number in range(1, _EACH + 1)]
            kinds |= dict.fromkeys(things, kind)
    listed = {name: words for name, words in codebook.properties.items() if words}
    entities = tuple(
        Entity(id=thing, kind=kind, properties={name: words[n % len(words)] for name, words in listed.items()})
        for n, (thing, kind) in enumerate(sorted(kinds.items(), key=lambda one: codebook.kinds.index(one[1])))
    )
    return Observation(step=0, time_s=0.0, entities=entities, facts=())
