"""Several decisions side by side: how many a second, when so many episodes are carried on together."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from codeword.controller.engine import Engine, Request
from codeword.controller.registry import LocalModel
from codeword.runtime.statistics import quantile

from .courses import course
from .decision import SUITES, suite
from .machine import machine
from .questions import offered

SIZES = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Row:
    """So many decisions at a time: n in all, how many a second, and how long each batch took (p50)."""

    batch: int
    n: int
    decisions_per_s: float
    batch_p50_ms: float


def bench_batch(model: LocalModel, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """n decisions in batches of each size: as many episodes side by side, each going on by one decision a batch.

    Every batch must give what each decision gives alone, to the bit; that is checked, not assumed.
    """
    most = max(SIZES)
    scenarios = suite(SUITES[0])
    lanes = [list(islice(course(scenarios, seed=lane), -(-n // most))) for lane in range(most)]
    alone = Engine(model)
    expected = {}
    rows, same = [], 0
    for size in SIZES:
        engine = Engine(model)
        times: list[float] = []
        for first in range(0, most, size):
            for step in range(len(lanes[0])):
                requests = []
                for lane in lanes[first : first + size]:
                    given = offered(lane[step].situation)
                    requests.append(Request(given.prompt, given.legal.graph))
                made = engine.decide_many(requests)
                times.append(max(decision.stage_ms["total"] for decision in made))
                for place, (request, decision) in enumerate(zip(requests, made, strict=True)):
                    if (first + place, step) not in expected:
                        expected[first + place, step] = alone.decide(request.prompt, request.graph).essence()
                    same += decision.essence() == expected[first + place, step]
                    advance()
        decisions = most * len(lanes[0])
        rows.append(Row(size, decisions, round(1000 * decisions / sum(times), 1), round(quantile(times, 0.5), 1)))
    return {
        "machine": machine(), "model": model.name, "rows": [asdict(row) for row in rows],
        "ratios": {str(row.batch): round(row.decisions_per_s / rows[0].decisions_per_s, 2) for row in rows[1:]},
        "compared": len(SIZES) * most * len(lanes[0]), "same_decisions": same,
    }  # fmt: skip
