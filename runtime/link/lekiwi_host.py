"""A stand-in for a LeKiwi's host: its wire format byte for byte, its watchdog, and a body that moves, in simulation.

The body is kinematic: joints turn towards their targets at a speed of their own, the base rolls as it is told.
"""

import math
import time
from dataclasses import dataclass, field

import zmq

from codeword.codebook.errors import CommandError, InputError

from .lekiwi_format import ARM, BASE, GRIPPER, KEYS, MOST_BYTES, HostState, read_command, write_observation
from .sockets import endpoint, use_family

LOOP_S = 1 / 30
WATCHDOG_S = 0.5
JOINT_DEG_S = 90.0
TINY_JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
"""A picture of nothing, in place of a camera's."""


@dataclass
class Body:
    """Where everything is: the base in the world [m, degrees], the joints [degrees], and what they are told."""

    x_m: float = 0.0
    y_m: float = 0.0
    turn_deg: float = 0.0
    told: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KEYS, 0.0))
    joints: dict[str, float] = field(default_factory=lambda: dict.fromkeys((*ARM, GRIPPER), 0.0))

    def go_on(self, duration_s: float) -> None:
        """Let time pass."""
        for key, at in self.joints.items():
            most = JOINT_DEG_S * duration_s
            self.joints[key] = at + min(most, max(-most, self.told[key] - at))
        heading = math.radians(self.turn_deg)
        ahead_m, left_m = self.told["x.vel"] * duration_s, self.told["y.vel"] * duration_s
        self.x_m += ahead_m * math.cos(heading) - left_m * math.sin(heading)
        self.y_m += ahead_m * math.sin(heading) + left_m * math.cos(heading)
        self.turn_deg += self.told["theta.vel"] * duration_s

    def stop_base(self) -> None:
        """What the host's watchdog does; the arm goes on to where it was sent."""
        self.told |= dict.fromkeys(BASE, 0.0)

    @property
    def state(self) -> dict[str, float]:
        """The nine numbers as they are measured."""
        return {**self.joints, **{key: self.told[key] for key in BASE}}


class LeKiwiHost:
    """Binds both sockets and goes on at 30 Hz until `lifetime_s` is over or it is told to end.

    `old` speaks as hosts to 0.6.0 did. Raises InputError where the ports are taken.
    """

    def __init__(self, host: str, port: int, *, old: bool = False, lifetime_s: float = 30.0) -> None:
        self.body, self.commands, self.refused = Body(), 0, 0
        self._old, self._lifetime_s = old, lifetime_s
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._pull, self._push = self._context.socket(zmq.PULL), self._context.socket(zmq.PUSH)
        self._pull.setsockopt(zmq.CONFLATE, 1)
        self._pull.setsockopt(zmq.MAXMSGSIZE, MOST_BYTES)
        self._push.setsockopt(zmq.SNDHWM, 2)
        try:
            for socket, one in ((self._pull, port), (self._push, port + 1)):
                socket.setsockopt(zmq.LINGER, 0)
                use_family(socket, host)
                socket.bind(endpoint(host, one))
        except zmq.ZMQError as problem:
            self.close()
            raise InputError(
                f"{endpoint(host, port)}: it and the next port cannot be bound: {problem.strerror}"
            ) from problem

    def run(self) -> None:
        """The host's loop."""
        begun_s = last_s = heard_s = time.monotonic()
        while (now_s := time.monotonic()) - begun_s < self._lifetime_s:
            if self._hear():
                heard_s = now_s
            elif now_s - heard_s > WATCHDOG_S:
                self.body.stop_base()
            self.body.go_on(now_s - last_s)
            last_s = now_s
            self._tell()
            time.sleep(max(0.0, now_s + LOOP_S - time.monotonic()))

    def close(self) -> None:
        """Let go of the sockets."""
        self._pull.close(0)
        self._push.close(0)
        self._context.term()

    def _hear(self) -> bool:
        """Take the newest command. False where there is none, or none that could be read."""
        try:
            raw = self._pull.recv(zmq.NOBLOCK)
        except zmq.Again:
            return False
        try:
            self.body.told = read_command(raw)
        except CommandError:
            self.refused += 1
            return False
        self.commands += 1
        return True

    def _tell(self) -> None:
        look = HostState(self.body.state, {"front": TINY_JPEG, "wrist": b"" if not self._old else TINY_JPEG})
        try:
            self._push.send_multipart(write_observation(look, old=self._old), zmq.NOBLOCK)
        except zmq.Again:
            return  # nobody looks
