"""Codebooks that were read are on disk for the next process, and what is there can at worst be of no use."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codeword.codebook import Codebook
from codeword.codebook.choice_graph import END, Node
from codeword.codebook.prompt import Prompt, write_prompt
from codeword.controller import prefixes
from codeword.controller.engine import Engine, Techniques
from codeword.controller.packed_model import PackedCache, PackedModel
from codeword.controller.prefixes import LEAST_TOKENS, Prefixes
from codeword.controller.registry import LocalModel, open_folder
from tests.controller.tiny import write_folder
from tests.observations import observe

TOKENS = list(range(LEAST_TOKENS))
GRAPH = Node((('{"skill":"', Node((("pick", END), ("place", END), ("push", END), ("home", END)))),))


def cache_of(tokens: int, seed: int = 0) -> PackedCache:
    cache, rng = PackedCache(2, 2, 32), np.random.default_rng(seed)
    cache.reserve(tokens)
    cache.keys[:] = rng.integers(0, 1 << 16, cache.keys.shape)
    cache.values[:] = rng.integers(0, 1 << 16, cache.values.shape)
    cache.advance(tokens)
    return cache


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def same(first: PackedCache, second: PackedCache) -> bool:
    ours, theirs = first.dump(), second.dump()
    return first.length == second.length and all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_what_was_kept_is_found_by_another(tmp_path: Path) -> None:
    cache, found = cache_of(LEAST_TOKENS), PackedCache(2, 2, 32)
    Prefixes("who", tmp_path).save(TOKENS, cache)
    assert Prefixes("who", tmp_path).load(TOKENS, found)
    assert same(cache, found)


@pytest.mark.parametrize(("identity", "tokens"), [("someone else", TOKENS), ("who", TOKENS[:-1]), ("who", [9, *TOKENS[1:]])])  # fmt: skip
def test_what_is_of_another_model_or_text_is_not_found(tmp_path: Path, identity: str, tokens: list[int]) -> None:
    Prefixes("who", tmp_path).save(TOKENS, cache_of(LEAST_TOKENS))
    cache = PackedCache(2, 2, 32)
    assert not Prefixes(identity, tmp_path).load(tokens, cache)
    assert cache.length == 0


def test_short_texts_are_not_kept(tmp_path: Path) -> None:
    Prefixes("who", tmp_path).save(TOKENS[:-1], cache_of(LEAST_TOKENS - 1))
    assert list(tmp_path.iterdir()) == []


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-50] ^= 1
    file.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "a bit": _flip,
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-7]),
    "empty": lambda file: file.write_bytes(b""),
    "another file": lambda file: file.write_text("not at all" * 99),
    "header only": lambda file: file.write_bytes(file.read_bytes()[:90]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_removed_and_of_no_use(tmp_path: Path, damage: Callable[[Path], Any]) -> None:
    kept, cache = Prefixes("who", tmp_path), PackedCache(2, 2, 32)
    kept.save(TOKENS, cache_of(LEAST_TOKENS))
    damage(only_file(tmp_path))
    assert not kept.load(TOKENS, cache)
    assert cache.length == 0
    assert list(tmp_path.iterdir()) == []
    kept.save(TOKENS, cache_of(LEAST_TOKENS))
    assert kept.load(TOKENS, cache)


def test_a_file_of_another_size_is_removed_and_of_no_use(tmp_path: Path) -> None:
    kept, cache = Prefixes("who", tmp_path), PackedCache(2, 2, 64)
    kept.save(TOKENS, cache_of(LEAST_TOKENS))
    assert not kept.load(TOKENS, cache)
    assert (cache.length, list(tmp_path.iterdir())) == (0, [])


def test_a_folder_that_cannot_be_is_of_no_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept, cache = Prefixes("who", tmp_path / "file"), PackedCache(2, 2, 32)
    kept.save(TOKENS, cache_of(LEAST_TOKENS))
    assert not kept.load(TOKENS, cache)
    assert cache.length == 0


def test_a_folder_where_the_file_should_be_is_of_no_use(tmp_path: Path) -> None:
    kept, cache = Prefixes("who", tmp_path), PackedCache(2, 2, 32)
    kept.save(TOKENS, cache_of(LEAST_TOKENS))
    file = only_file(tmp_path)
    file.unlink()
    file.mkdir()
    assert not kept.load(TOKENS, cache)
    kept.save(TOKENS, cache_of(LEAST_TOKENS))
    assert only_file(tmp_path) == file


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError, OSError])
def test_a_file_that_goes_or_cannot_be_touched_while_it_is_read_is_of_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    cache, found = cache_of(LEAST_TOKENS), PackedCache(2, 2, 32)
    Prefixes("who", tmp_path).save(TOKENS, cache)

    def fail(*_: Any) -> None:
        raise error("no")

    monkeypatch.setattr(os, "utime", fail)
    assert Prefixes("who", tmp_path).load(TOKENS, found)
    assert same(cache, found)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prefixes, "save_file", fail)
    Prefixes("who", tmp_path).save(TOKENS, cache_of(LEAST_TOKENS))
    assert list(tmp_path.iterdir()) == []


def test_room_is_made_by_those_longest_unused(tmp_path: Path) -> None:
    Prefixes("size", tmp_path).save(TOKENS, cache_of(LEAST_TOKENS))
    size = only_file(tmp_path).stat().st_size
    only_file(tmp_path).unlink()
    kept = Prefixes("who", tmp_path, most_bytes=2 * size + 100)
    texts = [[number, *TOKENS[1:]] for number in range(3)]
    for age, text in zip((300, 200), texts, strict=False):
        kept.save(text, cache_of(LEAST_TOKENS))
        (newest,) = (path for path in tmp_path.iterdir() if path.stat().st_mtime > 1e9)
        os.utime(newest, (1e9 - age, 1e9 - age))
    assert kept.load(texts[0], PackedCache(2, 2, 32))
    kept.save(texts[2], cache_of(LEAST_TOKENS))
    assert [kept.load(text, PackedCache(2, 2, 32)) for text in texts] == [True, False, True]


def test_one_is_kept_however_large_it_is(tmp_path: Path) -> None:
    kept = Prefixes("who", tmp_path, most_bytes=1)
    kept.save(TOKENS, cache_of(LEAST_TOKENS))
    assert kept.load(TOKENS, PackedCache(2, 2, 32))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for what is kept."""
    monkeypatch.setattr(prefixes, "prefixes_dir", lambda: tmp_path / "prefixes")
    return tmp_path / "prefixes"


