"""Episodes to read, replay and report on, made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import Scenario, find_scenarios, load_scenario

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def shipped(name: str) -> Scenario:
    """A scenario that comes with the package."""
    return load_scenario(find_scenarios((name,))[0])


@pytest.fixture(scope="session")
def expert_episode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An episode with a slip in it, of the expert, with pictures."""
    out = tmp_path_factory.mktemp("expert")
    controllers = Controllers(DeciderConfig("expert", "", "none"), silent)
    return run(Plan((shipped("tabletop/slip_on_the_way"),), range(3, 4), "sim", out), controllers)[0]


@pytest.fixture(scope="session")
def random_run(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Episodes that miss their goals in several ways, and one that needs nothing done, with pictures."""
    out = tmp_path_factory.mktemp("random")
    controllers = Controllers(DeciderConfig("random", "", "none"), silent)
    scenarios = tuple(map(shipped, ("tabletop/stack_three", "disturbed/jammed_gripper", "tabletop/already_done")))
    return run(Plan(scenarios, range(2), "sim", out), controllers)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A real browser, where there is one."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if found is None:
        pytest.skip("no Chromium or Chrome is installed on this machine")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: dev)")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found)
        yield opened
        opened.close()
