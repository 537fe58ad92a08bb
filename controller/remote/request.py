"""Asking a server for one decision, and reading its answers."""

import json
import math
import random
import time
from collections.abc import Sequence
from typing import Any

from codeword.codebook.choice_graph import Node
from codeword.codebook.prompt import Prompt
from codeword.controller.decision import DecisionCancelled, Note
from codeword.controller.engine import Cancelled

from .address import Limits, RemoteError
from .transport import Transport

Row = tuple[str, ...]
"""The values of one command's arguments, each as JSON."""


# The legal commands as a JSON Schema: what holds a model to them that another program decodes.
#
# One alternative per skill, with `const` and `enum`; where one argument's values depend on another's, as few
# alternatives as products of values allow.


def schema_of(graph: Node) -> dict[str, Any]:
    """The JSON Schema that admits exactly the commands of a graph, properties in their canonical order."""
    rows: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for text in graph.texts():
        command = json.loads(text)
        skill = command.pop("skill")
        row = tuple(json.dumps(value) for value in command.values())
        rows.setdefault((skill, tuple(command)), []).append(row)
    return {
        "anyOf": [
            _alternative(skill, names, product)
            for (skill, names), commands in rows.items()
            for product in products(commands)
        ]
    }


def products(rows: Sequence[Row]) -> list[tuple[tuple[str, ...], ...]]:
    """The rows as products of value sets, such that each row is in exactly one; values that go on alike share one."""
    if not rows[0]:
        return [()]
    rests: dict[str, list[Row]] = {}
    for row in rows:
        rests.setdefault(row[0], []).append(row[1:])
    alike: dict[frozenset[Row], list[str]] = {}
    for first, rest in rests.items():
        alike.setdefault(frozenset(rest), []).append(first)
    return [
        (tuple(firsts), *product)
        for firsts in alike.values()
        for product in products(rests[firsts[0]])
    ]  # fmt: skip


def _alternative(skill: str, names: Sequence[str], values: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    properties: dict[str, Any] = {"skill": {"const": skill}}
    for name, texts in zip(names, values, strict=True):
        one = [json.loads(text) for text in texts]
        properties[name] = {"const": one[0]} if len(one) == 1 else {"enum": one}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def messages(prompt: Prompt, wrong: list[tuple[str, str]]) -> list[dict[str, str]]:
    """A prompt as a chat, as its own model's chat template gets it."""
    user = f"{prompt.task}\n{prompt.observation}"
    said = [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}]
    for given, why in wrong:
        said += [{"role": "assistant", "content": given}, {"role": "user", "content": _correction(why)}]
    return said


def plain_text(prompt: Prompt, wrong: list[tuple[str, str]], lead: str) -> str:
    """A prompt as plain text, with the beginning of a command to go on from."""
    told = [prompt.system, prompt.task, prompt.observation]
    for given, why in wrong:
        told += [f"Command: {' '.join(given.split())}", _correction(why)]
    return "\n".join([*told, f"Command: {lead}"])


def _correction(why: str) -> str:
    return f"That is not legal here: {why}. Answer with one legal command."


_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0


class Requests:
    """The requests of one decision: counted, tried again after a pause, and ended together by one deadline."""

    def __init__(self, line: Transport, limits: Limits, retries: int | None, cancelled: Cancelled) -> None:
        self._line, self._cancelled, self._retries = line, cancelled, retries
        self._until = time.monotonic() + limits.answer_s
        self.asked = 0
        self.notes: list[Note] = []

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The object that the server answers with. Raises RemoteError, DecisionCancelled."""
        tries = 0
        while True:
            self.asked += 1
            try:
                return self._line.post(path, body, self._until, self._cancelled)
            except DecisionCancelled as given_up:
                given_up.notes = (*self.notes, *given_up.notes)
                raise
            except RemoteError as problem:
                longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**tries)
                pause_s = longest * random.uniform(0.5, 1.0)  # so that robots do not all come back at once
                tries += 1
                over = time.monotonic() + pause_s > self._until or (self._retries is not None and tries > self._retries)
                if not problem.again or over:
                    raise
                self._pause(pause_s)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._cancelled():
                raise DecisionCancelled(
                    "the decision was given up before a model elsewhere was asked again", tuple(self.notes)
                )
            time.sleep(min(0.005, left))


class Answer:
    """What a server said: the text, its log-probability where that is told, and how many tokens it counted."""

    def __init__(self, said: dict[str, Any]) -> None:
        """Raises RemoteError where there is no text in it."""
        try:
            choice = said["choices"][0]
            text = choice["message"]["content"] if "message" in choice else choice["text"]
        except (KeyError, IndexError, TypeError) as problem:
            raise RemoteError("the server's answer has no text in it") from problem
        self.text = text if isinstance(text, str) else ""
        used = said.get("usage")
        counts = used if isinstance(used, dict) else {}
        self.prompt_tokens, self.tokens = (_count(counts.get(f"{name}_tokens")) for name in ("prompt", "completion"))
        self.logprob = _logprob(choice.get("logprobs"), self.text)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _logprob(told: Any, text: str) -> float | None:
    """The sum over the tokens that spell a text, in either of the two forms in use; None where it cannot be had."""
    if not isinstance(told, dict):
        return None
    content = told.get("content")
    if isinstance(content, list):
        pairs = [(one.get("token"), one.get("logprob")) for one in content if isinstance(one, dict)]
    else:
        pairs = list(zip(told.get("tokens") or (), told.get("token_logprobs") or (), strict=False))
    spelled, total, start = "", 0.0, "".join(str(token) for token, _ in pairs).rfind(text)
    for token, logprob in pairs:
        before, spelled = len(spelled), spelled + str(token)
        if before >= start and before < start + len(text):
            if isinstance(logprob, bool) or not isinstance(logprob, int | float) or not math.isfinite(logprob):
                return None
            total += logprob
    return total if text and start >= 0 else None
