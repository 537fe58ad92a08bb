"""Codebook prompting against function calling: the same model and moments, each held by a grammar and each free."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

from codeword.codebook import Codebook, Command
from codeword.controller.controller import situation_of
from codeword.controller.registry import LocalModel
from codeword.controller.store import Progress
from codeword.controller.tokens import Tokens
from codeword.runtime.machine import machine, versions
from codeword.runtime.scenario import Scenario
from codeword.runtime.statistics import quantile, wilson95

from .calling import call_graph, calling_prompt, read_call, read_free
from .contest import TRIALS, Contest, trial_decisions
from .courses import Turn, course
from .graphs import pack
from .questions import offered
from .rightness import Judge
from .side import Answer, Question
from .sides import OURS, AbsentError, SideSpec, find_side

CODEBOOK, CODEBOOK_FREE = "codebook prompting, held", "codebook prompting, free"
CALLING, CALLING_FREE = "function calling, held", "function calling, free"

_READ: dict[str, Callable[[Codebook, str], Command | None]] = {
    CODEBOOK: read_free,
    CODEBOOK_FREE: read_free,
    CALLING: read_call,
    CALLING_FREE: read_call,
}


@dataclass(frozen=True)
class Row:
    """One way to ask over n decisions: medians of tokens and times [ms]; how many commands were legal, and how many of
    all n were right, with the 95% interval of that rate.
    """

    name: str
    engine: str
    setting: str
    n: int
    prompt_tokens: float
    answer_tokens: float
    p50_ms: float
    p95_ms: float
    valid: int
    right: int
    right95: tuple[float, float]


@dataclass(frozen=True)
class Ways:
    """The ways to ask that can be had here: how each is run, and by what."""

    specs: tuple[SideSpec, ...]
    engines: dict[str, str]


def find_ways(model: LocalModel, progress: Progress) -> Ways:
    """Held ones run on our engine; free ones on llama.cpp, or where that is not here on transformers."""
    ours = find_side(OURS, model, progress)
    try:
        free, engine = find_side("llama.cpp", model, progress), "llama.cpp"
    except AbsentError:
        free, engine = find_side("outlines", model, progress), "transformers"
    engines = {CODEBOOK: "codeword", CALLING: "codeword", CODEBOOK_FREE: engine, CALLING_FREE: engine}
    specs = (replace(ours if by == "codeword" else free, name=name) for name, by in engines.items())
    return Ways(tuple(specs), engines)


def prompting_decisions(ways: Ways, n: int) -> int:
    """How often `advance` is called."""
    return n * len(ways.specs) + trial_decisions(ways.specs)


def bench_prompting(
    model: LocalModel, ways: Ways, scenarios: Sequence[Scenario], n: int, advance: Callable[[], None]
) -> dict[str, Any]:
    """n decisions in each way, the ways in turns, over whole episodes as an expert goes through them."""
    tokens = Tokens(model.folder)
    trials = [_questions(turn, tokens) for turn in islice(course(scenarios, seed=1), TRIALS)]
    turns: list[Turn] = []

    def asked() -> Iterator[dict[str, Question]]:
        for turn in islice(course(scenarios, seed=0), n + 1):
            turns.append(turn)
            yield _questions(turn, tokens)

    with Contest(ways.specs, trials, advance, needed=CODEBOOK) as contest:
        answers = contest.decide(asked(), advance)
    judged = [(turn, Judge(turn)) for turn in turns[1:]]
    return {
        "machine": machine() | {"versions": versions()},
        "model": model.name,
        "skills": len(scenarios[0].codebook.skills),
        "rows": [asdict(_row(name, ways, contest, judged, made)) for name, made in answers.items()],
        "tried_ms": contest.tried_ms,
        "left_out": contest.left_out,
    }


def _questions(turn: Turn, tokens: Tokens) -> dict[str, Question]:
    """The same moment asked in every way."""
    situation = turn.situation
    given = offered(situation)
    called = calling_prompt(situation.codebook, situation.task, situation.observation)
    forms = {CODEBOOK: (given.prompt, given.legal.graph), CALLING: (called, call_graph(given.legal.graph))}
    held = {
        name: Question(
            *prompt[:3], tokens.prompt(prompt).all, pack(graph), situation_of(situation.observation.last), None
        )
        for name, (prompt, graph) in forms.items()
    }
    return {**held, CODEBOOK_FREE: held[CODEBOOK], CALLING_FREE: held[CALLING]}


def _row(name: str, ways: Ways, contest: Contest, judged: Sequence[tuple[Turn, Judge]], made: Sequence[Answer]) -> Row:
    valid = right = 0
    for (turn, judge), answer in zip(judged, made, strict=True):
        command = _READ[name](turn.situation.codebook, answer.text)
        if command is not None and offered(turn.situation).legal.allows(command.text):
            valid += 1
            right += judge.is_right(command)
    low, high = wilson95(right, len(made))
    times = [answer.total_ms for answer in made]
    return Row(
        name=name,
        engine=ways.engines[name],
        setting=contest.setting[name],
        n=len(made),
        prompt_tokens=round(quantile([answer.prompt_tokens for answer in made], 0.5)),
        answer_tokens=round(quantile([answer.tokens_forced + answer.tokens_chosen for answer in made], 0.5)),
        p50_ms=round(quantile(times, 0.5), 1),
        p95_ms=round(quantile(times, 0.95), 1),
        valid=valid,
        right=right,
        right95=(round(low, 3), round(high, 3)),
    )
