"""Every cache passes one suite: what is kept, forgotten, moved together, written out and taken back."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from codeword.controller.model import Cache, Part
from codeword.controller.packed_model import PackedCache
from codeword.controller.profiles import load_model
from codeword.controller.registry import LocalModel
from codeword.controller.torch_model import KVCache

LAYERS, HEADS, SIZE = 2, 3, 32


def _torch(dtype: torch.dtype) -> Callable[[], KVCache]:
    return lambda: KVCache(LAYERS, HEADS, SIZE, dtype=dtype, device=torch.device("cpu"))


MAKERS: dict[str, Callable[[], "PackedCache | KVCache"]] = {
    "packed": lambda: PackedCache(LAYERS, HEADS, SIZE),
    "float32": _torch(torch.float32),
    "bfloat16": _torch(torch.bfloat16),
}
made = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
Make = Callable[[], "PackedCache | KVCache"]


def fill(cache: "PackedCache | KVCache", tokens: int, first: int = 0) -> None:
    """Put tokens behind those kept; all numbers of token n are n (modulo 101) plus something of their own."""
    start = cache.length
    cache.reserve(start + tokens)
    if isinstance(cache, KVCache):
        values = (torch.arange(first, first + tokens) % 101).float()[None, :, None].expand(HEADS, tokens, SIZE)
        for layer in range(LAYERS):
            cache.write(layer, values + layer, values + layer + 10)
    else:
        for token in range(tokens):
            slot = start + token
            cache.keys[:, :, slot // 16, :, slot % 16] = (first + token) % 101
            cache.values[:, :, slot // 2, :, slot % 2] = (first + token) % 101 + 1000
    cache.advance(tokens)


def content(cache: Cache) -> list[int]:
    """The number by which each token kept was filled in, the same in every layer and head."""
    arrays = cache.dump()
    if not cache.length:
        return []
    if "store" in arrays:
        element = torch.float32 if arrays["store"].shape[-1] == 4 * SIZE else torch.bfloat16
        store = torch.from_numpy(arrays["store"]).view(element).float()
        found = store - torch.arange(LAYERS)[:, None, None, None, None] - 10 * torch.arange(2)[:, None, None, None]
        assert (found == found[:1, :1, :1, :, :1]).all()
        return [int(number) for number in found[0, 0, 0, :, 0]]
    keys: NDArray[np.int64] = arrays["keys"].astype(np.int64).transpose(0, 1, 3, 5, 2, 4)
    values: NDArray[np.int64] = arrays["values"].astype(np.int64).transpose(0, 1, 3, 2, 4)
    slots = keys.reshape(-1, keys.shape[-2] * keys.shape[-1])[:, : cache.length]
    mixed = values.reshape(-1, values.shape[-2] * values.shape[-1])[:, : cache.length] - 1000
    assert (slots == slots[:1]).all() and (mixed == slots[:1]).all()
    return [int(number) for number in slots[0]]


@made
def test_a_new_one_is_empty(make: Make) -> None:
    cache = make()
    assert (cache.length, content(cache)) == (0, [])
    assert cache.size_bytes > 0


@made
def test_tokens_are_kept_in_their_order(make: Make) -> None:
    cache = make()
    for first, tokens in ((0, 1), (1, 30), (31, 2)):
        fill(cache, tokens, first)
    assert content(cache) == list(range(33))


@made
def test_truncate(make: Make) -> None:
    cache = make()
    fill(cache, 40)
    cache.truncate(17)
    assert content(cache) == list(range(17))
    fill(cache, 3, first=60)
    assert content(cache) == [*range(17), 60, 61, 62]
    cache.truncate(20)
    cache.truncate(0)
    assert content(cache) == []


@made
@pytest.mark.parametrize("length", [-1, 6])
def test_truncate_refuses_what_is_not_kept(make: Make, length: int) -> None:
    cache = make()
    fill(cache, 5)
    with pytest.raises(ValueError, match=f"^cannot roll back to {length} tokens: 5 are kept$"):
        cache.truncate(length)
    assert content(cache) == list(range(5))


@made
@pytest.mark.parametrize("tokens", [0, 1, 16, 17, 600])
def test_what_was_written_out_is_taken_back(make: Make, tokens: int) -> None:
    cache, other = make(), make()
    fill(cache, tokens)
    fill(other, 3, first=90)
    other.load(cache.dump(), tokens)
    assert content(other) == content(cache) == [number % 101 for number in range(tokens)]
    fill(other, 2, first=50)
    assert content(other)[tokens:] == [50, 51]
    assert cache.length == tokens


@made
def test_what_was_written_out_stays_as_it_was(make: Make) -> None:
    cache, other = make(), make()
    fill(cache, 20)
    kept = cache.dump()
    cache.truncate(0)
    fill(cache, 20, first=60)
    other.load(kept, 20)
    kept_then = content(other)
    fill(other, 1, first=80)
    for array in kept.values():
        array[:] = 0
    assert kept_then == list(range(20)) == content(other)[:20]


@made
def test_arrays_of_another_size_are_refused_and_change_nothing(make: Make) -> None:
    cache = make()
    fill(cache, 20)
    good = cache.dump()
    bad: list[tuple[dict[str, NDArray[np.generic]], int]] = [
        (good, 40),
        (good, 3),
        ({}, 20),
        ({**good, "more": np.zeros(3, np.uint16)}, 20),
        ({name: array[:1] for name, array in good.items()}, 20),
        ({name: array.astype(np.int32) for name, array in good.items()}, 20),
    ]
    fill(cache, 2, first=30)
    for arrays, length in bad:
        with pytest.raises(ValueError, match=f"are not those of {length} tokens$"):
            cache.load(arrays, length)
    assert content(cache) == [*range(20), 30, 31]


@made
def test_room_is_doubled_and_what_is_kept_stays(make: Make) -> None:
    cache = make()
    room, size_bytes = cache.capacity, cache.size_bytes
    fill(cache, 25)
    cache.reserve(room)
    assert (cache.capacity, cache.size_bytes) == (room, size_bytes)
    cache.reserve(room + 1)
    assert (cache.capacity, cache.size_bytes) == (2 * room, 2 * size_bytes)
    cache.reserve(7 * room)
    assert cache.capacity == 8 * room
    assert content(cache) == list(range(25))


@pytest.mark.parametrize("profile", ["packed", "fp32"])
def test_what_a_model_made_room_for_can_be_forgotten_and_replaced(tiny_quantized: LocalModel, profile: str) -> None:
    model = load_model(tiny_quantized, profile, threads=1)
    cache, other = model.new_cache(), model.new_cache()
    model.read([Part(cache, [*range(300)] * 2)])
    model.read([Part(other, range(20))])
    cache.truncate(592)
    cache.load(other.dump(), 20)
    once, again = (model.read([Part(one, [7, 8], (0, 1))])[0] for one in (cache, other))
    assert np.array_equal(once, again)


@pytest.mark.parametrize("profile", ["packed", "int8", "bf16", "fp32"])
def test_a_model_goes_on_from_what_was_written_out(tiny_quantized: LocalModel, profile: str) -> None:
    model = load_model(tiny_quantized, profile, threads=1)
    cache, other = model.new_cache(), model.new_cache()
    model.read([Part(cache, range(100, 150))])
    other.load(cache.dump(), cache.length)
    once, again = (model.read([Part(one, [7, 8], (0, 1))])[0] for one in (cache, other))
    assert np.array_equal(once, again)
