"""What sides of a comparison share: the question that all of them get, and the answer that each gives.

Nothing here needs more than Python, so that the memory of a side is its own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

PackedGraph = tuple[tuple[tuple[str, int], ...], ...]
"""A graph of legal texts as a table of nodes, each a list of edges (text, number of the node behind); 0 is the end."""


@dataclass(frozen=True)
class Question:
    """One decision in every form that a side may want: the prompt as texts and as tokens, what is legal as a graph and
    as a JSON Schema. `after` is the kind of result that it comes after. Without a schema the answer is free, and ends
    with the model's turn.
    """

    system: str
    task: str
    observation: str
    tokens: tuple[int, ...]
    graph: PackedGraph
    after: tuple[str, str, str]
    schema: dict[str, Any] | None


@dataclass(frozen=True)
class Answer:
    """What a side decided, and what it took: the time from question to text [ms], the runs of the model, and the tokens
    of the answer that it was not asked about (forced) and was asked about (chosen).
    """

    text: str
    total_ms: float
    prompt_tokens: int
    passes: int
    tokens_forced: int
    tokens_chosen: int


class Side(Protocol):
    """Something that decides, in a process of its own."""

    def decide(self, question: Question) -> Answer:
        """Answer a question. What is no part of deciding, such as unpacking it, is not timed."""


MOST_ANSWER_TOKENS = 128
"""No answer is longer: the longest command of the codebooks measured has about 40."""


def resident_mb() -> float:
    """The memory that this process holds now [MB]; NaN where the system does not tell.

    Not `ru_maxrss`: a new process inherits that from whoever started it.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), float("nan"))
