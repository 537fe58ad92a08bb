"""LeKiwi: its wire format byte for byte, limits before sending, staleness, and what its host's watchdog does."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zmq

from codeword.codebook import (
    Codebook,
    CommandError,
    InputError,
    RobotError,
    RobotTimeoutError,
    load_codebook,
    read_command,
)
from codeword.runtime.link import lekiwi_format
from codeword.runtime.link.lekiwi import LEAD_DEG, SPEED_LIMITS, LeKiwiRobot, lekiwi_address
from codeword.runtime.link.lekiwi_format import KEYS, HostState, read_observation, write_command, write_observation
from codeword.runtime.link.lekiwi_host import LeKiwiHost
from codeword.runtime.link.sockets import endpoint
from tests.runtime.link.processes import free_port

STATE = {key: float(number) for number, key in enumerate(KEYS)}
JPEG = b"\xff\xd8\xff\xd9"


@pytest.fixture(scope="module")
def book() -> Codebook:
    return load_codebook("lekiwi")


def test_a_command_is_nine_numbers_in_the_hosts_order_and_spelling() -> None:
    assert write_command(STATE) == (
        b'{"arm_shoulder_pan.pos": 0.0, "arm_shoulder_lift.pos": 1.0, "arm_elbow_flex.pos": 2.0, '
        b'"arm_wrist_flex.pos": 3.0, "arm_wrist_roll.pos": 4.0, "arm_gripper.pos": 5.0, '
        b'"x.vel": 6.0, "y.vel": 7.0, "theta.vel": 8.0}'
    )
    for wrong in (
        {**STATE, "x.vel": float("nan")},
        {k: v for k, v in STATE.items() if k != "x.vel"},
        {**STATE, "more": 1.0},
    ):
        with pytest.raises(RobotError, match="a LeKiwi command has"):
            write_command(wrong)


def test_both_formats_of_observations_are_told_apart_by_themselves() -> None:
    new = [json.dumps({"_cams": ["front", "wrist"], **STATE}).encode(), JPEG, b""]
    old = [json.dumps({**STATE, "front": "/9j/2Q=="}).encode()]
    assert read_observation(new) == HostState(STATE, {"front": JPEG, "wrist": b""})
    assert read_observation(old) == HostState(STATE, {"front": JPEG})
    assert write_observation(HostState(STATE, {"front": JPEG, "wrist": b""}), old=False) == new
    assert write_observation(HostState(STATE, {"front": JPEG}), old=True) == old


@pytest.mark.parametrize(
    "frames",
    [
        [], [b""], [b"{}"], [b"[1]"], [json.dumps({**STATE, "x.vel": "1"}).encode()],
        [json.dumps({**STATE, "x.vel": None}).encode()], [json.dumps(STATE).encode().replace(b"8.0", b"1e999")],
        [json.dumps(STATE).encode(), JPEG], [json.dumps({"_cams": ["a", "b"], **STATE}).encode(), JPEG],
        [json.dumps({**STATE, "front": "?"}).encode()],
    ],
)  # fmt: skip
def test_what_is_no_observation_is_refused(frames: list[bytes]) -> None:
    with pytest.raises(CommandError):
        read_observation(frames)


@contextmanager
def hosted(lifetime_s: float = 60.0, *, old: bool = False, at: str = "127.0.0.1") -> Iterator[tuple[LeKiwiHost, str]]:
    port = free_port()
    host = LeKiwiHost(at, port, old=old, lifetime_s=lifetime_s)
    thread = threading.Thread(target=host.run, daemon=True)
    thread.start()
    yield host, endpoint(at, port, "lekiwi")


def test_it_is_driven_over_ipv6(book: Codebook) -> None:
    with hosted(at="::1") as (host, url):
        assert "[::1]" in url
        robot = LeKiwiRobot(book, url)
        assert robot.execute(read_command(book, '{"skill":"drive","distance_m":0.1}')).result().status == "done"
        assert host.body.x_m > 0.02
        robot.close()


def test_it_drives_turns_and_moves_arm_and_gripper(book: Codebook) -> None:
    with hosted() as (host, url):
        robot = LeKiwiRobot(book, f"{url}?joints=degrees")
        for text in (
            '{"skill":"drive","distance_m":0.3}',
            '{"skill":"turn","angle_deg":45}',
            '{"skill":"sidestep","distance_m":-0.2}',
        ):
            assert robot.execute(read_command(book, text)).result().status == "done"
        assert host.body.x_m == pytest.approx(0.3 + 0.2 * 0.707, abs=0.12)
        assert host.body.y_m == pytest.approx(-0.2 * 0.707, abs=0.12)
        assert host.body.turn_deg == pytest.approx(45, abs=15)
        assert robot.execute(read_command(book, '{"skill":"move_arm","pose":"low"}')).result().status == "done"
        assert robot.execute(read_command(book, '{"skill":"open_gripper"}')).result().status == "done"
        facts = {str(fact) for fact in robot.observe().facts}
        assert facts == {"arm_at(low)", "gripper_open"}
        assert robot.pictures["front"].startswith(b"\xff\xd8")
        robot.close()


def test_an_arm_whose_unit_nobody_said_stays_where_it_is(book: Codebook) -> None:
    with hosted() as (host, url):
        robot = LeKiwiRobot(book, url)
        result = robot.execute(read_command(book, '{"skill":"move_arm","pose":"low"}')).result()
        assert (result.status, result.reason) == ("failed", "unknown_unit")
        assert "say so with lekiwi://host?joints=degrees" in result.message
        assert not robot.observe().facts
        assert robot.state().joints_rad == ()
        assert all(at == 0 for at in host.body.joints.values())
        host.body.joints["arm_wrist_roll.pos"] = host.body.told["arm_wrist_roll.pos"] = 140.0  # no percentage
        while not robot._in_degrees:
            robot.observe()
        assert len(robot.state().joints_rad) == 5
        robot.close()


@pytest.mark.parametrize("wrong", ["lekiwi://host?joints=percent", "lekiwi://host?degrees", "lekiwi://host?"])
def test_another_unit_of_joints_is_told_what_can_be_said(wrong: str) -> None:
    with pytest.raises(InputError, match=r"behind '\?' stands joints=degrees or nothing; poses are in degrees"):
        lekiwi_address(wrong)


def test_nothing_beyond_the_limits_is_ever_sent(book: Codebook, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, float]] = []
    seen: list[dict[str, float]] = []
    plain = lekiwi_format.write_command
    with hosted() as (_, url):
        robot = LeKiwiRobot(book, f"{url}?joints=degrees")

        def note(values: dict[str, float]) -> bytes:
            sent.append(dict(values))
            seen.append(dict(robot._look.state))
            return plain(values)

        monkeypatch.setattr("codeword.runtime.link.lekiwi.write_command", note)
        robot.execute(read_command(book, '{"skill":"move_arm","pose":"home"}')).result()
        robot._order({"x.vel": 9.0, "theta.vel": -999.0, "arm_gripper.pos": 500.0, "arm_wrist_roll.pos": 1e9})
        robot.close()
    assert len(sent) > 10
    for values, state in zip(sent, seen, strict=True):
        assert set(values) == set(KEYS)
        assert all(abs(values[key]) <= most for key, most in SPEED_LIMITS.items())
        assert all(abs(values[key] - state[key]) <= LEAD_DEG + 1e-9 for key in KEYS if key.endswith(".pos"))


def test_an_arm_that_is_not_heard_of_any_more_comes_to_rest_near_where_it_was(book: Codebook) -> None:
    """The host's own watchdog leaves the arm going to wherever it was sent last."""
    with hosted() as (host, url):
        robot = LeKiwiRobot(book, f"{url}?joints=degrees")
        execution = robot.execute(read_command(book, '{"skill":"move_arm","pose":"home"}'))
        while abs(host.body.joints["arm_shoulder_lift.pos"]) < 20:
            execution.poll()
            time.sleep(0.01)
        at = host.body.joints["arm_shoulder_lift.pos"]
        robot._to_host.disconnect(url.replace("lekiwi", "tcp"))
        time.sleep(1.0)
        assert abs(host.body.joints["arm_shoulder_lift.pos"] - at) < 3 * LEAD_DEG, "it was on its way to -90"
        robot.close()