@pytest.fixture(scope="module")
def prompt(tabletop: Codebook) -> Prompt:
    return write_prompt(tabletop, "tidy up", observe({"red_block": "table"}))


def decided(engine: Engine, prompt: Prompt) -> tuple[dict[str, Any], str, int]:
    """A decision in bits, and how many of its tokens were kept."""
    decision = engine.decide(prompt, GRAPH)
    return decision.essence(), decision.logprob.hex(), decision.tokens_cached


@pytest.mark.parametrize("profile", ["packed", "fp32"])
def test_a_second_engine_decides_alike_from_disk(
    tiny_quantized: LocalModel, prompt: Prompt, folder: Path, profile: str
) -> None:
    first = decided(Engine(tiny_quantized, profile=profile, threads=1), prompt)
    assert first[2] == 0
    second = Engine(tiny_quantized, profile=profile, threads=1)
    system = len(second.tokens.prompt(prompt).system)
    assert decided(second, prompt) == (*first[:2], system)
    assert [path.suffix for path in folder.iterdir()] == [".safetensors"]


_ELSEWHERE = """
import sys
from pathlib import Path
from codeword.codebook.prompt import Prompt
from codeword.controller import prefixes
from codeword.controller.engine import Engine
from codeword.controller.registry import open_folder

folder, kept, system = sys.argv[1:]
prefixes.prefixes_dir = lambda: Path(kept)
Engine(open_folder(Path(folder), "tiny"), profile="packed", threads=1).warm(system)
"""


