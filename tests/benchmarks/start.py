"""How long a new process takes from the shell to its first decision, imports and all."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from codeword.runtime.machine import machine
from codeword.runtime.statistics import quantile

_PROGRAM = """
import sys
from codeword.codebook import Entity, Fact, Observation, load_codebook
from codeword.controller import make_controller
codebook = load_codebook(sys.argv[2])
seen = Observation(step=0, time_s=0.0, entities=(Entity(id="red_block", kind="block"),
    Entity(id="blue_bowl", kind="bowl"), Entity(id="table", kind="table")), facts=(Fact("on", ("red_block", "table")),))
print(make_controller("llm", codebook, model=sys.argv[1]).decide("Put the red block in the bowl.", seen).text)
"""


def bench_start(model: str, codebook: str, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """n processes one after the other, each timed from its call to its end, with the model in the cache folder.

    Raises RuntimeError with the process's last words where one fails.
    """
    times_s: list[float] = []
    for _ in range(n):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, model, codebook], capture_output=True, text=True, check=False
        )
        times_s.append(time.perf_counter() - began)
        if done.returncode:
            raise RuntimeError(f"a new process failed: {done.stderr.strip().splitlines()[-1]}")
        advance()
    return {
        "machine": machine(), "model": model, "codebook": codebook, "n": n,
        "p50_s": round(quantile(times_s, 0.5), 2), "worst_s": round(max(times_s), 2), "target_s": 6.0,
    }  # fmt: skip
