"""`codeword lab lessons` and `codeword train`: from nothing to an adapter, with a tiny model."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.controller.teaching.sequences import Header, tokenizer_hash, write_groups
from codeword.runtime.cli import main
from codeword.runtime.cli_train import RECIPES
from codeword.runtime.recipe import read_recipe
from tests.controller.tiny import write_folder


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


HEAVY = (
    "pybullet", "pybullet_data", "outlines", "outlines_core", "llguidance", "numba", "llvmlite", "zmq", "mcap", "gguf",
    "PIL", "rich",
)  # fmt: skip


def alone(*args: str) -> str:
    """What the command says on a machine that has nothing but what training needs."""
    code = f"import sys; sys.modules.update(dict.fromkeys({HEAVY})); from codeword.runtime.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_lessons_are_written_and_an_adapter_is_trained_with_them_where_nothing_else_is(tmp_path: Path) -> None:
    model = str(write_folder(tmp_path / "tiny"))
    lessons, held = str(tmp_path / "lessons.gz"), str(tmp_path / "held.gz")
    made = ("--n", "8", "--seed", "7")
    assert run("lab", "lessons", *made, "--per-group", "4", "--model", model, "--out", lessons) == 0
    assert (
        run("lab", "lessons", "--n", "4", "--per-group", "4", "--split", "layouts", "--model", model, "--out", held)
        == 0
    )
    given = ("--lessons", lessons, "--check", held, "--model", model, "--dtype", "fp32", "--device", "cpu")
    sizes = ("--decisions", "16", "--groups", "1", "--per-group", "4", "--check-every", "2", "--rank", "2")
    said = alone("train", *given, *sizes, "--out", str(tmp_path / "out"))
    assert "4/4 loss" in said
    assert "right: layouts" in said
    record = json.loads((tmp_path / "out/adapter/codeword.json").read_text())
    assert (record["step"], record["data_seed"], record["settings"]["seed"]) == (4, 7, 0)
    assert (record["contract"], record["policies"]) == (PLAN_CONTRACT, ["plan", "direct"])
    assert set(record["checks"]) == {"layouts"}
    assert "next answer right" in (tmp_path / "out/training.svg").read_text()


@pytest.mark.parametrize(
    "given",
    [
        ("lab", "lessons", "--per-group", "0"),
        ("lab", "lessons", "--n", "-5"),
        ("train", "--per-group", "0"),
        ("train", "--groups", "0"),
        ("train", "--check-every", "0"),
        ("train", "--rank", "0"),
        ("train", "--rate", "0"),
        ("train", "--decisions", "0"),
    ],
)
def test_numbers_of_which_nothing_can_be_made_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, ...]
) -> None:
    assert run(*given, "--out", str(tmp_path / "out")) == 2
    assert given[-2] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_adapter_is_gone_on_from(tmp_path: Path) -> None:
    model = str(write_folder(tmp_path / "tiny"))
    made = ("--per-group", "4", "--model", model)
    lessons = str(tmp_path / "lessons.gz")
    assert run("lab", "lessons", "--n", "4", *made, "--out", lessons) == 0
    given = ("--lessons", lessons, "--dtype", "fp32", "--device", "cpu", "--groups", "1", "--rank", "2", *made)
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    assert run("train", *given, "--decisions", "4", "--out", first) == 0
    assert run("train", *given, "--decisions", "4", "--begin-with", f"{first}/adapter", "--out", second) == 0
    records = [json.loads((Path(out) / "adapter/codeword.json").read_text()) for out in (first, second)]
    assert "begun_with" not in records[0]
    assert len(records[1]["begun_with"]) == 64


def test_lessons_of_another_contract_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "old.gz"
    write_groups(old, Header(1, "t", 0, "plans"), [])
    model = str(write_folder(tmp_path / "tiny"))
    assert run("train", "--lessons", str(old), "--model", model, "--out", str(tmp_path / "out")) == 2
    assert "made for prompt contract 1" in capsys.readouterr().err
    write_groups(old, Header(PLAN_CONTRACT - 1, "t", 0, "layouts"), [])
    new = tmp_path / "new.gz"
    write_groups(new, Header(PLAN_CONTRACT, tokenizer_hash(Path(model)), 0, "plans"), [])
    assert (
        run("train", "--lessons", str(new), "--check", str(old), "--model", model, "--out", str(tmp_path / "out")) == 2
    )
    assert "what is taught is for 9; make it again with: codeword lab lessons" in capsys.readouterr().err
    write_groups(old, Header(PLAN_CONTRACT, "t", 0, "plans"), [])
    assert run("train", "--lessons", str(old), "--model", model, "--out", str(tmp_path / "out")) == 2
    assert "made with another model's tokenizer" in capsys.readouterr().err


@pytest.mark.parametrize("split", ["authored", "validation", "layouts"])
def test_nothing_is_taught_with_what_is_kept_for_evaluation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], split: str
) -> None:
    model, kept = str(write_folder(tmp_path / "tiny")), str(tmp_path / "kept.gz")
    assert run("lab", "lessons", "--n", "2", "--per-group", "2", "--split", split, "--model", model, "--out", kept) == 0
    given = ("--lessons", kept, "--model", model, "--per-group", "2", "--dtype", "fp32", "--device", "cpu")
    assert run("train", *given, "--out", str(tmp_path / "out")) == 2
    assert f"lessons of '{split}' are for checking with (--check)" in capsys.readouterr().err


RECIPE = """
model: {model}
rank: 4
stages:
  - {{decisions: 4, seed: 3, per_group: 2, groups: 1}}
  - {{decisions: 2, seed: 4, rate: 1e-4, per_group: 2, groups: 1}}