def test_a_host_that_falls_silent_ends_the_skill_and_no_old_look_is_believed(book: Codebook) -> None:
    with hosted(lifetime_s=2.0) as (_, url):
        robot = LeKiwiRobot(book, url)
        result = robot.execute(read_command(book, '{"skill":"drive","distance_m":1}')).result()
        assert (result.status, result.reason) == ("failed", "stale")
        with pytest.raises(RobotTimeoutError, match=r"no observation within 0\.5 s"):
            robot.observe()
        robot.close()


def test_readonly_sends_nothing(book: Codebook) -> None:
    with hosted() as (host, url):
        robot = LeKiwiRobot(book, url, send=False)
        robot.observe()
        robot.execute(read_command(book, '{"skill":"wait","duration_s":0.5}')).result()
        robot.close()
        assert host.commands == 0


def test_what_is_no_command_does_not_move_the_stand_in() -> None:
    with hosted() as (host, url):
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        push = context.socket(zmq.PUSH)
        push.connect(url.replace("lekiwi", "tcp"))
        deadline = time.monotonic() + 10
        while not host.refused and time.monotonic() < deadline:
            push.send(b'{"x.vel": 5}')
            time.sleep(0.05)
        assert host.refused
        assert host.body.x_m == 0.0
        push.close(0)
        context.term()


def test_addresses() -> None:
    assert lekiwi_address("lekiwi://robot.local") == ("robot.local", 5555)
    assert lekiwi_address("lekiwi://10.0.0.7:6000") == ("10.0.0.7", 6000)
    assert lekiwi_address("lekiwi://[::1]?joints=degrees") == ("::1", 5555)
    assert lekiwi_address("lekiwi://[fe80::1%eth0]:6000") == ("fe80::1%eth0", 6000)
    for wrong in ("lekiwi:/host", "tcp://host:1", "lekiwi://host:port", "lekiwi://", "lekiwi://::1", "lekiwi://[::1"):
        with pytest.raises(InputError, match="no address"):
            lekiwi_address(wrong)
