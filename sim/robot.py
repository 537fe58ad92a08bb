"""The simulated robot: the `Robot` interface over a PyBullet world, one object for one episode."""

import threading
from collections.abc import Callable, Iterable

from codeword.codebook.command import Command
from codeword.codebook.errors import RobotError
from codeword.codebook.observation import Observation, Result
from codeword.codebook.robot import Motion
from codeword.codebook.skills import Codebook
from codeword.codebook.steps import carry_out

from .arm import Arm
from .belts import Belts
from .channel import SimChannel
from .damage import DamageWatch
from .damage_report import Damage
from .event_spec import EventSpec
from .events import Events
from .execution import SimExecution
from .installed import CAMERA, SYMBOLS, check_senses
from .layout import lay_out
from .mishaps import Mishaps
from .observe import observe
from .senses import Senses, Symbols, open_senses
from .world import TICK_S, World
from .world_spec import WorldSpec

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
