"""Goals as lessons teach them: what of a scene is to be where in the end, in the words of a codebook.

Of the many ends that a task may have, some are drawn, and each of them is right; to go after a goal once written is an
aim of its own.
"""

import math
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

from codeword.codebook import Fact, Observation
from codeword.codebook.goal_classes import ONE_ANOTHER, Group, classes, gatherings
from codeword.codebook.goal_relations import relations
from codeword.codebook.goal_rows import FALLING, RISING, SPELLED
from codeword.codebook.goal_tracker import GoalTracker, settled
from codeword.codebook.goals import Goal, in_order

from .aims import Aim, Apart, At, Some, Tower
from .codebook_generator import Book
from .draft import DraftTask
from .scene import TABLE, Move, Scene, State, Thing
from .solver import Solver

Ends = dict[str, str]
"""Where blocks are to be in the end; an empty text stands for the gripper."""

_MOST_MOVES = 30
_SLOT = re.compile(r"[a-z]+_([0-9]+)")
_WORD = re.compile(r"[a-z0-9]+")
_NO_SLOT = 1_000


def ends_of(rng: random.Random, scene: Scene, aim: Aim, start: State, solver: Solver, tries: int = 10) -> list[Ends]:
    """Some ends that shortest ways lead to, all different, the plainest first; none where there is no way, or where
    nothing is to be anywhere.

    The plainest is what comes of going on with the highest tower, to the place seen first, with the thing seen first:
    where a task leaves a choice, it is a rule that can be learned.
    """
    if aim.hold is not None:
        return [{aim.hold: ""}]
    found: list[Ends] = []
    for number in range(tries):
        state = start
        for _ in range(_MOST_MOVES):
            moves = solver.best(state)
            if not moves:
                break
            state = _moved(scene, state, rng.choice(moves) if number else _plainest(scene, state, moves))
        if aim.least(scene, state) > 0:
            return found
        end = _told(scene, aim, start, state)
        if end and end not in found:  # of nothing at all nothing can be written
            found.append(end)
    return found


def _plainest(scene: Scene, state: State, moves: Sequence[Move]) -> Move:
    """Of some moves the one to the highest place, and of those to the place seen first with the block seen first."""
    order = {thing: number for number, thing in enumerate(scene.by_id)}

    def height(thing: str | None) -> int:
        return 1 + height(state[scene.index[thing]]) if thing is not None and thing in scene.index else 0

    return min(moves, key=lambda move: (-height(move[1]), order.get(move[1], -1), order[move[0]]))


def _moved(scene: Scene, state: State, move: Move) -> State:
    block, place = move
    return scene.moved(state, block, place or None)


def _told(scene: Scene, aim: Aim, start: State, state: State) -> Ends:
    """What a goal says of an end: where everything is that the task wants somewhere, and where what was in the way of
    it, or held, has come to be.
    """
    wanted: set[str] = set()
    for part in aim.parts:
        if isinstance(part, At):
            if part.ok is not None or part.must(scene, start):
                wanted.add(part.block)
        elif isinstance(part, Tower):
            # Where a tower stands is told only where that is asked for, or where its lowest block had to move.
            roots = {block for block in part.blocks if state[scene.index[block]] not in part.blocks}
            moved = {block for block in roots if state[scene.index[block]] != start[scene.index[block]]}
            wanted |= set(part.blocks) - (roots - moved if part.base is None else set())
        elif isinstance(part, Apart):
            wanted |= set(part.blocks)
        elif isinstance(part, Some):
            at = {block: (start[scene.index[block]], state[scene.index[block]]) for block in part.blocks}
            wanted |= {block for block, places in at.items() if part.place in places}
    if not wanted:
        wanted = {part.block for part in aim.parts if isinstance(part, At)} or {scene.held(start) or ""} - {""}
    places = {block: state[scene.index[block]] for block in wanted}
    return {block: place for block, place in places.items() if place is not None}


