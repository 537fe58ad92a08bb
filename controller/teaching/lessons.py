"""Lessons without end, by seed: a codebook, a task in words, an observation, and every answer that is right now.

What the robot does is followed in a symbolic world, along the best way and off it: things slip, are picked wrongly,
are moved by others, and commands fail.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from codeword.codebook import Command, Entity, Fact, Observation, Result, make_command
from codeword.codebook.action_prompt import offer
from codeword.codebook.arguments import ChoiceArgument, NumberArgument
from codeword.codebook.choice_graph import Node
from codeword.codebook.goal_classes import ONE_ANOTHER
from codeword.codebook.goal_tracker import GoalTracker
from codeword.codebook.goals import Goal
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.codebook.prompt import Prompt
from codeword.codebook.task_plan import Achieve, TaskPlan

from .aims import At
from .codebook_generator import Book
from .contrast import contrast
from .draft import DraftTask
from .kinds import KINDS, fitting, make_task
from .mixes import Mix, books
from .scene import TABLE, Scene, State
from .trajectory import Look, Trajectory
from .wanted import aim_of, as_told, ends_of, goal_for_aim, goal_for_gone, goal_of, group_goal
from .wording import word_task

# Waiting for what a task names and nobody sees: it may only be hidden, so it is waited for before it is given up.
#
# A decision knows no more of the past than the last command, so the command that waits is the memory: first the
# shortest wait, then one twice as long, then no more. Where nothing waits, it is given up at once.


def waits(book: Book) -> tuple[Command, ...]:
    """The commands to wait with, in their order: two, one, or none."""
    name = book.names.skills.get("wait")
    if name is None:
        return ()
    needed = {arg: kind for arg, kind in book.codebook.skills[name].args.items() if kind.default is None}
    if not needed:
        return (make_command(book.codebook, name, {}),)
    ((argument, kind),) = needed.items()
    return tuple(make_command(book.codebook, name, {argument: value}) for value in _values(kind))


def unseen(book: Book, last: Result | None) -> Command:
    """What is right where something that is needed is not seen, by what was done last."""
    ways = waits(book)
    before = next((number for number, command in enumerate(ways) if last and last.command == command.text), None)
    if before is None and not (ways and last and f'"{ways[0].skill}"' in last.command):
        return ways[0] if ways else book.cannot("missing")
    following = len(ways) if before is None else before + 1
    return ways[following] if following < len(ways) else book.cannot("missing")


def _values(kind: object) -> list[int | float | str]:
    """The least value of an argument that is not 0, and twice that or the next one."""
    if isinstance(kind, NumberArgument):
        least, most = max(kind.low, 1), kind.high
        ticks = [least, 2 * least if least < 2 * least <= most else least + 1]
        return [kind.value(tick) for tick in ticks if tick <= most]
    assert isinstance(kind, ChoiceArgument)
    return list(kind.choices[:2])


_NOISY = 0.04
"""How often a look does not show what some block rests on."""

_HIDDEN = 0.4
"""How often a goal is asked for with a thing hidden that it needs, where such a one was drawn."""

_CONTRAST = 0.6
"""How often a goal that is easily taken for another comes with that other, of the same scene."""


@dataclass(frozen=True)
class Lesson:
    """One command: what is seen and told, what may be written, and what of it is right. `taught` is one of `right`.
    `act` is what is due: `act`, `wait`, `done` or `cannot`.
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
class GoalLesson:
    """A goal that a task asks for: what is seen, and every plan that is right, made of that goal alone or of why there
    is none. `taught` is one of `right`.
    """

    book: Book
    kind: str
    task: str
    observation: Observation
    right: tuple[TaskPlan, ...]
    taught: TaskPlan


Some = Lesson | GoalLesson


