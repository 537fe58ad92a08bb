"""The codebooks that the tasks of public sets are put under, in our own words."""

import random
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from codeword.codebook import Codebook, load_codebook
from codeword.codebook.errors import CodebookError
from codeword.codebook.yaml_source import parse_yaml, plain, read_text


@lru_cache(maxsize=16)
def book(name: str) -> Codebook:
    """The codebook of that name."""
    return load_codebook(_folder() / "codebooks" / f"{name}.yaml")


@lru_cache(maxsize=64)
def shuffled_book(name: str, seed: int) -> Codebook:
    """The codebook of that name, the skills that do something in an order drawn by seed."""
    made = book(name)
    doing = [skill for skill in made.skills.values() if skill.ends is None]
    random.Random(seed).shuffle(doing)
    order = [*doing, *(skill for skill in made.skills.values() if skill.ends is not None)]
    return replace(made, skills={skill.name: skill for skill in order})


def table(name: str) -> Any:
    """What a YAML file of this package says."""
    path = _folder() / name
    return plain(parse_yaml(read_text(path, CodebookError), str(path), CodebookError).root)


def _folder() -> Path:
    return Path(str(resources.files(__package__)))
