"""What plans come to, worked out without the code that is tested: small worlds drawn at random, written as codebooks,
and an interpreter of plans over them that knows nothing but sets of facts.
"""

import json
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from codeword.codebook import Codebook, Entity, Fact, Observation, parse_codebook

Facts = frozenset[tuple[str, ...]]
"""Facts by name and things: `("at", "box_0", "spot_1")`."""

SWITCHES, SPOTS, GHOST = ("s0", "s1", "s2"), ("spot_0", "spot_1"), "box_9"
"""Facts of nothing, the things that boxes may be at, and a box that is never there."""

_ENDS = """
  done: {description: the end}
  cannot: {description: no way, args: {reason: {choice: [missing, impossible]}}}
"""


@dataclass(frozen=True)
class Literal:
    """A fact that holds or not, of things or of a skill's arguments; `any` in a place stands for whatever thing."""

    holds: bool
    name: str
    args: tuple[str, ...] = ()

    def __str__(self) -> str:
        args = f"({', '.join(self.args)})" if self.args else ""
        return f"{'' if self.holds else 'not '}{self.name}{args}"

    @property
    def words(self) -> list[str]:
        """The literal as a goal says it."""
        fact = [self.args[0], self.name, *self.args[1:]] if len(self.args) > 1 else [self.name, *self.args]
        return fact if self.holds else ["not", *fact]

    def of(self, args: Mapping[str, Any]) -> "Literal":
        return Literal(self.holds, self.name, tuple(str(args.get(arg, arg)) for arg in self.args))

    def is_so(self, facts: Facts) -> bool:
        return ((self.name, *self.args) in facts) is self.holds


@dataclass(frozen=True)
class Deed:
    """A skill: its arguments (`box`, `spot`, and `n` for a number), what it needs and what it brings about."""

    name: str
    args: tuple[str, ...]
    needs: tuple[Literal, ...]
    effects: tuple[Literal, ...]

    @property
    def yaml(self) -> str:
        kinds = {"box": "{entity: box}", "spot": "{entity: spot}", "n": "{integer: {min: 0, max: 9}}"}
        args = ", ".join(f"{arg}: {kinds[arg]}" for arg in self.args)
        lists = {"preconditions": self.needs, "effects": self.effects}
        told = "".join(f", {key}: {json.dumps(list(map(str, some)))}" for key, some in lists.items() if some)
        return f"  {self.name}: {{description: does {self.name}, args: {{{args}}}{told}}}\n"

    def is_told(self, *literals: Literal) -> bool:
        """Whether every argument stands in one of these."""
        return set(self.args) <= {arg for literal in literals for arg in literal.args}

    @property
    def is_planned(self) -> bool:
        """Whether it may be done though nobody asked for it: it changes something and no argument is made up."""
        return bool(self.effects) and self.is_told(*self.needs, *self.effects)

    @property
    def is_known_by_facts(self) -> bool:
        """Whether the facts behind it tell that it was done, and on what."""
        return bool(self.effects) and self.is_told(*self.effects)

    def may(self, facts: Facts, args: Mapping[str, Any]) -> bool:
        return all(literal.of(args).is_so(facts) for literal in self.needs)

    def after(self, facts: Facts, args: Mapping[str, Any]) -> Facts:
        """The facts behind it: what it ends goes before what it brings about."""
        effects = [literal.of(args) for literal in self.effects]
        ended = [(one.name, *one.args) for one in effects if not one.holds]
        left = {
            fact
            for fact in facts
            if not any(
                len(fact) == len(end) and all(a in ("any", b) for a, b in zip(end, fact, strict=True)) for end in ended
            )
        }
        return frozenset(left | {(one.name, *one.args) for one in effects if one.holds})


@dataclass(frozen=True)
class Command:
    """An item that commands a deed, so many times."""

    deed: Deed
    args: Mapping[str, Any]
    times: int = 1

    @property
    def written(self) -> list[Any]:
        return [{"skill": self.deed.name, **self.args}, *([self.times] if self.times > 1 else [])]


@dataclass(frozen=True)
class Aim:
    """An item that is a goal: literals, and a spot where all boxes are to be of which it says nothing else."""

    literals: tuple[Literal, ...]
    all_at: str = ""

    @property
    def written(self) -> list[Any]:
        return [[*([["all", "box", "at", self.all_at]] if self.all_at else []), *(one.words for one in self.literals)]]


Item = Command | Aim


def text_of(items: Sequence[Item]) -> str:
    """A plan of some items, as text."""
    return json.dumps({"plan": [part for item in items for part in item.written]})


