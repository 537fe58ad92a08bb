"""`--senses`: what may be given, what is logged, and a replay that looks at nothing."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from codeword.codebook.errors import InputError
from codeword.controller.decider_config import DeciderConfig, ModelInfo
from codeword.controller.store import silent
from codeword.runtime.recording import read_episode
from codeword.runtime.replay import replayed
from codeword.runtime.resume import finished
from codeword.runtime.robots import check_robot_senses
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import find_scenarios, load_scenario
from codeword.sim import installed
from codeword.sim.installed import CAMERA, SYMBOLS

EXPERT = DeciderConfig("expert", "", "none")
SCENARIOS = tuple(load_scenario(path) for path in find_scenarios(("tabletop/put_in_bowl",)))


def plan(out: Path, senses: str) -> Plan:
    return Plan(SCENARIOS, range(1), "sim", out, film=False, senses=senses)


def test_an_unknown_one_is_told_with_what_was_meant() -> None:
    with pytest.raises(InputError, match=r"--senses: 'camra' is none; did you mean 'camera'\?"):
        check_robot_senses("sim", "camra")


def test_a_camera_is_for_the_simulated_robot() -> None:
    with pytest.raises(InputError, match=r"--senses camera is for --robot sim; the robot 'a:B' looks with what it has"):
        check_robot_senses("a:B", CAMERA)
    check_robot_senses("a:B", SYMBOLS)


def test_without_opencv_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installed, "find_spec", lambda name: None if name == "cv2" else object())
    from codeword.runtime.cli_run import run as command

    given = ["tabletop/put_in_bowl", "--controller", "expert", "--senses", CAMERA, "--out", str(tmp_path / "out")]
    told = CliRunner().invoke(command, given, standalone_mode=False)
    assert isinstance(told.exception, InputError)
    assert "pip install 'codeword[camera]'" in str(told.exception)
    assert "\n" not in str(told.exception)
    assert not (tmp_path / "out").exists()


def test_an_episode_seen_by_camera_is_replayed_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed (extra: camera)")
    (path,) = run(plan(tmp_path, CAMERA), Controllers(EXPERT, silent))
    episode = read_episode(path)
    assert episode.header.senses == CAMERA
    assert episode.verdict is not None and episode.verdict.success
    monkeypatch.setattr(installed, "find_spec", lambda name: None if name == "cv2" else object())
    again = replayed(episode)
    assert again.differences == []
    assert set(again.uncompared) == {"observation.entities", "observation.facts"}
    assert list(finished(plan(tmp_path, CAMERA), EXPERT, ModelInfo()))
    with pytest.raises(InputError, match="senses camera there, symbols here"):
        list(finished(plan(tmp_path, SYMBOLS), EXPERT, ModelInfo()))
