"""What was read before is kept as far as the next sequence begins alike, and goes when there is no room."""

from collections.abc import Sequence
from typing import cast

import pytest

from codeword.controller.model import Model
from codeword.controller.packed_model import PackedCache
from codeword.controller.prefix_cache import PASS_TOKENS, CachedPrefix, Cut, PrefixCache, cuts_of

SYSTEM = tuple(range(100, 110))
STABLE = len(SYSTEM)
ONE_BYTES = PackedCache(1, 1, 32).size_bytes


class Caches:
    """All of a model that tracks ask for."""

    def new_cache(self) -> PackedCache:
        return PackedCache(1, 1, 32)


def prefix_cache(*, exact: bool = True, most_bytes: int = 1 << 29) -> PrefixCache:
    return PrefixCache(cast(Model, Caches()), None, exact=exact, most_bytes=most_bytes)


def read(prefix: CachedPrefix, tokens: Sequence[int], cuts: Cut | None = None) -> None:
    """Read what is left of a sequence, in the passes that end at its cuts."""
    cache = prefix.cache
    assert isinstance(cache, PackedCache)
    assert cache.length == len(prefix.tokens)
    for end in cuts or (len(tokens),):
        if end > len(prefix.tokens):
            cache.reserve(end)
            for slot in range(len(prefix.tokens), end):
                cache.keys[:, :, slot // 16, :, slot % 16] = tokens[slot]
            cache.advance(end - len(prefix.tokens))
            prefix.note(tokens[len(prefix.tokens) : end])


def read_slots(prefix: CachedPrefix) -> list[int]:
    """The tokens whose numbers lie in a prefix's cache."""
    cache = prefix.cache
    assert isinstance(cache, PackedCache)
    return [int(cache.keys[0, 0, slot // 16, 0, slot % 16, 0]) for slot in range(cache.length)]


def decide(kept: PrefixCache, tokens: Sequence[int], cuts: Cut = ()) -> int:
    """Read a sequence and give it back; how many of its tokens were kept from before."""
    prefix = kept.take(tokens, cuts, STABLE)
    known = prefix.cache.length
    read(prefix, tokens, cuts)
    assert read_slots(prefix) == prefix.tokens == list(tokens)
    kept.give_back(prefix)
    return known


@pytest.mark.parametrize(
    ("segments", "cuts"),
    [
        (((),), ()),
        (((1, 2, 3),), (3,)),
        (((1,), (2, 3), (4,)), (1, 3, 4)),
        (((1,), (), (4,)), (1, 2)),
        ((range(PASS_TOKENS),), (PASS_TOKENS,)),
        ((range(PASS_TOKENS + 1), range(5)), (PASS_TOKENS, PASS_TOKENS + 1, PASS_TOKENS + 6)),
        ((range(3), range(300)), (3, 131, 259, 303)),
    ],
)
def test_no_pass_reaches_over_a_segment(segments: tuple[Sequence[int], ...], cuts: Cut) -> None:
    assert cuts_of(*segments) == cuts


@pytest.mark.parametrize(
    ("following", "known"),
    [
        ((*SYSTEM, 1, 2, 3, 4), 13),  # the same again: its last token is read again
        ((*SYSTEM, 1, 2, 3, 4, 5), 14),
        ((*SYSTEM, 1, 2, 9), 12),
        ((*SYSTEM, 9), 10),
        ((*SYSTEM[:-1], 9, 9), 0),  # another codebook
    ],
)
def test_an_exact_model_keeps_what_is_alike(following: tuple[int, ...], known: int) -> None:
    kept = prefix_cache()
    assert decide(kept, (*SYSTEM, 1, 2, 3, 4)) == 0
    assert decide(kept, following) == known


@pytest.mark.parametrize(
    ("following", "cuts", "known"),
    [
        ((*SYSTEM, 1, 2, 3, 4, 5), (10, 12, 14, 15), 14),
        ((*SYSTEM, 1, 2, 3, 4, 5), (10, 12, 15), 12),  # the third pass would have another length
        ((*SYSTEM, 1, 2, 3, 9, 5), (10, 12, 14, 15), 12),
        ((*SYSTEM, 1, 9, 3), (10, 12, 13), 10),
        ((*SYSTEM, 1, 2), (10, 12), 10),  # the last pass gives the answer, and is read again
        ((*SYSTEM, 1, 2, 3), (4, 10, 12, 13), 0),
    ],
)
def test_another_model_keeps_whole_passes(following: tuple[int, ...], cuts: Cut, known: int) -> None:
    kept = prefix_cache(exact=False)
    assert decide(kept, (*SYSTEM, 1, 2, 3, 4), (10, 12, 14)) == 0
    assert decide(kept, following, cuts) == known


def test_the_longest_beginning_is_taken() -> None:
    kept = prefix_cache()
    first, second = kept.take((*SYSTEM, 1, 2, 3), (), STABLE), kept.take((*SYSTEM, 4, 5, 6), (), STABLE)
    read(first, (*SYSTEM, 1, 2, 3))
    read(second, (*SYSTEM, 4, 5, 6))
    kept.give_back(first)
    kept.give_back(second)
    assert decide(kept, (*SYSTEM, 1, 2, 9)) == 12
    assert decide(kept, (*SYSTEM, 4, 5, 6, 7)) == 13


def test_a_sequence_that_is_in_use_is_copied() -> None:
    kept = prefix_cache()
    decide(kept, (*SYSTEM, 1, 2, 3))
    busy = kept.take((*SYSTEM, 1, 2, 4), (), STABLE)
    other = kept.take((*SYSTEM, 1, 2, 5), (), STABLE)
    assert other is not busy and other.cache is not busy.cache
    assert (busy.cache.length, other.cache.length) == (12, 12)
    read(busy, (*SYSTEM, 1, 2, 4))
    read(other, (*SYSTEM, 1, 2, 5, 6))
    assert read_slots(busy) == [*SYSTEM, 1, 2, 4]
    assert read_slots(other) == [*SYSTEM, 1, 2, 5, 6]


def test_a_sequence_in_use_that_begins_otherwise_is_not_copied() -> None:
    kept = prefix_cache()
    busy = kept.take((*SYSTEM, 1), (), STABLE)
    read(busy, (*SYSTEM, 1))
    other = kept.take((7, *SYSTEM, 1), (), STABLE)
    assert (other.cache.length, other.tokens) == (0, [])


def test_another_codebook_does_not_take_the_room_of_the_first() -> None:
    kept = prefix_cache()
    decide(kept, (*SYSTEM, 1, 2))
    assert decide(kept, (*reversed(SYSTEM), 1, 2)) == 0
    assert decide(kept, (*SYSTEM, 1, 3)) == 11
    assert decide(kept, (*reversed(SYSTEM), 1, 3)) == 11


def test_the_one_longest_unused_goes_first() -> None:
    kept = prefix_cache(most_bytes=2 * ONE_BYTES)
    sequences = [(number,) * STABLE + (1, 2) for number in range(3)]
    decide(kept, sequences[0])
    decide(kept, sequences[1])
    assert decide(kept, sequences[0]) == 11
    decide(kept, sequences[2])
    assert kept.size_bytes == 2 * ONE_BYTES
    assert decide(kept, sequences[0]) == 11
    assert decide(kept, sequences[1]) == 0


def test_one_is_kept_however_large_it_is() -> None:
    kept = prefix_cache(most_bytes=1)
    decide(kept, (*SYSTEM, 1, 2))
    assert kept.size_bytes == ONE_BYTES
    assert decide(kept, (*SYSTEM, 1, 2)) == 11


def test_forgetting() -> None:
    kept = prefix_cache()
    decide(kept, (*SYSTEM, 1, 2))
    kept.forget()
    assert kept.size_bytes == 0
    assert decide(kept, (*SYSTEM, 1, 2)) == 0


def test_a_sequence_given_back_half_read_is_kept_as_far_as_it_was() -> None:
    kept = prefix_cache()
    prefix = kept.take((*SYSTEM, 1, 2, 3), (), STABLE)
    read(prefix, (*SYSTEM, 1))
    cache = prefix.cache
    assert isinstance(cache, PackedCache)
    cache.advance(1)  # a pass that was carried out, and whose end never came
    kept.give_back(prefix)
    assert decide(kept, (*SYSTEM, 1, 2, 3)) == 11


@pytest.mark.parametrize("exact", [True, False])
def test_a_codebook_that_is_kept_is_known_to_be(exact: bool) -> None:
    kept = prefix_cache(exact=exact)
    cuts = (6, STABLE)
    assert not kept.holds(SYSTEM, cuts)
    decide(kept, (*SYSTEM, 1, 2), (*cuts, STABLE + 2))
    assert kept.holds(SYSTEM, cuts)
    assert kept.holds(SYSTEM[:6], (6,))
    assert not kept.holds((*SYSTEM, 1, 3), (*cuts, STABLE + 2))
    assert kept.holds(SYSTEM[:7], (7,)) is exact


def test_what_was_settled_is_as_if_nothing_had_been_read_behind_the_beginning() -> None:
    """Not even the room that a longer sequence took is left of it."""
    kept, fresh = prefix_cache(), prefix_cache()
    other = tuple(range(200, 210))
    for first in (SYSTEM, other):
        decide(fresh, first)
        decide(kept, (*first, *range(2000)))
    assert kept.size_bytes > fresh.size_bytes
    kept.settle()
    assert kept.size_bytes == fresh.size_bytes == 2 * ONE_BYTES
    assert decide(kept, (*SYSTEM, 0, 1, 2)) == STABLE
    assert decide(kept, (*other, 0, 1, 2)) == STABLE
