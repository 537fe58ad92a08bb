"""A decision as it is kept: plain JSON that bears its own key. Whatever cannot be one is never served."""

from typing import Protocol

from pydantic import ValidationError

from codeword.codebook.choice_graph import Node
from codeword.codebook.observation import Record
from codeword.controller.decision import Choice, Decision, Note

SCHEMA = 1
"""Version of what is kept, and of how it lies in a store."""

MOST_CHARACTERS = 256 * 1024
"""A longer entry is none of ours."""


class CacheEntry(Record):
    """What a decision is, but for how it came about and what it cost. Fields are those of Decision."""

    key: str
    text: str
    logprob: float | None
    choices: tuple[Choice, ...]
    prompt_tokens: int
    tokens_forced: int
    tokens_chosen: int


class PoisonedError(ValueError):
    """What a store gave for a key is not what was kept there; says why."""


class Store(Protocol):
    """Texts by key, bounded: those longest unused go first. Several processes may use the same one at once.

    Nothing that goes wrong with it is raised here: a lookup finds nothing, and `take_notes` tells why.
    """

    def get(self, key: str) -> str | None:
        """What is kept for a key."""

    def put(self, key: str, value: str) -> None:
        """Keep a text for a key, in place of what was kept there."""

    def drop(self, key: str) -> None:
        """Keep nothing for a key."""

    def take_notes(self) -> tuple[Note, ...]:
        """What went wrong, or right again, since this was last asked."""

    def close(self) -> None:
        """Let go of it. Idempotent."""


def written(decision: Decision) -> str:
    """A decision as an entry's text."""
    return CacheEntry(**{name: getattr(decision, name) for name in CacheEntry.model_fields}).model_dump_json()


def read(value: str, key: str, graph: Node) -> CacheEntry:
    """The entry that a text says, for that key, with one of the graph's texts. Raises PoisonedError."""
    if len(value) > MOST_CHARACTERS:
        raise PoisonedError(f"it has {len(value)} characters, more than {MOST_CHARACTERS}")
    try:
        entry = CacheEntry.model_validate_json(value)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise PoisonedError(f"it is no entry ({f'{where}: ' if where else ''}{first['msg']})") from problem
    if entry.key != key:
        raise PoisonedError("it bears the key of another decision")
    if not graph.accepts(entry.text):
        raise PoisonedError(f"{entry.text[:200]} is not legal here")
    return entry