@dataclass(frozen=True)
class Outcome:
    """What a plan comes to: the facts in the end, why it broke off, and the commands in order that facts do not tell;
    `prepared` and `spared` count commands that nobody asked for and items that were so already.
    """

    facts: Facts
    failure: str
    telling: tuple[str, ...]
    prepared: int
    spared: int


@dataclass(frozen=True)
class World:
    """Deeds and boxes, and what is so at first."""

    deeds: Mapping[str, Deed]
    boxes: tuple[str, ...]
    start: Facts
    _known: dict[tuple[Facts, object], bool] = field(default_factory=dict)

    def codebook(self) -> Codebook:
        switches = "".join(f"  {name}: it is on\n" for name in SWITCHES)
        return parse_codebook(
            "codebook: drawn\nrobot: {robot: some, primitives: {act: {description: acts}}}\nentities: [box, spot]\n"
            f"facts:\n{switches}  full(thing in box): it is full\n  at(thing in box, place in spot): it is there\n"
            f"skills:\n{''.join(deed.yaml for deed in self.deeds.values())}{_ENDS}"
        )

    def observation(self) -> Observation:
        things = [(box, "box") for box in self.boxes] + [(spot, "spot") for spot in SPOTS]
        facts = tuple(Fact(name, tuple(args)) for name, *args in sorted(self.start))
        return Observation(
            step=0, time_s=0.0, entities=tuple(Entity(id=thing, kind=kind) for thing, kind in things), facts=facts
        )

    def choices(self, deed: Deed) -> Iterator[dict[str, Any]]:
        """Every way to name the arguments of a deed."""
        values = {"box": self.boxes, "spot": SPOTS, "n": (0, 5, 9)}
        for some in product(*(values[arg] for arg in deed.args)):
            yield dict(zip(deed.args, some, strict=True))

    def can_reach(self, facts: Facts, goal: Callable[[Facts], bool], key: object) -> bool:
        """Whether some chain of deeds leads to where a goal holds, found by trying all; `key` stands for the goal."""
        if (facts, key) in self._known:
            return self._known[facts, key]
        steps = [(deed, args) for deed in self.deeds.values() if deed.is_planned for args in self.choices(deed)]
        seen, waiting = {facts}, deque([facts])
        found = goal(facts)
        while waiting and not found:
            here = waiting.popleft()
            for deed, args in steps:
                there = deed.after(here, args)
                if deed.may(here, args) and there not in seen:
                    found = found or goal(there)
                    seen.add(there)
                    waiting.append(there)
        self._known[facts, key] = found
        return found

    def outcome(self, items: Sequence[Item], commands: Sequence[Mapping[str, Any]]) -> Outcome:
        """What a plan comes to by these commands. Raises AssertionError where they are not those of the plan."""
        run = _Run(self, list(commands))
        failure = next((why for item in items if (why := run.item(item))), "")
        assert not run.rest, f"commands behind the end: {run.rest}"
        return Outcome(run.facts, failure, tuple(run.telling), run.prepared, run.spared)


class _Run:
    """A plan on its way, by commands that were issued."""

    def __init__(self, world: World, commands: list[Mapping[str, Any]]) -> None:
        self.world, self.rest, self.facts = world, commands, world.start
        self.telling: list[str] = []
        self.prepared = self.spared = 0

    def take(self) -> tuple[Deed, dict[str, Any]]:
        """Carry the next command out."""
        assert self.rest, "a command is missing"
        args = dict(self.rest.pop(0))
        deed = self.world.deeds[args.pop("skill")]
        assert deed.may(self.facts, args), f"{deed.name} {args} has not what it needs"
        self.facts = deed.after(self.facts, args)
        if not deed.is_known_by_facts:
            self.telling.append(f"{deed.name} {args}")
        return deed, args

    def approach(self, goal: Callable[[Facts], bool], key: object) -> bool:
        """One command nearer to a goal; False where nothing leads there."""
        if not self.world.can_reach(self.facts, goal, key):
            return False
        deed, _ = self.take()
        assert deed.is_planned, f"nobody asked for {deed.name}"
        self.prepared += 1
        return True

    def item(self, item: Item) -> str:
        """Carry an item out; gives why that cannot be."""
        return self.command(item) if isinstance(item, Command) else self.aim(item)

    def command(self, item: Command) -> str:
        deed, args = item.deed, item.args
        if GHOST in args.values():
            return "missing"
        tells = any(effect.holds for effect in deed.effects) or (deed.effects and not deed.args)
        for number in range(item.times):
            while not deed.may(self.facts, args):
                if not number and tells and deed.is_known_by_facts and deed.after(self.facts, args) == self.facts:
                    self.spared += 1
                    return ""
                if not self.approach(lambda facts: deed.may(facts, args), (deed.name, *args.values())):
                    return "impossible"
            assert self.take() == (deed, args), f"{deed.name} {args} was asked for"
        return ""

    def aim(self, item: Aim) -> str:
        apart = {one.args[0] for one in item.literals if one.holds and one.args}
        everywhere = [Literal(True, "at", (box, item.all_at)) for box in self.world.boxes if item.all_at]
        wanted = (*item.literals, *(one for one in everywhere if one.args[0] not in apart))
        if any(one.holds and GHOST in one.args for one in wanted):
            return "missing"

        def reached(facts: Facts) -> bool:
            return all(one.is_so(facts) for one in wanted)

        self.spared += reached(self.facts)
        while not reached(self.facts):
            if not self.approach(reached, wanted):
                return "impossible"
        return ""


