"""What goes wrong on purpose: fires a scenario's events and lets physics do the rest."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .arm import Arm
from .event_spec import EventSpec
from .layout import Placed
from .mishaps import Mishaps
from .shapes import Rectangle, obstacles
from .touch import grasped, support_of
from .world import TICK_S, World

_SLIP_OPEN_TICKS = 72
_SLIP_AFTER_TICKS = 60
_LOOK_EVERY_TICKS = 8
_GAP_M = 0.03


@dataclass(frozen=True)
class Fired:
    """An event that has happened, and when (simulated time)."""

    event: EventSpec
    time_s: float


class Events:
    """The events of one episode. An event that cannot happen yet (nothing is held, no room) waits until it can."""

    def __init__(self, specs: Iterable[EventSpec], world: World, arm: Arm, mishaps: Mishaps) -> None:
        self._world, self._arm, self._mishaps = world, arm, mishaps
        self._waiting = list(specs)
        self._due: list[EventSpec] = []
        self._succeeded: dict[str, int] = {}
        self._slip_in_ticks = _SLIP_AFTER_TICKS
        self.fired: list[Fired] = []

    def succeeded(self, skill: str) -> bool:
        """A command of that skill has ended as done. True where this moved things, which are then not yet at rest."""
        self._succeeded[skill] = self._succeeded.get(skill, 0) + 1
        self._make_due([e for e in self._waiting if e.after == skill and e.nth == self._succeeded[skill]])
        before = len(self.fired)
        self._fire(moving=False)
        return any(fired.event.do in ("move", "remove") for fired in self.fired[before:])

    def tick(self, *, moving: bool) -> None:
        """Called before every tick of physics; `moving` says that a command is being carried out."""
        if self._waiting:
            now_s = self._world.time_s + TICK_S / 2
            self._make_due([event for event in self._waiting if event.at_s is not None and event.at_s <= now_s])
        if self._due and self._world.ticks % _LOOK_EVERY_TICKS == 0:
            self._fire(moving=moving)

    def _make_due(self, events: list[EventSpec]) -> None:
        for event in events:
            self._waiting.remove(event)
            self._due.append(event)

    def _fire(self, *, moving: bool) -> None:
        for event in list(self._due):
            if self._happens(event, moving=moving):
                self._due.remove(event)
                self.fired.append(Fired(event, self._world.time_s))

    def _happens(self, event: EventSpec, *, moving: bool) -> bool:
        if event.do == "slip":
            return self._slip(moving=moving)
        if event.do == "jam":
            self._arm.hand.jam(event.times)
            return True
        if event.do == "retask":
            return True
        if event.do in ("late", "noise", "hide"):
            self._mishaps.trouble(event)
            return True
        if event.entity not in self._world.bodies:
            return True
        if grasped(self._world) == event.entity:
            return False
        if event.do == "remove":
            self._world.remove(event.entity)
            return True
        return self._move(event, event.entity)

    def _slip(self, *, moving: bool) -> bool:
        """Open the fingers for a moment, some time into the next motion with something lifted in them."""
        held = grasped(self._world)
        if held is None or not moving or support_of(self._world, held) is not None:
            self._slip_in_ticks = _SLIP_AFTER_TICKS
            return False
        self._slip_in_ticks -= _LOOK_EVERY_TICKS
        if self._slip_in_ticks > 0:
            return False
        self._slip_in_ticks = _SLIP_AFTER_TICKS
        self._arm.hand.slip_for(_SLIP_OPEN_TICKS)
        return True

    def _move(self, event: EventSpec, entity: str) -> bool:
        if event.to_position_m is not None:
            places = [event.to_position_m]
        else:
            zone = next((zone for zone in self._world.of_kind("zone") if zone.id == event.to_zone), None)
            places = _places_in(zone) if zone is not None else []
        half_x_m, half_y_m, up_m = (extent / 2 for extent in self._world.things[entity].size_m)
        around = obstacles(self._world, without=(entity,))
        for gap_m in (_GAP_M, 0.005):
            for x_m, y_m in places:
                outline = Rectangle(x_m, y_m, 0.0, half_x_m, half_y_m)
                if all(thing.outline.gap_m(outline) > gap_m for thing in around):
                    self._world.put(entity, (x_m, y_m, up_m), 0.0)
                    return True
        return False


def _places_in(zone: Placed) -> list[tuple[float, float]]:
    """Points of a zone, the middle first."""
    x_m, y_m, _ = zone.position_m
    steps_x, steps_y = (max(0, int((extent / 2 - 0.02) / 0.01)) for extent in zone.size_m[:2])
    grid = [(i, j) for i in range(-steps_x, steps_x + 1) for j in range(-steps_y, steps_y + 1)]
    return [(x_m + 0.01 * i, y_m + 0.01 * j) for i, j in sorted(grid, key=lambda at: (math.hypot(*at), at))]
