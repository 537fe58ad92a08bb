"""What names a processor: the same in every process, another where libraries choose other kernels."""

import os
import subprocess
import sys

import pytest

from codeword.controller.processor import arithmetic, instruction_sets, processor, processor_features, signature
from tests.processors import OTHERS, only_where_kernels_are_chosen, skip_where_in_use


def named(**environment: str) -> list[str]:
    """Processor and signature as another process names them."""
    say = "from codeword.controller.processor import processor, signature; print(processor()); print(signature())"
    done = subprocess.run(
        [sys.executable, "-c", say], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_every_process_names_it_alike() -> None:
    assert named() == named() == [processor(), signature()]
    assert processor() == f"{processor().partition(',')[0]}, {processor().split(', ')[1]}, arithmetic {arithmetic()}"
    assert processor().startswith(instruction_sets())


@only_where_kernels_are_chosen
@pytest.mark.parametrize("environment", OTHERS, ids=lambda environment: next(iter(environment)))
def test_other_kernels_have_another_name(environment: dict[str, str]) -> None:
    skip_where_in_use(environment)
    other, other_signature = named(**environment)
    assert other != processor()
    assert other.startswith(instruction_sets()), "the same instructions, used otherwise"
    assert other_signature != signature()


def test_a_kept_kernel_is_for_the_instructions_that_it_was_compiled_for() -> None:
    """What numba keeps of the packed pass: a cache folder that moves to another processor is compiled for again."""
    from numba.core.registry import cpu_target

    _, name, features = cpu_target.target_context.codegen().magic_tuple()
    assert name
    assert {each.lstrip("+") for each in features.split(",") if each.startswith("+")} == processor_features()
