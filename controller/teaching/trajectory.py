"""The way through one task in the symbolic world: along the best moves and off them, as things go wrong."""

import random
from dataclasses import dataclass

from codeword.codebook import Result

from .aims import Aim
from .codebook_generator import Book
from .draft import DraftTask, scattered
from .scene import TABLE, Move, Scene, State, has_room
from .solver import Solver

_PICK = ("nothing_grasped", "nothing_grasped", "slipped", "unreachable", "blocked", "not_there")
_PLACE = ("slipped", "slipped", "no_room", "unreachable", "blocked", "not_there")
_PUSH = ("blocked", "missed", "unreachable", "not_there")
_HALF_DONE = ("blocked", "timeout")
"""Reasons that a command may give although it did what it was to do."""


def failed(
    rng: random.Random, book: Book, scene: Scene, state: State, move: Move, start: State | None = None
) -> tuple[State, Result]:
    """A move's command fails: the state then, and the result. Nothing comes to lie where it is not sure what is wanted
    of it: with `start`, what falls is where it was there.
    """
    block, place = move
    command = book.commands(scene, state, move)[0]
    luck = rng.random()
    if luck < 0.04:  # the decision came too late, and nothing was done
        return state, Result(command="", status="timeout", reason="late")
    if luck < 0.1 and (text := _refused(rng, book, scene, state)):
        return state, Result(command=text, status="refused", reason="refused")
    picks = command.skill == book.names.skills.get("pick")
    held = state[scene.index[block]] is None
    wide = scene.by_id[block].wide
    whole = not (picks or held or wide)
    reason = rng.choice(_PUSH if wide else _PICK if picks else _PLACE if held else (*_PICK, *_PLACE, "precondition"))
    late = rng.random() < 0.08
    reason = "timeout" if late else reason
    result = Result(command=command.text, status="timeout" if late else "failed", reason=reason)
    if reason in _HALF_DONE and rng.random() < 0.3:
        state = scene.moved(state, block, None if picks else place)
    elif held and reason == "slipped":
        state = fallen(rng, scene, scene.moved(state, block, TABLE), block, start)
    elif whole and reason in ("no_room", "blocked") and "pick" in book.names.skills and scene.held(state) is None:
        state = scene.moved(state, block, None if rng.random() < 0.5 else state[scene.index[block]])
    return state, result


def fallen(rng: random.Random, scene: Scene, state: State, block: str, start: State | None = None) -> State:
    """A block came to lie somewhere by chance; with `start` where it was there."""
    if start is not None:
        back = start[scene.index[block]]
        free = back is not None and (back not in scene.index or back not in state)
        return scene.moved(state, block, back if free else TABLE)
    return scattered(rng, scene, state, scene.by_id[block])


def _refused(rng: random.Random, book: Book, scene: Scene, state: State) -> str:
    """A command that cannot be allowed now, or nothing."""
    held, has = scene.held(state), book.names.skills
    others = [block.id for block in scene.blocks if block.id != held]
    if held is not None or "place" not in has:
        covered = others if held is not None else [b for b in others if not scene.clear(state, b)]
        if "pick" in has and covered:
            return book.command("pick", rng.choice(covered)).text
        return ""
    return book.command("place", rng.choice(others), TABLE).text if others else ""


_ROUGH = (0.0, 0.1, 0.3, 0.5)
"""How often a step goes wrong, at random for each way."""

_MOST_STEPS = 34


@dataclass(frozen=True)
class Look:
    """A state that was come to, the last result as it was told there, and the best moves then: none at the end. `odd`
    where the last command did not simply do what it was to do.
    """

    state: State
    last: Result | None
    moves: tuple[Move, ...]
    odd: bool = False


