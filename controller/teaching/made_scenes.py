"""Scenes made up for a codebook, with things and facts by lot, in which plans can be carried out.

Facts that skills change are those that carrying skills out leaves behind, so that they go together as effects say.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

from codeword.codebook import Codebook, Observation
from codeword.codebook.fact_kinds import place_kinds
from codeword.codebook.facts import Fact
from codeword.codebook.grounding import Grounder, changing, literals
from codeword.codebook.observation import Entity
from codeword.codebook.operators import Operator, operators
from codeword.codebook.plan_trace import trace
from codeword.codebook.state import FactState
from codeword.codebook.task_plan import Do, TaskPlan, things_named

_MOST_OF_KIND = 4
_QUALITIES = (
    "big", "small", "old", "new", "left", "right", "front", "rear", "first", "second", "upper", "lower", "north",
    "south", "east", "west", "near", "far", "round", "long", "wide", "main", "spare",
)  # fmt: skip
_SO = 0.6
"""How often a thing has a fact that no skill brings about."""

_TRIED = 12
"""So many scenes are made up before it is said that a plan can be carried out in none."""

Kinds = Mapping[str, str]
"""Things by their ids, each with its kind."""


def things_of(codebook: Codebook, plans: Sequence[TaskPlan]) -> dict[str, str]:
    """The things that plans name, each with a kind that it can be of; without those of which nothing tells a kind."""
    takes: dict[str, tuple[str, ...]] = {}
    for plan in plans:
        for thing, kinds in _named(codebook, plan):
            narrower = tuple(kind for kind in takes.get(thing, kinds) if kind in kinds)
            takes[thing] = narrower or takes[thing]
    return {thing: _likeliest(thing, kinds) for thing, kinds in takes.items() if kinds}


def _named(codebook: Codebook, plan: TaskPlan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The ids that a plan names, each with the kinds that stand there."""
    known = place_kinds(codebook)
    for item in plan.items:
        if isinstance(item, Do):
            yield from things_named(codebook, item.command)
            continue
        for fact in (*item.goal.facts, *item.goal.denied):
            yield from zip(fact.args, known.get(fact.name, ()), strict=False)
        for group in item.goal.groups:
            yield from zip(group.places, known.get(group.name, ())[1:], strict=False)


def _likeliest(thing: str, kinds: Sequence[str]) -> str:
    """The kind that a thing's id tells, else the first."""
    return next((kind for kind in kinds if kind in thing), kinds[0])


def scene_for(rng: random.Random, codebook: Codebook, plans: Sequence[TaskPlan], known: Kinds) -> Observation | None:
    """A scene in which each of these plans can be carried out; None where none was found. Some of the things are
    `known`: such as the codebook's examples name.
    """
    needed = things_of(codebook, plans)
    for _ in range(_TRIED):
        seen = made_scene(rng, codebook, needed, known)
        if all(plan.cannot or not trace(codebook, plan, seen).failure for plan in plans):
            return seen
    return None


def made_scene(rng: random.Random, codebook: Codebook, needed: Kinds, known: Kinds) -> Observation:
    """Things of every kind, the `needed` ones among them and some that are `known`, and facts that fit them."""
    kinds = dict(needed)
    listed = {name: words for name, words in codebook.properties.items() if words}
    for kind in codebook.kinds:
        mine = [thing for thing, of in known.items() if of == kind and thing not in kinds]
        there = sum(of == kind for of in kinds.values())
        wanted = max(there, rng.randint(1, _MOST_OF_KIND))
        for thing in rng.sample(mine, min(len(mine), wanted - there)):
            kinds[thing] = kind
        for name in _names(rng, kind):
            if sum(of == kind for of in kinds.values()) >= wanted:
                break
            kinds.setdefault(name, kind)
    ids = list(kinds)
    rng.shuffle(ids)
    entities = tuple(
        Entity(id=thing, kind=kinds[thing], properties={name: rng.choice(words) for name, words in listed.items()})
        for thing in sorted(ids, key=lambda thing: codebook.kinds.index(kinds[thing]))
    )
    bare = Observation(step=0, time_s=0.0, entities=entities, facts=())
    fixed = bare.model_copy(update={"facts": tuple(_fixed(rng, codebook, bare))})
    return fixed.model_copy(update={"facts": tuple(sorted(_left_behind(rng, codebook, fixed)))})


def _names(rng: random.Random, kind: str) -> Iterator[str]:
    """Ids for things of a kind: with numbers, or told apart by a quality."""
    if rng.random() < 0.4:
        yield from (f"{kind}_{number}" for number in range(1, _MOST_OF_KIND + 1))
    yield from (f"{quality}_{kind}" for quality in rng.sample(_QUALITIES, len(_QUALITIES)))


def _fixed(rng: random.Random, codebook: Codebook, seen: Observation) -> Iterator[Fact]:
    """Facts that no skill brings about, of things of the kinds that they take: at most one of a name for each thing."""
    made = {effect.atom.name for skill in codebook.skills.values() for effect in skill.effects if effect.adds}
    there, known = codebook.within_reach(seen), place_kinds(codebook)
    for name in codebook.predicates:
        if name in made:
            continue
        places = [[thing for kind in kinds for thing in there[kind]] for kinds in known[name]]
        if not places and rng.random() < _SO:
            yield Fact(name, ())
        for thing in places[0] if places else ():
            others = [[other for other in place if other != thing] for place in places[1:]]
            if all(others) and rng.random() < _SO:
                yield Fact(name, (thing, *(rng.choice(other) for other in others)))


def _left_behind(rng: random.Random, codebook: Codebook, seen: Observation) -> frozenset[Fact]:
    """The facts after some skills were carried out, the first of them as if what they need had been so."""
    state = codebook.state(seen)
    steps = operators(codebook, codebook.within_reach(seen), Grounder(codebook, state, changing(codebook)))
    rng.shuffle(steps)
    left = rng.randint(1, len(seen.entities) + 2)
    for step in steps:
        if left and (step.possible(state) or _may_have_been(step, state)):
            state, left = state.after(step.facts_after(state)), left - 1
    return state.facts


def _may_have_been(step: Operator, state: FactState) -> bool:
    """Whether a skill may have been carried out before anything that is so now: nothing like what it brings about is
    so, and nothing is that it needs not to be.
    """
    if not all(one.holds(state) for one in literals(step.needs) if not one.positive):
        return False
    added = [change for change in step.changes if change.adds]
    alike = [
        any(
            fact.name == change.name and (len(fact.args) < 2 or fact.args[0] == change.places[0])
            for fact in state.facts
        )
        for change in added
    ]
    return bool(added) and not any(alike)
