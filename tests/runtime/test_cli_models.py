"""`codeword models` and `bench quantization`: what they print, keep and refuse, with tiny models."""

import json
from pathlib import Path

import pytest

from codeword.controller import quantize as quantizing
from codeword.controller.profiles import Tuned, choose
from codeword.controller.registry import open_folder, resolve
from codeword.runtime import quantization_texts
from codeword.runtime.cli import main
from codeword.runtime.quantization_texts import calibration_texts
from tests.benchmarks import quantization as bench
from tests.benchmarks.cli import bench as group
from tests.controller.tiny import write_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("CODEWORD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    """Exit code, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as ended:
        main(args)
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_a_model_is_quantized_tuned_and_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "floats")
    args = ("models", "quantize", str(folder), "--bits", "8", "--method", "rtn", "--out", "tiny-8")
    code, out, err = call(capsys, *args)
    assert (code, out.startswith("tiny-8 is in "), "8 bits by rtn" in out) == (0, True, True), err
    listed = json.loads(call(capsys, "models", "--json")[1])["models"]
    row = next(row for row in listed if row["name"] == "tiny-8")
    assert (row["profile"], row["threads"], row["tuned"]) == ("packed", None, False)
    assert row["packed_bytes"] == (Path(row["path"]) / "model.safetensors").stat().st_size
    assert next(row for row in listed if row["name"] == "smollm2-135m")["profile"] is None
    assert choose(resolve("tiny-8")) == Tuned("packed")

    code, out, _ = call(capsys, "models", "tune", "tiny-8", "--json")
    data = json.loads(out)
    assert (code, len(data["rows"]) % 4) == (0, 0)
    assert {"profile", "threads", "pass_ms", "decision_ms", "weights_mb"} == data["rows"][0].keys()
    assert set(data["rows"][0]["pass_ms"]) == {"1", "8", "32", "128"}
    assert choose(resolve("tiny-8")) == Tuned(data["profile"], data["threads"])
    listed = json.loads(call(capsys, "models", "--json")[1])["models"]
    assert next(row for row in listed if row["name"] == "tiny-8")["tuned"] is True
    assert f"{data['profile']} (" in call(capsys, "models")[1]

    again = call(capsys, *args)
    assert (again[0], "tiny-8: is there already; give another name" in again[2]) == (2, True)
    code, _, err = call(capsys, "models", "quantize", "tiny-8", "--out", "other")
    assert (code, err.strip()) == (
        2, "codeword: tiny-8: its layers are quantized already (expected a model in floats)"
    )  # fmt: skip


def test_gptq_calibrates_on_the_shipped_codebooks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = calibration_texts(8)
    assert (len(texts), len({text.prompt.system for text in texts})) == (8, 3)
    monkeypatch.setattr(quantization_texts, "calibration_texts", lambda: texts)
    folder = write_folder(tmp_path / "floats", max_position_embeddings=8192)
    code, _, err = call(capsys, "models", "quantize", str(folder), "--out", str(tmp_path / "codes"))
    assert code == 0, err
    record = json.loads((tmp_path / "codes" / "codeword.json").read_text())
    assert (record["quantization"]["method"], record["quantization"]["bits"]) == ("gptq", 4)


def test_two_models_part_where_their_choices_first_differ() -> None:
    same = [(0, (-0.1, -2.4)), (1, (-3.0, -0.05))]
    assert bench.parting(same, same) == bench.Parting([0.0, 0.0], None)
    other = [(0, (-0.1, -2.4)), (0, (-0.6, -0.8)), (1, (-9.0, -0.0))]
    found = bench.parting(same, other)
    assert len(found.divergences) == 2
    assert found.divergences[1] > 0
    assert found.margin == pytest.approx(2.95)


@pytest.mark.slow
def test_the_bench_compares_every_profile_and_both_methods(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = calibration_texts(8, held_out="showcase")
    assert (len(texts), len({text.prompt.system for text in texts})) == (8, 2)
    assert texts == calibration_texts(8, held_out="showcase")
    monkeypatch.setattr(bench, "calibration_texts", lambda **_: texts)
    monkeypatch.setattr(bench, "held_out_texts", lambda: texts[:2])
    source = open_folder(write_folder(tmp_path / "floats", max_position_embeddings=8192), "tiny")
    quantizing.quantize(source, tmp_path / "codes", method="rtn")
    with pytest.raises(SystemExit) as ended:
        main(["quantization", "--model", str(tmp_path / "codes"), "--n", "3", "--json"], group=group)
    printed = capsys.readouterr()
    assert ended.value.code == 0, printed.err
    rows = {row["name"]: row for row in json.loads(printed.out)["rows"]}
    assert list(rows) == ["packed", "int8", "bf16", "fp32", "4 bits again, rtn", "4 bits again, gptq"]
    assert (rows["fp32"]["agreement"], rows["fp32"]["kl_mean"], rows["fp32"]["perplexity"] > 1) == (1.0, 0.0, True)
    assert rows["packed"]["weights_mb"] < rows["int8"]["weights_mb"] < rows["fp32"]["weights_mb"]
    assert rows["packed"]["logprob_difference_max"] < 0.2  # activations are bytes
    for row in rows.values():
        assert row["agree"] + len(row["disagreements"]) == row["n"] == 3
        assert all(one["margin"] >= 0 for one in row["disagreements"])
