"""A model elsewhere as a backend: the same prompt and the same legal set, over an OpenAI-compatible server.

A server of the usual kind is held to the legal set by a JSON Schema (vLLM, SGLang, llama.cpp); one that only completes
text is told what was wrong and asked again. Whatever it says, only a legal text is taken from it.
"""

import os
from typing import Any

from codeword.codebook.choice_graph import Node
from codeword.codebook.prompt import Prompt
from codeword.controller.adapter import NONE, Adapter
from codeword.controller.decision import Decision, Note, Stopwatch, decision_key
from codeword.controller.digest import graph_digest
from codeword.controller.engine import Cancelled, never
from codeword.controller.sampling import GREEDY, Sampling
from codeword.controller.speculation_hint import NO_HINT, Hint

from .address import USUAL, Address, Limits, RemoteError
from .answers import canonical, first_object, right_part, what_is_wrong
from .request import Answer, Requests, messages, plain_text, schema_of
from .transport import Transport

API_KEY = "CODEWORD_API_KEY"
"""The environment variable with the server's key."""

POLICY = 1
"""Raised whenever the same context would be asked differently."""

MOST_ATTEMPTS = 3
"""So often a model is asked for a legal text."""

MOST_TEXTS = 20_000
"""Of more legal texts no schema is made: the model is asked without, and told what was wrong."""

_MOST_TOKENS = 256


class RemoteModel:
    """Asks a server. `retries` is how often one that does not answer is tried again; None: until the time is over.

    Of a decision's fields `prompt_tokens` and `tokens_chosen` are what the server counted, `passes` how often it was
    asked, and `logprob` is that of the text under the server's own distribution, not only among the legal ones; None
    where the server tells none. Equal keys ask equal questions; whether a server answers them equally is its own.
    """

    def __init__(self, address: Address, limits: Limits = USUAL, *, retries: int | None = 2) -> None:
        """The key of the server is taken from the environment."""
        self.name = str(address)
        self._address, self._limits, self._retries = address, limits, retries
        self._line = Transport(address, limits, os.environ.get(API_KEY, ""))
        self._logprobs = True

    @property
    def adapter(self) -> Adapter:
        """None: what was taught is part of the server's model."""
        return NONE

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        """Nothing: a server keeps what it reads by itself."""
        del system, cancelled

    def settle(self) -> None:
        """Nothing: what a server keeps is its own."""

    def halt(self, on: bool) -> None:
        """See `backend.Backend`."""
        del on  # whether it is given up is asked often enough

    def use_threads(self, most: int | None) -> None:
        """See `backend.Backend`."""
        del most

    def key_of(self, prompt: Prompt, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision, without making it."""
        return decision_key(
            {
                "prompt": list(prompt),
                "legal": graph_digest(graph),
                "weights": self.name,
                "adapter": "",
                "profile": "remote",
                "policy": f"{(sampling or GREEDY).name}/remote {POLICY}",
            }
        )

    def decide(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled = never,
        *,
        hint: Hint = NO_HINT,
        sampling: Sampling | None = None,
    ) -> Decision:
        """The legal text that the model picks.

        Raises RemoteError where there is none in time, DecisionCancelled within 10 ms after `cancelled()` holds.
        """
        del hint
        clock, how = Stopwatch(), sampling or GREEDY
        key = self.key_of(prompt, graph, how)
        schema = None if self._address.plain or graph.count() > MOST_TEXTS else _schema(graph)
        clock.lap("schema")
        asking = Requests(self._line, self._limits, self._retries, cancelled)
        wrong: list[tuple[str, str]] = []
        lead = right_part("", graph)
        for _ in range(MOST_ATTEMPTS):
            answer = self._ask(asking, prompt, lead, schema, how, key, wrong)
            heads = (lead, "") if self._address.plain else ("",)
            objects = [first_object(head + answer.text) for head in heads]
            text = next(filter(None, (canonical(said, graph) for said in objects)), None)
            if text is not None:
                clock.lap("remote")
                stages = clock.stage_ms()
                return Decision(
                    text=text, logprob=answer.logprob, stage_ms=stages, first_token_ms=stages["total"],
                    prompt_tokens=answer.prompt_tokens, tokens_chosen=answer.tokens, passes=asking.asked,
                    path="remote", key=key, notes=tuple(asking.notes),
                )  # fmt: skip
            said = objects[-1 if "{" in answer.text else 0]
            why = what_is_wrong(said, graph)
            asking.notes.append(Note(kind="remote", text=f"{self.name} wrote what is not legal: {why}"))
            wrong.append((said, why))
            lead = right_part(said, graph)  # one that completes text goes on from where it was right
        raise RemoteError(f"no legal command in {MOST_ATTEMPTS} attempts; the last time {wrong[-1][1]}")

    def ask(self, prompt: str, *, most_tokens: int = 1024, cancelled: Cancelled = never) -> str:
        """What the model says to a text, freely, as likely as can be. Raises RemoteError, DecisionCancelled."""
        asking = Requests(self._line, self._limits, self._retries, cancelled)
        if self._address.plain:
            body: dict[str, Any] = {"prompt": prompt}
        else:
            body = {"messages": [{"role": "user", "content": prompt}]}
        body |= {"model": self._address.model, "temperature": 0, "max_tokens": most_tokens}
        return Answer(asking.post("/completions" if self._address.plain else "/chat/completions", body)).text

    def close(self) -> None:
        """Let go of the connection. Idempotent."""
        self._line.close()

    def _ask(
        self,
        asking: Requests,
        prompt: Prompt,
        lead: str,
        schema: dict[str, Any] | None,
        how: Sampling,
        key: str,
        wrong: list[tuple[str, str]],
    ) -> Answer:
        body: dict[str, Any] = {
            "model": self._address.model,
            "max_tokens": _MOST_TOKENS,
            "temperature": how.temperature,
        }
        if how.temperature:
            body |= {"top_p": how.top_p, "seed": how.rng(key).getrandbits(31)}
            body |= {"top_k": how.top_k} if how.top_k else {}
        if self._address.plain:
            path, body = "/completions", body | {"prompt": plain_text(prompt, wrong, lead), "stop": ["\n"]}
        else:
            path, body = "/chat/completions", body | {"messages": messages(prompt, wrong)}
        if schema is not None:
            form = {"name": "command", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        try:
            return Answer(asking.post(path, body | self._asking_logprobs()))
        except RemoteError as problem:
            if not self._logprobs or problem.status not in (400, 422):
                raise
            answer = Answer(asking.post(path, body))
            self._logprobs = False  # the server gives answers, but none of these
            return answer

    def _asking_logprobs(self) -> dict[str, Any]:
        if not self._logprobs:
            return {}
        return {"logprobs": 1} if self._address.plain else {"logprobs": True}


def _schema(graph: Node) -> dict[str, Any] | None:
    """The schema of a graph of commands; None where its texts are none."""
    if not graph.edges or not graph.edges[0][0].startswith('{"skill":"'):
        return None
    compact = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
    return {**schema_of(graph), "x-guidance": compact}  # read by llguidance, no word to others
