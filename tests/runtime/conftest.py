"""Episodes to read, replay and report on, made once."""

from pathlib import Path

import pytest

from codeword.controller.store import silent
from codeword.runtime.run import Controllers, Plan, Who, run
from codeword.runtime.scenario import Scenario, find_scenarios, load_scenario


def shipped(name: str) -> Scenario:
    """A scenario that comes with the package."""
    return load_scenario(find_scenarios((name,))[0])


@pytest.fixture(scope="session")
def expert_episode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An episode with a slip in it, of the expert, with pictures."""
    out = tmp_path_factory.mktemp("expert")
    controllers = Controllers(Who("expert", "", "none"), silent)
    return run(Plan((shipped("tabletop/slip_on_the_way"),), range(3, 4), "sim", out), controllers)[0]
