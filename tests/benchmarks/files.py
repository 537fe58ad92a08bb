"""The files that peers load: the GGUF file that a model comes from, and the same weights as transformers keeps them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from codeword.codebook.errors import ModelError
from codeword.controller.registry import KNOWN, LocalModel
from codeword.controller.store import Progress, cache_dir, install

_ONNX_OPTIONS = ("int4_accuracy_level=4", "prune_lm_head=true")
_TOKENIZER_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def gguf_of(model: LocalModel, progress: Progress) -> Path | None:
    """The GGUF file that a model was made from, fetched again for a known one; None where it came as a folder.

    Raises ModelError where it cannot be had.
    """
    if model.name not in KNOWN:
        path = Path(model.name)
        return path.absolute() if path.suffix == ".gguf" and path.is_file() else None
    known = KNOWN[model.name]
    folder = cache_dir() / "peers" / f"{known.name}-{known.sha256[:12]}"
    file = folder / "model.gguf"

    def make(work: Path) -> None:
        parts = work.parent / "parts"
        parts.mkdir()
        known.fetch(work / file.name, parts, progress)

    install(folder, make, needed_bytes=2 * known.size_bytes, present=file.is_file, progress=progress)
    return file


def requantized(gguf: Path, kind: str, progress: Progress) -> Path:
    """A GGUF file in another kind of quantization, such as Q4_0, made once by llama.cpp from what its weights stand for.

    Raises ModelError where it cannot be had.
    """
    folder = cache_dir() / "peers" / f"{gguf.parent.name}-{gguf.stem}-{kind}"
    file = folder / "model.gguf"

    def make(work: Path) -> None:
        progress(f"converting to {kind}", 0, 0)
        maker = [sys.executable, "-m", "tests.benchmarks.requantize", str(gguf), str(work / file.name), kind]
        done = subprocess.run(maker, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"code {done.returncode}"]
            raise ModelError(f"llama.cpp makes no {kind} of {gguf}: {said[-1]}")

    install(folder, make, needed_bytes=4 * gguf.stat().st_size, present=file.is_file, progress=progress)
    return file


def transformers_folder(model: LocalModel, progress: Progress) -> Path:
    """A folder that transformers loads a model from: its own, or one made once from its GGUF file, in float32.

    Raises ModelError where it cannot be had.
    """
    gguf = gguf_of(model, progress)
    if gguf is None:
        return model.folder
    folder = cache_dir() / "peers" / f"{gguf.parent.name if model.name in KNOWN else gguf.stem}-transformers"

    def make(work: Path) -> None:
        progress("converting for transformers", 0, 0)
        write_plain(gguf, model.folder, work)

    weights = folder / "model.safetensors"
    install(folder, make, needed_bytes=12 * gguf.stat().st_size, present=weights.is_file, progress=progress)
    return folder


def onnx_folder(model: LocalModel, progress: Progress) -> Path:
    """A folder with a model in 4 bits as onnxruntime reads it, products in 8-bit integers, made once by the builder of
    onnxruntime-genai.

    Raises ModelError where it cannot be had.
    """
    plain = transformers_folder(model, progress)
    folder = cache_dir() / "peers" / f"{plain.name}-onnx-int4"
    builder = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(plain), "-p", "int4", "-e", "cpu"]

    def make(work: Path) -> None:
        progress("converting for onnxruntime", 0, 0)
        options = ["-o", str(work), "-c", str(work / "cache"), "--extra_options", *_ONNX_OPTIONS]
        done = subprocess.run([*builder, *options], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ModelError(f"the builder of onnxruntime-genai failed: {done.stderr.strip().splitlines()[-1]}")
        shutil.rmtree(work / "cache", ignore_errors=True)

    weights = folder / "model.onnx"
    install(folder, make, needed_bytes=400_000_000, present=weights.is_file, progress=progress)
    return folder


def write_plain(gguf: Path, described_in: Path, folder: Path) -> None:
    """Write the weights of a GGUF file as plain float32 into a folder, with the config and tokenizer of another one.

    transformers reads GGUF files itself, but only beside a library that nothing else here needs.
    """
    import torch
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, GGUFReader
    from gguf.quants import dequantize
    from gguf.tensor_mapping import get_tensor_name_map
    from transformers import AutoConfig, AutoModelForCausalLM

    config: Any = AutoConfig.from_pretrained(described_in)
    model: Any = AutoModelForCausalLM.from_config(config, dtype=torch.float32)  # type: ignore[no-untyped-call]
    stored = {tensor.name: tensor for tensor in GGUFReader(gguf).tensors}
    architectures = {name: number for number, name in MODEL_ARCH_NAMES.items()}
    names = get_tensor_name_map(MODEL_ARCH(architectures[config.model_type]), config.num_hidden_layers)
    for name, values in model.state_dict().items():
        tensor = stored.get(str(names.get_name(name, (".weight", ".bias"))))
        if tensor is None:
            assert name == "lm_head.weight", name  # the embeddings, where the two are tied
            continue
        read: Any = torch.tensor(dequantize(tensor.data, tensor.tensor_type))
        if config.model_type == "llama" and re.search(r"self_attn\.[qk]_proj", name):
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            read = read.unflatten(0, (heads, -1, 2)).transpose(1, 2).reshape(read.shape)  # llama.cpp's order of rows
        values.copy_(read)
    model.save_pretrained(folder)
    for name in _TOKENIZER_FILES:
        if (described_in / name).is_file():
            shutil.copy(described_in / name, folder / name)
