"""What a prompt tells of the decisions before, in tokens and time: every observation alone, or a conversation."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice, pairwise
from typing import Any

from codeword.codebook.conversation import FORMS, Conversation
from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.registry import LocalModel
from codeword.runtime.statistics import quantile

from .courses import course
from .decision import SUITES, suite
from .machine import machine
from .questions import offered


@dataclass(frozen=True)
class Row:
    """A form of history over n decisions: the prompt's tokens, those of them to be read, and the time."""

    form: str
    n: int
    prompt_tokens_p50: float
    read_tokens_p50: float
    p50_ms: float
    p95_ms: float
    kv_mb: float


def bench_history(model: LocalModel, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """n decisions in each form over the same episodes, the forms in turns. The command told as the answer is the one
    that was carried out."""
    engines = {form: Engine(model) for form in FORMS}
    conversations = {form: Conversation(form) for form in FORMS}
    made: dict[str, list[Decision]] = {form: [] for form in FORMS}
    for turn, after in pairwise(islice(course(suite(SUITES[0]), seed=0), n + 1)):
        situation = turn.situation
        given = offered(situation)
        for form, engine in engines.items():
            prompt = conversations[form].prompt(situation.codebook, given.prompt, situation.observation)
            made[form].append(engine.decide(prompt, given.legal.graph))
            done = after.situation.observation.last
            conversations[form].answered(done.command if done else "")
            advance()
    rows = [_row(form, decisions[1:]) for form, decisions in made.items()]
    return {
        "machine": machine(), "model": model.name, "rows": [asdict(row) for row in rows],
        "ratios": {row.form: round(row.p50_ms / rows[0].p50_ms, 2) for row in rows[1:]},
    }  # fmt: skip


def _row(form: str, made: list[Decision]) -> Row:
    times = [decision.stage_ms["total"] for decision in made]
    return Row(
        form=form,
        n=len(made),
        prompt_tokens_p50=quantile([decision.prompt_tokens for decision in made], 0.5),
        read_tokens_p50=quantile([decision.prompt_tokens - decision.tokens_cached for decision in made], 0.5),
        p50_ms=round(quantile(times, 0.5), 1),
        p95_ms=round(quantile(times, 0.95), 1),
        kv_mb=max(decision.kv_mb for decision in made),
    )