def lessons(seed: int, mix: Mix, *, per_book: int = 12, begin: int = 0) -> Iterator[list[Some]]:
    """Lessons without end, so many of each codebook together, from one codebook by its number; the same for the same
    seed.
    """
    for book, rng in books(seed, mix, begin):
        if not fitting(book, held_out=mix.held_out_kinds):
            continue
        group: list[Some] = []
        while len(group) < per_book:
            kind, task = make_task(rng, book, held_out=mix.held_out_kinds, among=mix.kinds)
            if task.kind in mix.wordings:
                found = follow(rng, book, kind, task, mix)
                some = _some(rng, found)
                group += some
                if any(isinstance(lesson, GoalLesson) for lesson in some) and rng.random() < _CONTRAST:
                    group += _beside(rng, book, task, mix)
        yield group[:per_book]


def _some(rng: random.Random, found: Sequence[Some]) -> list[Some]:
    """One of a task's lessons, if there is any: others of the same world and words teach less than those of another.
    But where a goal is asked for with something hidden and again with it seen, it is the two beside each other that
    teach to look.
    """
    if len(found) > 1 and isinstance(found[0], GoalLesson):
        return list(found)
    return [rng.choice(found)] if found else []


def _beside(rng: random.Random, book: Book, task: DraftTask, mix: Mix) -> list[Some]:
    """The goal of a task that this one is easily taken for, of the same scene, where the mix has such a one."""
    other = contrast(rng, task)
    if other is None or other.kind not in mix.kinds or other.kind not in mix.wordings:
        return []
    if book.flavor not in KINDS[other.kind].flavors:
        return []
    goals: list[Some] = [one for one in follow(rng, book, other.kind, other, mix) if isinstance(one, GoalLesson)]
    return goals[-1:]


def follow(rng: random.Random, book: Book, kind: str, task: DraftTask, mix: Mix) -> list[Some]:
    """The goal of one task, or, where the mix has none, some decisions of it: one or two on the way, and often its end.
    In some, something that is named is not seen: a goal is asked for with it hidden and again with it seen.
    """
    lesson = partial(_lesson, rng, book, kind, task, mix.wordings)
    way = Trajectory(rng, book, task)
    way.open(0.12 if task.aim is not None else 0.3)
    if task.aim is None:
        return _given_up(lesson, way, task.reason, task, goals=mix.goals)
    lost = rng.choice(named) if rng.random() < mix.hides and (named := named_things(task)) else ""
    if lost and (way.solver.hopeless(way.state) or task.scene.held(way.state) == lost):
        lost = ""
    found = _goals(rng, lesson, way, lost) if mix.goals else []
    way.walk()
    if way.stuck:
        if not way.solver.hopeless(way.state):
            return []  # too long a way to be found: rare
        return _given_up(lesson, way, "impossible", task, goals=mix.goals)
    if mix.goals:
        return found
    for look in _picked(rng, way.seen):
        right = rights(book, task.scene, look)
        found.append(lesson(look.state, look.last, right, rng.choice(right), unsure=_unsure(rng, way, look)))
    return found + (_waited(rng, book, way, lost, lesson) if lost else [])


def _goals(rng: random.Random, lesson: "Callable[..., Some]", way: Trajectory, lost: str) -> list[Some]:
    """The goal that a task asks for, by its classes where it is said so; where a thing is `lost`, often also with that
    thing hidden. The way goes after what is written from there on.
    """
    book, task = way.book, way.task
    assert task.aim is not None
    seen = observed(book, task.scene, way.state, way.last)
    ends = ends_of(rng, task.scene, task.aim, way.state, way.solver)
    if not ends:
        return []
    grouped = group_goal(book, seen, task, way.state, ends[0])
    goals = [grouped[0]] if grouped is not None else [goal_of(book, seen, task.scene, end) for end in ends]
    is_chain = any(group.places[0] == ONE_ANOTHER or len(group.places) > 1 for group in goals[0].groups)
    found = [lesson(way.state, way.last, goals, goals[0])]
    if lost and not is_chain and rng.random() < _HIDDEN:
        found.insert(0, lesson(way.state, way.last, goals, goals[0], hidden=lost))
    way.pursue(aim_of(grouped[1] if grouped is not None else ends[0]))
    return found


