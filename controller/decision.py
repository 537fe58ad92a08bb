"""What a controller decided, how sure it was, what else it considered, and what it cost."""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

from codeword.codebook.command_codec import give_up
from codeword.codebook.errors import CodewordError
from codeword.codebook.observation import Record
from codeword.codebook.reflexes import reflex
from codeword.codebook.skills import Codebook

TOP = 8
"""How many options of a choice are kept, the likeliest first."""

_COSTS = frozenset(
    {
        "path", "notes", "stage_ms", "first_token_ms", "token_ms", "tokens_cached", "cache_level", "tokens_guessed",
        "tokens_accepted", "passes", "kv_mb",
    }
)  # fmt: skip


class Note(Record):
    """Something worth knowing that happened on the way to a decision: of a kind (`poisoned`, `cache`, `remote`,
    `fallback`, `goal`, `stop`, `hold`, `planner`, `task` …), told in words.
    """

    kind: str
    text: str


REFUSED = ("unsure", "numbers", "condition", "quantifier", "ambiguous")
"""The kinds of notes that say why a plan is not carried out."""


class DecisionCancelled(CodewordError):
    """A decision was given up, because it was no longer wanted or its time was over. `notes` say what went before."""

    def __init__(self, message: str, notes: tuple[Note, ...] = ()) -> None:
        self.notes = notes
        super().__init__(message)


class Option(Record):
    """What could be written at a choice, and how likely the controller held it among all that was legal."""

    text: str
    probability: float


class Choice(Record):
    """A place in the command where more than one thing was legal.

    `after` is the text before it; `options` are the likeliest ones, `taken` the one that was written.
    """

    after: str
    options: tuple[Option, ...]
    taken: str


class Alternative(Record):
    """A plan that was considered: as it is written, in words for people, and how likely (0 to 1)."""

    plan: str
    told: str
    probability: float


class Decision(Record):
    """One observation turned into one command.

    `left_out` says of each skill that was not offered why.
    `text` is the command in canonical JSON, `logprob` the natural logarithm of its probability among the legal ones
    (of a model elsewhere: as its server tells it, or None where it does not).
    `stage_ms` has legal, tokenize, grammar, prefill, decode and total, in milliseconds; `first_token_ms` is from the
    beginning to the first choice made, `token_ms` from there on per token. `tokens_forced` of the command left no
    choice, `tokens_chosen` did; `tokens_guessed` were read before they were chosen, of which the model agreed with
    `tokens_accepted`. `tokens_cached` of the prompt were kept from before, reaching into its `cache_level` (none,
    codebook, task, observation). `passes` is how often the model was run, `kv_mb` the memory for keys and values.
    `path` says how it came about (decoded, lookahead, cache, planned, …), and `key` names all that it is a function of:
    equal keys, equal decisions. `plan` is the plan that the command belongs to, `item` the number of its item under way
    (from 0; behind the last one where all are done). Where the plan was written for this decision, `done` are the items
    of earlier plans that it was told of, and `considered` the plans that were looked at, the likeliest first.
    `sureness` is how probable the model held the plan, 0 to 1; None where none was asked for, or it does not tell.
    `notes` say what happened on the way that somebody may want to know.
    """

    text: str
    logprob: float | None
    choices: tuple[Choice, ...] = ()
    left_out: Mapping[str, str] = {}
    stage_ms: dict[str, float]
    first_token_ms: float = 0.0
    token_ms: float = 0.0
    prompt_tokens: int = 0
    tokens_cached: int = 0
    cache_level: str = "none"
    tokens_forced: int = 0
    tokens_chosen: int = 0
    tokens_guessed: int = 0
    tokens_accepted: int = 0
    passes: int = 0
    kv_mb: float = 0.0
    path: str
    key: str
    plan: str = ""
    item: int = 0
    sureness: float | None = None
    done: tuple[str, ...] = ()
    considered: tuple[Alternative, ...] = ()
    notes: tuple[Note, ...] = ()

    def essence(self) -> dict[str, Any]:
        """All but how it came about and what it cost: the same whenever the key is, whatever was cached."""
        return self.model_dump(mode="json", exclude=set(_COSTS))


def decision_key(context: Mapping[str, Any]) -> str:
    """One name for a context: a SHA-256 over its JSON."""
    return hashlib.sha256(json.dumps(context, sort_keys=True, allow_nan=False).encode()).hexdigest()


class Stopwatch:
    """How long each stage of a decision takes."""

    def __init__(self) -> None:
        self._began = self._lap = time.perf_counter()
        self._stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """A stage has ended; of one that ends again only the first end counts."""
        if stage in self._stages:
            return
        now = time.perf_counter()
        self._stages[stage] = (now - self._lap) * 1000
        self._lap = now

    def stage_ms(self) -> dict[str, float]:
        """The stages so far and their total, in milliseconds."""
        return {**self._stages, "total": (time.perf_counter() - self._began) * 1000}


UNCLEAR = "unclear"
"""The reason for which such a task is given up, where the codebook has it; else the one that `give_up` chooses."""


def reflex_decision(codebook: Codebook, task: str) -> Decision | None:
    """The decision that a task is answered with by rule, of path `reflex`: the command that gives it up, which moves
    nothing, and a note of kind `stop` or `hold` that says why. None where the task is to be decided.
    """
    clock = Stopwatch()
    found = reflex(codebook, task)
    if found is None:
        return None
    key = decision_key({"codebook": codebook.hash, "task": task, "policy": "reflex/1"})
    text = give_up(codebook, UNCLEAR).text
    note = Note(kind=found.kind, text=found.why)
    return Decision(text=text, logprob=0.0, stage_ms=clock.stage_ms(), path="reflex", key=key, notes=(note,))
