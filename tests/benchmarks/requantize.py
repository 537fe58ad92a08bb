"""`python -m tests.benchmarks.requantize FROM TO KIND`: a GGUF file in another kind of quantization, made by llama.cpp.

A process of its own, as llama.cpp says much, and ends the process where something is wrong.
"""

import ctypes
import sys

import llama_cpp


def main(source: str, target: str, kind: str) -> int:
    """Write `target`; KIND as llama.cpp calls it, such as Q4_0. Gives 0 where it went well."""
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    params.allow_requantize = True
    return int(llama_cpp.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
