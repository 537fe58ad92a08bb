"""The 26 faults of a robot link, each on real sockets between separate processes."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from codeword.codebook import Codebook, InputError, RobotError, RobotTimeoutError, load_codebook, read_command
from codeword.runtime.episode import Episode, run_episode
from codeword.runtime.link.connection import Connection
from codeword.runtime.link.keys import Keys
from codeword.runtime.link.robot import LinkRobot, stop_robot
from codeword.runtime.robots import open_robot
from codeword.runtime.scenario import parse_scenario
from tests.benchmarks.lossy import LossyNetwork, Weather
from tests.runtime.conftest import shipped
from tests.runtime.link.cart import moved_at
from tests.runtime.link.patient import PATIENT
from tests.runtime.link.processes import (
    CART,
    CREEP,
    NUDGE,
    Raw,
    Served,
    environment,
    free_port,
    served,
    start,
    wait_for_port,
)
from tests.runtime.test_episode import DONE, PICK, PLACE, Notes, Parrot

NUDGE_TICKS = 40
"""So many ticks does the cart move for a nudge: 0.1 m at 0.5 m/s, 5 ms each."""
SLACK_S = 1.0
"""What a busy machine may add to a time that a test takes."""
PATIENCE_S = 60.0
"""So long is waited for what must come: another process may take that to begin on a busy machine."""


@pytest.fixture
def raw(cart: Served) -> Iterator[Raw]:
    """A bare controller of the served cart, armed; whatever the test before left is cleared."""
    with Raw(cart.url) as one:
        one.hello()
        deadline = time.monotonic() + 10
        while one.lease()["kind"] != "granted" or one.rearm(clear_stop=True)["kind"] != "armed":
            assert time.monotonic() < deadline, one.heard[-2:]
            time.sleep(0.05)
        one.beat()
        yield one
        one.say(kind="stop")
        one.say(kind="goodbye")


def ticks(cart: Served) -> int:
    return len(moved_at(cart.notes))


def until_moving(cart: Served, before: int = 0) -> None:
    """Wait until the cart has moved on from so many ticks."""
    deadline = time.monotonic() + PATIENCE_S
    while ticks(cart) <= before:
        assert time.monotonic() < deadline, "the cart does not move"
        time.sleep(0.02)


def rest(cart: Served) -> list[float]:
    """When the cart moved, once it says that nothing runs any more."""
    with Raw(cart.url) as watcher:
        watcher.hello()
        deadline = time.monotonic() + PATIENCE_S
        while watcher.hear("heartbeat", timeout_s=PATIENCE_S)["running"] is not None:
            assert time.monotonic() < deadline, "the cart does not come to rest"
    return moved_at(cart.notes)


def finish(raw: Raw, message_id: str) -> dict[str, object]:
    """The result of a command, with heartbeats until it comes."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        raw.beat()
        if raw.socket.poll(50):
            said = json.loads(raw.socket.recv())
            if said["kind"] == "result" and said["id"] == message_id:
                return dict(said["result"])
    raise AssertionError("no result")


def test_01_a_lost_command_is_sent_again_and_carried_out_once(cart: Served, cart_book: Codebook) -> None:
    network, lost = LossyNetwork(cart.url, Weather()), 0

    def drop(message: bytes) -> bool:
        nonlocal lost
        lost += b'"kind":"command"' in message
        return b'"kind":"command"' in message and lost <= 2

    network.drop = drop
    robot = LinkRobot(network.url, cart_book, clear_stop=True)
    before = ticks(cart)
    assert robot.execute(read_command(cart_book, NUDGE)).result().status == "done"
    assert lost >= 3
    assert ticks(cart) - before == NUDGE_TICKS
    robot.close()
    network.close()


