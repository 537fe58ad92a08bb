"""The physical world of one episode: a PyBullet client with a table, an arm and the scenario's things in it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pybullet_data

from .bullet import pybullet
from .layout import BOWL_FLOOR_M, Placed
from .world_spec import BOWL_HEIGHT_M, BOWL_RADIUS_M

TICK_S = 1 / 240
Vector3 = tuple[float, float, float]

_TABLE_HALF_M = (0.50, 0.56, 0.025)
_TABLE_CENTRE_M = (0.33, 0.0, -0.025)
BOWL_WALL_M = 0.006
_WALLS = 15  # with the floor, 16 shapes: the most that PyBullet takes in one body
_DENSITY_KG_M3 = 900.0
_FALLEN_BELOW_M = -0.05


@dataclass(frozen=True)
class Pose:
    """Centre [m] and orientation (quaternion x, y, z, w) of a body in the world frame."""

    position_m: Vector3
    quaternion: tuple[float, float, float, float]

    @property
    def yaw_rad(self) -> float:
        """Turn about the vertical, from the body's x axis (its y axis where x stands upright)."""
        x_axis, y_axis, _ = self.axes
        if abs(x_axis[2]) > 0.7:
            return math.atan2(-y_axis[0], y_axis[1])
        return math.atan2(x_axis[1], x_axis[0])

    @property
    def axes(self) -> tuple[Vector3, Vector3, Vector3]:
        """The body's x, y and z axes in the world frame."""
        m = pybullet.getMatrixFromQuaternion(self.quaternion)
        return (m[0], m[3], m[6]), (m[1], m[4], m[7]), (m[2], m[5], m[8])


