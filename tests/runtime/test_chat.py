"""Tasks typed one after another: at a terminal, and out of a script."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from codeword.codebook import Observation
from codeword.codebook.errors import InputError
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.robots import open_robot
from codeword.runtime.run import Controllers
from codeword.runtime.scenario import typed_scenario
from codeword.runtime.session import Session

GUIDE = (Path(__file__).parents[2] / "runtime" / "guide" / "robots.md").read_text()
LIMIT_S = 120.0
CODEWORD = shutil.which("codeword") or str(Path(sys.executable).with_name("codeword"))


@pytest.fixture
def cart(tmp_path: Path) -> Path:
    """The cart of the guide in a folder, that takes a long time to get anywhere."""
    for language, name in (("py", "my_cart.py"), ("yaml", "my_cart_robot.yaml"), ("yaml", "my_cart.yaml")):
        (text,) = re.findall(rf"```{language}\n# {re.escape(name)}\n(.*?)```", GUIDE, re.DOTALL)
        (tmp_path / name).write_text(text)
    slow = (tmp_path / "my_cart.py").read_text().replace("max(-0.01, min(0.01", "max(-0.0001, min(0.0001")
    (tmp_path / "slow_cart.py").write_text(slow)
    return tmp_path


class Terminal:
    """A process at a terminal of its own."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), "TERM": "dumb"}
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        self.told = ""

    def expect(self, pattern: str) -> None:
        """Wait until something is told that was not expected before."""
        ends = time.monotonic() + LIMIT_S
        while (found := re.search(pattern, self.told)) is None:
            left = ends - time.monotonic()
            assert left > 0, f"no {pattern!r} in {self.told!r}"
            if select.select([self._ours], [], [], left)[0]:
                with suppress(OSError):
                    self.told += os.read(self._ours, 65_536).decode(errors="replace")
        self.told = self.told[found.end() :]

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait(self) -> int:
        return self._process.wait(LIMIT_S)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(cart: Path) -> Iterator[Terminal]:
    options = ("--codebook", "my_cart.yaml", "--robot", "slow_cart:Cart", "--out", "told")
    made = Terminal(cart, CODEWORD, "chat", *options)
    yield made
    made.close()


def test_a_stop_word_and_ctrl_c_stop_what_moves_and_not_the_conversation(cart: Path, terminal: Terminal) -> None:
    terminal.expect("> ")
    terminal.type("go to mark 2\n")
    terminal.expect(r"plan \(\d+% sure\): go\(mark mark_2\)|plan \(\d+% sure\): make so: at mark_2|at mark_2")
    terminal.type("please stop\n")
    terminal.expect("go.*stopped")
    terminal.expect("type: rearm")
    terminal.type("go to mark 1\n")
    terminal.expect("the robot is stopped")
    terminal.type("rearm\n")
    terminal.expect("taken again")
    terminal.type("again\n")
    terminal.expect(r"plan \(")
    terminal.type("go to mark 1\n")
    terminal.expect("busy; not taken: go to mark 1")
    terminal.type("\x03")
    terminal.expect("go.*stopped")
    terminal.expect("> ")
    terminal.type(
        "\x03\n"
    )  # nothing moves; the line's end wakes a readline that a signal came to just before it waited
    terminal.expect("leaves")
    terminal.type("why\n")
    terminal.expect(r"legal +\d+ commands")
    terminal.expect("> ")
    terminal.type("\x04")
    assert terminal.wait() == 0
    episodes = [read_episode(path) for path in sorted((cart / "told").glob("*.mcap"))]
    assert [(one.header.task, one.verdict and one.verdict.ended) for one in episodes] == [
        ("go to mark 2", "stopped"),
        ("go to mark 1", "stopped"),
    ]


def test_who_is_not_sure_enough_asks(cart: Path) -> None:
    terminal = Terminal(
        cart, CODEWORD, "chat", "--codebook", "my_cart.yaml", "--robot", "my_cart:Cart", "--sure", "1", "--out", "told"
    )
    try:
        terminal.expect("> ")
        terminal.type("go to mark 2\n")
        terminal.expect("meant[?]")
        terminal.expect("number, or Enter for none: ")
        terminal.type("1\n")
        terminal.expect(r"go\(mark mark_2\): done")
        terminal.expect("> ")
        terminal.type("go to mark 1\n")
        terminal.expect("number, or Enter for none: ")
        terminal.type("\n")
        terminal.expect("> ")
        terminal.type("quit\n")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    asked, done, refused = (read_episode(path) for path in sorted((cart / "told").glob("*.mcap")))
    assert [one.header.controller for one in (asked, done, refused)] == ["llm", "given", "llm"]
    assert at(asked) == "mark_0" and at(done) == "mark_2" and at(refused) == "mark_2"


