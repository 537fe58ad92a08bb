"""What a floor under a model's sureness trades: tasks that are carried out, rightly and wrongly, and tasks that should
not be and are.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from codeword.codebook import Codebook, Entity, Fact, Observation, load_codebook
from codeword.codebook.goals import read_goal
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.codebook.reflexes import reflex
from codeword.codebook.wanted import Wanted
from codeword.controller.engine import Engine, never
from codeword.controller.goal_writer import GoalWriter
from codeword.controller.sampling import GREEDY
from codeword.controller.sureness import meaning, needed
from codeword.controller.teaching.lessons import Lesson, lessons
from codeword.controller.teaching.mixes import split_mix
from codeword.runtime.statistics import wilson95

from .unseen import figures

MEANING = "all of its meaning"
FLOORS = (0.0, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 0.95)

_SEED = 2_000_003
"""Of lessons that nothing else is taught, checked or chosen with."""

REFUSED: Mapping[str, tuple[str, ...]] = {
    "forbids": (
        "Do not put the red block in the blue bowl.", "Never stack the blocks.", "Don't touch the red block.",
        "The red block must not be moved.", "I don't want the green block in the bowl.",
        "Leave the red block where it is.", "Nobody may touch the green block.", "Keep your gripper off the red block.",
        "Avoid the blue bowl.", "Nothing is to be put in the blue bowl.",
    ),
    "asks": (
        "Is the red block in the blue bowl?", "What is the capital of France?", "How many blocks are there?",
        "Tell me where the red block is.", "I wonder what the green block weighs.", "Can you see the blue bowl?",
        "Do you like the red block?", "Guess which block is the heaviest.",
    ),
    "says nothing": (
        "asdfgh qwerty", "Hello", "Good morning, robot.", "lorem ipsum dolor sit amet", "12345", "Thank you very much.",
        "The red block is nice.", "I had soup for lunch.", "blue", "Ha ha ha", "la la la block la la",
        "The weather is fine today.",
    ),
    "asks for what cannot be": (
        "Open the door.", "Sing a song.", "Paint the red block blue.", "Turn off the light.", "Drive to the kitchen.",
        "Play chess with me.", "Cut the green block in two.", "Weigh the red block.", "Make me a coffee.",
    ),
    "names what is not there": (
        "Pick up the banana.", "Put the gold block in the blue bowl.", "Put the red block in the drawer.",
        "Bring me the hammer.", "Put the red block on the shelf.", "Put the spoon in the blue bowl.",
    ),
    "is in another language": (
        "Lege den roten Block in die blaue Schale.", "Mets le bloc rouge dans le bol bleu.",
        "Pon el bloque rojo en el cuenco azul.", "Metti il blocco rosso nella ciotola blu.",
        "Положи красный кубик в синюю миску.", "把红色方块放进蓝色碗里。",
    ),
}  # fmt: skip
"""Tasks that nothing should be moved for, by why, in a scene of three blocks, two bowls and two zones. What is in
another language nobody was taught."""


class _Taken(NamedTuple):
    """What came of a task: how sure by one text and by all of its meaning, whether it would move something, and
    whether that is right; whether what was written `holds` already.
    """

    alone: float
    shared: float
    moves: bool
    right: bool
    holds: bool = False


def scene() -> Observation:
    """The scene of the tasks that should not be carried out."""
    blocks, bowls, zones = ("red", "green", "gray"), ("blue", "white"), ("left", "right")
    entities = (
        *(Entity(id=f"{color}_block", kind="block") for color in blocks),
        *(Entity(id=f"{color}_bowl", kind="bowl") for color in bowls),
        *(Entity(id=f"{side}_zone", kind="zone") for side in zones),
        Entity(id="table", kind="table"),
    )
    facts = tuple(Fact("on", (f"{color}_block", "table")) for color in blocks)
    return Observation(step=0, time_s=0.0, entities=entities, facts=facts)


def bench_sure(engine: Engine, split: str, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """So many goals of lessons that ask for something, and the tasks of REFUSED, by what is least asked for."""
    asked: list[_Taken] = []
    for lesson in islice(_asking(split), n):
        asked.append(_take(engine, lesson.book.codebook, lesson.task, lesson.observation, lesson.right))
        advance()
    book, seen = load_codebook("tabletop"), scene()
    refused: list[_Taken] = []
    held: dict[str, str] = {}
    for why, tasks in REFUSED.items():
        by_rule = [task for task in tasks if reflex(book, task) is not None]
        held[why] = f"{len(by_rule)} of {len(tasks)}"
        for task in tasks:
            if task not in by_rule:
                refused.append(_take(engine, book, task, seen, ()))
            advance()
    rows = [_row(floor, how, asked, refused) for how in (MEANING, "one text alone") for floor in FLOORS]
    return figures(engine, split, rows) | {"held_by_rule": held}


def refused_count() -> int:
    """How many tasks there are that should not be carried out."""
    return sum(map(len, REFUSED.values()))


def _asking(split: str) -> Iterator[Lesson]:
    for group in lessons(_SEED, split_mix(split), per_book=6):
        for lesson in group:
            if lesson.act == "goal" and not any(read_goal(text).cannot for text in lesson.right):
                yield lesson


def _take(engine: Engine, book: Codebook, task: str, seen: Observation, right: Sequence[str]) -> _Taken:
    engine.settle()
    made = GoalWriter(engine, GREEDY, sure=0.0).write(book, task, seen, never)
    goal = read_goal(made.written_goal)
    wanted = Wanted(book, goal)
    moves = not goal.cannot
    if moves and not right:
        found = plan(SymbolicWorld.of(book, seen), wanted.condition(seen), max_expanded=300)
        moves = bool(found.commands)
    meant = meaning(book, goal, seen)
    is_right = any(meaning(book, read_goal(text), seen) == meant for text in right)
    alone = 1.0 if made.logprob is None else math.exp(made.logprob)
    return _Taken(alone, 1.0 if made.sureness is None else made.sureness, moves, is_right, wanted.reached(seen))


def _row(floor: float, how: str, asked: Sequence[_Taken], refused: Sequence[_Taken]) -> dict[str, Any]:
    def gone_after(taken: _Taken) -> bool:
        sureness = taken.shared if how == MEANING else taken.alone
        return taken.moves and sureness >= needed(floor, holds=taken.holds)

    done = [taken for taken in asked if gone_after(taken)]
    wrong = sum(not taken.right for taken in done)
    return {
        "floor": floor,
        "sureness of": how,
        **_share("carried_out", len(done), len(asked)),
        **_share("of_these_wrong", wrong, len(done)),
        **_share("refused_but_done", sum(map(gone_after, refused)), len(refused)),
    }


def _share(name: str, some: int, every: int) -> dict[str, Any]:
    low, high = wilson95(some, every)
    return {name: f"{some} of {every} ({100 * low:.0f} to {100 * high:.0f}%)"}
