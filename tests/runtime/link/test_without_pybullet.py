"""A robot of one's own is served, driven and stopped where PyBullet is not installed."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from codeword.runtime.recording import read_episode
from codeword.sim.installed import MISSING
from tests.controller.tiny import write_folder
from tests.runtime.link.cart import moved_at
from tests.runtime.link.processes import CART, environment, served

CALLS = """
import contextlib, io, json, sys
from codeword.runtime.cli import main
told = []
for args in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(args)
        except SystemExit as ended:
            told.append((ended.code, out.getvalue(), err.getvalue()))
loaded = [name for name in sys.modules if "pybullet" in name]
sys.__stdout__.write(json.dumps((told, loaded)))
"""
"""Calls one verb after the other, and tells what each printed, and what of PyBullet is loaded in the end."""


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is installed here but PyBullet, for a Python that looks for packages nowhere else (-S)."""
    folder = tmp_path_factory.mktemp("packages")
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if not package.name.startswith("pybullet"):
            (folder / package.name).symlink_to(package)
    return folder


def called(without: Path, *calls: list[str]) -> list[tuple[int, str, str]]:
    """The exit code, standard output and standard error of each call."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", CALLS, json.dumps(calls)],
        env=with_packages(without), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: list[Any]
    told, loaded = json.loads(done.stdout)
    assert loaded == []
    return [(code, out, err) for code, out, err in told]


def with_packages(folder: Path) -> dict[str, str]:
    """The environment of a process that finds these packages beside our own."""
    ours = environment()
    return ours | {"PYTHONPATH": os.pathsep.join((ours["PYTHONPATH"], str(folder)))}


def test_a_robot_is_served_driven_and_stopped(without: Path, tmp_path: Path) -> None:
    codebook = ["--codebook", str(CART)]
    random = ["--task", "go", *codebook, "--controller", "random"]
    with served(notes=tmp_path / "notes", flags=("-S",), PYTHONPATH=with_packages(without)["PYTHONPATH"]) as cart:
        connect = ["connect", cart.url, *random, "--decisions", "1"]
        plan = '{"plan":[{"skill":"creep","distance_m":0.1}]}'
        driven, planned, stopped, refused = called(
            without,
            [*connect, "--out", str(tmp_path / "connected.mcap")],
            ["run", "--task", "creep", *codebook, "--plan", plan, "--robot", cart.url, "--out", str(tmp_path / "run")],
            ["stop", cart.url, "--json"],
            connect,
        )
        assert cart.process.poll() is None
    assert "ended: " in driven[1], driven
    assert read_episode(tmp_path / "connected.mcap").steps
    assert planned[0] == 0, planned
    assert moved_at(cart.notes)
    (file,) = (tmp_path / "run").glob("*.mcap")
    header = read_episode(file).header
    assert "numpy" in header.libraries
    assert "pybullet" not in header.libraries
    assert (stopped[0], json.loads(stopped[1])["stopped"]) == (0, True)
    assert refused[0] == 2
    assert "the robot is stopped (codeword stop)" in refused[2]


def test_what_needs_no_robot_works_and_the_simulated_one_says_what_is_missing(without: Path, tmp_path: Path) -> None:
    out, model = str(tmp_path / "out"), str(write_folder(tmp_path / "tiny"))
    own = ["run", "--task", "go", "--codebook", str(CART), "--robot", "tests.runtime.link.cart:Cart"]
    checked, tried, run, replayed, *needing = called(
        without,
        ["codebook", "check", "tabletop"],
        ["codebook", "try", "tabletop", "take the red block", "--model", model, "--adapter", "none"],
        [*own, "--controller", "random", "--out", out],
        ["replay", out],
        ["run", "tabletop/put_in_bowl", "--controller", "expert", "--out", str(tmp_path / "sim")],
        ["run", "tabletop/put_in_bowl", "--out", str(tmp_path / "sim")],
        ["serve", "tabletop", "--bind", "tcp://127.0.0.1:0"],
        ["replay", str(Path(__file__).parents[2] / "episodes")],
    )
    assert (checked[0], tried[0]) == (0, 0), (checked, tried)
    assert run[0] in (0, 1), run
    assert "broken" not in run[1]
    assert replayed[0] == 0, replayed
    assert [(code, err.strip().splitlines()[-1:]) for code, _, err in needing] == [(2, [f"codeword: {MISSING}"])] * 4