def test_another_process_reads_for_this_one(tiny_quantized: LocalModel, prompt: Prompt, folder: Path) -> None:
    expected = decided(Engine(tiny_quantized, threads=1, techniques=Techniques(disk_cache=False)), prompt)
    subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, tiny_quantized.folder, folder, prompt.system], check=True, timeout=100
    )
    found = decided(Engine(tiny_quantized, threads=1), prompt)
    assert found[:2] == expected[:2]
    assert found[2] > 0


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_an_engine_reads_again_what_is_damaged(
    tiny_quantized: LocalModel, prompt: Prompt, folder: Path, damage: Callable[[Path], Any]
) -> None:
    first = decided(Engine(tiny_quantized, threads=1), prompt)
    damage(only_file(folder))
    assert decided(Engine(tiny_quantized, threads=1), prompt) == first
    assert decided(Engine(tiny_quantized, threads=1), prompt)[2] > 0


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_an_engine_is_not_led_astray_by_a_file_that_goes_while_it_is_read(
    tiny_quantized: LocalModel, prompt: Prompt, folder: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    first = decided(Engine(tiny_quantized, threads=1), prompt)
    assert only_file(folder).exists()

    def fail(*_: Any) -> None:
        raise error("no")

    monkeypatch.setattr(os, "utime", fail)
    assert decided(Engine(tiny_quantized, threads=1), prompt)[:2] == first[:2]


def test_an_engine_whose_folder_is_a_file_decides_all_the_same(
    tiny_quantized: LocalModel, prompt: Prompt, folder: Path
) -> None:
    expected = decided(Engine(tiny_quantized, threads=1, techniques=Techniques(disk_cache=False)), prompt)
    folder.write_text("")
    assert decided(Engine(tiny_quantized, threads=1), prompt) == expected


def test_without_the_technique_nothing_is_kept(tiny_quantized: LocalModel, prompt: Prompt, folder: Path) -> None:
    for techniques in (Techniques(disk_cache=False), Techniques(prefix_cache=False), Techniques(kv_cache=False)):
        engine = Engine(tiny_quantized, threads=1, techniques=techniques)
        engine.warm(prompt.system)
        engine.decide(prompt, GRAPH)
    assert not folder.exists()


def test_reading_ahead_keeps_the_codebook(tiny_quantized: LocalModel, prompt: Prompt, folder: Path) -> None:
    Engine(tiny_quantized, threads=1).warm(prompt.system)
    assert only_file(folder).exists()
    assert decided(Engine(tiny_quantized, threads=1), prompt)[2] > 0


def test_the_same_weights_under_another_config_are_another_model(tmp_path: Path, prompt: Prompt, folder: Path) -> None:
    del folder
    slow, quick = (
        open_folder(write_folder(tmp_path / name, rope_parameters={"rope_type": "default", "rope_theta": theta}), name)
        for name, theta in (("slow", 10000.0), ("quick", 100.0))
    )
    assert slow.weights_sha256 == quick.weights_sha256
    expected = decided(Engine(quick, profile="fp32", techniques=Techniques(disk_cache=False)), prompt)
    other = decided(Engine(slow, profile="fp32"), prompt)
    assert decided(Engine(quick, profile="fp32"), prompt)[1] == expected[1]
    assert other[0]["key"] != expected[0]["key"]


def test_reading_ahead_what_is_kept_costs_nothing(
    tiny_quantized: LocalModel, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(tiny_quantized, threads=1, techniques=Techniques(disk_cache=False))
    engine.decide(prompt, GRAPH)
    monkeypatch.setattr(PackedModel, "read", None)
    engine.warm(prompt.system)
    engine.warm(prompt.system)


def test_what_a_crash_left_behind_goes_and_what_another_is_writing_stays(tmp_path: Path) -> None:
    left, fresh = tmp_path / "left.part", tmp_path / "fresh.part"
    for path in (left, fresh):
        path.write_bytes(b"cut off")
    os.utime(left, (0, 0))
    Prefixes("who", tmp_path).save(TOKENS, cache_of(LEAST_TOKENS))
    assert (left.exists(), fresh.exists()) == (False, True)
