"""Lessons without end, by seed: a codebook, a task in words, an observation, and every answer that is right now.

What the robot does is followed in a symbolic world, along the best way and off it: things slip, are picked wrongly,
are moved by others, and commands fail.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from codeword.codebook import Command, Entity, Fact, Observation, Prompt, Result
from codeword.codebook.choices import Node
from codeword.codebook.goals import Goal, goal_graph, goal_prompt
from codeword.codebook.offer import offer

from .books import FLAVORS, Book, make_book, shipped_book
from .draft import Task, scattered
from .kinds import fitting, make_task
from .pools_of import Pools, held_out_names, held_out_wordings, training_pools
from .scene import TABLE, Move, Scene, State
from .solver import Solver
from .wanted import aim_of, ends_of, goal_of
from .wording import word_task

_FAILURES = {"pick": ("nothing_grasped", "slipped", "unreachable"), "place": ("slipped", "no_room", "unreachable")}
_ASKS = 0.6
"""How often a task's goal is asked for, and told with the decisions then."""

_SHIPPED = 0.3
"""How often the codebook is a shipped one as it is."""


@dataclass(frozen=True)
class Lesson:
    """One answer: what is seen and told, what may be written, and what of it is right. `taught` is one of `right`, by
    lot. `act` is what is due: `act`, `done`, `cannot` or `goal`.
    """

    book: Book
    kind: str
    task: str
    observation: Observation
    prompt: Prompt
    graph: Node
    right: tuple[str, ...]
    taught: str
    act: str


@dataclass(frozen=True)
class Mix:
    """What lessons are drawn from. `names` and `wordings` are pools; held-out ones make lessons for evaluation."""

    names: Mapping[str, Any]
    wordings: Mapping[str, Any]
    held_out_kinds: bool = False
    shipped: float = _SHIPPED
    strange: float | None = None


def training_mix() -> Mix:
    """What training draws from."""
    pools: Pools = training_pools()
    return Mix(pools.names, pools.wordings)


def split_mix(split: str) -> Mix:
    """What one split of validation draws from: `seen`, `wordings`, `codebooks` or `kinds`."""
    pools = training_pools()
    if split == "codebooks":
        return Mix(held_out_names(), pools.wordings, shipped=0.0, strange=1.0)
    if split == "wordings":
        return Mix(pools.names, held_out_wordings())
    if split == "kinds":
        return Mix(pools.names, held_out_wordings(), held_out_kinds=True)
    return training_mix()


def books(seed: int, mix: Mix, begin: int = 0) -> Iterator[tuple[Book, random.Random]]:
    """Codebooks without end, from one by its number, each with the lot that its lessons are drawn by."""
    number = begin
    shipped = {flavor: shipped_book(flavor) for flavor in FLAVORS}
    while True:
        rng = random.Random(f"{seed}/{number}")
        number += 1
        if rng.random() < mix.shipped:
            yield shipped[rng.choices(list(FLAVORS), list(FLAVORS.values()))[0]], rng
        else:
            yield make_book(rng, mix.names, strange=mix.strange), rng


def lessons(seed: int, mix: Mix, *, per_book: int = 12, begin: int = 0) -> Iterator[list[Lesson]]:
    """Lessons without end, so many of each codebook together, from one codebook by its number; the same for the same
    seed.
    """
    for book, rng in books(seed, mix, begin):
        if not fitting(book, held_out=mix.held_out_kinds):
            continue
        group: list[Lesson] = []
        while len(group) < per_book:
            kind, task = make_task(rng, book, held_out=mix.held_out_kinds)
            if task.kind in mix.wordings:
                group += follow(rng, book, kind, task, mix.wordings)
        yield group[:per_book]


