"""Lessons as tokens: one sequence holds a codebook once, then several decisions that each see it and themselves only.

The tokens of each decision are those of a fresh prompt and of its command, in the very segments that a model is asked
with. A file of such sequences is all that training needs.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeword.codebook.errors import InputError
from codeword.controller.store import sha256_of

FORMAT = 3

LARGEST_SEED = 999_999
"""The largest seed of lessons that are taught."""

CHECK_SEED = 1_000_003
"""The seed of the lessons that models are checked with; training itself takes smaller ones."""


@dataclass(frozen=True)
class OpenToken:
    """A token of the command that the legal commands leave open: its place in the command, the tokens that lead to a
    right command, and all that are allowed, with what the words of the task add to the logit of each; nothing where
    they have no say."""

    place: int
    right: tuple[int, ...]
    allowed: tuple[int, ...]
    bias: tuple[float, ...] = ()


@dataclass(frozen=True)
class Branch:
    """One decision: what follows the codebook in its prompt, and the command that is taught."""

    prompt: tuple[int, ...]
    command: tuple[int, ...]
    choices: tuple[OpenToken, ...]
    kind: str
    act: str

    @property
    def tokens(self) -> tuple[int, ...]:
        """All tokens behind the codebook but the last, after which nothing is asked."""
        return self.prompt + self.command[:-1]


@dataclass(frozen=True)
class Group:
    """A codebook's tokens, and decisions under it."""

    prefix: tuple[int, ...]
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Header:
    """What a file of lessons was made with: prompt contract, the tokenizer's hash, seed and split."""

    contract: int
    tokenizer: str
    seed: int
    split: str


def tokenizer_hash(folder: Path) -> str:
    """A name for a model's tokenizer: lessons made with another one teach nothing."""
    return sha256_of(folder / "tokenizer.json")[:16]


def write_groups(path: Path, header: Header, groups: Iterable[Group]) -> int:
    """Write lessons to a file; gives how many decisions there are."""
    count = 0
    with gzip.open(path, "wt", compresslevel=4) as file:
        file.write(json.dumps({"format": FORMAT, **header.__dict__}) + "\n")
        for group in groups:
            count += len(group.branches)
            file.write(json.dumps(_packed(group), separators=(",", ":")) + "\n")
    return count


def read_groups(path: Path) -> tuple[Header, list[Group]]:
    """The lessons of a file. Raises InputError where it is none."""
    try:
        with gzip.open(path, "rt") as file:
            head = json.loads(next(file))
            if head.pop("format", None) != FORMAT:
                raise InputError(f"{path}: not a file of lessons of format {FORMAT}; again: codeword lab lessons")
            return Header(**head), [_unpacked(json.loads(line)) for line in file]
    except (OSError, ValueError, KeyError, TypeError, EOFError, StopIteration) as error:
        raise InputError(f"{path}: not a whole file of lessons ({error}); again: codeword lab lessons") from error


def taken_in_turns(groups: Sequence[Group], begin: int) -> Iterator[Group]:
    """The groups over and over, beginning with one by its number."""
    while True:
        yield groups[begin % len(groups)]
        begin += 1


def _packed(group: Group) -> dict[str, Any]:
    rows = [
        [b.prompt, b.command, [[c.place, c.right, c.allowed, c.bias] for c in b.choices], b.kind, b.act]
        for b in group.branches
    ]
    return {"prefix": group.prefix, "branches": rows}


def _unpacked(data: dict[str, Any]) -> Group:
    branches = []
    for prompt, command, choices, kind, act in data["branches"]:
        made = tuple(OpenToken(place, *map(tuple, some)) for place, *some in choices)
        branches.append(Branch(tuple(prompt), tuple(command), made, kind, act))
    return Group(tuple(data["prefix"]), tuple(branches))