class World:
    """Owns the physics client. Every change of the world's state goes through it or through the arm that it carries.

    `bodies` maps the ids of blocks and bowls to body numbers; `things` has the placed form of everything, with zones.
    """

    def __init__(self, placed: Iterable[Placed]) -> None:
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
        self.table = self._build_table()
        self.arm: int = pybullet.loadURDF("franka_panda/panda.urdf", useFixedBase=True, physicsClientId=self.client)
        for thing in self.things.values():
            if thing.kind == "zone":
                self._build_zone(thing)
        for thing in self.things.values():
            if thing.kind == "bowl":
                self.bodies[thing.id] = self._build_bowl(thing)
            elif thing.kind == "block":
                self.bodies[thing.id] = self._build_block(thing)
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
        """The present pose of a block or bowl (of a bowl: the middle of its height)."""
        position, quaternion = pybullet.getBasePositionAndOrientation(self.bodies[thing], physicsClientId=self.client)
        if self.things[thing].kind == "bowl":
            position = (position[0], position[1], position[2] + BOWL_HEIGHT_M / 2)
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
        return self.pose(thing).position_m[2] < _FALLEN_BELOW_M

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

    def _body(self, mass_kg: float, collision: int, visual: int, position_m: Vector3, yaw_rad: float = 0.0) -> int:
        body: int = pybullet.createMultiBody(
            baseMass=mass_kg,
            baseCollisionShapeIndex=collision,
            baseVisualShapeIndex=visual,
            basePosition=position_m,
            baseOrientation=pybullet.getQuaternionFromEuler((0.0, 0.0, yaw_rad)),
            physicsClientId=self.client,
        )
        return body

    def _visual_box(self, half_m: Vector3, rgba: tuple[float, ...], specular: float = 0.1) -> int:
        shape: int = pybullet.createVisualShape(
            pybullet.GEOM_BOX,
            halfExtents=half_m,
            rgbaColor=rgba,
            specularColor=(specular,) * 3,
            physicsClientId=self.client,
        )
        return shape

    def _friction(self, body: int, lateral: float, spinning: float = 0.0) -> None:
        pybullet.changeDynamics(
            body,
            -1,
            lateralFriction=lateral,
            spinningFriction=spinning,
            restitution=0.0,
            physicsClientId=self.client,
        )

    def _build_table(self) -> int:
        collision = pybullet.createCollisionShape(
            pybullet.GEOM_BOX, halfExtents=_TABLE_HALF_M, physicsClientId=self.client
        )
        table = self._body(0.0, collision, self._visual_box(_TABLE_HALF_M, (0.80, 0.68, 0.53, 1.0)), _TABLE_CENTRE_M)
        self._friction(table, 0.9)
        floor = self._visual_box((3.0, 3.0, 0.01), (0.83, 0.85, 0.88, 1.0))
        self._body(0.0, -1, floor, (0.3, 0.0, -0.66))
        leg = self._visual_box((0.03, 0.03, 0.3), (0.45, 0.36, 0.27, 1.0))
        for x_m in (-0.12, 0.78):
            for y_m in (-0.50, 0.50):
                self._body(0.0, -1, leg, (x_m, y_m, -0.35))
        return table

    def _build_zone(self, zone: Placed) -> None:
        """A pale sheet with a darker rim, without a body to touch."""
        x_m, y_m, _ = zone.position_m
        half_x, half_y = zone.size_m[0] / 2, zone.size_m[1] / 2
        rim = self._visual_box((half_x, half_y, 0.0005), (0.42, 0.47, 0.55, 1.0), 0.0)
        sheet = self._visual_box((half_x - 0.006, half_y - 0.006, 0.0005), (0.86, 0.89, 0.93, 1.0), 0.0)
        self._body(0.0, -1, rim, (x_m, y_m, 0.0006))
        self._body(0.0, -1, sheet, (x_m, y_m, 0.0014))

    def _build_bowl(self, bowl: Placed) -> int:
        """A fixed floor with a ring of upright boxes around it; its origin is in the middle of its underside."""
        radius_m = BOWL_RADIUS_M - BOWL_WALL_M / 2
        half_wall = (BOWL_WALL_M / 2, radius_m * math.tan(math.pi / _WALLS) + 0.001, BOWL_HEIGHT_M / 2)
        turns = [2 * math.pi * k / _WALLS for k in range(_WALLS)]
        walls: list[Vector3] = [(radius_m * math.cos(t), radius_m * math.sin(t), BOWL_HEIGHT_M / 2) for t in turns]
        orientations = [pybullet.getQuaternionFromEuler((0.0, 0.0, t)) for t in turns]
        floor_half_m = BOWL_FLOOR_M / 2
        shared = {
            "shapeTypes": [pybullet.GEOM_CYLINDER] + [pybullet.GEOM_BOX] * _WALLS,
            "radii": [BOWL_RADIUS_M - BOWL_WALL_M / 2] + [0.0] * _WALLS,
            "halfExtents": [(0.0, 0.0, 0.0)] + [half_wall] * _WALLS,
            "physicsClientId": self.client,
        }
        frames = ([(0.0, 0.0, floor_half_m), *walls], [(0.0, 0.0, 0.0, 1.0), *orientations])
        collision = pybullet.createCollisionShapeArray(
            lengths=[BOWL_FLOOR_M] * (_WALLS + 1),
            collisionFramePositions=frames[0],
            collisionFrameOrientations=frames[1],
            **shared,
        )
        dark = tuple(0.8 * part for part in bowl.rgba[:3])
        visual = pybullet.createVisualShapeArray(
            lengths=[BOWL_FLOOR_M] * (_WALLS + 1),
            visualFramePositions=frames[0],
            visualFrameOrientations=frames[1],
            rgbaColors=[(*dark, 1.0)] + [bowl.rgba] * _WALLS,
            **shared,
        )
        x_m, y_m, _ = bowl.position_m
        body = self._body(0.0, collision, visual, (x_m, y_m, 0.0))
        self._friction(body, 0.8)
        return body

    def _build_block(self, block: Placed) -> int:
        half_m = (block.size_m[0] / 2, block.size_m[1] / 2, block.size_m[2] / 2)
        collision = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half_m, physicsClientId=self.client)
        mass_kg = _DENSITY_KG_M3 * math.prod(block.size_m)
        visual = self._visual_box(half_m, block.rgba, 0.3)
        body = self._body(mass_kg, collision, visual, block.position_m, block.yaw_rad)
        self._friction(body, 1.0, 0.003)
        return body