def random_world(rng: random.Random) -> World:
    """Three to six deeds of any sort with two boxes and two spots: few enough states to try all."""
    sorts = (_switching, _filling, _moving, _telling, _numbered)
    deeds = [rng.choice(sorts)(rng, f"skill_{number}") for number in range(rng.randint(3, 6))]
    boxes = ("box_0", "box_1")
    start = {(name,) for name in SWITCHES if rng.random() < 0.4} | {("full", b) for b in boxes if rng.random() < 0.3}
    start |= {("at", box, rng.choice(SPOTS)) for box in boxes if rng.random() < 0.7}
    return World({deed.name: deed for deed in deeds}, boxes, frozenset(start))


def _literals(rng: random.Random, options: Sequence[tuple[str, ...]], most: int, positive: float) -> list[Literal]:
    some = rng.sample(options, rng.randint(0, min(most, len(options))))
    return [Literal(rng.random() < positive, name, tuple(args)) for name, *args in some]


def _switch(rng: random.Random) -> Literal:
    return Literal(rng.random() < 0.7, rng.choice(SWITCHES))


_NOTHING = [(name,) for name in SWITCHES]
_OF_A_BOX = [*_NOTHING, ("full", "box")]


def _switching(rng: random.Random, name: str) -> Deed:
    return Deed(name, (), tuple(_literals(rng, _NOTHING, 2, 0.6)), (_switch(rng),))


def _filling(rng: random.Random, name: str) -> Deed:
    more = [_switch(rng)] if rng.random() < 0.3 else []
    return Deed(
        name, ("box",), tuple(_literals(rng, _OF_A_BOX, 2, 0.5)), (Literal(rng.random() < 0.7, "full", ("box",)), *more)
    )


def _moving(rng: random.Random, name: str) -> Deed:
    effects = (Literal(False, "at", ("box", "any")), Literal(True, "at", ("box", "spot")))
    return Deed(name, ("box", "spot"), tuple(_literals(rng, _OF_A_BOX, 2, 0.5)), effects)


def _telling(rng: random.Random, name: str) -> Deed:
    args = rng.choice(((), ("n",), ("box",), ("box", "spot")))
    options = [*(_OF_A_BOX if "box" in args else _NOTHING), *([("at", "box", "spot")] if "spot" in args else [])]
    return Deed(name, args, tuple(_literals(rng, options, 1, 0.8)), ())


def _numbered(rng: random.Random, name: str) -> Deed:
    return Deed(name, ("n",), tuple(_literals(rng, _NOTHING, 1, 0.6)), (_switch(rng),))


def random_items(world: World, rng: random.Random) -> list[Item]:
    """One to four items; now and then about a box that is not there."""
    return [_random_item(world, rng) for _ in range(rng.randint(1, 4))]


def _random_item(world: World, rng: random.Random) -> Item:
    ghost = rng.random() < 0.04
    boxes = (GHOST,) if ghost else world.boxes
    if rng.random() < 0.55:
        deed = rng.choice(list(world.deeds.values()))
        args = rng.choice(list(world.choices(deed)))
        if ghost and "box" in args:
            args["box"] = GHOST
        return Command(deed, args, rng.choice((1, 1, 2, 3)))
    box, other = rng.choice(boxes), rng.choice(world.boxes)
    options = [(name,) for name in SWITCHES] + [("full", box), ("at", box, rng.choice(SPOTS)), ("full", other)]
    literals = tuple(
        dict.fromkeys(one for one in _literals(rng, options, 2, 0.75) if one.holds or GHOST not in one.args)
    )
    everywhere = rng.random() < 0.15 or not literals
    return Aim(literals, rng.choice(SPOTS) if everywhere else "")
