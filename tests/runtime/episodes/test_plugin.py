"""Recorded episodes as tests, in a user's own project that has its own `sim/` and `runtime/`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codeword.runtime.episodes.checks import CHECKS, check_names, over_budget
from codeword.runtime.episodes.record import compact
from codeword.runtime.recording import read_episode
from codeword.runtime.replay import replay
from codeword.runtime.scenario_spec import Budget

CODEBOOK = """\
codebook: my_table
include: [tabletop]
skills:
  show:
    description: lift the held block high, so that it can be seen
    args:
      object: {entity: block}
    preconditions: [holding(object)]
    steps:
      - rise: {distance_m: 0.06}
      - check_held
"""
SCENARIO = """\
scenario: my_task
codebook: my_table.yaml
task: Put the red block in the blue bowl.
world: {blocks: [red, green], bowls: [blue]}
goal: [in(red_block, blue_bowl)]
max_decisions: 6
budgets: {validate_ms: {p95: 1000}}
"""
SETTINGS = """\
[tool.pytest.ini_options]
codeword_episodes = ["tests/episodes"]
codeword_codebooks = ["my_table.yaml"]
"""


class Project:
    """A user's project in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for room in ("sim", "runtime"):
            self.write(f"{room}/__init__.py", f"OWN = {room!r}\n")
        self.write("my_table.yaml", CODEBOOK)
        self.write("scenarios/my_task.yaml", SCENARIO)
        self.write("pyproject.toml", SETTINGS)
        self.write(
            "tests/test_own.py",
            "import codeword.sim\nimport runtime\nimport sim\n\n\ndef test_each_has_its_own():\n"
            "    assert (sim.OWN, runtime.OWN) == ('sim', 'runtime')\n    assert codeword.sim.SimRobot\n",
        )

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def call(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Python with these arguments, in the project; no plugin but ours is loaded."""
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200", "PY_COLORS": "0"}
        command = [sys.executable, *args]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def record(self, *args: str) -> subprocess.CompletedProcess[str]:
        """`codeword run` of its scenario by the expert, kept in its tests."""
        given = ("run", "scenarios/my_task.yaml", "--controller", "expert", "--no-film", "--record", "tests/episodes")
        return self.call("-m", "codeword.runtime.cli", *given, *args)

    def pytest(self, *args: str) -> subprocess.CompletedProcess[str]:
        """pytest with the plugin, as `pytest` alone does where the package is installed."""
        return self.call("-m", "pytest", "-p", "codeword.runtime.pytest_plugin", "-p", "no:cacheprovider", *args)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("project"))
    done = made.record("--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert "recorded in tests/episodes: 2 new" in done.stdout
    return made


def test_episodes_are_tests_beside_a_users_own(project: Project) -> None:
    done = project.pytest("-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tests/episodes/my_task-0.mcap::episode PASSED" in done.stdout
    assert "tests/episodes/my_task-1.mcap::episode PASSED" in done.stdout
    assert "test_each_has_its_own PASSED" in done.stdout
    assert "3 passed" in done.stdout


def test_a_folder_can_be_named_and_a_file(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    compact(project.folder / "tests/episodes/my_task-1.mcap", elsewhere / "kept.mcap")
    done = project.pytest(
        "-q", "tests/test_own.py", "--codeword", str(elsewhere), "--codeword-checks", "redecide,goals"
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    done = project.pytest("-q", str(elsewhere / "kept.mcap"))
    assert "1 passed" in done.stdout


def test_an_edited_codebook_breaks_them_and_an_update_mends_them(project: Project) -> None:
    project.write(
        "my_table.yaml", CODEBOOK + "  rise_more:\n    description: d\n    steps:\n      - wait: {duration_s: 1}\n"
    )
    assert project.pytest("-q").returncode == 0, "a skill more breaks nothing that went before"
    slower = "  pick:\n    description: grasp a block\n    args: {object: {entity: block}}\n    steps:\n      - wait: {duration_s: 1}\n"
    project.write("my_table.yaml", CODEBOOK + slower)
    done = project.pytest("-q", "tests/episodes/my_task-0.mcap")
    assert done.returncode == 1, done.stdout
    before = (project.folder / "tests/episodes/my_task-0.mcap").read_bytes()
    assert "differences, the first at step 0: result." in done.stdout
    assert "\n    logged  " in done.stdout
    assert "Traceback" not in done.stdout
    done = project.pytest("-q", "tests/episodes/my_task-0.mcap", "--codeword-update")
    assert "my_task-0.mcap: recorded again" in done.stdout, done.stdout + done.stderr
    assert "    before  " in done.stdout
    assert (project.folder / "tests/episodes/my_task-0.mcap").read_bytes() != before
    assert project.pytest("-q", "tests/episodes/my_task-0.mcap").returncode == 0
    project.write("my_table.yaml", CODEBOOK)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--codeword", "nowhere"), "nowhere: no such folder or file"),
        (("--codeword-checks", "gard"), "there is no check 'gard'; did you mean 'guard'? (choices: guard, commands,"),
    ],
)
def test_wrong_settings_are_told_in_a_line(project: Project, args: tuple[str, ...], says: str) -> None:
    done = project.pytest("-q", *args)
    assert done.returncode == 4
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_damaged_file_fails_in_a_line(project: Project, tmp_path: Path) -> None:
    data = bytearray((project.folder / "tests/episodes/my_task-1.mcap").read_bytes())
    data[-1500] ^= 1
    (tmp_path / "flipped.mcap").write_bytes(data)
    done = project.pytest("-q", str(tmp_path / "flipped.mcap"))
    assert done.returncode == 1
    assert "flipped.mcap: is damaged: " in done.stdout
    assert "Traceback" not in done.stdout


def test_a_run_that_goes_another_way_is_told_and_kept_only_when_wanted(project: Project) -> None:
    kept = project.folder / "tests/episodes/my_task-1.mcap"
    before = kept.read_bytes()
    same = project.record("--first-seed", "1", "--out", "episodes/same")
    assert "recorded in tests/episodes: 1 same" in same.stdout
    assert kept.read_bytes() == before, "what went the same way stays as it is, to the byte"
    args = ("--first-seed", "1", "--controller", "random")
    done = project.record(*args, "--out", "episodes/other")
    assert done.returncode == 1
    assert "goes another way" in done.stdout
    assert "1 left as they were (--update replaces them)" in done.stdout
    assert kept.read_bytes() == before
    done = project.record(*args, "--out", "episodes/again", "--update")
    assert "1 updated" in done.stdout
    assert read_episode(kept).header.controller == "random"
    kept.write_bytes(before)


def test_a_small_copy_replays_like_the_episode(expert_episode: Path, tmp_path: Path) -> None:
    compact(expert_episode, tmp_path / "small.mcap")
    small, whole = read_episode(tmp_path / "small.mcap"), read_episode(expert_episode)
    assert small.steps == whole.steps
    assert (small.header, small.events, small.verdict) == (whole.header, whole.events, whole.verdict)
    assert small.pictures == []
    assert small.complete
    assert (tmp_path / "small.mcap").stat().st_size < 10_000
    assert replay(small, exact=True) == []


def test_budgets_are_judged_by_what_is_measured_now() -> None:
    budgets = {"decision_ms": Budget(p95=10, hard=100), "validate_ms": Budget(p95=2)}
    slow, few = [1.0] * 18 + [50.0] * 2, [1.0, 50.0, 1.0]
    found = over_budget("e", {"decision_ms": slow, "validate_ms": [1.0]}, budgets)
    assert [(one.field, one.logged) for one in found] == [("budgets.decision_ms.p95", 10)]
    assert over_budget("e", {"decision_ms": few}, budgets) == []
    found = over_budget("e", {"decision_ms": [20.0, 130.0, 30.0]}, budgets)
    assert [(one.step, one.field, one.now) for one in found] == [
        (0, "budgets.decision_ms.median", 30.0), (1, "budgets.decision_ms.hard", 130.0),
    ]  # fmt: skip


def test_checks_are_named_with_commas_or_spaces() -> None:
    assert check_names("guard, goals") == ("guard", "goals")
    assert check_names(" ".join(CHECKS)) == tuple(CHECKS)
