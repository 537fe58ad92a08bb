"""The packed model computes what the expanded one does, and each token's bits never depend on how it was read."""

import gc
import itertools
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from codeword.codebook.errors import ModelError
from codeword.controller.model import Cache, Floats, Part
from codeword.controller.packed_model import PackedModel
from codeword.controller.profiles import load_model
from codeword.controller.registry import LocalModel, open_folder
from tests.controller.tiny import LAYERS, quantized

TOKENS: list[int] = np.random.default_rng(1).integers(0, 300, 1400).tolist()
KINDS = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")
WIDE_KINDS = ("Q4_K", "Q5_K", "Q8_0", "Q4_0")


def _in_turn(kinds: Sequence[str]) -> Callable[[str], str]:
    """Every matrix of another kind than the one before it."""
    turns = itertools.cycle(kinds)
    return lambda _: next(turns)


def _all(kind: str) -> Callable[[str], str]:
    return lambda _: kind


_WIDE = {"hidden_size": 256, "intermediate_size": 256, "num_hidden_layers": 2, "head_dim": 64}
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama-untied": ("llama", {"tie_word_embeddings": False, "held": _all("Q4_0")}),
    "qwen2": ("qwen2", {"held": _all("Q4_1")}),
    "qwen2-untied": ("qwen2", {"tie_word_embeddings": False, "held": _all("Q5_1")}),
    "no-groups": ("llama", {"num_key_value_heads": 4}),
    "one-key-head": ("qwen2", {"num_attention_heads": 5, "num_key_value_heads": 1}),
    "odd-groups": ("llama", {"num_attention_heads": 9, "num_key_value_heads": 3, "hidden_size": 96}),
    "wide-heads": ("llama", {"head_dim": 64, "num_attention_heads": 2, "num_key_value_heads": 1}),
    "mixed": ("llama", {"held": _in_turn(KINDS), "tie_word_embeddings": False}),
    "super-blocks": ("llama", {**_WIDE, "held": _in_turn(WIDE_KINDS), "tie_word_embeddings": False}),
}


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LocalModel]:
    """A model of every shape."""
    folder = tmp_path_factory.mktemp("shapes")
    return {name: quantized(folder / name, kind, **more) for name, (kind, more) in SHAPES.items()}


@pytest.fixture(scope="module")
def model(tiny_quantized: LocalModel) -> PackedModel:
    return PackedModel(tiny_quantized, threads=2)


def states_of(model: Any, tokens: Sequence[int], cache: Cache | None = None) -> Floats:
    """Hidden states [tokens, hidden] of tokens read in one pass."""
    (states,) = model.read([Part(cache or model.new_cache(), tokens, range(len(tokens)))])
    result: Floats = states
    return result


def by_pieces(model: Any, tokens: Sequence[int], sizes: Iterable[int], cache: Cache | None = None) -> Floats:
    """The same, read in passes of those sizes, again and again until none is left."""
    cache = cache or model.new_cache()
    start, states = 0, []
    for size in itertools.cycle(sizes):
        if start >= len(tokens):
            return np.concatenate(states)
        states.append(states_of(model, tokens[start : start + size], cache))
        start += size
    raise AssertionError


