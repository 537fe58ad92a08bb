"""Another adapter than the one that decided is found and named, whether it was meant or trained again in place."""

import json
import shutil
from pathlib import Path

import pytest

from codeword.controller.registry import open_folder
from tests.controller.test_adapter import write_adapter
from tests.controller.tiny import quantized
from tests.runtime.episodes.test_diff import called


def test_another_adapter_is_found_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CODEWORD_CACHE", str(tmp_path / "cache"))
    quantized(tmp_path / "model")
    folder = tmp_path / "model" / "model"
    known = open_folder(folder, str(folder))
    mine, other = (
        write_adapter(tmp_path / name, known, seed=seed, size=0.3) for seed, name in enumerate(("mine", "other"))
    )
    run = ("run", "tabletop/put_in_bowl", "--no-film", "--model", folder, "--adapter", mine, "--out", tmp_path / "out")
    code, _, err = called(capsys, *run)
    assert code in (0, 1), err
    code, out, _ = called(capsys, "replay", tmp_path / "out", "--redecide", "--json")
    assert (code, json.loads(out)["identical"]) == (0, 1)
    code, out, _ = called(capsys, "replay", tmp_path / "out", "--redecide", "--adapter", other)
    assert code in (1, 3)
    assert "decided by another: header.adapter: " in out
    assert "decided by another: header.adapter_hash: " in out
    assert " commands the same; they " in out
    shutil.copy(other / "adapter_model.safetensors", mine / "adapter_model.safetensors")
    code, out, _ = called(capsys, "replay", tmp_path / "out", "--redecide")
    assert code == 1
    assert ": step 0: header.adapter_hash: logged " in out
