"""Counts damage: how hard the arm bumps into things, and what has fallen off the table."""

from collections.abc import Collection

from .bullet import pybullet
from .damage_report import Damage
from .world import World

HARD_N = 80.0
"""A contact of the arm that is harder than this is a bump; gripping takes 28 N, pushing a crate up to 65 N."""
_GAP_TICKS = 24
"""Contacts nearer in time than this are one bump."""
_FORCE = 9


class DamageWatch:
    """Feels every tick of physics."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bumps = 0
        self._peak_n = 0.0
        self._hard_until = -1

    def tick(self) -> None:
        """Called after every tick."""
        for contact in pybullet.getContactPoints(bodyA=self._world.arm, physicsClientId=self._world.client):
            force_n = contact[_FORCE]
            if force_n > self._peak_n:
                self._peak_n = force_n
            if force_n > HARD_N:
                if self._world.ticks > self._hard_until:
                    self._bumps += 1
                self._hard_until = self._world.ticks + _GAP_TICKS

    def so_far(self, moved: Collection[str] = ()) -> Damage:
        """The damage until now, without what others have moved to where it fell."""
        world = self._world
        blocks = [block.id for block in world.of_kind("block") if block.id not in moved]
        fallen = tuple(block for block in blocks if world.has_fallen(block))
        return Damage(fallen, self._bumps, self._peak_n)
