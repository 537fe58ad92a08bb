"""What writing a plan takes, beside one command: the same model, codebook and scenes, in turns."""

import random
import time
from collections.abc import Callable
from typing import Any

from codeword.codebook import load_codebook
from codeword.codebook.action_prompt import offer
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_prompt import plan_prompt
from codeword.codebook.task_plan import Do, read_plan
from codeword.controller.engine import Engine
from codeword.controller.registry import LocalModel
from codeword.runtime.statistics import quantile

from .grammar import crowded

LONG = 6
"""So many commands and facts the long plan has at least."""

WAYS = ("a command", "a plan", f"a plan of {LONG} items or more")
_TASK = "Put the block number 3 into bowl number 2, then push block 4 to the left, and shake block 5 twice."


def bench_plans(model: LocalModel, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """Wall times [ms] of a first decision in a scene of 20 things with the codebook `workbench`, which has been read:
    `grammar_ms` until what can be written is known, `ready_ms` until the model begins to read: with the key of the
    decision and the matcher of what can be written; `decode_ms` for all that comes behind what can be written being
    known; `items` and `tokens` are means.
    """
    engine, codebook = Engine(model), load_codebook("workbench")
    rows: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    rng = random.Random(0)
    for number in range(n + 1):
        seen = crowded(rng)
        for way in WAYS:
            began = time.perf_counter()
            if way == WAYS[0]:
                offered = offer(codebook, _TASK, seen)
                prompt, graph = offered.prompt, offered.legal.graph
            else:
                prompt = plan_prompt(codebook, _TASK, seen)
                graph = plan_graph(codebook, seen, _TASK, giving_up=False, least=1 if way == WAYS[1] else LONG)
            known = time.perf_counter()
            made = engine.decide(prompt, graph)
            ended = time.perf_counter()
            items = 1 if way == WAYS[0] else _items(made.text, codebook)
            if number:  # the first reads the codebook
                rows[way].append(
                    {"ms": (ended - began) * 1000, "grammar_ms": (known - began) * 1000,
                     "ready_ms": (known - began) * 1000 + made.stage_ms["tokenize"] + made.stage_ms["grammar"],
                     "decode_ms": (ended - known) * 1000, "items": items,
                     "tokens": made.tokens_forced + made.tokens_chosen, "passes": made.passes}
                )  # fmt: skip
            advance()
    found = [_row(way, taken) for way, taken in rows.items()]
    one = found[0]["p50_ms"]
    return {"n": n, "rows": found, "ratios": {row["name"]: round(row["p50_ms"] / one, 2) for row in found[1:]}}


def _items(text: str, codebook: Any) -> float:
    plan = read_plan(codebook, text)
    return sum(1 if isinstance(item, Do) else len(item.goal.facts) + len(item.goal.groups) for item in plan.items)


def _row(name: str, taken: list[dict[str, float]]) -> dict[str, Any]:
    def mean(key: str) -> float:
        return round(sum(one[key] for one in taken) / len(taken), 1)

    times = [one["ms"] for one in taken]
    return {
        "name": name, "p50_ms": round(quantile(times, 0.5), 1), "p95_ms": round(quantile(times, 0.95), 1),
        "grammar_p50_ms": round(quantile([one["grammar_ms"] for one in taken], 0.5), 1),
        "ready_p50_ms": round(quantile([one["ready_ms"] for one in taken], 0.5), 1),
        "decode_p50_ms": round(quantile([one["decode_ms"] for one in taken], 0.5), 1),
        "items": mean("items"), "tokens": mean("tokens"), "passes": mean("passes"),
    }  # fmt: skip
