"""Operations compiled for another processor than the one at hand."""

from collections.abc import Mapping
from typing import Any

import llvmlite.binding as llvm
import pytest
from llvmlite import ir

X86, ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"


def compiled(operations: Mapping[str, Any], triple: str, processor: str) -> tuple[Any, Any]:
    """A target machine, and a module with a function of eight numbers for each operation, optimized for it.

    Skips the test where this build of llvmlite does not know the target.
    """
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(triple)
    except RuntimeError:
        pytest.skip(f"this build of llvmlite cannot compile for {triple}")
    module, number = ir.Module(), ir.IntType(64)
    module.triple = triple
    for name, operation in operations.items():
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), [number] * 8), name)
        builder = ir.IRBuilder(function.append_basic_block())
        operation.write(builder, *function.args)
        builder.ret_void()
    parsed = llvm.parse_assembly(str(module))
    machine = target.create_target_machine(cpu=processor, opt=3)
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(parsed, passes)
    return machine, parsed
