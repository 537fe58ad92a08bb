"""What is evaluated: columns of episodes, each of a scenario and a seed, that training never saw."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from codeword.codebook import Codebook, parse_codebook
from codeword.codebook.errors import InputError, ScenarioError, did_you_mean
from codeword.codebook.yaml_source import List_, Mapping_, parse_yaml, plain, read_text, rejoined
from codeword.runtime.scenario import Scenario, find_scenarios, load_scenario, parse_scenario

Names = Mapping[str, str]
"""What a codebook calls the derived facts and the skills of another one."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def reworded(scenario: Scenario, wordings: Sequence[str]) -> Scenario:
    """The scenario with its task in these words alone."""
    task, *others = wordings
    return _parsed({**_data(scenario), "task": task, "wordings": others}, scenario, scenario.codebook)


def rebooked(scenario: Scenario, codebook: Codebook, names: Names) -> Scenario:
    """The scenario under another codebook, which calls things as `names` say."""
    data = _data(scenario)
    for task in (data, data.get("then", {})):
        if "goal" in task:
            task["goal"] = [_NAME.sub(lambda match: names.get(match[0], match[0]), part) for part in task["goal"]]
    for event in data.get("events", ()):
        if "after" in event:
            event["after"] = names.get(event["after"], event["after"])
    return _parsed({**data, "codebook": codebook.name}, scenario, codebook)


def _data(scenario: Scenario) -> dict[str, Any]:
    """What the scenario's file says, the parts of goals whole."""
    root = parse_yaml(scenario.text, scenario.path, ScenarioError).root
    data: dict[str, Any] = plain(root)
    for here, said in ((root, data), (root.get("then"), data.get("then", {}))):
        goal = here.get("goal") if isinstance(here, Mapping_) else None
        if isinstance(goal, List_):
            said["goal"] = [text for text, _ in rejoined(goal)]
    return data


def _parsed(data: Mapping[str, Any], scenario: Scenario, codebook: Codebook) -> Scenario:
    return parse_scenario(json.dumps(data, ensure_ascii=False), scenario.path, codebook.text)


FIRST_SEED = 10_000
"""From here on seeds are evaluation's; whatever learns from episodes takes smaller ones."""

PLAIN = "tabletop"
"""The suite whose tasks are also put in other words and under other codebooks."""

SUITES = ("kinds", "disturbed", "grounded", "lohoravens")
SPLITS = ("layouts", "wordings", "codebooks", *SUITES)


@dataclass(frozen=True)
class Case:
    """One episode to run."""

    scenario: Scenario
    seed: int


def cases(split: str, episodes: int, first_seed: int = FIRST_SEED) -> list[Case]:
    """So many episodes of a split: every scenario with a seed, then with the next. Raises InputError for an unknown
    split.
    """
    if split not in SPLITS:
        raise InputError(f"there is no split '{split}'{did_you_mean(split, SPLITS)}")
    scenarios = _suite(split if split in SUITES else PLAIN)
    found = []
    for number in range(episodes):
        turn, place = divmod(number, len(scenarios))
        scenario = scenarios[place]
        if split == "wordings":
            scenario = reworded(scenario, other_words()[scenario.name])
        elif split == "codebooks":
            books = other_codebooks()
            scenario = rebooked(scenario, *books[(place + turn) % len(books)])
        found.append(Case(scenario, first_seed + turn))
    return found


@lru_cache(maxsize=1)
def other_words() -> Mapping[str, Sequence[str]]:
    """The wordings kept for evaluation, by scenario."""
    words: Mapping[str, Sequence[str]] = _read(_folder() / "wordings.yaml")
    return words


@lru_cache(maxsize=1)
def other_codebooks() -> tuple[tuple[Codebook, Names], ...]:
    """The codebooks kept for evaluation, each with what it calls the names that scenarios use."""
    names: Mapping[str, Names] = _read(_folder() / "names.yaml")
    folder = _folder() / "codebooks"
    texts = {name: read_text(folder / f"{name}.yaml", ScenarioError) for name in names}
    return tuple((parse_codebook(texts[name]), names[name]) for name in names)


@lru_cache(maxsize=8)
def _suite(name: str) -> tuple[Scenario, ...]:
    return tuple(load_scenario(path) for path in find_scenarios((name,)))


def _folder() -> Path:
    return Path(str(resources.files(__package__)))


def _read(path: Path) -> Any:
    return plain(parse_yaml(read_text(path, ScenarioError), str(path), ScenarioError).root)