def follow(rng: random.Random, book: Book, kind: str, task: Task, wordings: Mapping[str, Any]) -> list[Lesson]:
    """Some decisions of one task: one or two on the way, and often its end; with some tasks its goal before them, and
    decisions that are told it.
    """
    lesson = partial(_lesson, rng, book, kind, task, wordings)
    asks = rng.random() < _ASKS
    if task.aim is None:
        way = _Way(rng, book, task, None)
        if rng.random() < 0.3:
            way.take_something()
        return _given_up(lesson, way, task.reason, asks)
    solver = Solver(task.scene, task.aim, book.able)
    found: list[Lesson] = []
    wanted: Goal | None = None
    if asks:
        begin = _Way(rng, book, task, solver)
        if task.kind == "release" or (not task.steady and rng.random() < 0.12):
            begin.take_something()
        ends = ends_of(rng, task.scene, task.aim, begin.state, solver)
        if ends:
            seen = observed(book, task.scene, begin.state, begin.last)
            goals = [goal_of(book, seen, task.scene, end) for end in ends]
            chosen = rng.randrange(len(goals))
            wanted = goals[chosen]
            found.append(lesson(begin.state, begin.last, goals, goals[chosen]))
            # Whoever goes after a goal that is written cares for nothing else.
            task = replace(task, start=begin.state, aim=aim_of(ends[chosen]), steady=task.steady)
            solver = Solver(task.scene, aim_of(ends[chosen]), book.able)
    way = _Way(rng, book, task, solver)
    way.last = begin.last if wanted is not None else None
    way.walk(begun=wanted is not None)
    if way.stuck:
        if not solver.hopeless(way.state):
            return []  # too long a way to be found: rare
        return _given_up(lesson, way, "impossible", asks)
    ends_seen = [step for step in way.seen if not step[2]]
    open_ = [step for step in way.seen if step[2]]
    picked = rng.sample(open_, min(len(open_), rng.choice((1, 2, 2))))
    if ends_seen and (not picked or rng.random() < 0.5):
        picked.append(ends_seen[-1])
    for state, last, moves in picked:
        right = [command for move in moves for command in book.commands(task.scene, state, move)] or [book.done]
        found.append(lesson(state, last, right, rng.choice(right), wanted))
    return found


def _given_up(lesson: "Callable[..., Lesson]", way: "_Way", reason: str, asks: bool) -> list[Lesson]:
    """That a task cannot be done, said as a command; where the goal was asked for, said there first."""
    command = way.book.cannot(reason)
    if not asks:
        return [lesson(way.state, way.last, [command], command)]
    written = Goal((), reason)
    return [lesson(way.state, way.last, [written], written), lesson(way.state, way.last, [command], command, written)]


