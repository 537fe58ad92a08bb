"""A scenario in other words, or under another codebook: the same world and goal, judged by the same physics."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from codeword.codebook import Codebook
from codeword.codebook.errors import ScenarioError
from codeword.codebook.yaml_source import List_, Mapping_, parse_yaml, plain, rejoined
from codeword.runtime.scenario import Scenario, parse_scenario

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
