"""Conveyor belts: zones that carry along what lies on them, to their end and over the table's edge if it is there."""

from .bullet import pybullet
from .layout import Placed
from .touch import grasped, support_of
from .world import TICK_S, World


class Belts:
    """The belts of a world. They stand still until they are started."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._belts = [thing for thing in world.things.values() if thing.kind == "zone" and any(thing.moves_m_s)]
        self.running = False

    def tick(self) -> None:
        """Called before every tick of physics: what lies on a belt moves with it, unless the gripper has it."""
        if not self.running or not self._belts:
            return
        held = grasped(self._world)
        for block in self._world.of_kind("block"):
            if block.id == held:
                continue
            belt = self.under(block.id)
            if belt is not None:
                # A velocity would be lost to the table's friction within the tick.
                x_m, y_m, z_m = (pose := self._world.pose(block.id)).position_m
                moved = (x_m + belt.moves_m_s[0] * TICK_S, y_m + belt.moves_m_s[1] * TICK_S, z_m)
                body = self._world.bodies[block.id]
                pybullet.resetBasePositionAndOrientation(
                    body, moved, pose.quaternion, physicsClientId=self._world.client
                )

    def velocity_m_s(self, thing: str) -> tuple[float, float]:
        """How fast a block is carried along now, in x and y of the world frame [m/s]."""
        moving = self.running and bool(self._belts) and thing in self._world.bodies and grasped(self._world) != thing
        belt = self.under(thing) if moving else None
        return belt.moves_m_s if belt is not None else (0.0, 0.0)

    def under(self, thing: str) -> Placed | None:
        """The belt that a block lies on."""
        x_m, y_m, _ = self._world.pose(thing).position_m
        belt = next((belt for belt in self._belts if belt.contains(x_m, y_m)), None)
        return belt if belt is not None and support_of(self._world, thing) == "table" else None
