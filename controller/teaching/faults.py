"""What goes wrong with commands, and what is told of it then: by skill, the statuses and reasons that robots give."""

import random

from codeword.codebook import Result

from .codebook_generator import Book
from .draft import scattered
from .scene import TABLE, Move, Scene, State

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
