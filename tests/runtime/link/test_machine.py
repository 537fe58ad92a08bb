"""The robot's side of the link without sockets: what moves it, what stops it, and that nothing old ever does."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeword.codebook import Codebook, Observation, Result, RobotState
from codeword.codebook.observation import Record
from codeword.runtime.link.authority import About
from codeword.runtime.link.effects import Effect, Gate, Halt, Held, Look, Send, Start
from codeword.runtime.link.limits import LIMITS, PROTOCOL
from codeword.runtime.link.machine import Machine
from codeword.runtime.link.messages import (
    Accepted,
    Armed,
    CommandRequest,
    ControllerHeartbeat,
    Ended,
    Goodbye,
    Granted,
    Hello,
    LeaseRequest,
    Observe,
    Rearm,
    Refused,
    RobotHeartbeat,
    Standstill,
    StandstillRequest,
    Stop,
    Stopped,
    Welcome,
)
from codeword.runtime.link.wire import write

WAIT = '{"skill":"wait","duration_s":0.5}'
A, B = "a" * 32, "b" * 32
TICK_S = 0.02
LOOK = Observation(step=0, time_s=0.0, entities=(), facts=(), robot=RobotState())


@dataclass
class Bench:
    """A machine with a clock of its own, and controllers that speak without loss."""

    codebook: Codebook
    now_s: float = 100.0
    session: str = "0" * 16
    epoch: int = 0
    sequence: int = 0
    beats: int = 0
    ids: int = 0
    gate: Gate = field(default_factory=Gate)

    def __post_init__(self) -> None:
        self.machine = Machine(self.codebook, About("test", self.session, 65536), self.gate, self.now_s)

    def say(self, message: Record, peer: bytes = b"1") -> list[Effect]:
        return self.machine.receive(self.now_s, peer, [write(message)])

    def ask(self, message: Record, peer: bytes = b"1") -> Record:
        replies = [e.message for e in self.say(message, peer) if isinstance(e, Send)]
        assert len(replies) == 1, replies
        return replies[0]

    def new_id(self) -> str:
        self.ids += 1
        return f"m{self.ids}"

    def soon_ms(self, s: float = 0.5) -> float:
        return (self.now_s + s) * 1000

    def hello(self, controller: str = A, **other: object) -> Record:
        given = {"protocol": PROTOCOL, "codebook_hash": self.codebook.hash} | other
        return self.ask(Hello(id=self.new_id(), controller=controller, **given), controller[:1].encode())  # type: ignore[arg-type]

    def lease(self, controller: str = A, **other: object) -> Record:
        asked = LeaseRequest(
            id=self.new_id(),
            session=self.session,
            controller=controller,
            expires_at_ms=self.soon_ms(),
            **other,  # type: ignore[arg-type]
        )
        reply = self.ask(asked, controller[:1].encode())
        if isinstance(reply, Granted):
            self.epoch, self.sequence = reply.epoch, 0
        return reply

    def rearm(self, controller: str = A, *, clear_stop: bool = False) -> Record:
        asked = Rearm(
            id=self.new_id(), session=self.session, controller=controller, epoch=self.epoch,
            expires_at_ms=self.soon_ms(), clear_stop=clear_stop,
        )  # fmt: skip
        effects = self.say(asked, controller[:1].encode())
        reply = next(e.message for e in effects if isinstance(e, Send))
        if isinstance(reply, Armed):
            self.epoch, self.sequence = reply.epoch, 0
        return reply

    def arm(self, controller: str = A) -> None:
        assert isinstance(self.hello(controller), Welcome)
        assert isinstance(self.lease(controller), Granted)
        assert isinstance(self.rearm(controller), Armed)

    def command(self, **other: object) -> CommandRequest:
        self.sequence += 1
        values = {
            "id": self.new_id(), "session": self.session, "controller": A, "epoch": self.epoch,
            "sequence": self.sequence, "expires_at_ms": self.soon_ms(), "text": WAIT,
        } | other  # fmt: skip
        return CommandRequest(**values)  # type: ignore[arg-type]

    def beat(self, **other: object) -> ControllerHeartbeat:
        self.beats += 1
        values = {
            "session": self.session, "controller": A, "epoch": self.epoch, "sequence": self.beats,
            "expires_at_ms": self.soon_ms(LIMITS.hold_s),
        } | other  # fmt: skip
        return ControllerHeartbeat(**values)  # type: ignore[arg-type]

    def pass_time(self, duration_s: float, progress: bool = True) -> list[Effect]:
        effects: list[Effect] = []
        end_s = self.now_s + duration_s
        while self.now_s < end_s - 1e-9:
            self.now_s = min(end_s, self.now_s + TICK_S)
            effects += self.machine.tick(self.now_s, round(self.now_s * 1000) if progress else 0)
        return effects


@pytest.fixture
def bench(tabletop: Codebook) -> Bench:
    return Bench(tabletop)


@pytest.fixture
def armed(bench: Bench) -> Bench:
    bench.arm()
    return bench


def check(reply: Record) -> str:
    assert isinstance(reply, Refused), reply
    return reply.check


def starts(effects: list[Effect]) -> list[str]:
    return [effect.id for effect in effects if isinstance(effect, Start)]


def halts(effects: list[Effect]) -> list[str]:
    return [effect.reason for effect in effects if isinstance(effect, Halt)]


def test_a_command_is_begun_once_however_often_it_is_sent_and_its_result_is_told_again(armed: Bench) -> None:
    command = armed.command()
    first = armed.say(command)
    assert starts(first) == [command.id]
    again = armed.say(command)
    assert starts(again) == []
    assert isinstance(again[0], Send)
    assert isinstance(again[0].message, Accepted)
    armed.machine.ended(armed.now_s, command.id, Result(command=WAIT, status="done"))
    told = armed.ask(command)
    assert isinstance(told, Ended)
    assert told.result.status == "done"


def test_each_thing_that_makes_a_command_no_fresh_order_is_refused_by_name(armed: Bench) -> None:
    cases = {
        "expired": {"expires_at_ms": armed.soon_ms(-0.001)},
        "too_far": {"expires_at_ms": armed.soon_ms(LIMITS.ahead_s + 0.1)},
        "session": {"session": "f" * 16},
        "epoch": {"epoch": armed.epoch - 1},
        "sequence": {"sequence": LIMITS.most_gap + 100},
        "lease": {"controller": B},
        "schema": {"text": '{"skill":"fly"}'},
    }
    armed.hello(B)
    for name, wrong in cases.items():
        effects = armed.say(armed.command(**wrong))
        assert starts(effects) == [], name
        assert isinstance(effects[-1], Send)
        assert check(effects[-1].message) == name, name
    assert starts(armed.say(armed.command())) != []
    assert check(armed.ask(armed.command())) == "busy"


def test_a_command_that_was_refused_is_not_carried_out_when_it_comes_again(armed: Bench) -> None:
    running, refused = armed.command(), armed.command()
    armed.say(running)
    assert check(armed.ask(refused)) == "busy"
    armed.machine.ended(armed.now_s, running.id, Result(command=WAIT, status="done"))
    assert check(armed.ask(refused)) == "busy"
    same_sequence = refused.model_copy(update={"id": "another"})
    assert check(armed.ask(same_sequence)) == "sequence"


def test_silence_stops_the_robot_for_good_until_it_is_rearmed_explicitly(armed: Bench) -> None:
    armed.say(armed.beat())
    armed.say(armed.command())
    assert halts(armed.pass_time(LIMITS.hold_s - 0.05)) == []
    told = halts(armed.pass_time(0.1))
    assert told
    assert "link lost" in told[0]
    assert not armed.gate.open(armed.now_s)
    assert armed.machine.state == "stopped"
    armed.say(armed.beat())
    assert armed.machine.state == "stopped", "a heartbeat that comes late does not set it going again"
    assert check(armed.ask(armed.command())) == "stopped"
    assert check(armed.rearm(clear_stop=True)) == "busy", "the command has not come to its end yet"
    armed.machine.ended(armed.now_s, armed.machine.running.id, Result(command=WAIT, status="stopped"))  # type: ignore[union-attr]
    assert check(armed.rearm()) == "stopped"
    late = armed.command()
    assert isinstance(armed.rearm(clear_stop=True), Armed)
    assert check(armed.ask(late)) == "epoch", "what was sent before the stop was cleared is over"
    assert starts(armed.say(armed.command())) != []


def test_a_heartbeat_that_was_long_on_its_way_gives_no_authority(armed: Bench) -> None:
    held_up = armed.beat()
    armed.pass_time(LIMITS.hold_s - 0.1)
    armed.say(held_up)
    armed.pass_time(0.14)
    assert armed.machine.state == "stopped"


def test_stop_is_taken_from_anyone_at_any_time_and_cleared_only_by_hand(bench: Bench) -> None:
    effects = bench.say(Stop(id="s"), b"stranger")
    assert halts(effects) == ["stop was asked for"]
    reply = effects[-1]
    assert isinstance(reply, Send)
    assert isinstance(reply.message, Stopped)
    bench.hello()
    bench.lease()
    assert check(bench.rearm()) == "stopped"
    assert isinstance(bench.rearm(clear_stop=True), Armed)


def test_the_stop_of_a_controller_ends_with_its_goodbye_and_no_other_does(armed: Bench) -> None:
    armed.say(Stop(id="s", controller=A))
    armed.say(Goodbye(session=armed.session, controller=A, epoch=armed.epoch))
    assert armed.machine.state == "disarmed"
    armed.arm()
    armed.say(Stop(id="t"))
    armed.say(Stop(id="u", controller=A))
    armed.say(Goodbye(session=armed.session, controller=A, epoch=armed.epoch))
    assert armed.machine.state == "stopped"


def test_one_controller_at_a_time_and_nothing_is_resumed(armed: Bench) -> None:
    armed.hello(B)
    assert check(armed.lease(B)) == "lease"
    armed.pass_time(LIMITS.lease_s + 0.1)
    assert isinstance(armed.lease(B), Granted)
    assert check(armed.ask(armed.command())) == "lease"
    assert check(armed.rearm(B)) == "stopped"


def test_another_codebook_another_protocol_and_a_mere_observer_do_not_move_it(bench: Bench) -> None:
    other = bench.hello(codebook_hash="0" * 64)
    assert check(other) == "codebook"
    assert isinstance(other, Refused)
    assert bench.codebook.hash in other.message
    assert "0" * 64 in other.message
    assert check(bench.hello(protocol=PROTOCOL + 1)) == "protocol"
    assert isinstance(bench.hello(B, codebook_hash=None), Welcome)
    assert check(bench.lease(B)) == "codebook"
    assert any(isinstance(e, Look) for e in bench.say(Observe(id="o", session=bench.session, controller=B)))


def test_a_decision_that_takes_too_long_and_a_robot_that_is_stuck_are_stopped(bench: Bench) -> None:
    bench.hello()
    bench.lease(busy_limit_ms=1000.0)
    bench.rearm()
    bench.say(bench.beat(doing="deciding", busy_ms=900.0))
    assert bench.machine.state == "armed"
    assert "deciding for 1100 ms" in halts(bench.say(bench.beat(doing="deciding", busy_ms=1100.0)))[0]
    bench.rearm(clear_stop=True)
    bench.say(bench.command())
    stuck: list[str] = []
    for _ in range(15):
        bench.say(bench.beat())
        stuck += halts(bench.pass_time(0.1, progress=False))
    assert stuck[0] == "the robot made no progress for 1 s: its look(), perform() or hold() does not return"


def test_a_flood_is_dropped_and_a_stop_in_it_is_not(armed: Bench) -> None:
    replies = [armed.say(armed.command(text="{}")) for _ in range(int(LIMITS.burst) + 300)]
    assert sum(bool(effects) for effects in replies) < LIMITS.burst + 5
    assert halts(armed.say(Stop(id="s"))) != []


def test_memory_stays_bounded_whoever_comes(armed: Bench) -> None:
    for number in range(500):
        peer = number.to_bytes(4)
        armed.say(Hello(id="h", protocol=PROTOCOL, controller=f"{number:032x}", codebook_hash=None), peer)
    beats = [e for e in armed.pass_time(0.1) if isinstance(e, Send) and isinstance(e.message, RobotHeartbeat)]
    assert 0 < len(beats) <= 2 * LIMITS.most_peers
    armed.say(armed.beat())
    assert isinstance(armed.ask(armed.command()), Accepted | Refused)
    assert armed.machine.lease is not None


def test_the_holder_of_the_lease_is_forgotten_for_nobody(armed: Bench) -> None:
    command = armed.command()
    armed.say(command)
    armed.machine.ended(armed.now_s, command.id, Result(command=WAIT, status="done"))
    for number in range(300):
        peer, token = number.to_bytes(4), f"{number:032x}"
        armed.say(Hello(id="h", protocol=PROTOCOL, controller=token, codebook_hash=None), peer)
        armed.say(Observe(id=f"o{number}", session=armed.session, controller=token), peer)
    seen = armed.say(Observe(id="mine", session=armed.session, controller=A), A[:1].encode())
    assert any(isinstance(effect, Look) and effect.fresh for effect in seen), "it looks, however many others wait"
    armed.machine.looked(armed.now_s, LOOK, armed.now_s)
    told = armed.ask(command, A[:1].encode())
    assert isinstance(told, Ended), "its answers are kept"
    beats = [e.peer for e in armed.pass_time(0.1) if isinstance(e, Send) and isinstance(e.message, RobotHeartbeat)]
    assert A[:1].encode() in beats


def test_a_stop_says_that_a_command_has_not_ended_and_standstill_that_it_was_not_held(tabletop: Codebook) -> None:
    bench = Bench(tabletop)
    held = Held()
    bench.machine = Machine(tabletop, About("test", bench.session, 65536), bench.gate, bench.now_s, held=lambda _: held)
    bench.arm()
    command = bench.command()
    bench.say(command)
    held = Held("pending", settled=False)
    for _ in range(2):
        stopped = bench.ask(Stop(id="s"))
        assert isinstance(stopped, Stopped)
        assert stopped.moving, "the second time too: it has not ended yet"
    bench.pass_time(0.3, progress=False)
    said = bench.ask(StandstillRequest(id="t"), b"stranger")
    assert isinstance(said, Standstill)
    assert (said.still, said.hold, said.running) == (False, "pending", command.id)
    assert said.progress_ms == pytest.approx(300)
    bench.machine.ended(bench.now_s, command.id, Result(command=WAIT, status="stopped"))
    assert check(bench.rearm(clear_stop=True)) == "busy", "a stop that is still to come would end the re-arming"
    for held, still in (
        (Held("running", settled=False), False), (Held("raised", "hold() raised OSError: x"), False), (Held(), True),
    ):  # fmt: skip
        said = bench.ask(StandstillRequest(id="t"))
        assert isinstance(said, Standstill)
        assert (said.still, said.hold, said.message) == (still, held.state, held.fault)


class World:
    """Two controllers, a network that loses, doubles, delays and reorders, a robot that restarts, and a body that moves
    when it is told to start and rests when it is told to halt. What authority is fresh is computed apart from the machine.
    """

    def __init__(self, codebook: Codebook) -> None:
        self.codebook, self.now_s, self.restarts, self.ids = codebook, 50.0, 0, 0
        self.network: list[tuple[float, str, Record]] = []
        self.leases: dict[str, tuple[str, int, int]] = {}
        self.begun: set[str] = set()
        self.moved = 0
        self.quick = False
        self.restart()

    def begin(self) -> None:
        """A controller leases and arms the robot without loss."""
        self.act(8, 128)
        self.act(9, 128)

    def restart(self) -> None:
        self.restarts += 1
        self.session = f"{self.restarts:016x}"
        self.machine = Machine(self.codebook, About("r", self.session, 65536), Gate(), self.now_s)
        self.moving, self.newest = "", 0
        self.fresh_s, self.stopped = float("-inf"), True

    def new_id(self) -> str:
        self.ids += 1
        return f"w{self.ids}"

    def send(self, controller: str, message: Record) -> None:
        if self.quick:
            self.deliver_now(controller, message)
        else:
            self.network.append((self.now_s, controller, message))

    def at_ms(self, s: float) -> float:
        return (self.now_s + s) * 1000

    def act(self, what: int, how: int) -> None:
        controller = B if how % 4 == 3 else A
        self.quick = how >= 128
        session, epoch, sequence = self.leases.get(controller, (self.session, 0, 0))
        common = {"session": session, "controller": controller}
        if what < 3 and epoch:
            sequence += 1
            self.leases[controller] = (session, epoch, sequence)
            ttl_s = (0.05, 0.3, 0.5, 4.0, 9.0)[how % 5]
            self.send(
                controller,
                CommandRequest(
                    id=self.new_id(),
                    epoch=epoch,
                    sequence=sequence,
                    expires_at_ms=self.at_ms(ttl_s),
                    text=WAIT,
                    **common,
                ),
            )
        elif what < 6 and epoch:
            self.ids += 1
            self.send(
                controller,
                ControllerHeartbeat(epoch=epoch, sequence=self.ids, expires_at_ms=self.at_ms(LIMITS.hold_s), **common),
            )
        elif what == 6:
            self.send(controller, Stop(id=self.new_id(), controller=(None, A, B)[how % 3]))
        elif what == 7:
            self.send(controller, Goodbye(epoch=epoch, **common))
        elif what == 8:
            self.deliver_now(
                controller,
                Hello(id=self.new_id(), protocol=PROTOCOL, controller=controller, codebook_hash=self.codebook.hash),
            )
            self.send(
                controller,
                LeaseRequest(
                    id=self.new_id(), session=self.session, controller=controller, expires_at_ms=self.at_ms(1)
                ),
            )
        elif what == 9 and epoch:
            self.send(
                controller,
                Rearm(
                    id=self.new_id(),
                    epoch=epoch,
                    expires_at_ms=self.at_ms(LIMITS.hold_s),
                    clear_stop=how % 2 == 0,
                    **common,
                ),
            )
        elif what == 10 and self.network:
            self.network.append(self.network[how % len(self.network)])
        elif what == 11 and self.network:
            self.network.pop(how % len(self.network))
        elif what == 12:
            self.pass_time((0.02, 0.1, 0.3, 0.6, 2.5)[how % 5])
        elif what == 13 and how % 8 == 0:
            self.restart()
        elif what == 14 and self.moving:
            ended, self.moving = self.moving, ""
            self.carry_out(self.machine.ended(self.now_s, ended, Result(command=WAIT, status="done")))
        elif what >= 15 and self.network:
            self.deliver_now(*self.network.pop(0 if how % 3 else how % len(self.network))[1:])
        self.check()

    def deliver_now(self, controller: str, message: Record) -> None:
        effects = self.machine.receive(self.now_s, controller[:4].encode(), [write(message)])
        if isinstance(message, Stop):
            self.stopped = True
        replies = [effect.message for effect in effects if isinstance(effect, Send)]
        for reply in replies:
            if isinstance(reply, Granted | Armed) and reply.epoch > self.newest:
                self.newest = reply.epoch
                self.leases[controller] = (reply.session, reply.epoch, 0)
                self.stopped = self.stopped or isinstance(reply, Granted)
        if (
            isinstance(message, Rearm)
            and any(isinstance(r, Armed) for r in replies)
            and not self.machine.stopped
            and self.machine.armed
        ):
            self.stopped = False
            self.fresh_s = max(self.fresh_s, message.expires_at_ms / 1000 - LIMITS.hold_s)
        if isinstance(message, ControllerHeartbeat) and not replies:
            self.fresh_s = max(self.fresh_s, message.expires_at_ms / 1000 - LIMITS.hold_s)
        for effect in effects:
            if isinstance(effect, Start):
                assert isinstance(message, CommandRequest)
                assert effect.id not in self.begun, "carried out twice"
                assert message.expires_at_ms > self.now_s * 1000, "carried out after its expiry"
                assert message.session == self.session, "carried out in another session"
                self.begun.add(effect.id)
        self.carry_out(effects)

    def carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Start):
                self.moving = effect.id
                self.moved += 1
            elif isinstance(effect, Halt) and self.moving:
                halted, self.moving = self.moving, ""
                self.carry_out(self.machine.ended(self.now_s, halted, Result(command=WAIT, status="stopped")))

    def pass_time(self, duration_s: float) -> None:
        end_s = self.now_s + duration_s
        while self.now_s < end_s - 1e-9:
            self.now_s = min(end_s, self.now_s + TICK_S)
            self.carry_out(self.machine.tick(self.now_s, round(self.now_s * 1000)))
            self.check()

    def check(self) -> None:
        if self.moving:
            assert self.now_s - self.fresh_s <= LIMITS.hold_s + TICK_S, "moving without a fresh heartbeat"
            assert not self.stopped, "moving after a stop that nobody cleared"
            assert self.machine.lease is not None, "moving without a lease"


def run_sequence(codebook: Codebook, actions: bytes) -> World:
    world = World(codebook)
    if actions[0] % 2:
        world.begin()
    for what, how in zip(actions[::2], actions[1::2], strict=False):
        world.act(what % 22, how)
    return world


SEQUENCES = 2_000


@settings(max_examples=SEQUENCES, deadline=None, database=None)
@given(actions=st.binary(min_size=40, max_size=240))
def test_it_never_moves_without_fresh_authority(tabletop: Codebook, actions: bytes) -> None:
    run_sequence(tabletop, actions)


def test_the_sequences_above_do_make_it_move(tabletop: Codebook) -> None:
    """The invariant would hold of a robot that never moves; at random, many of these do."""
    rng = random.Random(4)
    moved = [run_sequence(tabletop, rng.randbytes(240)).moved for _ in range(200)]
    assert sum(1 for times in moved if times) > 40, moved


def test_the_invariant_is_seen_to_break_where_heartbeats_are_not_looked_at(
    tabletop: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gate, "open", lambda self, _: self.until_s > float("-inf"))
    rng = random.Random(4)
    with pytest.raises(AssertionError, match="moving without"):
        for _ in range(500):
            run_sequence(tabletop, rng.randbytes(240))
