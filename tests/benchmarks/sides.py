"""The sides of a comparison: our engine, our engine with one technique switched off, and what others would use."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codeword.codebook.errors import CodewordError, InputError, did_you_mean
from codeword.controller.engine import Techniques
from codeword.controller.processor import processor_features
from codeword.controller.registry import LocalModel
from codeword.controller.store import Progress

from .files import gguf_of, onnx_folder, requantized, transformers_folder

OURS = "ours"

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "no prefix cache": {"techniques": Techniques().without("prefix_cache")},
    "no kept keys and values": {"techniques": Techniques().without("kv_cache")},
    "no forced runs": {"techniques": Techniques().without("forced_runs")},
    "no guesses": {"techniques": Techniques().without("guesses")},
    "logits of the whole vocabulary": {"techniques": Techniques().without("legal_rows")},
    "one thread": {"threads": 1},
    "codes in bytes": {"profile": "int8"},
    "expanded weights (bf16)": {"profile": "bf16"},
}
"""Our engine with one technique switched off: a name for the row, and the options of `Engine` that do it."""

PEERS = ("outlines", "llama.cpp", "llama.cpp-native", "onnxruntime")

NAMES = (OURS, *VARIANTS, *PEERS)

_PACKAGE = "tests.benchmarks"


@dataclass(frozen=True)
class Setting:
    """One way to run a side: the options that it is made with, and what its environment has beside our own."""

    options: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SideSpec:
    """How a side is made: `made_by` names its class, `settings` are the ways worth trying; the quickest is kept."""

    name: str
    made_by: str
    settings: Mapping[str, Setting]


class AbsentError(CodewordError):
    """A side cannot be had here; the message says how it could be."""


def find_side(name: str, model: LocalModel, progress: Progress) -> SideSpec:
    """The side of a name. Raises AbsentError where it cannot be had, ModelError where its files cannot."""
    if name in PEERS:
        return _PEERS[name](model, progress)
    options = VARIANTS.get(name, {})
    return SideSpec(name, f"{_PACKAGE}.side_codeword:CodewordSide", {"": Setting({"model": model, "options": options})})


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """The sides of those names, ours first and always among them. Raises InputError for an unknown one."""
    for name in names:
        if name not in NAMES:
            raise InputError(f"there is no side '{name}'{did_you_mean(name, NAMES)}")
    return (OURS, *(name for name in NAMES if name in names and name != OURS))


_SLEEPING = {"OMP_WAIT_POLICY": "PASSIVE"}
_SPINNING = {"OMP_WAIT_POLICY": "", "GOMP_SPINCOUNT": ""}
"""Threads wait as OpenMP has them by default, where ours sleep. With a core for each thread llama.cpp is nearly twice
as quick that way, and many times slower where something else wants one."""


def _outlines(model: LocalModel, progress: Progress) -> SideSpec:
    folder = str(transformers_folder(model, progress))
    half, single = {"folder": folder, "dtype": "bfloat16"}, {"folder": folder, "dtype": "float32"}
    settings = {
        "bf16": Setting(half, _SPINNING),
        "bf16, sleeping": Setting(half, _SLEEPING),
        "fp32": Setting(single, _SPINNING),
    }
    return SideSpec("outlines", f"{_PACKAGE}.side_outlines:OutlinesSide", settings)


def _llama_cpp(model: LocalModel, progress: Progress) -> SideSpec:
    if find_spec("xllamacpp") is None:
        raise AbsentError("llama.cpp is not here; get it with: pip install xllamacpp")
    settings = _in_threads(str(_needed_gguf("llama.cpp", model, progress)))
    return SideSpec("llama.cpp", f"{_PACKAGE}.side_llama_cpp:LlamaCppSide", settings)


_REQUANTIZED = ("Q4_0", "Q8_0")
"""What llama.cpp may be quicker with than with the file's own kind of quantization."""


def _llama_cpp_native(model: LocalModel, progress: Progress) -> SideSpec:
    if find_spec("llama_cpp") is None:
        raise AbsentError("llama.cpp-native is not here; get it with: tests/benchmarks/build_llama_cpp.sh")
    gguf = _needed_gguf("llama.cpp-native", model, progress)
    files = {"": gguf, **{f"{kind}, ": requantized(gguf, kind, progress) for kind in _REQUANTIZED}}
    bfloats = bool({"avx512bf16", "bf16"} & processor_features())  # quicker where the processor multiplies them
    settings = {
        f"{kind}{ways}": replace(how, options={**how.options, "bfloats": bfloats})
        for kind, file in files.items()
        for ways, how in _in_threads(str(file)).items()
    }
    return SideSpec("llama.cpp-native", f"{_PACKAGE}.side_llama_cpp_native:LlamaCppNativeSide", settings)


def _needed_gguf(name: str, model: LocalModel, progress: Progress) -> Path:
    gguf = gguf_of(model, progress)
    if gguf is None:
        raise AbsentError(f"{name} needs a GGUF file, and '{model.name}' is none")
    return gguf


def _in_threads(gguf: str) -> dict[str, Setting]:
    """The ways to share a model's work among threads, and to have these wait."""
    settings: dict[str, Setting] = {}
    for threads in _thread_counts():
        options = {"gguf": gguf, "threads": threads}
        settings[_threads(threads)] = Setting(options, _SPINNING)
        if threads > 1:
            settings[f"{_threads(threads)}, sleeping"] = Setting(options, _SLEEPING)
    return settings


def _onnxruntime(model: LocalModel, progress: Progress) -> SideSpec:
    if any(find_spec(name) is None for name in ("onnxruntime", "onnxruntime_genai", "onnx", "onnx_ir")):
        raise AbsentError(
            "onnxruntime is not here; get it with: pip install onnxruntime onnxruntime-genai onnx onnx-ir"
        )
    folder = str(onnx_folder(model, progress))
    settings = {_threads(threads): Setting({"folder": folder, "threads": threads}) for threads in _thread_counts()}
    return SideSpec("onnxruntime", f"{_PACKAGE}.side_onnxruntime:OnnxruntimeSide", settings)


def _thread_counts() -> list[int]:
    cores = os.cpu_count() or 1
    return sorted({1, max(1, cores // 2), cores})


def _threads(number: int) -> str:
    return f"{number} thread{'s' if number > 1 else ''}"


_PEERS: Mapping[str, Callable[[LocalModel, Progress], SideSpec]] = {
    "outlines": _outlines, "llama.cpp": _llama_cpp, "llama.cpp-native": _llama_cpp_native,
    "onnxruntime": _onnxruntime,
}  # fmt: skip
