"""The physical world of one episode: a PyBullet client with a table, an arm and the scenario's things in it."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .bodies import Builder
from .bullet import pybullet, pybullet_data
from .layout import Placed
from .pose import Pose, Vector3
from .scene import has_fallen

if TYPE_CHECKING:
    from .stickers import Stickers

TICK_S = 1 / 240


class World:
    """Owns the physics client. Every change of the world's state goes through it or through the arm that it carries.

    `bodies` maps the ids of blocks and bowls to body numbers; `things` has the placed form of everything, with zones.
    """

    def __init__(self, placed: Iterable[Placed], *, tagged: bool = False) -> None:
        """With `tagged`, everything bears tags for a camera: nothing changes but how it looks."""
        self.client: int = pybullet.connect(pybullet.DIRECT)
        self.ticks = 0
        self.things = {thing.id: thing for thing in placed}
        self.bodies: dict[str, int] = {}
        self._open = True
        pybullet.setAdditionalSearchPath(pybullet_data.getDataPath(), physicsClientId=self.client)
        pybullet.setGravity(0.0, 0.0, -9.81, physicsClientId=self.client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=TICK_S,
            numSubSteps=0,
            numSolverIterations=60,
            deterministicOverlappingPairs=1,
            enableFileCaching=0,
            physicsClientId=self.client,
        )
        stickers = _stickers(self.client, self.things.values()) if tagged else None
        build = Builder(self.client, stickers)
        self.table = build.table()
        self.arm: int = pybullet.loadURDF("franka_panda/panda.urdf", useFixedBase=True, physicsClientId=self.client)
        for thing in self.things.values():
            if thing.kind == "zone":
                build.zone(thing)
        for thing in self.things.values():
            if thing.kind == "bowl":
                self.bodies[thing.id] = build.bowl(thing)
            elif thing.kind == "box":
                self.bodies[thing.id] = build.box(thing)
            elif thing.kind == "block":
                self.bodies[thing.id] = build.block(thing)
            if stickers is not None and thing.kind != "block":
                stickers.put_beside(thing)
        self.names = {body: name for name, body in self.bodies.items()}

    @property
    def time_s(self) -> float:
        """Simulated time since the episode began."""
        return self.ticks * TICK_S

    def step(self) -> None:
        """One tick of physics."""
        pybullet.stepSimulation(physicsClientId=self.client)
        self.ticks += 1

    def pose(self, thing: str) -> Pose:
        """The present pose of a block, bowl or box (its middle)."""
        position, quaternion = pybullet.getBasePositionAndOrientation(self.bodies[thing], physicsClientId=self.client)
        if self.things[thing].holds_things:
            position = (position[0], position[1], position[2] + self.things[thing].size_m[2] / 2)
        return Pose(position, quaternion)

    def contacts(self, body: int, *, link: int | None = None, other: int | None = None) -> list[Any]:
        """Contact points of a body found in the last tick, as PyBullet's tuples with that body as A."""
        chosen = {"linkIndexA": link} if link is not None else {}
        chosen |= {"bodyB": other} if other is not None else {}
        return list(pybullet.getContactPoints(bodyA=body, physicsClientId=self.client, **chosen))

    def of_kind(self, kind: str) -> list[Placed]:
        """The things of a kind that are still in the world, by id."""
        return sorted(
            (t for t in self.things.values() if t.kind == kind and (kind == "zone" or t.id in self.bodies)),
            key=lambda t: t.id,
        )

    def has_fallen(self, thing: str) -> bool:
        """Whether a block lies below the table's surface."""
        return has_fallen(self.pose(thing))

    def fastest_m_s(self) -> float:
        """Speed of the fastest block on the table (a turn counts as the speed of its corners)."""
        fastest = 0.0
        for thing, body in self.bodies.items():
            if self.things[thing].kind == "block" and not self.has_fallen(thing):
                linear, angular = pybullet.getBaseVelocity(body, physicsClientId=self.client)
                fastest = max(fastest, math.hypot(*linear), 0.03 * math.hypot(*angular))
        return fastest

    def put(self, thing: str, position_m: Vector3, yaw_rad: float) -> None:
        """Set a block down at a pose, at rest."""
        quaternion = pybullet.getQuaternionFromEuler((0.0, 0.0, yaw_rad))
        body = self.bodies[thing]
        pybullet.resetBasePositionAndOrientation(body, position_m, quaternion, physicsClientId=self.client)
        pybullet.resetBaseVelocity(body, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), physicsClientId=self.client)

    def remove(self, thing: str) -> None:
        """Take a block out of the world."""
        body = self.bodies.pop(thing)
        del self.names[body]
        pybullet.removeBody(body, physicsClientId=self.client)

    def close(self) -> None:
        """Free the client. Idempotent."""
        if self._open:
            self._open = False
            pybullet.disconnect(physicsClientId=self.client)


def _stickers(client: int, things: Iterable[Placed]) -> "Stickers":
    from .stickers import Stickers  # OpenCV prints the tags: it is loaded for a camera alone

    return Stickers(client, things)
