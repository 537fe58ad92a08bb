"""A LeKiwi driven from here: its host knows only nine numbers, so that the skills are interpreted on this side.

The host has no keys, no sequence numbers, and a watchdog for its base alone. So: speeds and joints are limited before
anything is sent; what is seen is refused when it is stale; and a joint is never sent farther than LEAD_DEG from where
it was last seen, so that the arm of a robot that is not heard of any more comes to rest by itself.
"""

import math
import time
from collections.abc import Iterable, Mapping

import zmq

from codeword.codebook import (
    Codebook,
    CommandError,
    Entity,
    Fact,
    InputError,
    Motion,
    Outcome,
    PrimitiveRobot,
    RobotTimeoutError,
    Value,
)
from codeword.codebook.observation import RobotState

from .lekiwi_format import ARM, COMMAND_PORT, GRIPPER, MOST_BYTES, HostState, read_observation, write_command
from .sockets import address, connect

STALE_S = 0.5
"""What was seen longer ago says nothing of now."""
FIRST_S = 3.0
"""How long the first observation may take."""
LEAD_DEG = 8.0
"""How far a joint's target may be from where the joint was last seen; of the gripper's hundred parts as many."""
ARM_DEG_S = 45.0
_NEAR_DEG = 3.0
_SETTLE_S = 6.0

JOINT_LIMITS_DEG: Mapping[str, tuple[float, float]] = dict(
    zip(ARM, ((-100.0, 100.0), (-100.0, 95.0), (-95.0, 95.0), (-95.0, 95.0), (-150.0, 150.0)), strict=True)
)
SPEED_LIMITS = {"x.vel": 0.3, "y.vel": 0.3, "theta.vel": 90.0}
"""The fastest that the base is ever told to go [m/s, m/s, degrees/s]."""

POSES: Mapping[str, tuple[float, ...]] = {
    "home": (0.0, -90.0, 90.0, 70.0, 0.0),
    "ready": (0.0, -30.0, 40.0, 40.0, 0.0),
    "low": (0.0, 40.0, -10.0, 50.0, 0.0),
}
"""Named poses of the arm: the angles of its five joints [degrees]."""


DEGREES = "degrees"
_MOST_PERCENT = 101.0
"""No joint is reported beyond 100 by a host that does not use degrees."""
_ASKED = (
    "poses are in degrees, and a host whose use_degrees is not set takes -100 to 100 of its calibration: set it there, "
    "and say so with lekiwi://host?joints=degrees"
)


