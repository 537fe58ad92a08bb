"""A robot of `bench fleet`, in a process of its own: asks one decision after the other, and tells how long each took.

Called as `python -m codeword.runtime.bench.fleet_robot MODEL ADDRESS SEED N ROBOTS`; an empty ADDRESS makes an engine
of its own. It prints `ready`, begins when it reads a line, and prints its times as one JSON object.
"""

import hashlib
import json
import sys
import time
from itertools import islice
from pathlib import Path

from codeword.controller.backend import Backend
from codeword.controller.profiles import AUTO, shared_threads
from codeword.controller.registry import resolve
from codeword.controller.remote.address import Limits

from .courses import course
from .decision import SUITES, suite
from .questions import offered


def resident_mb(process: int | str = "self") -> float:
    """The memory of a process, what it shares with others divided among them [MB]; NaN where that is not told."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return float("nan")
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:")), float("nan"))


def main(model: str, address: str, seed: int, n: int, robots: int) -> None:
    """Ask n questions. Raises RemoteError where the engine does not answer."""
    questions = [offered(turn.situation) for turn in islice(course(suite(SUITES[0]), seed), n)]
    backend = _backend(model, address, seed, robots)
    for system in {question.prompt.system for question in questions}:
        backend.warm(system)
    print("ready", flush=True)
    sys.stdin.readline()
    times, waits, digest, began = [], [], hashlib.sha256(), time.monotonic()
    for question in questions:
        asked = time.perf_counter()
        made = backend.decide(question.prompt, question.legal.graph)
        times.append((time.perf_counter() - asked) * 1000)
        waits.append(made.stage_ms.get("wait", 0.0))
        digest.update(json.dumps(made.essence(), sort_keys=True).encode())
    print(
        json.dumps(
            {
                "ms": times, "wait_ms": waits, "began_s": began, "ended_s": time.monotonic(),
                "memory_mb": resident_mb(), "decisions": digest.hexdigest(),
            }
        ),
        flush=True,
    )  # fmt: skip


def _backend(model: str, address: str, seed: int, robots: int) -> Backend:
    if address:
        from codeword.controller.fleet.client import FleetBackend

        return FleetBackend(address, Limits(connect_s=10.0, answer_s=60.0), f"robot {seed}")
    from codeword.controller.engine import Engine

    found = resolve(model, fetch=False)
    return Engine(found, threads=shared_threads(found, AUTO, robots))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(number) for number in sys.argv[3:6]))
