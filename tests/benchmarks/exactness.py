"""Whether the fast path is the slow path: our decoder with all that makes it quick against decoding the plain way."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from codeword.controller.controller import GuessHistory, situation_of
from codeword.controller.engine import Engine, Techniques
from codeword.controller.registry import LocalModel
from codeword.controller.speculation_hint import Hint
from codeword.runtime.machine import machine

from .courses import course
from .decision import SUITES, suite
from .plain import PlainDecoder
from .questions import offered

BARE = Techniques(prefix_cache=False, disk_cache=False, forced_runs=False, guesses=False)

WITHIN = 1e-4
"""How far two log-probabilities of the same command may lie apart, in float32."""


@dataclass(frozen=True)
class Difference:
    """A decision in which the two differ: what each said, and the log-probabilities that each gave its own."""

    fast: str
    slow: str
    fast_logprob: float
    slow_logprob: float


def bench_exactness(model: LocalModel, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """n decisions in float32, each by our decoder with every technique on and by the plain way, over whole episodes.

    `equal` counts the same commands with log-probabilities within WITHIN; `tied` those where the commands differ but
    their log-probabilities lie within WITHIN of each other. The packed profile is compared with itself beside it: every
    technique on against every technique off, to the bit.
    """
    slow = PlainDecoder(model)
    fast = Engine(model, profile="fp32", techniques=Techniques(loose=True))
    packed = Engine(model, profile="packed")
    bare = Engine(model, profile="packed", techniques=BARE)
    habits, equal, tied, farthest, same_bits, bits = GuessHistory(), 0, 0, 0.0, 0, 0
    guessed = accepted = 0
    differences: list[Difference] = []
    turns = [turn for name in SUITES for turn in _some(name, -(-n // len(SUITES)))][:n]
    for number, turn in enumerate(turns):
        given, last = offered(turn.situation), situation_of(turn.situation.observation.last)
        made = fast.decide(given.prompt, given.legal.graph, hint=Hint(habits.expected(last)))
        habits.learn(last, made.text)
        guessed, accepted = guessed + made.tokens_guessed, accepted + made.tokens_accepted
        plain = slow.decide(given.prompt, given.legal.graph)
        assert made.logprob is not None and plain.logprob is not None
        apart = abs(made.logprob - plain.logprob)
        if made.text == plain.text and apart <= WITHIN:
            equal += 1
            farthest = max(farthest, apart)
        else:
            tied += apart <= WITHIN
            differences.append(Difference(made.text, plain.text, made.logprob, plain.logprob))
        if number % 10 == 0:
            bits += 1
            quick = packed.decide(given.prompt, given.legal.graph, hint=Hint(made.text))
            same_bits += quick.essence() == bare.decide(given.prompt, given.legal.graph).essence()
        advance()
    return {
        "machine": machine(), "model": model.name, "decisions": len(turns), "equal": equal, "tied": tied,
        "within": WITHIN, "farthest": farthest, "tokens_guessed": guessed, "tokens_accepted": accepted,
        "packed_compared": bits, "packed_same_bits": same_bits,
        "differences": [asdict(difference) for difference in differences],
    }  # fmt: skip


def _some(name: str, n: int) -> list[Any]:
    from itertools import islice

    return list(islice(course(suite(name), seed=3), n))