class _Way:
    """A walk from a task's start to its end; `seen` are states with the last result and the best moves then."""

    def __init__(self, rng: random.Random, book: Book, task: Task, solver: Solver | None) -> None:
        self.rng, self.book, self.task, self.solver = rng, book, task, solver
        self.scene: Scene = task.scene
        self.state: State = task.start
        self.last: Result | None = None
        self.seen: list[tuple[State, Result | None, list[Move]]] = []
        self.stuck = False
        self.rough = 0.0 if task.steady else rng.choice((0.0, 0.0, 0.15, 0.35))

    def walk(self, *, begun: bool = False) -> None:
        """Go on until the aim is met, a few decisions beyond what is needed at most. Unless `begun`, something may be
        in the gripper at first.
        """
        if not begun and (self.task.kind == "release" or (not self.task.steady and self.rng.random() < 0.12)):
            self.take_something()
        for _ in range(30):
            moves = self.best()
            if not moves and not self.met():
                self.stuck = not self.seen
                return
            self.seen.append((self.state, self.last, moves))
            if not moves:
                return
            self.step(self.rng.choice(moves))

    def met(self) -> bool:
        aim = self.task.aim
        assert aim is not None
        return aim.least(self.scene, self.state) == 0

    def best(self) -> list[Move]:
        aim, scene, state = self.task.aim, self.scene, self.state
        assert aim is not None
        if aim.hold is None:
            assert self.solver is not None
            return self.solver.best(state)
        held = scene.held(state)
        if held == aim.hold or "pick" not in self.book.names.skills:
            return []
        if held is not None:
            return [(held, TABLE)]
        tops = [block for block in scene.above(state, {aim.hold}) if scene.clear(state, block)]
        return [(aim.hold, "")] if tops == [aim.hold] else [(tops[0], TABLE)]

    def take_something(self) -> None:
        """Begin with something in the gripper, rightly or not."""
        free = [b for b in self.scene.blocks if not b.wide and self.scene.clear(self.state, b.id)]
        if free and "pick" in self.book.names.skills:
            self.step((self.rng.choice(free).id, ""), smooth=True)

    def step(self, move: Move, *, smooth: bool = False) -> None:
        """Do a move, or what goes wrong in its place."""
        rng, scene = self.rng, self.scene
        block, place = move
        if not smooth and rng.random() < self.rough:
            free = [b for b in scene.blocks if scene.clear(self.state, b.id) and scene.held(self.state) is None]
            luck = rng.random()
            if luck < 0.3 and free:  # someone else moves a thing
                self.state = scattered(rng, scene, self.state, rng.choice(free))
                return
            if luck < 0.5 and free and "pick" in self.book.names.skills:  # a wrong pick
                wrong = [b for b in free if not b.wide]
                if wrong:
                    block, place = rng.choice(wrong).id, ""
            elif luck < 0.75:
                self.fail(move)
                return
        command = self.book.commands(scene, self.state, (block, place))[0]
        picks = self.book.names.skills.get("pick") == command.skill
        slips = picks and not smooth and rng.random() < 0.3 * self.rough
        self.last = Result(command=command.text, status="done", duration_s=2.0)
        if not slips:
            self.state = scene.moved(self.state, block, None if picks else place)
        elif rng.random() < 0.5:
            self.state = scattered(rng, scene, self.state, scene.by_id[block])

    def fail(self, move: Move) -> None:
        """The command of a move fails; what was held may have fallen."""
        rng, scene = self.rng, self.scene
        block, _ = move
        command = self.book.commands(scene, self.state, move)[0]
        held = self.state[scene.index[block]] is None
        wide = scene.by_id[block].wide
        reason = rng.choice(("blocked", "missed") if wide else _FAILURES["place" if held else "pick"])
        late = rng.random() < 0.08
        reason = "timeout" if late else reason
        self.last = Result(command=command.text, status="timeout" if late else "failed", reason=reason)
        if held and reason == "slipped":
            self.state = scattered(rng, scene, scene.moved(self.state, block, TABLE), scene.by_id[block])


def observed(book: Book, scene: Scene, state: State, last: Result | None, step: int = 0) -> Observation:
    """A state as a robot reports it, but for poses."""
    names, facts = book.names, []
    for block, at in zip(scene.blocks, state, strict=True):
        thing = names.id(block.id)
        if block.wide:
            facts.append(Fact(names.facts["wide"], (thing,)))
        if at is None:
            facts.append(Fact(names.facts["holding"], (thing,)))
        else:
            fact = "in" if scene.kind(at) in ("bowl", "box") else "on"
            facts.append(Fact(names.facts[fact], (thing, names.id(at))))
    entities = tuple(
        Entity(id=names.id(thing.id), kind=names.kinds[thing.kind], properties=dict(thing.properties))
        for thing in (*scene.blocks, *scene.places)
    )
    return Observation(step=step, time_s=2.0 * step, entities=entities, facts=tuple(sorted(facts, key=str)), last=last)


def _lesson(
    rng: random.Random,
    book: Book,
    kind: str,
    task: Task,
    wordings: Mapping[str, Any],
    state: State,
    last: Result | None,
    right: Sequence[Command | Goal],
    taught: Command | Goal,
    wanted: Goal | None = None,
) -> Lesson:
    """One lesson: to write a goal where that is what is right, else a command; `wanted` is the goal that is told."""
    text = word_task(rng, task, book, wordings)
    observation = observed(book, task.scene, state, last)
    if isinstance(taught, Goal):
        prompt, graph = goal_prompt(book.codebook, text, observation), goal_graph(book.codebook, observation)
        act = "goal"
    else:
        offered = offer(book.codebook, text, observation, wanted.told if wanted is not None else "")
        prompt, graph = offered.prompt, offered.legal.graph
        act = taught.skill if taught.skill in ("done", "cannot") else "act"
    texts = tuple(dict.fromkeys(one.text for one in right))
    return Lesson(book, kind, text, observation, prompt, graph, texts, taught.text, act)