def rights(book: Book, scene: Scene, look: Look) -> list[Command]:
    """Every command that is right after a look."""
    return [command for move in look.moves for command in book.commands(scene, look.state, move)] or [book.done]


def named_things(task: DraftTask) -> list[str]:
    """The blocks and bowls that a task names and that it cannot do without."""
    assert task.aim is not None
    needed = {task.aim.hold}
    for part in task.aim.parts:
        if isinstance(part, At) and part.ok is not None:
            needed |= {part.block, *(part.ok if len(part.ok) == 1 else ())}
    found = dict.fromkeys(item for value in task.words.values() for item in _flat(value))
    kinds = {thing.id: thing.kind for thing in task.scene.by_id.values()}
    return [thing for thing in found if thing in needed and kinds.get(thing) in ("block", "bowl", "box")]


def _flat(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _flat(part)


def _picked(rng: random.Random, seen: Sequence[Look]) -> list[Look]:
    """Some looks of a way: what is odd more often than the rest, and often the end."""
    ends = [look for look in seen if not look.moves]
    open_ = [look for look in seen if look.moves]
    picked = rng.sample(open_, min(len(open_), rng.choice((1, 2, 2))))
    odd = [look for look in open_ if look.odd and look not in picked]
    if odd and picked and rng.random() < 0.5:
        picked[0] = rng.choice(odd)
    if ends and (not picked or rng.random() < 0.5):
        picked.append(ends[-1])
    return picked


def _unsure(rng: random.Random, way: Trajectory, look: Look) -> str:
    """A block that a noisy look may show without what it rests on, because nothing hangs on that."""
    if rng.random() > _NOISY:
        return ""
    parts = way.aim.parts
    if not all(isinstance(part, At) for part in parts):
        return ""
    sure = {part.block for part in parts if isinstance(part, At) and (part.ok is None or TABLE in part.ok)}
    blocks = zip(way.scene.blocks, look.state, strict=True)
    fine = [b.id for b, at in blocks if at == TABLE and not b.wide and b.id not in sure]
    return rng.choice(fine) if fine else ""


def _waited(rng: random.Random, book: Book, way: Trajectory, lost: str, lesson: "Callable[..., Some]") -> list[Some]:
    """What to do while a thing is not seen, after each command in turn, and once it is seen again."""
    looks = [look for look in way.seen if way.scene.held(look.state) != lost]
    if not looks:
        return []
    look = rng.choice(looks)
    last = look.last
    named = [command for command in rights(book, way.scene, look) if book.names.id(lost) in command.args.values()]
    if named and rng.random() < 0.2:  # it was there when the command was given
        last = Result(command=named[0].text, status="failed", reason="not_there")
    idle = [Result(command=command.text, status="done", duration_s=1.0) for command in waits(book)]
    found: list[Some] = []
    for before in rng.sample([last, *idle], min(1 + len(idle), 2)):
        wait = unseen(book, before)
        found.append(lesson(look.state, before, [wait], wait, hidden=lost))
    right = rights(book, way.scene, look)
    found += [lesson(look.state, before, right, rng.choice(right)) for before in idle if rng.random() < 0.75]
    return found


def _given_up(
    lesson: "Callable[..., Some]", way: Trajectory, reason: str, task: DraftTask, *, goals: bool
) -> list[Some]:
    """That a task cannot be done. Where goals are asked for, the task's is written all the same, as the task tells it,
    or the reason said there; else a command says it, and what is not seen is waited for before.
    """
    seen = observed(way.book, way.scene, way.state, way.last)
    if goals:
        named = (goal_for_gone if reason == "missing" else goal_for_aim)(way.book, seen, task)
        if named is not None and not _in_vain(way.book, named, seen):
            named = None
        if named is not None and (reason == "missing" or _can_say(way.book, seen, "", named)):
            return [lesson(way.state, way.last, [named], named, reason=reason)]
        written = Goal((), "missing")
        return [lesson(way.state, way.last, [written], written)] if reason == "missing" else []
    if reason != "missing":
        command = way.book.cannot(reason)
        return [lesson(way.state, way.last, [command], command)]
    found: list[Some] = []
    idle = [Result(command=command.text, status="done", duration_s=1.0) for command in waits(way.book)]
    for last in (way.last, *idle):
        right = unseen(way.book, last)
        if len(idle) < 2 or right.skill == "cannot" or way.rng.random() < 0.7:
            found.append(lesson(way.state, last, [right], right))
    return found


def _in_vain(book: Book, said: Goal, observation: Observation) -> bool:
    """Whether the planner finds no way to a goal either."""
    condition = GoalTracker(book.codebook, said).condition(observation)
    return bool(plan(SymbolicWorld.of(book.codebook, observation), condition, max_expanded=300).failure)


def observed(
    book: Book, scene: Scene, state: State, last: Result | None, step: int = 0, *, hidden: str = "", unsure: str = ""
) -> Observation:
    """A state as a robot reports it, but for poses; one thing may be hidden, and of one block it may not be seen where
    it is.
    """
    names, facts = book.names, []
    for block, at in zip(scene.blocks, state, strict=True):
        thing = names.id(block.id)
        if block.wide:
            facts.append(Fact(names.facts["wide"], (thing,)))
        if block.id == unsure:
            continue
        if at is None:
            facts.append(Fact(names.facts["holding"], (thing,)))
        else:
            fact = "in" if scene.kind(at) in ("bowl", "box") else "on"
            facts.append(Fact(names.facts[fact], (thing, names.id(at))))
    entities = tuple(
        Entity(id=names.id(thing.id), kind=names.kinds[thing.kind], properties=dict(thing.properties))
        for thing in (*scene.blocks, *scene.places)
        if thing.id != hidden
    )
    if hidden:
        facts = [fact for fact in facts if names.id(hidden) not in fact.args]
    return Observation(step=step, time_s=2.0 * step, entities=entities, facts=tuple(sorted(facts, key=str)), last=last)


def act_of(book: Book, command: Command) -> str:
    """What a command is: `act`, `wait`, `done` or `cannot`."""
    if command.skill in ("done", "cannot"):
        return command.skill
    return "wait" if command.text in {idle.text for idle in waits(book)} else "act"


def _lesson(
    rng: random.Random,
    book: Book,
    kind: str,
    task: DraftTask,
    wordings: Mapping[str, Any],
    state: State,
    last: Result | None,
    right: Sequence[Command | Goal],
    taught: Command | Goal,
    *,
    hidden: str = "",
    unsure: str = "",
    reason: str = "",
) -> Some:
    """One lesson: to write a goal where that is what is right, else a command.

    A goal that cannot be reached, for a `reason` or because something is hidden, is right where it can be written;
    where it cannot, that reason is.
    """
    text = word_task(rng, task, book, wordings)
    observation = observed(book, task.scene, state, last, hidden=hidden, unsure=unsure)
    if isinstance(taught, Goal):
        goals, goal = [as_told(text, one) for one in right if isinstance(one, Goal)], as_told(text, taught)
        if hidden or reason:
            goals = [one for one in goals if _can_say(book, observation, text, one)] or [Goal((), reason or "missing")]
            goal = goal if goal in goals else rng.choice(goals)
        plans = tuple(dict.fromkeys(map(as_plan, goals)))
        return GoalLesson(book, kind, text, observation, plans, as_plan(goal))
    offered = offer(book.codebook, text, observation)
    texts = tuple(dict.fromkeys(one.text for one in right))
    act = act_of(book, taught)
    return Lesson(book, kind, text, observation, offered.prompt, offered.legal.graph, texts, taught.text, act)


def as_plan(goal: Goal) -> TaskPlan:
    """The plan that has this goal alone, or says why there is none."""
    return TaskPlan((), goal.cannot) if goal.cannot else TaskPlan((Achieve(goal),))


def _can_say(book: Book, seen: Observation, task: str, goal: Goal) -> bool:
    """Whether a plan can have this goal."""
    return plan_graph(book.codebook, seen, task).accepts(as_plan(goal).text)