def goal_of(book: Book, observation: Observation, scene: Scene, ends: Ends, gone: Thing | None = None) -> Goal:
    """An end as a goal says it, with its facts in the order in which things are seen; one thing may be `gone`."""
    names = book.names
    facts = []
    for block, place in ends.items():
        if not place:
            facts.append(Fact(names.facts["holding"], (names.id(block),)))
        else:
            kind = gone.kind if gone is not None and place == gone.id else scene.kind(place)
            name = "in" if kind in ("bowl", "box") else "on"
            facts.append(Fact(names.facts[name], (names.id(block), names.id(place))))
    return Goal(tuple(in_order(book.codebook, observation, facts)))


def goal_for_gone(book: Book, observation: Observation, task: DraftTask) -> Goal | None:
    """What is wanted of a task that names something that is not there."""
    words, gone = task.words, task.words.get("gone")
    if not isinstance(gone, Thing):
        return None
    if "pairs" in words:
        ends = dict(cast(list[tuple[str, str]], words["pairs"]))
    elif "list" in words:
        ends = dict.fromkeys(cast(list[str], words["list"]), str(words["t"]))
    else:
        ends = {str(words["a"]): str(words["t"] if "t" in words else words["b"])}
    return goal_of(book, observation, task.scene, ends, gone)


def goal_for_aim(book: Book, observation: Observation, task: DraftTask) -> Goal | None:
    """What a task asks for, whether or not it can be done; None where it leaves a choice."""
    parts = task.aim.parts if task.aim is not None else ()
    ends = {part.block: part.ok[0] for part in parts if isinstance(part, At) and part.ok is not None}
    sure = all(isinstance(part, At) and (part.ok is None or len(part.ok) == 1) for part in parts)
    return goal_of(book, observation, task.scene, ends) if ends and sure else None


def as_told(text: str, said: Goal) -> Goal:
    """A goal in the order in which a text names what it is about: first its classes, then its facts. What the text does
    not name stands last: by the slot of a row where it goes to one, a tower from below, else as it stood.
    """
    about = [fact.args[0] for fact in said.facts]
    named = _named_at(text, [*about, *(group.of for group in said.groups)])

    def place(fact: Fact) -> tuple[float, int]:
        row = _SLOT.fullmatch(fact.args[-1])
        return named.get(fact.args[0], math.inf), int(row[1]) if row else _NO_SLOT

    groups = sorted(said.groups, key=lambda group: named.get(group.of, math.inf))
    ordered = sorted(said.facts, key=place)
    told = sum(fact.args[0] in named for fact in ordered)
    return replace(said, facts=(*ordered[:told], *_from_below(ordered[told:])), groups=tuple(groups))


def _from_below(facts: Sequence[Fact]) -> list[Fact]:
    """Facts with what stands on a thing behind what is said of that thing, at once where it can be."""
    rest, found = list(facts), list[Fact]()
    while rest:
        open_ = {fact.args[0] for fact in rest}
        last = found[-1].args[0] if found else None
        on_it = [fact for fact in rest if fact.args[-1] == last]
        free = [fact for fact in rest if len(fact.args) < 2 or fact.args[-1] not in open_]
        found.append((on_it or free or rest)[0])
        rest.remove(found[-1])
    return found


def _named_at(text: str, names: Sequence[str]) -> dict[str, int]:
    """Where a text first says most of each name, in words: at least one that not all of the names have, and no single
    letter alone.
    """
    spoken = _WORD.findall(text.lower())
    words = {name: name.split("_") for name in names}
    common = set.intersection(*map(set, words.values())) if len(words) > 1 else set()
    found: dict[str, int] = {}
    for name, own in words.items():
        best = 0
        for begin, first in enumerate(spoken):
            said = [word for word in spoken[begin : begin + len(own)] if word in own]
            telling = [word for word in said if word not in common]
            if first in own and telling and (len(said) > 1 or len(telling[0]) > 1) and len(said) > best:
                best, found[name] = len(said), begin
    return found


