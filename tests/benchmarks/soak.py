"""A long run over a bad network with a robot that is killed again and again: nothing twice, nothing late."""

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from codeword.codebook import RobotError, load_codebook, make_command
from codeword.runtime.link.robot import BEGIN_S, LinkRobot
from codeword.runtime.machine import machine

from .link import serving
from .lossy import LossyNetwork, Weather
from .soak_robot import CODEBOOK, NOTES, ROBOT

WEATHER = Weather(loss=0.02, twice=0.02, delay_s=0.2)


def bench_soak(duration_s: float, restart_s: float, on_second: Callable[[], None]) -> dict[str, Any]:
    """Send numbered commands for so long, while the robot's process is killed every `restart_s` [s] and comes again at
    the same address. Calls `on_second` about once a second.
    """
    with TemporaryDirectory() as folder, ExitStack() as stack:
        book_file, notes = Path(folder) / "soak.yaml", Path(folder) / "notes"
        book_file.write_text(CODEBOOK)
        (Path(folder) / "soak_robot.yaml").write_text(ROBOT)
        os.environ[NOTES] = str(notes)
        stack.callback(os.environ.pop, NOTES, None)
        serve = ("--robot", "tests.benchmarks.soak_robot:SoakRobot", "--codebook", str(book_file))
        robots = stack.enter_context(ExitStack())
        url, process = robots.enter_context(serving(*serve))
        network = LossyNetwork(url, WEATHER, seed=1)
        stack.callback(network.close)
        book = load_codebook(book_file)
        robot = LinkRobot(network.url, book, clear_stop=True)
        stack.callback(robot.close)

        asked_s: dict[int, float] = {}
        results: Counter[str] = Counter()
        restarts, memory = 0, [_resident_mb(os.getpid())]
        robot_mb: list[float] = []
        began_s = time.monotonic()
        next_restart_s, next_second_s = began_s + restart_s, began_s + 1
        while (now_s := time.monotonic()) < began_s + duration_s:
            if now_s >= next_second_s:
                next_second_s += 1
                memory.append(_resident_mb(os.getpid()))
                robot_mb.append(_resident_mb(process.pid))
                on_second()
            if now_s >= next_restart_s:
                next_restart_s += restart_s
                restarts += 1
                robots.pop_all().close()
                url, process = robots.enter_context(serving(*serve, bind=url))
            number = len(asked_s)
            asked_s[number] = time.monotonic()
            try:
                result = robot.execute(
                    make_command(book, "count", {"hundreds": number // 100, "ones": number % 100})
                ).result()
                results[result.status] += 1
                if result.status == "stopped":
                    robot.rearm()
            except RobotError as problem:
                results[type(problem).__name__] += 1
                try:
                    robot.rearm()
                except RobotError:
                    results["rearm failed"] += 1
        begun = [line.split() for line in notes.read_text().splitlines()]
        passed = network.passed
    times = Counter(int(number) for number, _ in begun)
    late = [int(n) for n, at in begun if float(at) > asked_s[int(n)] + BEGIN_S + 0.01]
    return {
        "machine": machine(),
        "duration_s": round(time.monotonic() - began_s, 1),
        "messages": passed.messages, "lost": passed.lost, "doubled": passed.doubled, "restarts": restarts,
        "commands_asked": len(asked_s), "commands_begun": len(begun), "results": dict(results),
        "begun_twice": sum(1 for count in times.values() if count > 1), "begun_after_expiry": len(late),
        "controller_mb": {"first": _early(memory), "last": round(memory[-1], 1)},
        "robot_mb": {"first": _early(robot_mb), "most": round(max(robot_mb, default=0.0), 1)},
        "passes": not late and all(count == 1 for count in times.values()) and memory[-1] < _early(memory) + 20,
    }  # fmt: skip


def _early(memory_mb: list[float]) -> float:
    """The memory once everything was loaded and used [MB]: that of the fifth sample."""
    return round(memory_mb[min(5, len(memory_mb) - 1)], 1) if memory_mb else 0.0


def _resident_mb(pid: int) -> float:
    """The memory that a process holds [MB]; 0 where it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
