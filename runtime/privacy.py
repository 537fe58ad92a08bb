"""What may be left out of episode files because it is nobody's business, and what replay cannot compare then."""

import io
from collections.abc import Iterable

from ruamel.yaml import YAML

from codeword.codebook.errors import InputError, did_you_mean
from codeword.codebook.observation import Record
from codeword.controller import Decision

from .records import Header

PARTS = {
    "task": "the task in words, in header and scenario (not what a command copied of it)",
    "pictures": "camera pictures",
    "thoughts": "what the model weighed: choices, probabilities, its plan or goal, and why skills were left out",
    "machine": "the processor, and versions of the libraries that ran",
}
"""What can be left out, and what it is."""

LEFT_OUT = "(left out)"

UNCOMPARED = {
    "task": ("decision", "header.scenario_hash"),
    "pictures": (),
    "thoughts": (
        "decision.choices",
        "decision.logprob",
        "decision.left_out",
        "decision.plan",
        "decision.done",
        "decision.considered",
        "decision.sureness",
    ),
    "machine": (),
}
"""By part, the fields that replay cannot compare without it; without the task no decision can be made again."""


def read_parts(text: str) -> frozenset[str]:
    """The parts that a list with commas names. Raises InputError for an unknown one."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in PARTS:
            raise InputError(f"--leave-out: there is nothing called '{name}'{did_you_mean(name, list(PARTS))}")
    return frozenset(names)


def header_without(header: Header, parts: Iterable[str]) -> Header:
    """A header that says what was left out, and no longer has it."""
    parts = sorted(parts)
    changes: dict[str, object] = {"left_out": tuple(parts)}
    if "task" in parts:
        changes["task"] = LEFT_OUT
    if "machine" in parts:
        changes |= {"libraries": {}, "processor": ""}
    return header.model_copy(update=changes)


def record_without(record: Record, parts: Iterable[str]) -> Record:
    """A record without what is left out."""
    if isinstance(record, Decision) and "thoughts" in parts:
        nothing = {"choices": (), "logprob": 0.0, "left_out": {}, "plan": "", "done": ()}
        return record.model_copy(update=nothing | {"considered": (), "sureness": None})
    return record


def scenario_without(text: str, parts: Iterable[str]) -> str:
    """A scenario's text in which the task cannot be read; world, goal and events stay, for physics and judge."""
    if "task" not in parts:
        return text
    yaml = YAML(typ="safe", pure=True)  # which keeps no comments: they may say anything
    yaml.version = (1, 2)
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    data = yaml.load(text)
    for at, words in ((data, LEFT_OUT), (data.get("then"), f"{LEFT_OUT} then")):
        if at is not None:
            at["task"] = words
            at.pop("wordings", None)
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()
