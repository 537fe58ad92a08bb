"""The simulated robot: the `Robot` interface over a PyBullet world, one object for one episode."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from codeword.codebook.command import Command
from codeword.codebook.errors import RobotError
from codeword.codebook.observation import Observation, Result, RobotState, Status
from codeword.codebook.robot import Motion, Outcome
from codeword.codebook.skills import Codebook
from codeword.codebook.steps import carry_out

from .arm import Arm, Belts
from .bullet import pybullet
from .channel import SimChannel
from .damage_report import Damage
from .event_spec import EventSpec
from .events import Events
from .installed import CAMERA, SYMBOLS, check_senses
from .layout import Placed, lay_out
from .mishaps import Mishaps
from .pose import Pose
from .scene import Scene, entities_of, facts_of, has_fallen
from .touch import grasped, support_of
from .world import TICK_S, World
from .world_spec import WorldSpec

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


class SimExecution:
    """Implements `codebook.robot.Execution`; `step`, `advance` and `result` let physics go on, `poll` does not.

    `tick_s` is how much simulated time a step takes [s].
    """

    tick_s = TICK_S

    def __init__(self, robot: "SimRobot", command: Command, motion: Motion, budget_s: float) -> None:
        self._robot, self._command, self._motion = robot, command, motion
        self._budget_ticks = round(budget_s / TICK_S)
        self._ticks = 0
        self._owed_ticks = 0.0  # so that many short advances add up
        self._result: Result | None = None

    def poll(self) -> Result | None:
        """The result if the command has ended, else None. Physics stands still."""
        return self._result

    def advance(self, duration_s: float) -> Result | None:
        """Let physics go on for `duration_s` of simulated time, past the command's end if it comes sooner."""
        self._owed_ticks += duration_s / TICK_S
        ticks = round(self._owed_ticks)
        self._owed_ticks -= ticks
        end = self._robot.world.ticks + ticks
        while self._robot.world.ticks < end:
            if self._result is None:
                self._tick()
            else:
                self._robot.idle_tick()
        return self._result

    def step(self) -> Result | None:
        """Let physics go on for one tick, unless the command has ended; the result if it has now."""
        if self._result is None:
            self._tick()
        return self._result

    def result(self) -> Result:
        """Let physics go on until the command has ended; how it did."""
        while self._result is None:
            self._tick()
        return self._result

    def abandon(self) -> None:
        """End as stopped, with the arm holding still."""
        if self._result is None:
            self._end("stopped", Outcome(False, "stopped", "the robot was stopped"))

    def _tick(self) -> None:
        if self._robot.stopping:
            self.abandon()
            return
        if self._ticks >= self._budget_ticks:
            longest_s = self._budget_ticks * TICK_S
            self._end("timeout", Outcome(False, "timeout", f"not finished within {longest_s:g} s"))
            return
        try:
            next(self._motion)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            self._end("done" if outcome.ok else "failed", outcome)
            return
        self._ticks += 1
        self._robot.moving_tick()

    def _end(self, status: Status, outcome: Outcome) -> None:
        self._motion.close()
        self._result = Result(
            command=self._command.text,
            status=status,
            reason=outcome.reason,
            message=outcome.message,
            duration_s=self._ticks * TICK_S,
        )
        self._robot.ended(self._command, self._result)


def observe(
    scene: Scene,
    arm: Arm,
    time_s: float,
    step: int,
    last: Result | None,
    *,
    fallen: bool = False,
    tolerance_m: float = 0.0,
) -> Observation:
    """What is on the table and how it stands there; entities by kind and id, facts in order of their text.

    A block that has fallen off the table is not seen, unless `fallen` asks for it. A block is in a zone if its centre
    is, or not more than `tolerance_m` outside.
    """
    seen = [block.id for block in scene.of_kind("block") if fallen or not has_fallen(scene.pose(block.id))]
    return Observation(
        step=step,
        time_s=time_s,
        entities=tuple(entities_of(scene, seen)),
        facts=tuple(sorted(facts_of(scene, seen, tolerance_m), key=str)),
        robot=_state(arm),
        last=last,
    )


