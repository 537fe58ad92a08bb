"""Which processor the kernels are compiled for: the one at hand, or a lesser one that it can stand in for."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from codeword.codebook.errors import InputError, did_you_mean
from codeword.controller.processor import processor_features

KERNELS = "CODEWORD_KERNELS"
"""The environment variable that names one of LEVELS."""

_AVX2 = ("avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
_AVX512 = (*_AVX2, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")

LEVELS = {"avx2": ("x86-64-v3", frozenset(_AVX2)), "avx512": ("x86-64-v4", frozenset(_AVX512))}
"""Lesser processors: what LLVM calls each, and what it can do."""


@dataclass(frozen=True)
class Processor:
    """A processor that is compiled for: LLVM's name of it (None: the one at hand), and its features in LLVM's words."""

    name: str | None
    features: frozenset[str]


def choose(level: str | None, features: Iterable[str]) -> Processor:
    """The processor at hand, which has those features, or the lesser one that was asked for.

    Raises InputError where there is no such level, or the processor at hand lacks something that belongs to it.
    """
    own = frozenset(features)
    if not level:
        return Processor(None, own)
    if level not in LEVELS:
        raise InputError(f"{KERNELS}: there is no '{level}'{did_you_mean(level, list(LEVELS))}")
    name, wanted = LEVELS[level]
    if missing := sorted(wanted - own):
        raise InputError(f"{KERNELS}: this processor cannot run '{level}', it lacks {', '.join(missing)}; unset it")
    return Processor(name, wanted)


PROCESSOR = choose(os.environ.get(KERNELS), processor_features())
if PROCESSOR.name is not None:  # numba reads both when it compiles first, and keeps compiled code by both
    import numba

    numba.config.CPU_NAME, numba.config.CPU_FEATURES = PROCESSOR.name, ""
