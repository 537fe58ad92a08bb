"""The hand-written pools that lessons draw names and words from: those for training, and those kept for evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from codeword.codebook.errors import CodebookError
from codeword.codebook.yaml_source import parse_yaml, plain


@dataclass(frozen=True, eq=False)
class Pools:
    """Names for codebooks and wordings for tasks."""

    names: Mapping[str, Any]
    wordings: Mapping[str, Any]


@lru_cache(maxsize=1)
def training_pools() -> Pools:
    """What training draws from."""
    return Pools(_read("names"), _read("wordings"))


@lru_cache(maxsize=1)
def training_words() -> tuple[str, ...]:
    """Words to spell, no letter twice, in training."""
    return tuple(_read("words")["words"])


@lru_cache(maxsize=1)
def synonyms() -> Mapping[str, Sequence[Sequence[str]]]:
    """Groups of words and phrases that mean the same, in training: those with which `orders` begin, and those that may
    stand `anywhere`.
    """
    return _read("synonyms")


def everyday(kind: str) -> Sequence[str]:
    """Everyday nouns, in training, for things of a kind that is called so."""
    things = _everyday()
    sort = next((sort for sort, called in things["kinds"].items() if kind in called), "things")
    found: Sequence[str] = things[sort]
    return found


def looks() -> Sequence[Sequence[str]]:
    """Groups of words for what a thing is like, in training; of each group one at most is said of a thing."""
    found: Sequence[Sequence[str]] = _everyday()["looks"]
    return found


@lru_cache(maxsize=1)
def _everyday() -> Mapping[str, Any]:
    return _read("things")


@lru_cache(maxsize=1)
def held_out_names() -> Mapping[str, Any]:
    """The names and descriptions of evaluation's codebooks; training draws none of them."""
    return _read("held_out_names")


@lru_cache(maxsize=1)
def held_out_wordings() -> Mapping[str, Any]:
    """The wordings of evaluation's tasks; what stands around a task is the same in both."""
    return {**_read("held_out_wordings"), "around": training_pools().wordings["around"]}


@lru_cache(maxsize=1)
def held_out_kinds() -> frozenset[str]:
    """The kinds of task that training never draws."""
    return frozenset(_read("held_out_kinds"))


def _read(name: str) -> dict[str, Any]:
    path = resources.files(__package__) / "pools" / f"{name}.yaml"
    data = plain(parse_yaml(path.read_text(encoding="utf-8"), f"{name}.yaml", CodebookError).root)
    assert isinstance(data, dict)
    return data