def test_02_a_duplicate_is_carried_out_once(cart: Served, raw: Raw) -> None:
    before, order = ticks(cart), raw.order(NUDGE)
    for _ in range(5):
        raw.say(**order)
    assert finish(raw, order["id"])["status"] == "done"
    for _ in range(5):
        raw.say(**order)
    assert raw.hear(message_id=order["id"])["kind"] in ("accepted", "result")
    assert len(rest(cart)) - before == NUDGE_TICKS


def test_03_a_command_that_was_overtaken_is_refused(cart: Served, raw: Raw) -> None:
    early, late = raw.order(NUDGE), raw.order(NUDGE)
    before = ticks(cart)
    assert raw.ask(**late)["kind"] == "accepted"
    assert finish(raw, late["id"])["status"] == "done"
    assert raw.ask(**early)["check"] == "sequence"
    assert len(rest(cart)) - before == NUDGE_TICKS


def test_04_a_late_command_is_refused(cart: Served, raw: Raw) -> None:
    before, order = ticks(cart), raw.order()
    raw.beat()
    order["expires_at_ms"] = raw.at_ms(-0.05)
    assert raw.ask(**order)["check"] == "expired"
    assert ticks(cart) == before


def test_05_what_is_too_far_ahead_is_refused(cart: Served, raw: Raw) -> None:
    before = ticks(cart)
    assert raw.command(expires_at_ms=raw.at_ms(PATIENT.ahead_s + 1))["check"] == "too_far"
    assert raw.command(sequence=10_000)["check"] == "sequence"
    assert ticks(cart) == before


def test_06_what_was_recorded_in_an_earlier_session_moves_nothing(tmp_path: Path) -> None:
    recorded: list[bytes] = []
    with served(notes=tmp_path / "first") as first:
        url = first.url
        with Raw(url) as one:
            one.arm()
            send = one.socket.send
            one.socket.send = lambda data, *more: recorded.append(data) or send(data, *more)  # type: ignore[method-assign, assignment, func-returns-value]
            one.lease()
            one.rearm()
            assert one.command(NUDGE)["kind"] == "accepted"
            one.hear("result")
    with served(notes=tmp_path / "second", bind=url) as second, Raw(second.url) as other:
        for data in recorded:
            other.socket.send(data)
        refusals = [other.hear("refused") for _ in recorded]
        assert {said["check"] for said in refusals} == {"session"}
        other.hello()
        other.token = json.loads(recorded[0])["controller"]
        for data in recorded:
            other.socket.send(data)
        assert {other.hear("refused")["check"] for _ in recorded} == {"session"}
        assert ticks(second) == 0


