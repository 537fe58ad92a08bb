"""Counts damage: how hard the arm bumps into things, and what has fallen off the table."""

from .bullet import pybullet
from .damage_report import Damage
from .world import World

HARD_N = 60.0
"""A contact of the arm that is harder than this is a bump; gripping and setting down take less than half of it."""
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

    def so_far(self) -> Damage:
        """The damage until now."""
        world = self._world
        fallen = tuple(block.id for block in world.of_kind("block") if world.has_fallen(block.id))
        return Damage(fallen, self._bumps, self._peak_n)