def at(episode: RecordedEpisode) -> str:
    """The mark at which the cart stood when it was last looked at."""
    (fact,) = episode.steps[-1].observation.facts
    return fact.args[0]


def test_a_script_is_told_line_by_line_and_its_exit_says_whether_all_was_carried_out(tmp_path: Path) -> None:
    def told(lines: str, name: str) -> subprocess.CompletedProcess[str]:
        command = [CODEWORD, "chat", "--plain", "--out", str(tmp_path / name)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(command, input=lines, capture_output=True, text=True, env=environment, check=False)

    fine = told("put the red block in the blue bowl\nundo\n", "fine")
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert fine.stdout.count("> ") == 2 and "make so: red_block on table" in fine.stdout and "\x1b" not in fine.stdout
    there, back = (read_episode(path) for path in sorted((tmp_path / "fine").glob("*.mcap")))
    assert holds(there.steps[-1].observation, "in(red_block,blue_bowl)")
    assert holds(back.steps[-1].observation, "on(red_block,table)")
    asked = told("\nput the red block in the blue bowl\nwhat time is it?\nundo\nundo\nsing\n", "asked")
    assert asked.returncode == 1
    assert "the task is a question" in asked.stdout and "nothing changed" in asked.stdout


def holds(seen: Observation, fact: str) -> bool:
    return fact in map(str, seen.facts)


def test_a_session_undoes_what_changed_last_and_then_what_changed_before() -> None:
    scenario = typed_scenario("look", "tabletop")
    robot, physics = open_robot("sim", scenario, 0)
    session = Session(
        Controllers(DeciderConfig("llm", "smollm2-135m", "auto"), silent), "tabletop", ("sim", robot, physics)
    )
    try:
        before = set(session.look().facts)
        with pytest.raises(InputError, match="nothing changed"):
            session.undo()
        with pytest.raises(InputError, match="empty"):
            session.do("  ")
        for task in ("put the red block in the blue bowl", "put the green block in the yellow bowl"):
            assert session.do(task).carried_out
        assert session.undo().carried_out
        assert holds(session.look(), "in(red_block,blue_bowl)") and not holds(
            session.look(), "in(green_block,yellow_bowl)"
        )
        assert session.do("stop").ended == "stopped"
        with pytest.raises(InputError, match="until it is re-armed"):
            session.undo()
        session.rearm()
        assert session.undo().carried_out
        assert set(session.look().facts) == before
    finally:
        robot.close()


def test_a_file_says_what_was_carried_out_before_and_whether_that_can_be_done_again(tmp_path: Path) -> None:
    scenario = typed_scenario("look", "tabletop")
    robot, physics = open_robot("sim", scenario, 0)
    made = Controllers(DeciderConfig("llm", "smollm2-135m", "auto"), silent)
    session = Session(made, "tabletop", ("sim", robot, physics), folder=tmp_path)

    class Breaks:
        def write(self, topic: str, record: object, time_s: float) -> None:
            del record, time_s
            if topic == "result":
                raise ZeroDivisionError

        def picture(self, jpeg: bytes, time_s: float) -> None: ...

    try:
        assert session.do("put the red block in the blue bowl").carried_out
        with pytest.raises(ZeroDivisionError):
            session.do("put the green block in the yellow bowl", Breaks())
        session.do("put the blue block on the table")
    finally:
        robot.close()
    first, broken, after = (read_episode(path).header for path in sorted(tmp_path.glob("*.mcap")))
    assert (first.before, first.remade) == ((), True)
    pick, place = '{"skill":"pick","object":"red_block"}', '{"skill":"place","object":"red_block","target":"blue_bowl"}'
    assert (broken.before, broken.remade) == (((pick, place),), True)
    assert not after.remade