GOOD = '{"kind":"stop","id":"x"}'
BROKEN: dict[str, tuple[str, str, list[bytes]]] = {
    "07 corrupt": ("json", "", [b"\x00\x01\x02nonsense"]),
    "07 truncated": ("json", "", [GOOD[:-5].encode()]),
    "07 not UTF-8": ("json", "not UTF-8", [b'{"kind":"stop","id":"\xff"}']),
    "07 empty": ("json", "", [b""]),
    "08 duplicate keys": ("json", "stands twice", [b'{"kind":"stop","kind":"stop","id":"x"}']),
    "09 NaN": ("json", "finite", [b'{"kind":"heartbeat","expires_at_ms":NaN}']),
    "09 Infinity": ("json", "finite", [b'{"kind":"heartbeat","expires_at_ms":Infinity}']),
    "09 1e999": ("json", "finite", [b'{"kind":"heartbeat","expires_at_ms":1e999}']),
    "10 deep": ("json", "nested", [b"[" * 30_000]),
    "10 many digits": ("json", "", [b'{"kind":"stop","id":' + b"9" * 5000 + b"}"]),
    "10 many frames": ("message", "frames", [GOOD.encode()] * 500),
    "10 no frame": ("message", "frames", [b"", GOOD.encode()]),
    "11 unknown kind": ("message", "fly", [b'{"kind":"fly"}']),
    "11 extra field": ("message", "surprise", [b'{"kind":"stop","id":"x","surprise":1}']),
    "11 wrong type": ("message", "id", [b'{"kind":"stop","id":7}']),
    "11 number as text": ("message", "protocol", [b'{"kind":"hello","id":"x","protocol":"1","controller":"00000000000000000"}']),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_07_to_11_what_is_no_message_is_refused_and_moves_nothing(cart: Served, raw: Raw, what: str) -> None:
    check, says, frames = BROKEN[what]
    before = ticks(cart)
    raw.socket.send_multipart(frames)
    said = raw.hear("refused")
    assert said["check"] == check, said
    assert says in said["message"]
    assert ticks(cart) == before
    assert raw.ask(kind="observe")["kind"] == "observation", "and it goes on answering"


def test_10_a_huge_message_ends_the_connection_and_nothing_else(cart: Served) -> None:
    with Raw(cart.url) as huge, Raw(cart.url) as other:
        huge.socket.send(b" " * 10_000_000)
        assert other.hello()["kind"] == "welcome"
        before = resident_mb(cart)
        for _ in range(10):
            huge.socket.send(b" " * 10_000_000)
        assert other.ask(kind="observe")["kind"] == "observation"
        assert resident_mb(cart) < before + 50


COMMANDS = {
    "unknown skill": '{"skill":"fly"}',
    "extra field": '{"skill":"creep","distance_m":0.1,"speed_m_s":9}',
    "out of bounds": '{"skill":"creep","distance_m":5.1}',
    "off its step": '{"skill":"creep","distance_m":0.15}',
    "no number": '{"skill":"creep","distance_m":"0.1"}',
    "missing": '{"skill":"creep"}',
    "twice": '{"skill":"creep","distance_m":0.1,"distance_m":5}',
    "infinite": '{"skill":"creep","distance_m":1e999}',
}


@pytest.mark.parametrize("what", COMMANDS)
def test_11_a_command_that_the_robots_own_codebook_does_not_allow_is_refused(cart: Served, raw: Raw, what: str) -> None:
    before = ticks(cart)
    assert raw.command(COMMANDS[what])["check"] == "schema"
    assert ticks(cart) == before


def test_11_a_command_that_what_the_robot_sees_does_not_allow_is_not_carried_out(cart: Served, raw: Raw) -> None:
    raw.command(NUDGE)
    raw.until("armed")
    before = len(rest(cart))
    seen = raw.ask(kind="observe")["observation"]
    here = [fact for fact in seen["facts"] if fact.startswith("at(")]
    wanted = '{"skill":"go","mark":"mark_9"}' if not here else f'{{"skill":"go","mark":"{here[0][3:-1]}"}}'
    order = raw.order(wanted)
    raw.beat()
    raw.say(**order)
    result = finish(raw, order["id"])
    assert (result["status"], result["reason"]) == ("refused", "precondition" if here else "entity")
    assert ticks(cart) == before


def test_12_another_codebook_is_refused_with_both_hashes(cart: Served, cart_book: Codebook, tabletop: Codebook) -> None:
    with pytest.raises(RobotError, match=rf"codebook.*'cart'.*{cart_book.hash}.*{tabletop.hash}"):
        LinkRobot(cart.url, tabletop)


def test_13_a_robot_that_restarts_is_disarmed_and_wants_a_new_hello(tmp_path: Path, cart_book: Codebook) -> None:
    with served(notes=tmp_path / "first") as first:
        url = first.url
        robot = LinkRobot(url, cart_book, timeout_s=PATIENCE_S)
        execution = robot.execute(read_command(cart_book, CREEP))
        until_moving(first)
        first.kill()
        with served(notes=tmp_path / "second", bind=url) as second:
            with pytest.raises(RobotError, match="began again"):
                execution.result()
            with Raw(url) as raw:
                raw.hello()
                assert raw.until("disarmed")["running"] is None
            assert ticks(second) == 0
            with pytest.raises(RobotError, match="began a new session; say hello again"):
                robot.execute(read_command(cart_book, NUDGE))
            robot.rearm()
            assert robot.execute(read_command(cart_book, NUDGE)).result().status == "done"
            assert ticks(second) == NUDGE_TICKS
        robot.close()


def test_14_a_controller_that_restarts_needs_a_new_lease_and_nothing_is_resumed(cart: Served, raw: Raw) -> None:
    raw.command(CREEP)
    with Raw(cart.url) as again:
        again.hello()
        assert again.lease()["check"] == "lease", "the old one's lease still runs"
        said = again.until("stopped")
        assert "link lost" in said["reason"]
        before = len(rest(cart))
        deadline = time.monotonic() + 15
        while again.lease()["kind"] != "granted":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert again.rearm()["check"] == "stopped"
        assert again.rearm(clear_stop=True)["kind"] == "armed"
        again.keep_on(0.3)
        assert ticks(cart) == before
        assert raw.command(NUDGE)["check"] in ("lease", "epoch")
        again.say(kind="goodbye")


def test_15_a_second_controller_is_refused(cart: Served, raw: Raw, cart_book: Codebook) -> None:
    raw.beat()
    with pytest.raises(RobotError, match="another controller holds the lease"):
        LinkRobot(cart.url, cart_book)
    with Raw(cart.url) as forger:
        forger.hello()
        forger.epoch = raw.epoch
        assert forger.command(CREEP)["check"] == "lease"


def test_16_a_disconnect_in_mid_skill_stops_the_robot_in_time(cart: Served, raw: Raw) -> None:
    raw.command(CREEP)
    raw.keep_on(0.4)
    lost_s = time.monotonic()
    raw.socket.disconnect(cart.url)
    moved = rest(cart)
    assert lost_s - 0.1 < moved[-1] < lost_s + PATIENT.hold_s + SLACK_S
    raw.socket.connect(cart.url)


def test_17_heartbeats_without_progress_are_not_taken_for_life(cart: Served, raw: Raw, cart_book: Codebook) -> None:
    """The robot's loop hangs while its link goes on beating: both sides find out."""
    raw.say(kind="goodbye")
    robot = LinkRobot(cart.url, cart_book, clear_stop=True)
    execution = robot.execute(read_command(cart_book, '{"skill":"freeze"}'))
    began_s = time.monotonic()
    with pytest.raises(RobotTimeoutError, match="heartbeats come, but no progress"):
        execution.result()
    assert time.monotonic() - began_s < 2 * PATIENT.stall_s + 3
    assert robot.connection.beat is not None
    assert robot.connection.beat.state == "stopped"
    assert "no progress" in robot.connection.beat.reason
    robot.close()
    with Raw(cart.url) as other:  # until the cart is itself again
        other.hello()
        deadline = time.monotonic() + 20
        while other.hear("heartbeat")["running"] is not None:
            assert time.monotonic() < deadline


def test_18_what_a_dead_link_kept_back_is_not_carried_out(cart: Served, raw: Raw) -> None:
    raw.say(kind="stop")
    raw.say(kind="goodbye")
    network = LossyNetwork(cart.url, Weather())
    with Raw(network.url) as one:
        one.arm(clear_stop=True)
        one.beat()
        network.held_up = True
        before = ticks(cart)
        one.say(kind="rearm", expires_at_ms=one.fresh_ms(), clear_stop=True)
        for _ in range(20):
            one.beat()
            one.say(**one.order(NUDGE))
        with Raw(cart.url) as beside:
            beside.hello()
            beside.until("stopped", PATIENCE_S)
        network.held_up = False
        assert one.until("stopped")["running"] is None
        assert len(rest(cart)) == before
        assert {said["check"] for said in one.heard if said["kind"] == "refused"} <= {"expired", "epoch", "stopped"}
    network.close()


def test_19_a_slow_consumer_costs_no_memory_and_gets_the_newest(cart: Served, raw: Raw) -> None:
    with Raw(cart.url, setup=lambda socket: socket.setsockopt(zmq.RCVHWM, 10)) as slow:
        slow.hello()
        before = resident_mb(cart)
        for _ in range(3000):
            slow.say(kind="observe")
            if _ % 100 == 0:
                raw.beat()
                time.sleep(0.02)
        assert resident_mb(cart) < before + 30
        slow.socket.setsockopt(zmq.RCVTIMEO, 300)
        time.sleep(0.6)
        newest = slow.ask(kind="observe")
        sequences = [said["sequence"] for said in slow.heard if said["kind"] == "observation"]
        assert newest["sequence"] == max(sequences)
        assert len(sequences) < 2000, "most of what nobody took was dropped"


def test_20_a_wall_clock_that_jumps_changes_nothing(tmp_path: Path) -> None:
    args = ("--robot", "tests.runtime.link.jumpy:JumpyCart", "--codebook", str(CART))
    with served(*args, notes=tmp_path / "notes") as jumpy, Raw(jumpy.url) as raw:
        raw.arm()
        order = raw.order(NUDGE)
        raw.beat()
        raw.say(**order)
        assert finish(raw, order["id"])["status"] == "done"
        assert ticks(jumpy) == NUDGE_TICKS
        raw.keep_on(0.3)
        assert raw.until("armed")["state"] == "armed"


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[tuple[Served, Keys]]:
    keys = Keys(tmp_path / "keys")
    for name in ("robot", "laptop"):
        keys.new(name)
    args = ("--robot", "tests.runtime.link.cart:Cart", "--codebook", str(CART), "--keys", str(keys.folder))
    with served(*args, notes=tmp_path / "notes") as one:
        yield one, keys


def test_21_a_wrong_key_no_key_and_a_wrong_robot_are_told_at_once(
    keyed: tuple[Served, Keys], cart_book: Codebook, tmp_path: Path
) -> None:
    robot, keys = keyed
    good = LinkRobot(robot.url, cart_book, keys=keys)
    assert good.execute(read_command(cart_book, NUDGE)).result().status == "done"
    stranger = Keys(tmp_path / "stranger")
    stranger.new("thief")
    (stranger.folder / "robot.key").write_bytes((keys.folder / "robot.key").read_bytes())
    elsewhere = Keys(tmp_path / "elsewhere")
    for name in ("robot", "laptop"):
        elsewhere.new(name)
    for wrong, says in ((stranger, "does not know this key"), (elsewhere, "not the robot's"), (None, "asks for keys")):
        began_s = time.monotonic()
        with pytest.raises(RobotError, match=says):
            LinkRobot(robot.url, cart_book, keys=wrong)
        assert time.monotonic() - began_s < 4.0, "not after a time-out"
    keys.revoke("laptop")
    with pytest.raises(RobotError):
        good.execute(read_command(cart_book, NUDGE)).result()
    good.close()
    with pytest.raises(InputError, match="has 0 secret keys"):
        LinkRobot(robot.url, cart_book, keys=keys)
    assert ticks(robot) == NUDGE_TICKS


def test_22_stop_reaches_a_robot_in_mid_skill_and_twice(cart: Served, raw: Raw) -> None:
    raw.command(CREEP)
    raw.keep_on(0.3)
    other = Connection(cart.url)
    while not other.connected:
        raw.keep_on(0.05)
    began_s = time.monotonic()
    stopped = stop_robot(other, "the red button", 10.0)
    moved = rest(cart)
    assert stopped is not None
    assert stopped.moving
    assert moved[-1] < began_s + 0.1 + SLACK_S
    again = stop_robot(other, "the red button again", 10.0)
    assert again is not None
    assert not again.moving
    assert again.reason == "the red button", "the first reason stands"
    other.close()
    assert raw.until("stopped")["reason"] == "the red button"


def test_22_stop_before_any_controller_has_come(tmp_path: Path, cart_book: Codebook) -> None:
    with served(notes=tmp_path / "notes") as fresh:
        done = start("stop", fresh.url, "--reason", "not yet")
        told, wrong = done.communicate(timeout=60)
        assert done.returncode == 0, wrong
        assert told == "stopped while it stood: not yet\n"
        with pytest.raises(RobotError, match="the robot is stopped \\(not yet\\)"):
            LinkRobot(fresh.url, cart_book)
        LinkRobot(fresh.url, cart_book, clear_stop=True).close()


def test_22_stop_during_a_model_call_ends_the_episode(sim: Served) -> None:
    """Somebody stops the robot while the controller thinks: what it then decides is not carried out."""
    scenario = shipped("tabletop/put_in_bowl")

    class Stopping(Parrot):
        def decide(self, *args: object) -> object:  # type: ignore[override]
            if len(self.seen) == 1:
                done = start("stop", sim.url)
                done.communicate(timeout=60)
            return super().decide(*args)  # type: ignore[arg-type]

    parrot, notes = Stopping(PICK, PLACE, DONE), Notes()
    robot, physics = open_robot(sim.url, scenario, seed=1)
    verdict = run_episode(Episode(scenario, "task", parrot, robot, physics, (notes,), film=False))  # type: ignore[arg-type]
    robot.close()
    assert (verdict.ended, verdict.decisions) == ("stopped", 2)
    assert [result.status for result in notes.of("result")] == ["done", "stopped"]  # type: ignore[attr-defined]


def test_23_commands_after_a_stop_are_refused_until_it_is_rearmed(cart: Served, raw: Raw) -> None:
    assert raw.ask(kind="stop")["kind"] == "stopped"
    before = ticks(cart)
    for _ in range(3):
        assert raw.command(NUDGE)["check"] == "stopped"
    assert raw.rearm()["check"] == "stopped"
    assert raw.rearm(clear_stop=True)["kind"] == "armed"
    assert ticks(cart) == before
    order = raw.order(NUDGE)
    raw.say(**order)
    assert finish(raw, order["id"])["status"] == "done"


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The simulated robot of two scenarios, served."""
    notes = tmp_path_factory.mktemp("sim") / "none"
    with served("tabletop/put_in_bowl", "tabletop/slip_on_the_way", notes=notes) as one:
        yield one


def test_24_a_model_that_hangs_or_is_cut_short_moves_nothing_and_the_next_decision_counts(sim: Served) -> None:
    scenario = shipped("tabletop/put_in_bowl")
    strict = parse_scenario(scenario.text.replace("hard: 15000", "hard: 300"), scenario.path)
    assert strict.hash != scenario.hash
    parrot, notes = Parrot(None, PICK[:-8], PICK, PLACE, DONE), Notes()
    robot, physics = open_robot(sim.url, scenario, seed=1)
    verdict = run_episode(Episode(strict, "task", parrot, robot, physics, (notes,), film=False))
    robot.close()
    assert verdict.success is True
    assert [result.status for result in notes.of("result")] == ["timeout", "refused", "done", "done"]  # type: ignore[attr-defined]
    assert [seen.time_s for seen in parrot.seen[:3]] == [0.0, 0.0, 0.0]


def test_24_a_model_that_never_comes_back_is_stopped_by_the_robot(raw: Raw) -> None:
    raw.lease(busy_limit_ms=500.0)
    raw.rearm(clear_stop=True)
    raw.beat(doing="deciding", busy_ms=400.0)
    assert raw.until("armed")
    raw.beat(doing="deciding", busy_ms=600.0)
    assert "deciding for 600 ms" in raw.until("stopped")["reason"]


def test_25_a_robot_that_raises_is_stopped_and_says_so(raw: Raw) -> None:
    order = raw.order('{"skill":"misbehave"}')
    raw.say(**order)
    result = finish(raw, order["id"])
    assert result["status"] == "failed"
    assert "ZeroDivisionError: a bug in a user's robot" in str(result["message"])
    assert "ZeroDivisionError" in raw.until("stopped")["reason"]
    assert raw.command(NUDGE)["check"] == "stopped"


def test_25_a_controller_that_is_killed_leaves_a_robot_that_stops(tmp_path: Path) -> None:
    program = (
        "from codeword.codebook import load_codebook, read_command\n"
        "from codeword.runtime.link.robot import LinkRobot\n"
        "import sys\n"
        f"book = load_codebook({str(CART)!r})\n"
        f"run = LinkRobot(sys.argv[1], book).execute(read_command(book, {CREEP!r}))\n"
        "print('moving', flush=True)\n"
        "run.result()\n"
    )
    with served(notes=tmp_path / "notes") as robot:
        controller = subprocess.Popen(
            [sys.executable, "-c", program, robot.url], env=environment(), stdout=subprocess.PIPE, text=True
        )
        assert controller.stdout is not None
        assert controller.stdout.readline() == "moving\n"
        until_moving(robot, ticks(robot) + NUDGE_TICKS)
        killed_s = time.monotonic()
        controller.kill()
        controller.communicate()
        moved = rest(robot)
        assert killed_s - 0.1 < moved[-1] < killed_s + PATIENT.hold_s + SLACK_S
        with Raw(robot.url) as raw:
            raw.hello()
            assert "link lost" in raw.until("stopped")["reason"]


def test_25_a_link_loop_that_breaks_stops_the_robot(tmp_path: Path) -> None:
    args = ("--robot", "tests.runtime.link.jumpy:BreakingCart", "--codebook", str(CART))
    with served(*args, notes=tmp_path / "notes") as robot, Raw(robot.url) as raw:
        raw.arm()
        raw.command(CREEP)
        raw.keep_on(0.2)
        raw.say(kind="stop", reason="break the loop")
        assert robot.process.wait(10) != 0
        assert moved_at(robot.notes)[-1] < time.monotonic()
        assert robot.process.stderr is not None
        assert "the link's loop broke: ZeroDivisionError" in robot.process.stderr.read()


def test_26_with_a_full_disk_motion_can_still_be_stopped(tmp_path: Path) -> None:
    args = ["--robot", "tests.runtime.link.cart:Cart", "--codebook", str(CART), "--bind"]
    notes = tmp_path / "notes"
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "tests.runtime.link.patient"]
        env = environment(CART_NOTES=str(notes))

        def serve(port: int) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [*command, "serve", *args, f"tcp://127.0.0.1:{port}"], env=env, stderr=full, stdout=full
            )

        robot = serve(port := free_port())
        try:
            if not wait_for_port(robot, port):  # somebody else took the port in between
                robot = serve(port := free_port())
                assert wait_for_port(robot, port)
            with Raw(f"tcp://127.0.0.1:{port}") as raw:
                raw.arm()
                raw.command(CREEP)
                raw.keep_on(0.2)
                stop = [*command, "stop", f"tcp://127.0.0.1:{port}"]
                done = subprocess.Popen(stop, env=env, stdout=full, stderr=full)
                while done.poll() is None:
                    raw.beat()
                    time.sleep(0.05)
                assert raw.until("stopped")["reason"] == "codeword stop"
                before = len(moved_at(notes))
                raw.keep_on(0.2)
                assert len(moved_at(notes)) == before
        finally:
            robot.terminate()
            robot.wait(5)


def test_26_a_run_that_cannot_write_its_episode_stops_the_robot(sim: Served, tmp_path: Path) -> None:
    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = [sys.executable, "-m", "codeword.runtime.cli", "run", "tabletop/put_in_bowl", "--controller", "expert"]
    done = subprocess.run(
        [*command, "--robot", sim.url, "--out", str(tmp_path / "out")], env=environment(), preexec_fn=small_disk,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    with Raw(sim.url, load_codebook("tabletop")) as raw:
        raw.hello()
        assert raw.until("disarmed")["running"] is None


def resident_mb(robot: Served) -> float:
    """The memory that a robot's process holds [MB]."""
    pages = int(Path(f"/proc/{robot.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
