"""Nothing stays moving: whatever ends a process ends in `hold()`, and a stop tells the truth of whether it has."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.runtime.link.patient import PATIENT
from tests.runtime.link.processes import CART, ROOT, Raw, Served, environment, served, start
from tests.runtime.link.rover import NOTES, notes

ROVER = "tests.runtime.link.rover"
FREEZE = '{"skill":"freeze"}'
CREEP = '{"skill":"creep","distance_m":5.0}'


def until(what: Callable[[], object], process: "subprocess.Popen[str]", timeout_s: float = 60.0) -> None:
    """Wait until that is so."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert process.poll() is None or what(), process.communicate()
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def names(file: Path) -> list[str]:
    return [name for name, _ in notes(file)]


def ended_in_hold(file: Path) -> bool:
    """Whether the robot moved, and was held after the last that moved it."""
    told = names(file)
    moved = [at for at, name in enumerate(told) if name == "move" or name.startswith("begin")]
    return bool(moved) and "held" in told[moved[-1] :]


@contextmanager
def rover(file: Path, cls: str = "Rover") -> Iterator[Served]:
    args = ("--robot", f"{ROVER}:{cls}", "--codebook", str(CART))
    with served(*args, notes=file, **{NOTES: str(file)}) as one:
        yield one


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGQUIT: 131, signal.SIGTSTP: 148}


ENDED = [*((number, "creep") for number in SIGNALS), (signal.SIGTERM, "freeze"), (signal.SIGHUP, "freeze")]
"""What ends a process, and in the middle of what; `freeze` blocks in one call for 6 s."""


@pytest.mark.parametrize(("number", "skill"), ENDED)
def test_a_run_that_a_signal_ends_in_mid_skill_holds_a_robot_of_ones_own(
    tmp_path: Path, number: signal.Signals, skill: str
) -> None:
    """The random controller comes to the skill in some of its episodes."""
    values = yaml.safe_load(CART.read_text())
    values["robot"] = str(CART.parent / values["robot"])
    values["skills"] = {name: values["skills"][name] for name in (skill, "done", "cannot")}
    book = tmp_path / "one.yaml"
    book.write_text(yaml.safe_dump(values, sort_keys=False))
    file = tmp_path / "notes"
    run = start(
        "run", "--robot", f"{ROVER}:Rover", "--task", "move", "--codebook", str(book), "--controller", "random",
        "--seeds", "50", "--out", str(tmp_path / "out"), **{NOTES: str(file)},
    )  # fmt: skip
    until(lambda: f"begin-{skill}" in names(file), run)
    run.send_signal(number)
    sent_s = time.monotonic()
    _, wrong = run.communicate(timeout=30)
    assert run.returncode == SIGNALS[number], wrong
    assert "codeword: stopped; " in wrong
    assert "Traceback" not in wrong
    assert ended_in_hold(file)
    held_s = next(time_s for name, time_s in notes(file) if name == "held" and time_s > sent_s - 0.01)
    assert held_s - sent_s < 2.0, "not when the call has returned by itself"


@pytest.mark.parametrize(("number", "skill"), [one for one in ENDED if one[0] != signal.SIGTSTP])
def test_a_served_robot_that_a_signal_ends_in_mid_skill_is_held(
    tmp_path: Path, number: signal.Signals, skill: str
) -> None:
    file, text = tmp_path / "notes", {"creep": CREEP, "freeze": FREEZE}[skill]
    with rover(file) as robot, Raw(robot.url) as raw:
        raw.arm()
        assert raw.command(text)["kind"] == "accepted"
        until(lambda: any(name.startswith("begin") for name in names(file)), robot.process)
        robot.process.send_signal(number)
        assert robot.process.wait(10) == 0
        assert ended_in_hold(file)
        assert raw.hear("goodbye")