class LeKiwiRobot(PrimitiveRobot):
    """A LeKiwi at `lekiwi://host[:port][?joints=degrees]`; observations come from the next port. Without `send` it is
    only looked at.

    What a host sends does not tell whether joints are in degrees (`use_degrees`) or from -100 to 100 of a calibration
    that is not known here. The arm is sent into a pose, and told to be in one, only where that is said to be degrees,
    or where a joint was seen beyond 100.

    `sent` is the latest command. Raises RobotTimeoutError where no host answers, InputError for what is no address.
    """

    tick_s = 1 / 25

    def __init__(self, codebook: Codebook, url: str, *, send: bool = True) -> None:
        super().__init__(codebook)
        host, port = lekiwi_address(url)
        self._in_degrees = lekiwi_joints(url) == DEGREES
        self._url, self._send = url, send
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._to_host = self._context.socket(zmq.PUSH)
        # Before connecting: set later it does nothing. On this socket alone: it breaks messages of several frames.
        self._to_host.setsockopt(zmq.CONFLATE, 1)
        self._to_host.setsockopt(zmq.IMMEDIATE, 1)
        self._from_host = self._context.socket(zmq.PULL)
        self._from_host.setsockopt(zmq.RCVHWM, 2)
        self._from_host.setsockopt(zmq.MAXMSGSIZE, MOST_BYTES)
        for socket, one in ((self._to_host, port), (self._from_host, port + 1)):
            socket.setsockopt(zmq.LINGER, 0)
            connect(socket, host, one)
        self._look = HostState({}, {})
        self._seen_s = float("-inf")
        self.sent: dict[str, float] = {}
        try:
            self._wait_for_look(FIRST_S)
        except BaseException:
            self._let_go()
            raise

    @property
    def pictures(self) -> Mapping[str, bytes]:
        """The latest pictures by camera, JPEG; empty where a camera's picture could not be encoded."""
        return self._look.pictures

    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        """The arm's poses as things to name, which of them it is in, and whether the gripper is open. Raises
        RobotTimeoutError where nothing came for 0.5 s.
        """
        self._wait_for_look(STALE_S)
        state = self._look.state
        near = [name for name, pose in POSES.items() if self._in_degrees and self._off_deg(pose) < 2 * _NEAR_DEG]
        facts = [Fact("arm_at", (name,)) for name in near]
        if state[GRIPPER] > 50:
            facts.append(Fact("gripper_open", ()))
        return [Entity(id=name, kind="pose") for name in POSES], facts

    def state(self) -> RobotState:
        """The arm's joints [rad] as last seen; none where nobody knows their unit."""
        known = ARM if self._in_degrees else ()
        return RobotState(joints_rad=tuple(math.radians(self._look.state[key]) for key in known))

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        """Start a primitive of the robot `lekiwi`."""
        if name == "arm_to":
            return self._move_arm(str(args["pose"]))
        numbers = {key: float(str(value)) for key, value in args.items()}
        if name == "drive":
            return self._roll("x.vel", numbers["distance_m"], numbers.get("speed_m_s", 0.15))
        if name == "sidestep":
            return self._roll("y.vel", numbers["distance_m"], numbers.get("speed_m_s", 0.15))
        if name == "turn":
            return self._roll("theta.vel", numbers["angle_deg"], numbers.get("speed_deg_s", 45.0))
        if name == "move_gripper":
            return self._move_gripper(numbers["opening_percent"])
        return self._wait(numbers["duration_s"])

    def hold(self) -> None:
        """Stand still: no speed, and the arm's targets where its joints are."""
        self._drain()
        if self._look.state:
            self._order({})

    def close(self) -> None:
        """Hold, and let go of the sockets. Idempotent."""
        super().close()
        self._let_go()

    def _roll(self, axis: str, distance: float, speed: float) -> Motion:
        """Go on until the base's own measured speed adds up to the distance (metres, or degrees of a turn)."""
        gone, last_s, begun_s = 0.0, time.monotonic(), time.monotonic()
        longest_s = 2 * abs(distance) / speed + 2
        while abs(distance) - gone > 0:
            if (stale := self._stale()) is not None:
                return stale
            now_s = time.monotonic()
            gone += abs(self._look.state[axis]) * (now_s - last_s)
            last_s = now_s
            if now_s - begun_s > longest_s:
                return Outcome(False, "blocked", f"went {gone:.2f} of {abs(distance):.2f}")
            # The last bit is gone slowly, so that less is overshot while the host's numbers are on their way.
            left = abs(distance) - gone
            pace = min(speed, max(left / 0.4, 0.2 * speed))
            self._order({axis: math.copysign(pace, distance)})
            yield
        self._order({})
        return Outcome(True)

    def _move_arm(self, pose: str) -> Motion:
        if pose not in POSES:
            return Outcome(False, "unknown_pose", f"'{pose}' (poses: {', '.join(POSES)})")
        if not self._in_degrees:
            return Outcome(False, "unknown_unit", _ASKED)
        return (yield from self._approach(dict(zip(ARM, POSES[pose], strict=True))))

    def _move_gripper(self, opening: float) -> Motion:
        outcome = yield from self._approach({GRIPPER: opening})
        closed_on_something = not outcome.ok and outcome.reason == "not_reached" and opening < 50
        return Outcome(True) if closed_on_something else outcome

    def _approach(self, goal: Mapping[str, float]) -> Motion:
        begun_s = time.monotonic()
        while any(abs(self._look.state[key] - value) > _NEAR_DEG for key, value in goal.items()):
            if (stale := self._stale()) is not None:
                return stale
            if time.monotonic() - begun_s > _SETTLE_S + 180 / ARM_DEG_S:
                return Outcome(False, "not_reached", "the joints do not come to where they were sent")
            self._order(goal)
            yield
        return Outcome(True)

    def _wait(self, duration_s: float) -> Motion:
        for _ in range(math.ceil(duration_s / self.tick_s)):
            self._order({})
            yield
        return Outcome(True)

    def _order(self, wanted: Mapping[str, float]) -> None:
        """Send all nine numbers: what is wanted, within all limits, and standing still in all else."""
        state = self._look.state
        values = dict.fromkeys(SPEED_LIMITS, 0.0)
        for key, most in SPEED_LIMITS.items():
            values[key] = min(most, max(-most, wanted.get(key, 0.0)))
        for key, (low, high) in JOINT_LIMITS_DEG.items():
            values[key] = _towards(state[key], wanted.get(key, state[key]), low, high)
        values[GRIPPER] = _towards(state[GRIPPER], wanted.get(GRIPPER, state[GRIPPER]), 0.0, 100.0)
        if self._send:
            try:
                self._to_host.send(write_command(values), zmq.NOBLOCK)
                self.sent = values
            except zmq.Again:
                return  # nobody is there, as the next look tells

    def _stale(self) -> Outcome | None:
        """The outcome of a primitive that must end, because nothing is known of the robot any more; else None."""
        self._drain()
        silent_s = time.monotonic() - self._seen_s
        if silent_s <= STALE_S:
            return None
        self._order({})
        return Outcome(False, "stale", f"nothing was heard of the robot for {silent_s:.1f} s")

    def _drain(self) -> None:
        """Take in all that has come; the newest counts."""
        while True:
            try:
                frames = self._from_host.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                self._look, self._seen_s = read_observation(frames), time.monotonic()
            except CommandError:
                continue  # what is no observation tells nothing, and grows stale
            self._in_degrees |= any(abs(self._look.state[key]) > _MOST_PERCENT for key in ARM)

    def _wait_for_look(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        self._drain()
        while time.monotonic() - self._seen_s > STALE_S:
            left_ms = (deadline - time.monotonic()) * 1000
            if left_ms <= 0:
                raise RobotTimeoutError(
                    f"{self._url}: no observation within {timeout_s:g} s; does its host run? It ends after 30 s"
                )
            self._from_host.poll(max(1, round(left_ms)))
            self._drain()

    def _off_deg(self, pose: tuple[float, ...]) -> float:
        return max(abs(self._look.state[key] - angle) for key, angle in zip(ARM, pose, strict=True))

    def _let_go(self) -> None:
        if not self._to_host.closed:
            self._to_host.close(100)
            self._from_host.close(0)
            self._context.term()


def lekiwi_address(url: str) -> tuple[str, int]:
    """Host and command port of `lekiwi://host[:port]`, an IPv6 address in brackets. Raises InputError."""
    lekiwi_joints(url)
    url = url.partition("?")[0]
    rest = url.removeprefix("lekiwi://")
    if url == rest:
        raise InputError(f"'{url}' is no address of a LeKiwi; expected lekiwi://host")
    has_port = ":" in rest.rpartition("]")[2]
    return address(url if has_port else f"{url}:{COMMAND_PORT}", scheme="lekiwi")


def lekiwi_joints(url: str) -> str:
    """The unit of joints that an address says: DEGREES, or empty where it says none. Raises InputError for another."""
    _, asked, said = url.partition("?")
    if asked and said != f"joints={DEGREES}":
        raise InputError(f"'{url}': behind '?' stands joints={DEGREES} or nothing; {_ASKED}")
    return DEGREES if asked else ""


def _towards(at: float, wanted: float, low: float, high: float) -> float:
    """The next target of a joint: towards what is wanted, near where it is, and within its limits."""
    return min(high, max(low, min(at + LEAD_DEG, max(at - LEAD_DEG, wanted))))
