"""The same situations told in other ways: what a taught model makes of each, and what each costs in tokens.

A model is taught under one prompt contract, so that this shows what it has come to lean on and what it does not need;
how well it would do if it had been taught under another is seen by teaching it alone.
"""

import json
import random
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from codeword.codebook.prompt import Prompt
from codeword.controller.engine import Engine
from codeword.runtime.statistics import quantile

from .unseen import by_form, figures, share, unseen

_SEEN, _FACTS = "Seen: ", "Facts: "

Telling = Callable[[Prompt, random.Random], Prompt]


def _as_it_is(prompt: Prompt, _: random.Random) -> Prompt:
    return prompt


def _facts_by_lot(prompt: Prompt, rng: random.Random) -> Prompt:
    facts = _part(prompt, _FACTS).split("; ")
    return _with(prompt, _FACTS, "; ".join(rng.sample(facts, len(facts))))


def _things_by_lot(prompt: Prompt, rng: random.Random) -> Prompt:
    """Kinds stay in their order, the things of each do not."""
    told = []
    for kind, _, things in (part.partition(": ") for part in _part(prompt, _SEEN).split("; ")):
        each = things.split(", ")
        told.append(f"{kind}: {', '.join(rng.sample(each, len(each)))}" if things else kind)
    return _with(prompt, _SEEN, "; ".join(told))


def _facts_first(prompt: Prompt, _: random.Random) -> Prompt:
    seen, facts, *rest = prompt.observation.split("\n")
    return prompt._replace(observation="\n".join([facts, seen, *rest]))


def _as_json(prompt: Prompt, _: random.Random) -> Prompt:
    kinds = (part.partition(": ") for part in _part(prompt, _SEEN).split("; "))
    seen = {kind: things.split(", ") for kind, _, things in kinds if things}
    facts = [fact.split() for fact in _part(prompt, _FACTS).split("; ") if fact != "none"]
    told = _with(prompt, _SEEN, json.dumps(seen, separators=(",", ":")))
    return _with(told, _FACTS, json.dumps(facts, separators=(",", ":")))


def _task_last(prompt: Prompt, _: random.Random) -> Prompt:
    return prompt._replace(task=prompt.observation, observation=prompt.task)


def _no_situation(prompt: Prompt, _: random.Random) -> Prompt:
    return _with(_with(prompt, _SEEN, "nothing"), _FACTS, "none")


def _no_result(prompt: Prompt, _: random.Random) -> Prompt:
    lines = prompt.observation.split("\n")
    return prompt._replace(observation="\n".join(line for line in lines if not line.startswith("Last: ")))


def _no_needs(prompt: Prompt, _: random.Random) -> Prompt:
    return _cut(prompt, r"(?m)^(- \w+\(.*?\): .*?\.) (?:Needs|Then) .*$")


def _names_alone(prompt: Prompt, _: random.Random) -> Prompt:
    """Skills with their arguments, facts by name: nothing is said of what they mean."""
    return _cut(prompt, r"(?m)^(- \w+(?:\(.*?\))?): .*$")


TELLINGS: Mapping[str, Telling] = {
    "as it is": _as_it_is,
    "facts by lot": _facts_by_lot,
    "things by lot": _things_by_lot,
    "facts before things": _facts_first,
    "things and facts as JSON": _as_json,
    "the task last": _task_last,
    "nothing seen": _no_situation,
    "no result of the last command": _no_result,
    "no preconditions, no effects": _no_needs,
    "skills and facts by name alone": _names_alone,
}
"""Ways to tell a prompt, the first of them the prompt contract's own."""


def bench_tellings(engine: Engine, split: str, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """So many lessons that nobody was taught with, each told in every way; right is what is right as it is told."""
    rng = random.Random(0)
    asked = list(islice(unseen(split), n))
    rows = []
    for name, telling in TELLINGS.items():
        made = []
        for lesson in asked:
            made.append(engine.decide(telling(lesson.prompt, rng), lesson.graph))
            advance()
        right = [each.text in lesson.right for each, lesson in zip(made, asked, strict=True)]
        tokens = quantile([each.prompt_tokens for each in made], 0.5)
        rows.append({"answers": name, **share(right), **by_form(right, asked), "prompt_tokens_p50": tokens})
    return figures(engine, split, rows)


def _cut(prompt: Prompt, pattern: str) -> Prompt:
    """Of what is told of skills and facts only what the first group matches."""
    cut = re.compile(pattern)
    return prompt._replace(system=cut.sub(r"\1", prompt.system), task=cut.sub(r"\1", prompt.task))


def _part(prompt: Prompt, name: str) -> str:
    """What is told of an observation in the line that begins so. Raises ValueError where there is none."""
    for line in prompt.observation.split("\n"):
        if line.startswith(name):
            return line.removeprefix(name)
    raise ValueError(f"an observation without '{name.strip()}': {prompt.observation!r}")


def _with(prompt: Prompt, name: str, text: str) -> Prompt:
    return prompt._replace(observation=prompt.observation.replace(f"{name}{_part(prompt, name)}", f"{name}{text}", 1))