def group_goal(
    book: Book, observation: Observation, task: DraftTask, state: State, end: Ends
) -> tuple[Goal, Ends] | None:
    """A task's goal as it is said of classes of things, and the end that it comes to from this state; None where it is
    not said so, or where that says something else.

    Where a tower is to stand on a certain place, that is said of the thing that begins it. What else has to move, as in
    `end`, is said thing by thing. The classes are said in the order in which goals have them.
    """
    if not task.groups or task.aim is None:
        return None
    names, scene = book.names, task.scene
    things = [names.id(block.id) for block in scene.blocks]
    members = classes(book.codebook, observation, things)
    for place, there in gatherings(book.codebook, observation, things).items():
        members.setdefault(place, there)
    order = list(members)
    groups = []
    for of, place in task.groups:
        word, *relation = place.split() or [ONE_ANOTHER]
        row = SPELLED in relation or relation[:1] in ([RISING], [FALLING])
        if relation and not row and relation[-1] not in relations(book.codebook):
            return None
        kind = scene.kind(word) if word in scene.by_id else word
        name = "in" if kind in ("bowl", "box") else "on"
        places = (names.id(word) if word in scene.by_id else names.kinds.get(word, word), *relation)
        if SPELLED not in relation:
            of = names.id(of) if of in scene.by_id else names.kinds.get(of, of)
        groups.append(Group(of, names.facts[name], tuple(places)))
    if not all(group.of in order or SPELLED in group.places for group in groups):
        return None
    groups.sort(key=lambda group: order.index(group.of) if group.of in order else len(order))
    facts: list[Fact] = []
    said = Goal((), groups=tuple(groups))
    bases = [part.base for part in task.aim.parts if isinstance(part, Tower) and part.base is not None]
    if bases:
        ends = _ends_now(book, scene, said, observation)
        first = next((place for place in ends.values() if place not in ends), None)
        if first is None:
            return None
        facts.append(Fact(names.facts["on"], (names.id(first), names.id(bases[0][0]))))
    towers = [group.of for group in groups if group.places[0] == ONE_ANOTHER]
    told = {thing for of in towers for thing in members[of]}
    free = [part for part in task.aim.parts if isinstance(part, At) and part.ok is None]
    must = {block for part in free for block in part.must(scene, state) if names.id(block) not in told}
    here = dict(zip((block.id for block in scene.blocks), state, strict=True))
    plain = [group.of for group in groups if len(group.places) == 1 and group.of not in towers]
    spoken_of = {thing for of in plain for thing in members[of]}
    stays = {p.block: here[p.block] for p in free if p.block not in must and names.id(p.block) in spoken_of}
    moved = {block: place for block, place in end.items() if block in must}
    facts += goal_of(book, observation, scene, {**moved, **{b: at for b, at in stays.items() if at is not None}}).facts
    said = Goal(tuple(in_order(book.codebook, observation, facts)), groups=tuple(groups))
    ends = _ends_now(book, scene, said, observation)
    reached = tuple(
        ends.get(block.id, at if at is not None else TABLE) for block, at in zip(scene.blocks, state, strict=True)
    )
    return (said, ends) if ends and not _round(ends) and task.aim.least(scene, reached) == 0 else None


def _ends_now(book: Book, scene: Scene, wished: Goal, observation: Observation) -> Ends:
    """The end that a goal comes to that is written now."""
    tracker = GoalTracker(book.codebook, settled(book.codebook, wished, observation))
    return ends_from(book, scene, tracker.facts(observation))


def _round(ends: Ends) -> bool:
    """Whether some thing would rest on itself in the end."""
    for first in ends:
        place = ends[first]
        for _ in ends:
            if place == first:
                return True
            place = ends.get(place, "")
    return False


def ends_from(book: Book, scene: Scene, facts: Iterable[Fact]) -> Ends:
    """The end that facts tell of; what is told of nothing else than where things are."""
    things = {book.names.id(thing): thing for thing in scene.by_id}
    return {things[fact.args[0]]: things[fact.args[1]] if len(fact.args) > 1 else "" for fact in facts}


def aim_of(ends: Ends) -> Aim:
    """The aim of whoever goes after such an end."""
    held = [block for block, place in ends.items() if not place]
    parts = [At(block, (place,)) for block, place in ends.items() if place]
    return Aim(tuple(parts), held[0] if held else None)
