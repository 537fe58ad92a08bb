"""What a task wants of a scene, part by part: blocks at places, and blocks stacked in towers.

Every part says which blocks certainly have to move, and how many more at least; the solver needs no more than that.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from .scene import TABLE, Scene, State

Fits = Callable[[str, str], bool]


class AimPart(Protocol):
    """One thing that is wanted."""

    def must(self, scene: Scene, state: State) -> set[str]:
        """Blocks that certainly have to move."""

    def more(self, scene: Scene, state: State) -> tuple[frozenset[str], int]:
        """Of these blocks at least so many have to move."""

    def targets(self, scene: Scene, state: State, block: str) -> list[str]:
        """Where a block would be right."""

    def condition(self, inside: Callable[[str, str], str]) -> str:
        """The same as a condition; `inside(x, place)` writes that x is there."""


@dataclass(frozen=True)
class At:
    """A block is at one of `ok` (any place where None), and at none of `never`."""

    block: str
    ok: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()

    def must(self, scene: Scene, state: State) -> set[str]:
        place = state[scene.index[self.block]]
        fine = place is not None and place not in self.never and (self.ok is None or place in self.ok)
        # What nothing is wanted of has only to leave the gripper, and that costs a move anyway.
        return set() if fine else {self.block}

    def more(self, scene: Scene, state: State) -> tuple[frozenset[str], int]:
        del scene, state
        return frozenset(), 0

    def targets(self, scene: Scene, state: State, block: str) -> list[str]:
        del scene, state
        return list(self.ok) if block == self.block and self.ok is not None else []

    def condition(self, inside: Callable[[str, str], str]) -> str:
        parts = [f"not {inside(self.block, place)}" for place in self.never]
        if self.ok is not None:
            parts.append("(" + " or ".join(inside(self.block, place) for place in self.ok) + ")")
        return " and ".join(parts)


@dataclass(frozen=True)
class Apart:
    """Each of some blocks is at one of some places, no two at the same."""

    blocks: tuple[str, ...]
    places: tuple[str, ...]

    def must(self, scene: Scene, state: State) -> set[str]:
        return {block for block in self.blocks if state[scene.index[block]] not in self.places}

    def more(self, scene: Scene, state: State) -> tuple[frozenset[str], int]:
        used = [place for block in self.blocks if (place := state[scene.index[block]]) in self.places]
        return frozenset(self.blocks), len(self.blocks) - len(set(used))

    def targets(self, scene: Scene, state: State, block: str) -> list[str]:
        if block not in self.blocks:
            return []
        used = {state[scene.index[other]] for other in self.blocks if other != block}
        return [place for place in self.places if place not in used]

    def condition(self, inside: Callable[[str, str], str]) -> str:
        each = ["(" + " or ".join(inside(block, place) for place in self.places) + ")" for block in self.blocks]
        pairs = [(a, b) for number, a in enumerate(self.blocks) for b in self.blocks[number + 1 :]]
        each += [f"not ({inside(a, p)} and {inside(b, p)})" for a, b in pairs for p in self.places]
        return " and ".join(each)


@dataclass(frozen=True)
class Some:
    """Of some blocks `count` are at a place, whichever."""

    blocks: tuple[str, ...]
    place: str
    count: int

    def _there(self, scene: Scene, state: State) -> int:
        return sum(state[scene.index[block]] == self.place for block in self.blocks)

    def must(self, scene: Scene, state: State) -> set[str]:
        del scene, state
        return set()

    def more(self, scene: Scene, state: State) -> tuple[frozenset[str], int]:
        return frozenset(self.blocks), abs(self.count - self._there(scene, state))

    def targets(self, scene: Scene, state: State, block: str) -> list[str]:
        return [self.place] if block in self.blocks and self._there(scene, state) < self.count else []

    def condition(self, inside: Callable[[str, str], str]) -> str:
        options = []
        for chosen in combinations(self.blocks, self.count):
            each = [f"{'' if block in chosen else 'not '}{inside(block, self.place)}" for block in self.blocks]
            options.append("(" + " and ".join(each) + ")")
        return "(" + " or ".join(options) + ")"


@dataclass(frozen=True)
class Tower:
    """Some blocks make one tower by themselves. `base` is where it stands, None anywhere; `colors` are set where no
    two neighbours may be alike in color."""

    blocks: tuple[str, ...]
    base: tuple[str, ...] | None = None
    colors: Mapping[str, str] | None = None

    def _fits(self, upper: str, lower: str) -> bool:
        return lower in self.blocks and (self.colors is None or self.colors[upper] != self.colors[lower])

    def _roots(self, scene: Scene, state: State) -> Iterator[str]:
        for block in self.blocks:
            place = state[scene.index[block]]
            if place is None or not self._fits(block, place):
                yield block

    def must(self, scene: Scene, state: State) -> set[str]:
        wrong = set()
        for block in self._roots(scene, state):
            place = state[scene.index[block]]
            # Nothing but its own kind may be below: a root on another block must go, unless it is in the gripper.
            if place is None or (place in scene.index and (self.base is None or place not in self.base)):
                wrong.add(block)
        return wrong

    def more(self, scene: Scene, state: State) -> tuple[frozenset[str], int]:
        roots = list(self._roots(scene, state))
        based = self.base is None or any(state[scene.index[root]] in self.base for root in roots)
        return frozenset(self.blocks), len(roots) - 1 if based else len(roots)

    def targets(self, scene: Scene, state: State, block: str) -> list[str]:
        del scene, state
        if block not in self.blocks:
            return []
        found = [other for other in self.blocks if other != block and self._fits(block, other)]
        return found + list(self.base or ())

    def condition(self, inside: Callable[[str, str], str]) -> str:
        options = []
        for base in self.blocks:
            parts = []
            for block in self.blocks:
                if block != base:
                    on = [inside(block, other) for other in self.blocks if other != block and self._fits(block, other)]
                    parts.append("(" + " or ".join(on) + ")")
            if self.base is not None:
                parts.append("(" + " or ".join(inside(base, place) for place in self.base) + ")")
            else:
                parts.append("not holding(any)")
            options.append("(" + " and ".join(parts) + ")")
        return "(" + " or ".join(options) + ")"


@dataclass(frozen=True)
class Aim:
    """All that a task wants. Unless it is to hold something, the gripper is to be empty in the end."""

    parts: tuple[AimPart, ...]
    hold: str | None = None

    def least(self, scene: Scene, state: State) -> int:
        """How many moves there are at least to go; 0 exactly where the aim is met."""
        must: set[str] = set()
        for part in self.parts:
            must |= part.must(scene, state)
        held = scene.held(state)
        if self.hold is not None:
            if held == self.hold:
                return 0
            must.add(self.hold)
        if held is not None:
            must.add(held)
        must = scene.above(state, must)
        count = len(must)
        for part in self.parts:
            members, more = part.more(scene, state)
            count += max(0, more - len(must & members))
        return count

    def targets(self, scene: Scene, state: State, block: str) -> list[str]:
        """Where it may be of use to put a block: where it is wanted, or the table."""
        found = [place for part in self.parts for place in part.targets(scene, state, block)]
        never = {place for part in self.parts if isinstance(part, At) and part.block == block for place in part.never}
        return list(dict.fromkeys(p for p in (*found, TABLE) if p not in never and p != block))
