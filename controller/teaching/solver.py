"""The best next moves in a scene: every first move of a shortest way to an aim."""

import math
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from .aims import Aim, Apart, At, Tower
from .scene import Move, Scene, State, has_room

Able = Callable[[bool, str], bool]
"""Whether the robot can bring a block (wide or not) to a place of a kind."""

_MOST = 1500


class Solver:
    """Finds ways to one aim in one scene; what was found is remembered."""

    def __init__(self, scene: Scene, aim: Aim, able: Able) -> None:
        self.scene, self.aim, self._able = scene, aim, able
        self._left: dict[State, float] = {}

    def left(self, state: State) -> float:
        """How many moves there are to go; infinite where there is no way, or none was found."""
        known = self._left.get(state)
        if known is not None:
            return known
        order = count()
        start = self.aim.least(self.scene, state)
        frontier: list[tuple[float, int, int, State]] = [(start, -next(order), 0, state)]
        best = {state: 0}
        expanded = 0
        found = math.inf
        while frontier and expanded < _MOST:
            estimate, _, done, here = heappop(frontier)
            if done > best[here]:
                continue
            rest = self._left.get(here)
            if rest is not None and done + rest <= estimate:
                found = done + rest
                break
            if estimate == done:
                found = done
                break
            expanded += 1
            for block, place in self.moves(here):
                there = self.scene.moved(here, block, place)
                if done + 1 < best.get(there, math.inf):
                    best[there] = done + 1
                    ahead = self.aim.least(self.scene, there)
                    heappush(frontier, (done + 1 + ahead, -next(order), done + 1, there))
        self._left[state] = found
        return found

    def moves(self, state: State) -> list[Move]:
        """The moves that may be of use."""
        scene, held = self.scene, self.scene.held(state)
        blocks = [scene.by_id[held]] if held is not None else [b for b in scene.blocks if scene.clear(state, b.id)]
        found = []
        for block in blocks:
            here = state[scene.index[block.id]]
            if block.wide and here is not None and scene.kind(here) not in ("zone", "table"):
                continue
            for place in self.aim.targets(scene, state, block.id):
                if place != here and self._able(block.wide, scene.kind(place)) and has_room(scene, state, place):
                    found.append((block.id, place))
        return found

    def hopeless(self, state: State) -> bool:
        """Whether the robot has no skill that could bring some block where it has to be."""
        if self.aim.hold is not None:
            return self.scene.by_id[self.aim.hold].wide
        for part in self.aim.parts:
            wanted: list[tuple[str, set[str]]] = []
            if isinstance(part, At) and part.ok is not None and part.must(self.scene, state):
                wanted = [(part.block, {self.scene.kind(place) for place in part.ok})]
            elif isinstance(part, Apart):
                wanted = [(block, {"zone"}) for block in part.must(self.scene, state)]
            elif isinstance(part, Tower) and part.more(self.scene, state)[1]:
                wanted = [(block, {"block"}) for block in part.blocks]
            for block, kinds in wanted:
                if not any(self._able(self.scene.by_id[block].wide, kind) for kind in kinds):
                    return True
        return False

    def best(self, state: State) -> list[Move]:
        """Every move that begins a shortest way; none where the aim is met or cannot be."""
        if self.aim.hold is not None and self.scene.held(state) is None and self.scene.clear(state, self.aim.hold):
            return [(self.aim.hold, "")]
        rest = self.left(state)
        if rest == 0 or math.isinf(rest):
            return []
        fine = []
        for block, place in self.moves(state):
            there = self.scene.moved(state, block, place)
            if self.aim.least(self.scene, there) <= rest - 1 and self.left(there) == rest - 1:
                fine.append((block, place))
        return fine
