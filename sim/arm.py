"""The arm's primitives: each a generator that sets motor targets for one tick of physics and yields."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from codeword.codebook.command import Value
from codeword.codebook.robot import Motion, Outcome

from .bullet import pybullet
from .hand import Hand
from .kinematics import Floats, UnreachableError, joints_for, pose_of, yaw_choices
from .layout import Placed
from .motion import GENTLE_M_S, PEAK_M_S, Trajectory, between, through
from .push import slide
from .shapes import FINGERTIP_M, TIE_M, Obstacle, crowding_m, extents_m, obstacles
from .spots import Held, Spot, find_spot
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


HOME = (0.34, 0.0, 0.42, 0.0)
"""Resting gripper pose: x, y, z [m], yaw [rad]."""

_JOINTS = tuple(range(7))
_FORCES_N = [240.0] * 4 + [80.0] * 3
_GAINS = [0.35] * 7
_DAMPING = [1.0] * 7
_GRIPS_BELOW_TOP = ((0.015, 0.0), (0.005, 0.01))
"""How far below its top a block is gripped [m], and what speaks against it: less grip, but over what stands near."""
_LOWEST_M = 0.012
"""The fingertips stay so far above the table."""
_WIDEST_HALF_M = 0.037
_CLEAR_M = 0.04
_NEAR_M = 0.03
_OFF_COURSE_M = 0.012
_LOOK_EVERY_TICKS = 8
_AIMS = 3
"""So often a meeting point is computed, each time with the time that the way to the last one takes."""
_REST_S = 0.05
"""So long the arm takes to come to rest at the end of its way."""


class Arm:
    """A Panda in a world, with its gripper pointing down. Implements the primitives of the codebook's `arm`.

    `at` is the gripper pose (4,) that it was last told to be at: x, y, z [m] and yaw [rad] in the world frame.
    """

    def __init__(self, world: World, belts: Belts) -> None:
        self._world, self._belts = world, belts
        self.hand = Hand(world)
        self.at: Floats = np.array(HOME)
        self._spot: tuple[str, str, Spot] | None = None
        for joint, angle in zip(_JOINTS, joints_for(self.at[None, :])[0], strict=True):
            pybullet.resetJointState(world.arm, joint, float(angle), physicsClientId=world.client)
        self.hold()

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        """Start a primitive of `codebook/robots/arm.yaml`. Closing the generator makes the arm hold still."""
        motion: Motion = getattr(self, f"_{name}")(**args)
        try:
            return (yield from motion)
        except GeneratorExit:
            self.hold()
            raise

    def hold(self) -> None:
        """Stay where the arm is now, braking at once."""
        joints = self.joints_rad()
        self.at = pose_of(np.array(joints))
        self._command(joints, [0.0] * 7)

    def joints_rad(self) -> list[float]:
        """The measured angles of the seven joints."""
        states = pybullet.getJointStates(self._world.arm, _JOINTS, physicsClientId=self._world.client)
        return [state[0] for state in states]

    def gripper_pose(self) -> Floats:
        """The measured pose, shape (4,), of the point between the fingertips: x, y, z [m] and yaw [rad]."""
        return pose_of(np.array(self.joints_rad()))

    def held(self) -> Held | None:
        """How what both fingers press on sits in the hand."""
        thing = grasped(self._world)
        return None if thing is None else self._sits(thing)

    def _move_above(self, entity: str, height_m: float) -> Motion:
        aim = self._grasp_pose(entity)
        if aim is None:
            return _not_there(entity)
        aim[2] += height_m
        gentle = height_m < 0.03
        return (yield from self.go(self._met(aim, self._belts.velocity_m_s(entity), gentle), gentle=gentle))

    def _move_held_above(self, entity: str, height_m: float) -> Motion:
        held = self.held()
        if held is None:
            return Outcome(False, "slipped", "nothing is held")
        if entity != "table" and not self._is_there(entity):
            return _not_there(entity)
        spot = self._spot_for(held, entity)
        if spot is None:
            return Outcome(False, "no_room", f"no free spot within reach on {entity}")
        aim = np.array([spot.x_m, spot.y_m, spot.surface_m + held.hang_m + height_m, spot.yaw_rad])
        return (yield from self.go(aim, gentle=height_m < 0.03))

    def _move_to(self, x_m: float, y_m: float, z_m: float) -> Motion:
        aim = np.array([x_m, y_m, max(z_m, _LOWEST_M), self.at[3]])
        return (yield from self.follow([aim], [GENTLE_M_S]))

    def _rise(self, distance_m: float) -> Motion:
        aim = self.at.copy()
        for _ in range(int(distance_m / 0.01) + 1):
            aim[2] = self.at[2] + distance_m
            if _reachable(aim):
                return (yield from self.follow([aim], [PEAK_M_S]))
            distance_m -= 0.01
        return Outcome(True)

    def _open_gripper(self) -> Motion:
        self._spot = None
        return (yield from self.hand.open())

    def _close_gripper(self, force_n: float) -> Motion:
        self._spot = None
        return (yield from self.hand.close(force_n))

    def _shut_gripper(self) -> Motion:
        self._spot = None
        return (yield from self.hand.shut())

    def _check_held(self) -> Motion:
        for _ in range(4):
            yield
            if grasped(self._world) is not None:
                return Outcome(True)
        return Outcome(False, "slipped", "nothing is between the fingers")

    def _move_home(self) -> Motion:
        outcome = yield from self.go(np.array(HOME))
        if outcome.reason != "unreachable":
            return outcome
        # Stretched out farther than a gripper that points down can be: no straight way leads back from there.
        home = joints_for(np.array(HOME)[None, :])[0]
        path = between(np.array(self.joints_rad()), home)
        return (yield from self._along(Trajectory(*path, end=np.array(HOME))))

    def _wait(self, duration_s: float) -> Motion:
        for _ in range(round(duration_s / TICK_S)):
            yield
        return Outcome(True)

    def _slide_to(self, entity: str, target: str) -> Motion:
        self._spot = None
        return (yield from slide(self, self._world, entity, target))

    def _is_there(self, entity: str) -> bool:
        thing = self._world.things.get(entity)
        return thing is not None and (thing.kind == "zone" or entity in self._world.bodies)

    def _grasp_pose(self, entity: str) -> Floats | None:
        """Where the hand grasps an entity: near a block's top, across the sides that leave the fingers most room."""
        if not self._is_there(entity):
            return None
        thing = self._world.things[entity]
        if thing.kind == "zone":
            return np.array([*thing.position_m[:2], 0.02, self.at[3]])
        pose = self._world.pose(entity)
        x_m, y_m, z_m = pose.position_m
        if thing.holds_things:
            return np.array([x_m, y_m, 0.03, self.at[3]])
        along_m, across_m, up_m = extents_m(self._world, entity)
        heights = [(max(z_m, z_m + up_m - below_m), cost) for below_m, cost in _GRIPS_BELOW_TOP]
        around = obstacles(self._world, without=(entity,))
        best, best_cost = None, math.inf
        for quarter, width_m in ((0, across_m), (1, along_m)):
            for yaw_rad in yaw_choices(x_m, y_m, pose.yaw_rad + quarter * math.pi / 2):
                for height_m, shallow in heights:
                    aim = np.array([x_m, y_m, height_m, yaw_rad])
                    cost = shallow + 100 * max(0.0, width_m - _WIDEST_HALF_M) + 0.01 * abs(yaw_rad - self.at[3])
                    cost += 10 * crowding_m(x_m, y_m, height_m, yaw_rad, around)
                    if cost < best_cost - TIE_M and _reachable(aim):
                        best, best_cost = aim, cost
        return best if best is not None else np.array([x_m, y_m, heights[0][0], pose.yaw_rad])

    def _sits(self, thing: str) -> Held:
        pose, hand = self._world.pose(thing), self.gripper_pose()
        c, s = math.cos(hand[3]), math.sin(hand[3])
        dx, dy = pose.position_m[0] - hand[0], pose.position_m[1] - hand[1]
        along_m, across_m, up_m = extents_m(self._world, thing)
        return Held(
            thing,
            (along_m, across_m),
            (c * dx + s * dy, c * dy - s * dx),
            pose.yaw_rad - float(hand[3]),
            float(hand[2]) - pose.position_m[2] + up_m,
        )

    def _spot_for(self, held: Held, entity: str) -> Spot | None:
        """The spot chosen before for the same two things, until the gripper opens or closes; else a new one."""
        if self._spot is not None and self._spot[:2] == (held.id, entity):
            return self._spot[2]
        spot = find_spot(self._world, held, entity, (float(self.at[0]), float(self.at[1]), float(self.at[3])))
        self._spot = None if spot is None else (held.id, entity, spot)
        return spot

    def _met(self, aim: Floats, velocity_m_s: tuple[float, float], gentle: bool) -> Floats:
        """Where a gripper pose will be once the arm can be there, if it is carried along."""
        if not any(velocity_m_s):
            return aim
        met = aim
        for _ in range(_AIMS):
            points, peaks = self._legs(met, gentle)
            if not points:
                return met
            try:
                path = through(self.at, points, peaks)
            except UnreachableError:
                return met  # and is told so on the way
            lasts_s = len(path.joints_rad) * TICK_S + _REST_S
            met = aim + np.array([velocity_m_s[0] * lasts_s, velocity_m_s[1] * lasts_s, 0.0, 0.0])
        return met

    def go(self, aim: Floats, *, gentle: bool = False) -> Motion:
        """Go to a gripper pose: straight where it is near, else up, across over everything, and down."""
        points, peaks = self._legs(aim, gentle)
        if not points:
            return Outcome(True)
        return (yield from self.follow(points, peaks))

    def _legs(self, aim: Floats, gentle: bool) -> tuple[list[Floats], list[float]]:
        """The corners of the way to a gripper pose, with the peak speed to each [m/s]; none where the arm is there."""
        down_m_s = GENTLE_M_S if gentle else PEAK_M_S
        if math.hypot(aim[0] - self.at[0], aim[1] - self.at[1]) < _NEAR_M:
            return [aim], [down_m_s]
        held = self.held()
        around: Sequence[Obstacle] = obstacles(self._world, without=(held.id,) if held is not None else ())
        hang_m = held.hang_m if held is not None else FINGERTIP_M
        over_m = max((thing.top_m for thing in around), default=0.0) + _CLEAR_M + hang_m
        top_m = max(over_m, aim[2], min(self.at[2], over_m + 0.1))
        up, across = self.at.copy(), aim.copy()
        up[2] = max(top_m, self.at[2])
        across[2] = top_m
        legs = [(up, PEAK_M_S), (across, PEAK_M_S), (aim, down_m_s)]
        before, points, peaks = self.at, [], []
        for point, peak in legs:
            if np.max(np.abs(point - before)) > 1e-6:
                points.append(point)
                peaks.append(peak)
                before = point
        return points, peaks

    def follow(self, points: Sequence[Floats], peak_m_s: Sequence[float]) -> Motion:
        """Follow a path. Fails as unreachable, as slipped when what was held is lost, as blocked when not arrived."""
        try:
            path = through(self.at, points, peak_m_s)
        except UnreachableError as error:
            return Outcome(False, "unreachable", str(error))
        return (yield from self._along(path))

    def _along(self, path: Trajectory) -> Motion:
        """Follow a trajectory. Fails as slipped when what was held is lost, as blocked when not arrived."""
        held = grasped(self._world)
        for tick, (joints, speeds) in enumerate(zip(path.joints_rad, path.speeds_rad_s, strict=True)):
            self._command(joints, speeds)
            yield
            if held is not None and tick % _LOOK_EVERY_TICKS == 0 and grasped(self._world) is None:
                self.hold()
                return Outcome(False, "slipped", f"{held} fell out of the gripper")
        self.at = path.end
        self._command(path.joints_rad[-1], [0.0] * 7)
        for _ in self._come_to_rest(path.joints_rad[-1]):
            yield
        error_m = float(np.linalg.norm(self.gripper_pose()[:3] - path.end[:3]))
        if error_m > _OFF_COURSE_M:
            self.hold()
            return Outcome(False, "blocked", f"something is in the way: {error_m * 1000:.0f} mm short")
        return Outcome(True)

    def drift(self, pose: Floats, velocity_m_s: Floats) -> None:
        """Aim for the next tick at a gripper pose (4,) moving at x, y [m/s]. Raises UnreachableError."""
        moving = np.array([*(velocity_m_s * TICK_S), 0.0, 0.0])
        now, then = joints_for(np.stack([pose, pose + moving]))
        self.at = pose.copy()
        self._command(then.tolist(), ((then - now) / TICK_S).tolist())

    def _come_to_rest(self, joints: Sequence[float]) -> Iterator[None]:
        for _ in range(48):
            yield
            if max(abs(a - b) for a, b in zip(self.joints_rad(), joints, strict=True)) < 0.002:
                return

    def _command(self, joints_rad: Sequence[float], speeds_rad_s: Sequence[float]) -> None:
        pybullet.setJointMotorControlArray(
            self._world.arm,
            _JOINTS,
            pybullet.POSITION_CONTROL,
            targetPositions=joints_rad,
            targetVelocities=speeds_rad_s,
            forces=_FORCES_N,
            positionGains=_GAINS,
            velocityGains=_DAMPING,
            physicsClientId=self._world.client,
        )


def _not_there(entity: str) -> Outcome:
    return Outcome(False, "not_there", f"{entity} is not on the table")


def _reachable(pose: Floats) -> bool:
    try:
        joints_for(pose[None, :])
    except UnreachableError:
        return False
    return True
