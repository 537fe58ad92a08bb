"""Other processors, as far as this one can be made to compute like them: their kernels, chosen by the environment."""

import os

import pytest

from codeword.controller.processor import instruction_sets

OTHERS = (
    {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4"},
    {"OPENBLAS_CORETYPE": "Nehalem"},
)
"""Environments in which mathematical libraries take the kernels of an older processor: glibc's, and OpenBLAS's."""

only_where_kernels_are_chosen = pytest.mark.skipif(
    not {"x86_64", "fma"} <= set(instruction_sets().split()), reason="this processor has no newer kernels to leave out"
)


def skip_where_in_use(environment: dict[str, str]) -> None:
    """Skip a test of other kernels where those are the ones in use."""
    if environment.items() <= os.environ.items():
        pytest.skip("these are the kernels in use")