def test_a_call_that_hears_of_no_signal_does_not_keep_a_robot_from_being_held(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    with rover(file, "DeafRover") as robot, Raw(robot.url) as raw:
        raw.arm()
        assert raw.command(FREEZE)["kind"] == "accepted"
        until(lambda: "begin-freeze" in names(file), robot.process)
        robot.process.send_signal(signal.SIGHUP)
        until(lambda: "held" in names(file), robot.process, 1.5)
        robot.process.wait(20)
        assert ended_in_hold(file)


def test_what_nohup_has_a_process_ignore_stays_ignored(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    program = [sys.executable, "-m", "tests.runtime.link.patient", "serve", "--robot", f"{ROVER}:Rover", "--codebook"]
    process = subprocess.Popen(
        [*program, str(CART), "--bind", "tcp://127.0.0.1:0"], env=environment(**{NOTES: str(file)}),
        stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    assert process.stderr is not None
    url = process.stderr.readline().split()[-1]
    process.send_signal(signal.SIGHUP)
    with Raw(url) as raw:
        assert raw.hello()["kind"] == "welcome"
    process.terminate()
    assert process.wait(10) == 0


ENDINGS = {
    "the interpreter's exit": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "an exception": ("raise ZeroDivisionError", 1),
    "an exception in a thread of its own": ("threading.Thread(target=lambda: 1 / 0).start()", 0),
}


@pytest.mark.parametrize("what", ENDINGS)
def test_a_program_of_ones_own_that_ends_in_mid_skill_holds_its_robot(tmp_path: Path, what: str) -> None:
    line, code = ENDINGS[what]
    program = (
        "import sys, threading\n"
        "from codeword.codebook import load_codebook, read_command\n"
        f"from {ROVER} import Rover\n"
        f"book = load_codebook({str(CART)!r})\n"
        "robot = Rover(book)\n"
        f"execution = robot.execute(read_command(book, {CREEP!r}))\n"
        "while robot.note and execution.poll() is None:\n"
        "    break\n"
        f"{line}\n"
    )
    file = tmp_path / "notes"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(**{NOTES: str(file)}), timeout=60, check=False, cwd=ROOT,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "move" in names(file)
    assert ended_in_hold(file)


def test_a_primitive_that_raises_is_held_before_anyone_hears_of_it(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    with rover(file) as robot, Raw(robot.url) as raw:
        raw.arm()
        order = raw.order('{"skill":"misbehave"}')
        raw.beat()
        raw.say(**order)
        while (said := raw.hear(message_id=order["id"]))["kind"] != "result":
            raw.beat()
        assert said["result"]["status"] == "failed"
        assert ended_in_hold(file)
        raw.until("stopped")
        assert raw.ask(kind="rearm", expires_at_ms=raw.fresh_ms(), clear_stop=True)["kind"] == "armed"
        raw.epoch = raw.heard[-1]["epoch"]
        raw.sequence = 0
        assert raw.command(CREEP)["kind"] == "accepted"
        until(lambda: "move" in names(file), robot.process)


def stop(url: str, *more: str) -> tuple[int, str, str]:
    done = start("stop", url, *more)
    told, wrong = done.communicate(timeout=60)
    return done.returncode, told, wrong


def keep_alive(raw: Raw, process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Beat until a process has ended: it is not the link that stops the robot."""
    while process.poll() is None:
        raw.beat()
        time.sleep(0.05)
    told, wrong = process.communicate()
    return process.returncode, told, wrong


def test_a_stop_of_a_robot_whose_primitive_blocks_says_that_it_may_still_move(tmp_path: Path) -> None:
    file, freeze = tmp_path / "notes", tmp_path / "notes.freeze"
    freeze.touch()
    with rover(file) as robot, Raw(robot.url) as raw:
        raw.arm()
        raw.command(FREEZE)
        until(lambda: "begin-freeze" in names(file), robot.process)
        code, told, wrong = keep_alive(raw, start("stop", robot.url, "--timeout", "0.6"))
        assert (code, told) == (1, "")
        assert "its loop has made no progress for" in wrong
        assert "was not held yet; it may still move" in wrong
        assert "held" not in names(file)
        code, told, wrong = keep_alive(raw, start("stop", robot.url, "--timeout", "0.5", "--json"))
        said = json.loads(told)
        assert (code, said["stopped"], said["moving"], said["still"], said["hold"]) == (1, True, True, False, "pending")
        freeze.unlink()
        code, told, wrong = keep_alive(raw, start("stop", robot.url, "--timeout", "20"))
        assert code == 0, "once the call has returned and the robot was held"
        assert told.startswith("stopped ")
        assert ended_in_hold(file)


def test_a_robot_that_may_be_held_from_any_thread_is_held_while_its_primitive_blocks(tmp_path: Path) -> None:
    file, freeze = tmp_path / "notes", tmp_path / "notes.freeze"
    freeze.touch()
    with rover(file, "ThreadsafeRover") as robot, Raw(robot.url) as raw:
        raw.arm()
        raw.command(FREEZE)
        until(lambda: "begin-freeze" in names(file), robot.process)
        code, told, _ = keep_alive(raw, start("stop", robot.url))
        # On a busy machine the watchdog may be quicker than the process that stops.
        whys = ("codeword stop", "the robot made no progress for 2 s: its look(), perform() or hold() does not return")
        assert code == 0 and told in [f"stopped in the middle of a command: {why}\n" for why in whys]
        assert ended_in_hold(file)
        assert raw.ask(kind="rearm", expires_at_ms=raw.fresh_ms(), clear_stop=True)["check"] == "busy"
        freeze.unlink()
        raw.hear_beating("result")
        assert raw.ask(kind="rearm", expires_at_ms=raw.fresh_ms(), clear_stop=True)["kind"] == "armed"


def test_a_robot_that_stalls_is_held_by_the_watchdog_where_it_may_be(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    with rover(file, "ThreadsafeRover") as robot, Raw(robot.url) as raw:
        raw.arm()
        raw.command(FREEZE)
        deadline = time.monotonic() + PATIENT.stall_s + 3
        while "held" not in names(file):
            raw.beat()
            time.sleep(0.05)
            assert time.monotonic() < deadline
        assert "no progress" in raw.until("stopped")["reason"]


@pytest.mark.parametrize("cls", ["StubbornRover", "OwnStop"])
def test_a_hold_that_blocks_keeps_no_stop_from_being_answered(tmp_path: Path, cls: str) -> None:
    file, block = tmp_path / "notes", tmp_path / "notes.block"
    with rover(file, cls) as robot, Raw(robot.url) as raw:
        raw.arm()
        raw.command(CREEP)
        until(lambda: "move" in names(file), robot.process)
        block.touch()
        began_s = time.monotonic()
        said = raw.ask(kind="stop")
        assert said["kind"] == "stopped"
        assert time.monotonic() - began_s < 0.5, "at once"
        code, told, wrong = keep_alive(raw, start("stop", robot.url, "--timeout", "0.6"))
        assert (code, told) == (1, "")
        assert "its hold() has not returned yet; it may still move" in wrong
        assert raw.ask(kind="standstill")["hold"] == "running"
        block.unlink()
        code, told, _ = keep_alive(raw, start("stop", robot.url))
        assert code == 0
        assert raw.ask(kind="standstill")["still"] is True


def test_a_hold_that_raises_is_told_and_tried_again_with_the_next_stop(tmp_path: Path) -> None:
    file, block = tmp_path / "notes", tmp_path / "notes.block"
    with rover(file, "FaultyRover") as robot, Raw(robot.url) as raw:
        raw.arm()
        raw.command(CREEP)
        until(lambda: "move" in names(file), robot.process)
        block.touch()
        code, told, wrong = keep_alive(raw, start("stop", robot.url, "--timeout", "0.6"))
        assert (code, told) == (1, "")
        assert "its hold() raised OSError: the motor bus is gone; it may still move" in wrong
        block.unlink()
        assert stop(robot.url)[0] == 0
        assert ended_in_hold(file)


def test_a_robot_that_stands_is_held_when_it_is_stopped(tmp_path: Path) -> None:
    """Whatever set it going: somebody by hand, or a skill that left it so."""
    file = tmp_path / "notes"
    with rover(file) as robot:
        assert stop(robot.url) == (0, "stopped while it stood: codeword stop\n", "")
        assert names(file) == ["hold", "held"]