def _state(arm: Arm) -> RobotState:
    pose = arm.gripper_pose()
    return RobotState(
        gripper_to_world_m=(float(pose[0]), float(pose[1]), float(pose[2])),
        gripper_opening_m=arm.hand.opening_m(),
        joints_rad=tuple(arm.joints_rad()),
    )


# Where the robot's knowledge of its world comes from: an interface between the simulated world and whoever computes
# facts.


class Senses(Protocol):
    """One way to look at the world. The same seed and the same looks in the same world give the same scenes."""

    def look(self) -> Scene:
        """The things that are known of now, and where. Physics stands still."""


def open_senses(name: str, world: World, arm: Arm, seed: int) -> Senses:
    """The senses of that name, one of SENSES. Raises InputError where they cannot be had."""
    check_senses(name)
    if name == CAMERA:
        from .camera_senses import CameraSenses  # OpenCV is loaded for a camera alone

        return CameraSenses(world, arm, seed)
    return Symbols(world)


class Symbols:
    """Implements `Senses` and the scene itself: exact poses out of physics, and what touches what."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.things: Mapping[str, Placed] = world.things

    def look(self) -> Scene:
        return self

    def of_kind(self, kind: str) -> list[Placed]:
        return self._world.of_kind(kind)

    def pose(self, thing: str) -> Pose:
        return self._world.pose(thing)

    def support_of(self, thing: str) -> str | None:
        return support_of(self._world, thing)

    def held(self) -> str | None:
        return grasped(self._world)


_STILL_M_S = 0.005
_SETTLE_TICKS = 24
"""After something was moved by hand: contacts are known only after physics has gone on."""


class SimRobot:
    """A Panda at a table. The same codebook, spec, seed, events and commands give the same observations: bit for bit on
    one processor, in all but last digits on others.

    Physics goes on only inside `Execution.advance`, `Execution.result` and the scenario channel. All but `stop` belongs
    to one thread.
    """

    def __init__(
        self,
        codebook: Codebook,
        spec: WorldSpec,
        seed: int,
        events: Iterable[EventSpec] = (),
        senses: str = SYMBOLS,
    ) -> None:
        """Build the world and let it come to rest. `senses` is one of SENSES: where observations come from.

        Raises InputError where the spec's things do not fit, and for senses that cannot be had here.
        """
        check_senses(senses)
        self._codebook = codebook
        self.world = World(lay_out(spec, seed), tagged=senses == CAMERA)
        self.belts = Belts(self.world)
        self.arm = Arm(self.world, self.belts)
        self._damage = DamageWatch(self.world)
        self.settle()
        self.world.ticks = 0
        self.belts.running = True
        self._symbols = Symbols(self.world)
        self._senses = open_senses(senses, self.world, self.arm, seed)
        self._mishaps = Mishaps(seed)
        self.events = Events(events, self.world, self.arm, self._mishaps)
        self.scenario = SimChannel(self)
        """The scenario's own channel beside the command channel: truth, time, camera."""
        self._stop = threading.Event()
        self._running: SimExecution | None = None
        self._last: Result | None = None
        self._commands = 0
        self._open = True
        self._watchers: list[tuple[int, Callable[[float], None]]] = []

    def use(self, codebook: Codebook) -> None:
        """Interpret commands by this codebook from now on. Raises RobotError while a command runs."""
        if self._running is not None:
            raise RobotError("busy: a codebook is taken up between commands")
        self._codebook = codebook

    def observe(self) -> Observation:
        """What is seen now; `step` counts the commands begun so far."""
        return self._mishaps.look(self._told(self._senses))

    def truth(self, *, fallen: bool = False, tolerance_m: float = 0.0) -> Observation:
        """What is there now, out of physics, whatever the senses: what the judge asks, and what a command's own steps
        go by, so that the same commands do the same however the robot looks.
        """
        return self._told(self._symbols, fallen, tolerance_m)

    @property
    def damage(self) -> Damage:
        """What the arm has done to things so far."""
        fired = (fired.event for fired in self.events.fired)
        return self._damage.so_far({event.entity for event in fired if event.entity and event.to_position_m})

    def execute(self, command: Command) -> SimExecution:
        """Start to carry out a command. Raises RobotError while another runs and for a skill of another codebook.

        While the robot is stopped (until `rearm`), the command ends as stopped at once.
        """
        self._check_open()
        if self._running is not None:
            raise RobotError(f"busy: another command is being carried out, {command.text} must wait")
        skill = self._codebook.skills.get(command.skill)
        if skill is None:
            raise RobotError(f"codebook '{self._codebook.name}' has no skill '{command.skill}'")
        motion = carry_out(self._codebook, command, self.arm, self.truth)
        execution = SimExecution(self, command, self._to_rest(motion), skill.budget_s)
        self._running = execution
        self._commands += 1
        if self.stopping:
            execution.abandon()
        elif not skill.steps:
            execution.result()
        return execution

    def stop(self) -> None:
        """Stop moving: the command under way ends as stopped with the next tick. From any thread, idempotent."""
        self._stop.set()

    def rearm(self) -> None:
        """Take commands again after a stop."""
        self._stop.clear()

    def close(self) -> None:
        """Abandon what is under way and free the physics client. Idempotent."""
        if self._open:
            if self._running is not None:
                self._running.abandon()
            self._open = False
            self.world.close()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called since the last `rearm`."""
        return self._stop.is_set()

    @property
    def running(self) -> bool:
        """Whether a command is being carried out."""
        return self._running is not None

    def watch(self, every_s: float, on_frame: Callable[[float], None]) -> None:
        """Call `on_frame(time_s)` after every `every_s` of simulated time, between two ticks of physics."""
        self._watchers.append((max(1, round(every_s / TICK_S)), on_frame))

    def moving_tick(self) -> None:
        """One tick of physics while a command moves the arm."""
        self.events.tick(moving=True)
        self._physics()

    def idle_tick(self) -> None:
        """One tick of physics while the arm holds still."""
        self._check_open()
        self.events.tick(moving=False)
        self._physics()

    def settle(self, longest_s: float = 2.0) -> None:
        """Let physics go on until nothing on the table moves, for at least 0.2 s; no event comes meanwhile."""
        for tick in range(round(longest_s / TICK_S)):
            if tick >= 48 and tick % 12 == 0 and self.world.fastest_m_s() < _STILL_M_S:
                return
            self._tick()

    def ended(self, command: Command, result: Result) -> None:
        """Told by an execution that it has ended."""
        self._running, self._last = None, result
        if result.status == "done" and self.events.succeeded(command.skill):
            for _ in range(_SETTLE_TICKS):
                self._physics()

    def _told(self, senses: Senses, fallen: bool = False, tolerance_m: float = 0.0) -> Observation:
        self._check_open()
        scene, time_s = senses.look(), self.world.time_s
        return observe(scene, self.arm, time_s, self._commands, self._last, fallen=fallen, tolerance_m=tolerance_m)

    def _to_rest(self, motion: Motion) -> Motion:
        """A motion; where it fails, the arm holds still until what fell or rolled has come to rest, for 1 s at most."""
        outcome = yield from motion
        if not outcome.ok:
            for tick in range(round(1.0 / TICK_S)):
                if tick % 12 == 0 and tick > 0 and self.world.fastest_m_s() < _STILL_M_S:
                    break
                yield
        return outcome

    def _tick(self) -> None:
        self.arm.hand.tick()
        self.belts.tick()
        self.world.step()
        self._damage.tick()

    def _physics(self) -> None:
        self._tick()
        for ticks, on_frame in self._watchers:
            if self.world.ticks % ticks == 0:
                on_frame(self.world.time_s)

    def _check_open(self) -> None:
        if not self._open:
            raise RobotError("the simulated robot is closed")
