"""`codeword doctor` tells what is well, what a run can do without and what is ill, each in a line with its cure."""

import importlib.util
import json
import socket
import tomllib
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from codeword.controller.store import models_dir
from codeword.runtime import cli_doctor
from codeword.runtime.cli_doctor import Sign, examine
from tests.runtime.test_cli import call


def signs() -> dict[str, Sign]:
    return {sign.what: sign for sign in examine()}


def test_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "doctor")
    assert code == 0
    told = dict(line.split(": ", 1) for line in out.splitlines())
    assert {" ".join(key.split()) for key in told} >= {"well python", "well processor", "well cache folder"}
    found = json.loads(call(capsys, "doctor", "--json")[1])["signs"]
    assert len(found) == len(told)
    assert {sign["state"] for sign in found} <= {"well", "worse", "ill"}


@pytest.mark.model
def test_a_model_that_is_here_is_told_with_its_profile_and_adapter() -> None:
    found = signs()
    assert [found[what].state for what in ("model", "profile", "adapter")] == ["well"] * 3
    assert found["profile"].told.startswith("cpu-packed") or "packed" in found["profile"].told


def test_a_model_that_is_not_here_and_one_that_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CODEWORD_CACHE", str(tmp_path / "cache"))
    assert signs()["model"].state == "worse"
    assert "codeword models pull smollm2-135m" in signs()["model"].told
    folder = models_dir() / "smollm2-135m"
    folder.mkdir(parents=True)
    record = {"conversion": _conversion(), "weights": {"model.safetensors": {"sha256": "0" * 64, "bytes": 1}}}
    (folder / "codeword.json").write_text(json.dumps(record | {"source_sha256": None, "licence": None}))
    assert signs()["model"].state == "ill"
    assert call(capsys, "doctor")[0] == 1


def _conversion() -> Any:
    from codeword.controller import registry

    return registry.CONVERSION


def test_a_folder_that_cannot_be_written_to_is_ill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CODEWORD_CACHE", str(tmp_path / "file" / "cache"))
    sign = signs()["cache folder"]
    assert sign.state == "ill"
    assert sign.told.endswith("set CODEWORD_CACHE to a folder of yours")


def test_a_port_that_is_taken_is_told_with_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(cli_doctor, "_LINK_PORT", taken.getsockname()[1])
        sign = signs()["ports"]
        assert sign.state == "worse"
        assert sign.told.endswith("is in use on 127.0.0.1: take another with codeword serve --bind")
    assert signs()["ports"].state == "well"


def test_a_full_disk_and_a_missing_simulator_are_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(cli_doctor.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 12 * 10**6))
    monkeypatch.setattr(
        cli_doctor, "find_spec", lambda name: None if name in ("pybullet", "peft") else importlib.util.find_spec(name)
    )
    found = signs()
    assert found["disk for episodes"].state == "worse"
    assert "12 MB free" in found["disk for episodes"].told
    assert "pip install pybullet" in found["simulator"].told
    assert found["train"].told == "peft is not installed (pip install 'codeword[train]'): no codeword train"


def test_every_extra_is_looked_for() -> None:
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert set(extras) - {"dev"} <= set(signs())
