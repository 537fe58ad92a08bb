"""Kernels are compiled for the processor at hand, or for a lesser one by a switch; what each gets is seen in assembly."""

import os
import subprocess
import sys
from typing import Any

import pytest

from codeword.codebook.errors import InputError
from codeword.controller.kernels.blocks import KINDS
from codeword.controller.kernels.dots import dots_for
from codeword.controller.kernels.matmul import matmul
from codeword.controller.kernels.passes import version_of
from codeword.controller.kernels.processor import KERNELS, LEVELS, PROCESSOR, Processor, choose

from .cross_compiled import ARM, X86, compiled

AVX2, AVX512 = (features for _, features in LEVELS.values())


def test_without_the_switch_the_processor_is_the_one_at_hand() -> None:
    for level in (None, ""):
        assert choose(level, {"avx2", "amx-int8"}) == Processor(None, frozenset({"avx2", "amx-int8"}))


def test_a_lesser_processor_has_only_what_belongs_to_it() -> None:
    own = AVX512 | {"avx512vnni", "avx512bf16", "avxvnni"}
    assert choose("avx2", own) == Processor("x86-64-v3", AVX2)
    assert choose("avx512", own) == Processor("x86-64-v4", AVX512)


@pytest.mark.parametrize(
    ("level", "features", "message"),
    [
        ("avx3", AVX2, "CODEWORD_KERNELS: there is no 'avx3'"),
        ("avx2", {"neon", "dotprod"}, "CODEWORD_KERNELS: this processor cannot run 'avx2', it lacks avx2, bmi, bmi2"),
        ("avx512", AVX2, "cannot run 'avx512', it lacks avx512bw, avx512cd, avx512dq, avx512f, avx512vl; unset it"),
    ],
)
def test_a_processor_that_cannot_be_had_is_refused(level: str, features: set[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose(level, features)


def _python(code: str, level: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, KERNELS: level}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not PROCESSOR.features >= AVX2, reason="this processor has no AVX2")
def test_the_switch_reaches_what_is_compiled() -> None:
    said = _python(
        "from codeword.controller.kernels.dots import DOTS\n"
        "from codeword.controller.kernels.llvm import HAS_BFLOAT_DOTS\n"
        "from numba.core.registry import cpu_target\n"
        "print(DOTS.name, HAS_BFLOAT_DOTS, *cpu_target.target_context.codegen().magic_tuple()[1:])",
        "avx2",
    )
    assert said.stdout.split() == ["avx2", "False", "x86-64-v3"], said.stderr


def test_a_wrong_switch_is_told_where_a_model_is_loaded() -> None:
    said = _python("import codeword.controller.packed_model", "axv2")
    wanted = "InputError: CODEWORD_KERNELS: there is no 'axv2'; did you mean 'avx2'? (choices: avx2, avx512)"
    assert said.stderr.splitlines()[-1].endswith(wanted)


def test_kept_code_is_that_of_one_set_of_features() -> None:
    processors = (Processor(None, AVX2), Processor(None, AVX2 | {"avxvnni"}), Processor("x86-64-v3", AVX2))
    assert len({version_of(processor) for processor in processors}) == len(processors)


def _longest_loop(operation: Any, triple: str, processor: str) -> list[str]:
    """The instructions of the longest loop of an operation, as LLVM compiles it for a processor."""
    machine, module = compiled({"product": operation}, triple, processor)
    lines = [line.split("#")[0].split("//")[0].strip() for line in machine.emit_assembly(module).splitlines()]
    labels = {line[:-1]: number for number, line in enumerate(lines) if line.endswith(":")}
    loops = [
        [one for one in lines[labels[line.split()[-1]] : number + 1] if one and one[0] != "." and one[-1] != ":"]
        for number, line in enumerate(lines)
        if line and labels.get(line.split()[-1], number) < number
    ]
    return max(loops, key=len)


# Per row of activations and group of 32 inputs by 16 outputs. A register of 512 bits takes one instruction where one of
# 256 takes two and one of 128 takes four; what multiplies is 8 at least by AVX-512, 16 by AVX2, 32 by NEON.
@pytest.mark.parametrize(
    ("triple", "processor", "feature", "multiplies", "times", "most"),
    [
        (X86, "znver4", "avx512vnni", "vpdpbusd", 8, {("q4", 1): 36, ("q4", 4): 20, ("q8", 4): 19}),
        (X86, "skylake-avx512", "avx512bw", "vpmaddubsw", 8, {("q4", 1): 56, ("q4", 4): 37, ("q8", 4): 65}),
        (X86, "alderlake", "avxvnni", "vpdpbusd", 16, {("q4", 1): 76, ("q4", 4): 53, ("q8", 4): 48}),
        (X86, "haswell", "avx2", "vpmaddubsw", 16, {("q4", 1): 100, ("q4", 4): 72, ("q8", 4): 130}),
        (X86, "znver3", "avx2", "vpmaddubsw", 16, {("q4", 1): 100, ("q4", 4): 72, ("q8", 4): 130}),
        (ARM, "cortex-a76", "dotprod", "sdot", 32, {("q4", 1): 130, ("q4", 4): 91}),
        (ARM, "apple-m1", "dotprod", "sdot", 32, {("q4", 1): 123, ("q4", 4): 88}),
        (ARM, "neoverse-v1", "i8mm", "usdot", 32, {("q4", 1): 122, ("q4", 4): 88, ("q8", 4): 77}),
    ],
)  # fmt: skip
def test_the_product_is_few_instructions(
    triple: str, processor: str, feature: str, multiplies: str, times: int, most: dict[tuple[str, int], int]
) -> None:
    for (kind, rows), bound in most.items():
        loop = _longest_loop(matmul(rows, KINDS[kind], dots_for({feature})), triple, processor)
        digits = 2 if multiplies == "vpmaddubsw" and kind == "q8" else 1
        assert sum(multiplies in line.split() for line in loop) == times * rows * digits
        assert len(loop) <= bound * rows, (kind, rows)