class Trajectory:
    """A walk from a task's start to its end; `seen` are the looks on it."""

    def __init__(self, rng: random.Random, book: Book, task: DraftTask) -> None:
        self.rng, self.book, self.task = rng, book, task
        self.scene: Scene = task.scene
        self.state: State = task.start
        self.last: Result | None = None
        self.seen: list[Look] = []
        self.stuck = False
        self.rough = rng.choice(_ROUGH)
        self._odd = False
        self._truth: State | None = None  # what the next look shows, where the last one came late
        if task.aim is not None:
            self.pursue(task.aim)

    def pursue(self, aim: Aim) -> None:
        """Go after this aim from now on."""
        self.aim = aim
        self.solver = Solver(self.scene, aim, self.book.able)

    def open(self, often: float = 0.12) -> None:
        """What happened before the task was given: an earlier one may have ended in the middle."""
        luck = self.rng.random()
        if self.task.before:
            for move in self.task.before:
                self.follow(move)
        elif self.task.kind == "release" or (not self.task.steady and luck < often):
            self.take_something()
        elif not self.task.steady and luck < 1.7 * often:
            self.leave_something()

    def walk(self) -> None:
        """Go on until the aim is met, a few decisions beyond what is needed at most."""
        for _ in range(_MOST_STEPS):
            moves = self.best()
            if not moves and self.aim.least(self.scene, self.state) > 0:
                self.stuck = not self.seen
                return
            self.seen.append(Look(self.state, self.last, tuple(moves), self._odd))
            if not moves:
                return
            self._odd = False
            self.step(self.rng.choice(moves))

    def best(self) -> list[Move]:
        """The best moves now."""
        return best_moves(self.book, self.scene, self.aim, self.solver, self.state)

    def take_something(self) -> None:
        """Begin with something in the gripper, rightly or not."""
        free = [b for b in self.scene.blocks if not b.wide and self.scene.clear(self.state, b.id)]
        if free and "pick" in self.book.names.skills and self.scene.held(self.state) is None:
            self.follow((self.rng.choice(free).id, ""))

    def leave_something(self) -> None:
        """Begin after something was put somewhere, as an earlier task wanted it."""
        self.take_something()
        held = self.scene.held(self.state)
        if held is None:
            return
        kinds = ("bowl", "box", "zone", "table", "block")
        places = [p for p in self.scene.of_kind(*kinds) if p != held and not self._is_wide(p)]
        free = [p for p in places if has_room(self.scene, self.state, p)]
        self.follow((held, self.rng.choice([p for p in free if self.book.able(False, self.scene.kind(p))])))

    def follow(self, move: Move) -> None:
        """Do a move, with nothing going wrong."""
        block, place = move
        if not place and "pick" not in self.book.names.skills:
            return
        command = self.book.commands(self.scene, self.state, move)[0]
        picks = self.book.names.skills.get("pick") == command.skill
        self.last = Result(command=command.text, status="done", duration_s=2.0)
        self.state = self.scene.moved(self.state, block, None if picks else place)

    def step(self, move: Move) -> None:
        """Do a move, or what goes wrong in its place."""
        rng, scene, steady = self.rng, self.scene, self.task.steady
        start = self.task.start if steady else None
        if self._truth is not None:  # the command is done once more, in vain: all was well already
            if rng.random() < 0.6:
                command = self.book.commands(scene, self.state, move)[0]
                reason = "nothing_grasped" if self._truth[scene.index[move[0]]] is None else "slipped"
                self.last = Result(command=command.text, status="failed", reason=reason)
                self.state, self._truth, self._odd = self._truth, None, True
                return
            self._truth = None
        if rng.random() < self.rough:
            free = [b for b in scene.blocks if scene.clear(self.state, b.id) and scene.held(self.state) is None]
            luck = rng.random()
            if luck < 0.22 and free and not steady:  # someone else moves a thing
                self.state = scattered(rng, scene, self.state, rng.choice(free))
                self._odd = True
                return
            if luck < 0.32 and not steady and "pick" in self.book.names.skills:  # a wrong pick
                wrong = [b for b in free if not b.wide]
                if wrong:
                    move = rng.choice(wrong).id, ""
                    self._odd = True
            elif luck < 0.75:
                self.state, self.last = failed(rng, self.book, scene, self.state, move, start)
                self._odd = True
                return
            else:
                self._as_before(move, start)
                return
        self.follow(move)

    def _as_before(self, move: Move, start: State | None) -> None:
        """A command is told as done and nothing is seen of it: the look is a late one, or the thing slipped."""
        before = self.state
        self.follow(move)
        held = self.state[self.scene.index[move[0]]] is None
        after, self.state, self._odd = self.state, before, True
        if held and self.rng.random() < 0.3:
            self.state = fallen(self.rng, self.scene, before, move[0], start)
        elif self.rng.random() < 0.5:
            self._truth = after

    def _is_wide(self, thing: str) -> bool:
        return self.scene.by_id[thing].wide


def best_moves(book: Book, scene: Scene, aim: Aim, solver: Solver, state: State) -> list[Move]:
    """The best moves to an aim; none where it is met or where there is no way."""
    if aim.hold is None:
        return solver.best(state)
    held = scene.held(state)
    if held == aim.hold or "pick" not in book.names.skills:
        return []
    if held is not None:
        return [(held, TABLE)]
    tops = [block for block in scene.above(state, {aim.hold}) if scene.clear(state, block)]
    return [(aim.hold, "")] if tops == [aim.hold] else [(top, TABLE) for top in tops]