def same(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Whether all bits are equal."""
    return first.shape == second.shape and first.tobytes() == second.tobytes()


@pytest.mark.parametrize("name", SHAPES)
def test_is_close_to_the_expanded_model(shapes: dict[str, LocalModel], name: str) -> None:
    packed, expanded = PackedModel(shapes[name], threads=1), load_model(shapes[name], "fp32")
    ours, theirs = states_of(packed, TOKENS[:70]), states_of(expanded, TOKENS[:70])
    assert np.sqrt(((ours - theirs) ** 2).mean() / (theirs**2).mean()) < 0.1
    whole = packed.logits(ours[-1])
    assert whole.shape == expanded.logits(theirs[-1]).shape
    np.testing.assert_allclose(whole, expanded.logits(ours[-1]), atol=1.5e-2 * np.abs(whole).max())
    rows = (3, 200, 17)
    np.testing.assert_allclose(packed.logits(ours[-1], rows), expanded.logits(ours[-1], rows), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_has_the_same_bits_however_it_is_read(shapes: dict[str, LocalModel], name: str) -> None:
    packed, tokens = PackedModel(shapes[name], threads=2), TOKENS[:45]
    whole = states_of(packed, tokens)
    assert same(whole, by_pieces(packed, tokens, [1]))
    assert same(whole, by_pieces(packed, tokens, [7, 2, 19]))


@pytest.mark.parametrize("sizes", [[1], [2], [3, 1], [16], [15, 17], [200], [5, 90, 4], [299, 1]])
def test_any_cut_has_the_same_bits(model: PackedModel, sizes: list[int]) -> None:
    assert same(states_of(model, TOKENS[:300]), by_pieces(model, TOKENS[:300], sizes))


@pytest.mark.parametrize("kept", [0, 1, 31, 32, 99])
def test_rolled_back_and_read_again_has_the_same_bits(model: PackedModel, kept: int) -> None:
    cache = model.new_cache()
    whole = states_of(model, TOKENS[:100], cache)
    states_of(model, TOKENS[500:560], cache)
    cache.truncate(kept)
    states_of(model, TOKENS[900:905], cache)
    cache.truncate(kept)
    assert same(whole[kept:], states_of(model, TOKENS[kept:100], cache))


def test_sequences_read_together_have_the_bits_of_each_alone(model: PackedModel) -> None:
    lengths, pasts = (1, 40, 13, 70, 2), (0, 200, 33, 0, 511)
    parts, alone = [], []
    for number, (length, past) in enumerate(zip(lengths, pasts, strict=True)):
        tokens, before = TOKENS[number * 90 : number * 90 + length], TOKENS[number : number + past]
        caches = [model.new_cache(), model.new_cache()]
        for cache in caches:
            if before:
                model.read([Part(cache, before)])
        alone.append(states_of(model, tokens, caches[0]))
        parts.append(Part(caches[1], tokens, range(length)))
    together = model.read(parts)
    assert all(same(one, other) for one, other in zip(together, alone, strict=True))
    assert [part.cache.length for part in parts] == [a + b for a, b in zip(lengths, pasts, strict=True)]
    again = [states_of(model, TOKENS[:3], part.cache) for part in parts]
    assert len({states.tobytes() for states in again}) == len(parts)


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads_has_the_same_bits(tiny_quantized: LocalModel, model: PackedModel, threads: int) -> None:
    other = PackedModel(tiny_quantized, threads=threads)
    for count in (1, 4, 120):
        ours, theirs = states_of(model, TOKENS[:count]), states_of(other, TOKENS[:count])
        assert same(ours, theirs)
        assert same(model.logits(ours[-1]), other.logits(theirs[-1]))


def test_logits_of_some_tokens_are_those_of_the_whole(model: PackedModel) -> None:
    (state,) = states_of(model, TOKENS[:9])[-1:]
    whole, rows = model.logits(state), list(range(0, 300, 7))
    np.testing.assert_allclose(model.logits(state, rows), whole[rows], atol=1.5e-2 * np.abs(whole).max())


def test_more_positions_than_the_first_tables_hold(tiny_quantized: LocalModel, model: PackedModel) -> None:
    fresh = PackedModel(tiny_quantized, threads=1)
    cache = fresh.new_cache()
    pieces = by_pieces(fresh, TOKENS, [250], cache)
    assert cache.length == len(TOKENS)
    assert cache.capacity >= len(TOKENS)
    whole = states_of(model, TOKENS)
    assert same(whole, pieces)
    expanded = load_model(tiny_quantized, "fp32")
    theirs = states_of(expanded, TOKENS)
    assert np.sqrt(((whole[1024:] - theirs[1024:]) ** 2).mean() / (theirs[1024:] ** 2).mean()) < 0.1


def test_a_cache_grows_in_the_middle_of_a_sequence(model: PackedModel) -> None:
    cache = model.new_cache()
    room = cache.capacity
    model.read([Part(cache, TOKENS[: room - 1])])
    assert cache.capacity == room
    last = states_of(model, TOKENS[room - 1 : room + 2], cache)
    assert cache.capacity == 2 * room
    assert same(last, states_of(model, TOKENS[: room + 2])[room - 1 :])


@pytest.mark.parametrize("profile", ["packed", "fp32"])
def test_too_long_a_prompt_is_refused_and_nothing_is_read(tmp_path: Path, profile: str) -> None:
    model = load_model(quantized(tmp_path, max_position_embeddings=50), profile, threads=1)
    short, long = model.new_cache(), model.new_cache()
    model.read([Part(long, TOKENS[:45])])
    with pytest.raises(ModelError, match=r"^the prompt is too long: 51 tokens, and the model reads 50$"):
        model.read([Part(short, TOKENS[:5]), Part(long, TOKENS[:6])])
    assert (short.length, long.length) == (0, 45)
    model.read([Part(long, TOKENS[:5])])
    assert long.length == 50


@pytest.mark.parametrize("name", ["llama-untied", "mixed", "super-blocks"])
def test_widened_codes_have_the_same_bits(shapes: dict[str, LocalModel], name: str) -> None:
    packed, wide = (load_model(shapes[name], profile, threads=1) for profile in ("packed", "int8"))
    ours, theirs = states_of(packed, TOKENS[:40]), states_of(wide, TOKENS[:40])
    assert same(ours, theirs)
    assert same(packed.logits(ours[-1]), wide.logits(theirs[-1]))
    assert wide.weight_bytes > packed.weight_bytes
    assert packed.profile != wide.profile


def test_only_what_is_wanted_is_given(model: PackedModel) -> None:
    whole = states_of(model, TOKENS[:20])
    (some,) = model.read([Part(model.new_cache(), TOKENS[:20], (3, -1))])
    assert same(some, whole[[3, -1]])
    (none,) = model.read([Part(model.new_cache(), TOKENS[:20])])
    assert none.shape == (0, model.shape.hidden)


def test_threads_end_with_the_model(tiny_quantized: LocalModel) -> None:
    before = set(threading.enumerate())
    model = PackedModel(tiny_quantized, threads=3)
    states_of(model, TOKENS[:3])
    own = set(threading.enumerate()) - before
    assert len(own) == 2
    del model
    gc.collect()
    for thread in own:
        thread.join(10)
    assert not any(thread.is_alive() for thread in own)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_attention_heads": 8}, "the weights do not have the sizes that config.json says"),
        ({"num_hidden_layers": LAYERS - 1}, "9 tensors are not understood, the first is 'model.layers.2."),
        ({"num_hidden_layers": LAYERS + 1}, "tensor 'model.layers.3.self_attn.q_proj.weight' is missing"),
        ({"tie_word_embeddings": False}, "tensor 'lm_head.weight' is missing from its quantized weights"),
        ({"head_dim": 16}, "head size 16 is no multiple of 32; use --profile bf16 or fp32"),
        ({"hidden_size": 48}, "hidden size 48 is no multiple of 32; use --profile bf16 or fp32"),
        ({"hidden_size": 96}, "the weights do not have the sizes that config.json says"),
        ({"model_type": "qwen2", "num_key_value_heads": 4}, "the weights do not have the sizes"),
    ],
)
def test_configs_that_do_not_fit_are_refused(tiny_quantized: LocalModel, change: dict[str, Any], message: str) -> None:
    model = LocalModel(**{**vars(tiny_quantized), "config": tiny_quantized.config | change})
    with pytest.raises(ModelError, match=message):
        PackedModel(model, threads=1)


def _resized(model: LocalModel, folder: Path, name: str, size: int) -> LocalModel:
    """The same model with one tensor cut or filled up to another length."""
    shutil.copytree(model.folder, folder)
    file = folder / "model.safetensors"
    with safe_open(file, framework="numpy") as holder:
        metadata = holder.metadata()
        arrays = {one: holder.get_tensor(one) for one in holder.keys()}  # noqa: SIM118
    arrays[name] = np.resize(arrays[name], (size, *arrays[name].shape[1:]))
    save_file(arrays, file, metadata=metadata)
    (folder / "codeword.json").unlink()
    return open_folder(folder, "tiny")


@pytest.mark.parametrize(
    "name",
    [
        "model.norm.weight",
        "model.layers.0.input_layernorm.weight",
        "model.layers.1.post_attention_layernorm.weight",
        "model.layers.2.self_attn.k_proj.bias",
        "model.layers.0.self_attn.q_proj.weight.q4",
        "model.embed_tokens.weight.q4",
    ],
)
def test_tensors_of_another_size_are_refused(tmp_path: Path, name: str) -> None:
    model = _resized(quantized(tmp_path / "whole", "qwen2", held=_all("Q4_1")), tmp_path / "resized", name, 3)
    with pytest.raises(ModelError, match=r"the weights do not have the sizes that config.json says"):
        PackedModel(model, threads=1)


@pytest.mark.model
def test_the_real_model_has_the_same_bits_however_it_is_read(real_model: LocalModel) -> None:
    model, alone = (PackedModel(real_model, threads=threads) for threads in (2, 1))
    whole = states_of(model, TOKENS[:50])
    assert same(whole, by_pieces(model, TOKENS[:50], [1, 7, 19]))
    assert same(whole, states_of(alone, TOKENS[:50]))
    assert same(model.logits(whole[-1]), alone.logits(whole[-1]))
    long, short = model.read(
        [Part(model.new_cache(), TOKENS[:50], range(50)), Part(model.new_cache(), TOKENS[9:12], (2,))]
    )
    assert same(long, whole)
    assert same(short, states_of(model, TOKENS[9:12])[-1:])
