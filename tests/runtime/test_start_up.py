"""What a command loads: other verbs are listed without their modules, and torch is for those who compute with it."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from codeword.controller.adapter import load_adapter
from codeword.controller.merge import with_adapter
from codeword.controller.registry import DEFAULT_MODEL, resolve
from codeword.runtime.cli import VERBS, cli
from codeword.runtime.cli_lab import COMMANDS, lab
from codeword.runtime.lazy_group import Lazy
from tests.benchmarks.benches import BENCHES
from tests.benchmarks.cli import bench

HEAVY = ("torch", "transformers", "outlines", "huggingface_hub", "peft", "gguf")
"""What nobody needs who computes with packed kernels."""
LOADED = """
import atexit, json, sys
from pathlib import Path
from codeword.runtime.cli import main
atexit.register(lambda: Path(sys.argv[1]).write_text(json.dumps(sorted(sys.modules))))
main(sys.argv[2:])
"""


def loaded(tmp_path: Path, *args: str) -> set[str]:
    """The modules that a command has loaded when it ends, whatever came of its goals."""
    file = tmp_path / "loaded.json"
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(file), *args], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode in (0, 1), done.stderr
    return set(json.loads(file.read_text()))


@pytest.mark.parametrize("group", ["cli", "lab", "bench"])
def test_the_list_of_commands_says_what_they_say_of_themselves(group: str) -> None:
    listed: dict[str, Lazy] = {"cli": VERBS, "lab": COMMANDS, "bench": BENCHES}[group]
    told = {name: one.load().get_short_help_str(10_000) for name, one in listed.items()}
    assert {name: one.help for name, one in listed.items()} == told
    lazy = {"cli": cli, "lab": lab, "bench": bench}[group]
    plain = click.Group(commands={name: one.load() for name, one in listed.items()})
    rows = [sorted(_listed(one)) for one in (lazy, plain)]
    assert rows[0] == rows[1]
    assert len(rows[0]) == len(listed)


def _listed(group: click.Group) -> list[str]:
    """The rows of a group's list of commands, 100 characters wide."""
    context = click.Context(group, info_name="x")
    formatter = click.HelpFormatter(width=100)
    group.format_commands(context, formatter)
    return [line for line in formatter.getvalue().splitlines() if line.startswith("  ")]


def test_every_bench_is_listed() -> None:
    for one in BENCHES.values():
        one.load()
    assert sorted(BENCHES) == sorted(bench.commands), "each adds itself to the group as its module is imported"


def test_help_imports_no_verb(tmp_path: Path) -> None:
    of_verbs = {one.where.partition(":")[0] for one in (*VERBS.values(), *BENCHES.values())}
    modules = loaded(tmp_path, "--help")
    assert modules & (of_verbs | {*HEAVY, "numpy", "zmq"}) == set()


def test_a_check_of_a_codebook_loads_no_decoder(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "codebook", "check", "tabletop")
    assert modules & {*HEAVY, "numba", "llguidance", "tokenizers", "mcap", "pybullet"} == set()


@pytest.mark.model
def test_a_run_with_packed_kernels_loads_no_torch(tmp_path: Path) -> None:
    model = resolve(DEFAULT_MODEL, fetch=False)
    with_adapter(model, load_adapter("auto", model))  # made once, with torch
    args = ["run", "tabletop/put_in_bowl", "--profile", "packed", "--no-film", "--out", "out"]
    modules = loaded(tmp_path, *args)
    assert {"numba", "llguidance", "pybullet"} <= modules
    assert modules & set(HEAVY) == set()