"""


def test_a_recipe_is_followed_stage_by_stage_and_gone_on_with(tmp_path: Path) -> None:
    model, out = write_folder(tmp_path / "tiny"), tmp_path / "out"
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(model=model))
    asked = ("train", "--recipe", str(tmp_path / "recipe.yaml"), "--out", str(out), "--dtype", "fp32")
    assert run(*asked) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    first, second = manifest["stages"]
    assert (first["steps"], second["steps"]) == (2, 1)
    assert (first["begun_with"], second["begun_with"]) == ("", first["adapter_sha256"])
    weights = (out / "adapter/adapter_model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == second["adapter_sha256"] != first["adapter_sha256"]
    assert {len(manifest[name]) for name in ("recipe_sha256", "base_sha256", "corpus_sha256")} == {64}
    shutil.rmtree(out / "stage-2")
    (out / "manifest.json").unlink()
    assert run(*asked) == 0
    assert json.loads((out / "manifest.json").read_text()) == manifest, "the same seeds, the same adapter"


@pytest.mark.parametrize(
    ("text", "more", "why"),
    [
        ("stages: []", (), "recipe.yaml:1:9: stages: "),
        ("stages:\n  - {decisions: 0, seed: 1}", (), "recipe.yaml:2:17: stages.0.decisions: "),
        ("stages:\n  - {decisions: 1, seed: 1, sed: 2}", (), "stages.0.sed: unknown key"),
        ("stages:\n  - {decisions: 1, seed: 1}", ("--rate", "1e-3"), "leave --rate away"),
        ("stages:\n  - {decisions: 1, seed: 1}", ("--codebook", "tabletop"), "leave --codebook away"),
    ],
)
def test_a_recipe_that_is_none_is_refused_before_anything_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, more: tuple[str, ...], why: str
) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    assert run("train", "--recipe", str(tmp_path / "recipe.yaml"), "--out", str(tmp_path / "out"), *more) == 2
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1, said
    assert not (tmp_path / "out").exists()


def test_the_recipe_that_is_shipped_is_one() -> None:
    assert read_recipe(RECIPES["plans"]).begin_with == "none"
