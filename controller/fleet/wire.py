"""What an engine process and its clients say to each other: one JSON object a message, held to its form and its size.

A client says `hello`, `warm`, `decide`, `cancel` and `bye`; the engine answers with `info`, or about a request by its
number with `begun`, `wrote`, `read`, `made`, `late` and `failed`.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from codeword.codebook.prompt import Prompt, Turn
from codeword.controller.decision import Decision
from codeword.controller.prior.plan_prior import PlanPrior
from codeword.controller.sampling import Sampling

from .errors import WireError
from .graphs import Row

VERSION = 3
"""Raised whenever messages change so that older programs misread them."""

MOST_BYTES = 4 << 20
"""A longer message is none."""

_MOST_TEXT = 1 << 20

_Text = Annotated[str, Field(max_length=_MOST_TEXT)]
_Name = Annotated[str, Field(max_length=400)]
_Number = Annotated[int, Field(ge=0, lt=2**53)]
_Ms = Annotated[float, Field(allow_inf_nan=False)]


class Message(BaseModel):
    """A message; a field that is not known makes it none."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Hello(Message):
    """A client is there; `name` is for people."""

    kind: Literal["hello"] = "hello"
    version: int = VERSION
    name: _Name


class Info(Message):
    """The engine: the model and adapter that decide, how they are held, and what the keys of their decisions say.

    `folder` is where the model's tokenizer lies. `run` names this process among those before and after it.
    """

    kind: Literal["info"] = "info"
    version: int = VERSION
    run: _Name
    folder: _Text
    model: _Name
    weights_hash: _Name
    adapter: _Name
    adapter_hash: _Name
    adapter_scale: float
    policies: tuple[_Name, ...]
    contract: int
    trust: dict[_Name, float] | None = None
    held: _Name
    weights: _Name
    adapter_identity: _Name
    profile: _Name
    policy: _Name

    @property
    def decides(self) -> "Info":
        """All but which process it is: equal where the same question gets the same answer."""
        return self.model_copy(update={"run": ""})


class Drawn(Message):
    """How tokens are picked. See `sampling.Sampling`."""

    temperature: float
    top_k: int
    top_p: float
    seed: int

    @staticmethod
    def of(sampling: Sampling) -> "Drawn":
        return Drawn(temperature=sampling.temperature, top_k=sampling.top_k, top_p=sampling.top_p, seed=sampling.seed)

    def sampling(self) -> Sampling:
        """Raises ModelError where the numbers are none of a sampling."""
        return Sampling(self.temperature, self.top_k, self.top_p, self.seed)


class Limits(Message):
    """What is left until each limit of a decision [ms]; `token_ms` is that of each token after the first."""

    decision_ms: _Ms | None = None
    first_token_ms: _Ms | None = None
    token_ms: _Ms | None = None


class Decide(Message):
    """A decision is wanted for a prompt, of which `turns` are the earlier ones, and a graph of choices, with the prior
    of its texts where it has one."""

    kind: Literal["decide"] = "decide"
    id: _Number
    system: _Text
    task: _Text
    observation: _Text
    turns: Annotated[tuple[tuple[_Text, _Text], ...], Field(max_length=10_000)] = ()
    graph: tuple[Row, ...]
    prior: PlanPrior | None = None
    guess: _Text | None = None
    sampling: Drawn | None = None
    limits: Limits = Limits()

    @staticmethod
    def of(
        number: int,
        prompt: Prompt,
        rows: tuple[Row, ...],
        guess: str | None,
        sampling: Sampling | None,
        limits: Limits,
        prior: PlanPrior | None = None,
    ) -> "Decide":
        """Raises WireError where a text is too long."""
        try:
            return Decide(
                id=number, system=prompt.system, task=prompt.task, observation=prompt.observation,
                turns=tuple((turn.observation, turn.command) for turn in prompt.turns), graph=rows, prior=prior,
                guess=guess, sampling=None if sampling is None else Drawn.of(sampling), limits=limits,
            )  # fmt: skip
        except ValidationError as problem:
            raise WireError(f"not a question: {_first(problem)}") from problem

    def prompt(self) -> Prompt:
        """The prompt as it was given."""
        return Prompt(self.system, self.task, self.observation, tuple(Turn(*turn) for turn in self.turns))


class Warm(Message):
    """A system text is to be read ahead."""

    kind: Literal["warm"] = "warm"
    id: _Number
    system: _Text


class Cancel(Message):
    """A request is given up."""

    kind: Literal["cancel"] = "cancel"
    id: _Number


class Bye(Message):
    """A client goes."""

    kind: Literal["bye"] = "bye"


class Begun(Message):
    """A request is carried out from now on, after so long [ms]; an engine says it also to learn who is still there."""

    kind: Literal["begun"] = "begun"
    id: _Number
    waited_ms: _Ms


class Wrote(Message):
    """So many more tokens of a command are there."""

    kind: Literal["wrote"] = "wrote"
    id: _Number
    tokens: _Number


class Read(Message):
    """A system text is read."""

    kind: Literal["read"] = "read"
    id: _Number


class Made(Message):
    """A decision, as JSON."""

    kind: Literal["made"] = "made"
    id: _Number
    decision: dict[str, Any]

    def read(self) -> Decision:
        """Raises WireError where it is no decision."""
        try:
            return Decision.model_validate_json(json.dumps(self.decision))
        except ValidationError as problem:
            raise WireError(f"not a decision: {_first(problem)}") from problem


class Late(Message):
    """The time of a request was over, by the limit of this stage, before it was carried out."""

    kind: Literal["late"] = "late"
    id: _Number
    stage: _Name


class Failed(Message):
    """A request cannot be carried out; `number` None where it could not be read."""

    kind: Literal["failed"] = "failed"
    id: _Number | None
    why: _Text


Said = Annotated[Hello | Decide | Warm | Cancel | Bye, Field(discriminator="kind")]
Answered = Annotated[Info | Begun | Wrote | Read | Made | Late | Failed, Field(discriminator="kind")]
_SAID: TypeAdapter[Hello | Decide | Warm | Cancel | Bye] = TypeAdapter(Said)
_ANSWERED: TypeAdapter[Info | Begun | Wrote | Read | Made | Late | Failed] = TypeAdapter(Answered)
_T = TypeVar("_T")


def written(message: Message) -> bytes:
    """A message as it travels. Raises WireError where it is too large."""
    content = message.model_dump_json().encode()
    if len(content) > MOST_BYTES:
        raise WireError(f"a message of {len(content)} bytes is too large (at most {MOST_BYTES})")
    return content


def read_said(content: bytes) -> Hello | Decide | Warm | Cancel | Bye:
    """What a client says. Raises WireError."""
    return _read(_SAID, content)


def read_answered(content: bytes) -> Info | Begun | Wrote | Read | Made | Late | Failed:
    """What an engine answers. Raises WireError."""
    return _read(_ANSWERED, content)


def _read(kinds: TypeAdapter[_T], content: bytes) -> _T:
    if len(content) > MOST_BYTES:
        raise WireError(f"a message of {len(content)} bytes is too large (at most {MOST_BYTES})")
    try:
        value = json.loads(content, object_pairs_hook=_distinct, parse_constant=_refused)
        if not isinstance(value, Mapping):
            raise WireError("a message is a JSON object")
        return kinds.validate_json(content)
    except ValidationError as problem:
        raise WireError(f"not a message: {_first(problem)}") from problem
    except (ValueError, RecursionError) as problem:
        raise WireError(f"not JSON: {problem}") from problem


def _first(problem: ValidationError) -> str:
    error = problem.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands there twice")
    return made


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
