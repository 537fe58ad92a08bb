"""The gripper: two fingers geared to each other that hold by friction only."""

from codeword.codebook.robot import Motion, Outcome

from .bullet import pybullet
from .touch import FINGERS, grasped
from .world import World

_OPEN_M = 0.04
_CLOSE_M_S = 0.15
_OPEN_M_S = 0.12
_HOLD_OPEN_N = 40.0
_STILL_M_S = 0.002
_SETTLE_TICKS = 12
_LONGEST_TICKS = 200


class Hand:
    """The fingers of an arm. `slip_for` and `jam` make them fail on purpose."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._target = (_OPEN_M, _HOLD_OPEN_N, _OPEN_M_S)
        self._slip_ticks = 0
        self._jammed = 0
        for finger in FINGERS:
            pybullet.resetJointState(world.arm, finger, _OPEN_M, physicsClientId=world.client)
            pybullet.changeDynamics(
                world.arm, finger, lateralFriction=1.3, spinningFriction=0.02, physicsClientId=world.client
            )
        gear = pybullet.createConstraint(
            world.arm,
            FINGERS[0],
            world.arm,
            FINGERS[1],
            jointType=pybullet.JOINT_GEAR,
            jointAxis=(1, 0, 0),
            parentFramePosition=(0, 0, 0),
            childFramePosition=(0, 0, 0),
            physicsClientId=world.client,
        )
        pybullet.changeConstraint(gear, gearRatio=-1, erp=0.2, maxForce=60, physicsClientId=world.client)
        self._drive(*self._target)

    def opening_m(self) -> float:
        """The measured distance between the fingers."""
        return sum(self._states(0))

    def open(self) -> Motion:
        """Open the fingers gently and wait until what they held is at rest."""
        self._aim(_OPEN_M, _HOLD_OPEN_N, _OPEN_M_S)
        for _ in range(_LONGEST_TICKS):
            yield
            if self.opening_m() > 2 * _OPEN_M - 0.003:
                break
        for _ in range(_SETTLE_TICKS):
            yield
        return Outcome(True)

    def shut(self) -> Motion:
        """Close the fingers on nothing, to push with."""
        self._aim(0.0, _HOLD_OPEN_N, _CLOSE_M_S)
        for _ in range(_LONGEST_TICKS):
            yield
            if self.opening_m() < 0.002:
                break
        return Outcome(True)

    def close(self, force_n: float) -> Motion:
        """Close the fingers until they stand still. Fails as `nothing_grasped` where nothing is between them."""
        if self._jammed:
            self._jammed -= 1
            for _ in range(60):
                yield
            return Outcome(False, "nothing_grasped", "the gripper did not close")
        self._aim(0.0, force_n, _CLOSE_M_S)
        still = 0
        for tick in range(_LONGEST_TICKS):
            yield
            moving = max(abs(speed) for speed in self._states(1)) > _STILL_M_S
            still = 0 if moving or tick < 10 else still + 1
            if still >= _SETTLE_TICKS:
                break
        if grasped(self._world) is None:
            return Outcome(False, "nothing_grasped", f"the fingers stand {self.opening_m() * 1000:.0f} mm apart")
        return Outcome(True)

    def slip_for(self, ticks: int) -> None:
        """Let the fingers come open for so many ticks, against what they were told."""
        self._slip_ticks = ticks
        self._drive(_OPEN_M, _HOLD_OPEN_N, 0.3)

    def jam(self, times: int) -> None:
        """Do not close the next so many times."""
        self._jammed = times

    def tick(self) -> None:
        """Called before every tick of physics: ends a slip."""
        if self._slip_ticks:
            self._slip_ticks -= 1
            if not self._slip_ticks:
                self._drive(*self._target)

    def _aim(self, half_opening_m: float, force_n: float, speed_m_s: float) -> None:
        self._target = (half_opening_m, force_n, speed_m_s)
        if not self._slip_ticks:
            self._drive(*self._target)

    def _drive(self, half_opening_m: float, force_n: float, speed_m_s: float) -> None:
        for finger in FINGERS:
            pybullet.setJointMotorControl2(
                self._world.arm,
                finger,
                pybullet.POSITION_CONTROL,
                targetPosition=half_opening_m,
                force=force_n,
                maxVelocity=speed_m_s,
                physicsClientId=self._world.client,
            )

    def _states(self, which: int) -> list[float]:
        """Positions (0) or speeds (1) of the fingers."""
        states = pybullet.getJointStates(self._world.arm, FINGERS, physicsClientId=self._world.client)
        return [state[which] for state in states]
