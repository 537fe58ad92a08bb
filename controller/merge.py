"""A model with an adapter in it: every matrix that the adapter changes is summed up once and kept as codes of 8 bits.

The rest stays as the base has it. What comes out is a model folder like any other, so that every profile holds the same
values; it is kept in the cache folder, the latest few of them.
"""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from codeword.codebook.errors import ModelError

from .adapter import NONE, Adapter
from .convert import CONVERSION, write_record
from .kernels.blocks import OUTPUTS
from .registry import NEEDED, OPTIONAL, LocalModel, open_folder
from .store import Progress, cache_dir, install, silent

BITS = 8
"""Bits of a code: those of 4 bits would round away what was learned."""

KEPT = 4
"""So many merged models stay in the cache folder; those longest unused go first."""

_PREFIX, _DOWN, _UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"


def merged_dir() -> Path:
    """Where merged models lie."""
    return cache_dir() / "merged"


def with_adapter(model: LocalModel, adapter: Adapter, progress: Progress = silent) -> LocalModel:
    """The model with an adapter in it, made if it is not there yet; the model itself with none.

    Raises ModelError where the adapter is damaged or does not fit the model's sizes.
    """
    if adapter == NONE:
        return model
    import hashlib

    key = f"{CONVERSION} {model.weights_sha256} {adapter.identity}"
    folder = merged_dir() / hashlib.sha256(key.encode()).hexdigest()[:32]

    def present() -> bool:
        return (folder / "codeword.json").is_file()

    if not present():
        size = sum(file.stat().st_size for file in model.weights)
        install(
            folder,
            lambda work: _merge(model, adapter, work, progress),
            needed_bytes=2 * size,
            present=present,
            progress=progress,
        )
        _make_room(folder)
    os.utime(folder)
    merged = open_folder(folder, model.name)
    return replace(merged, base_sha256=model.base_sha256)


def _make_room(newest: Path) -> None:
    folders = [path for path in merged_dir().iterdir() if path.is_dir() and not path.name.startswith(".")]
    for old in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        if old != newest:
            shutil.rmtree(old, ignore_errors=True)


def _merge(model: LocalModel, adapter: Adapter, folder: Path, progress: Progress) -> None:
    import torch
    from safetensors.torch import save_file

    from .rounding import round_matrix
    from .weights import Weights

    pairs = _pairs(adapter)
    cpu = torch.device("cpu")
    stored: dict[str, Any] = {}
    outputs: dict[str, int] = {}
    with Weights(model.weights, dtype=torch.float32, device=cpu) as weights:
        unknown = sorted(set(pairs) - set(weights.names))
        if unknown:
            raise ModelError(f"{adapter.weights}: model '{model.name}' has no matrix '{unknown[0]}'")
        names = weights.names
        for done, name in enumerate(names):
            progress("merging the adapter", done, len(names))
            coded = weights.outputs(name)
            if coded is not None:
                outputs[name] = coded
            if name not in pairs:
                key, tensor = weights.take_as_it_lies(name)
                stored[key] = tensor
                continue
            whole = weights.take(name)
            down, up = pairs[name]
            if (up.shape[0], down.shape[1], up.shape[1]) != (*whole.shape, down.shape[0]):
                raise ModelError(
                    f"{adapter.weights}: '{name}' is {up.shape[0]} by {down.shape[1]} there and {whole.shape[0]} by "
                    f"{whole.shape[1]} in model '{model.name}'"
                )
            # In float64, so that the order of adding up, which differs between machines, does not show.
            whole += (adapter.scale * (up.double() @ down.double())).float()
            if not bool(whole.isfinite().all()):
                raise ModelError(f"{adapter.weights}: '{name}' has weights that are no finite numbers")
            if coded is None:
                stored[name] = whole
            else:
                blocks = round_matrix(whole, BITS, whole_range=True)
                stored[f"{name}.{blocks.kind}"] = torch.from_numpy(blocks.records())
    progress("writing", 0, 0)
    for name in (*NEEDED, *OPTIONAL):
        if (model.folder / name).is_file():
            shutil.copyfile(model.folder / name, folder / name)
    save_file(stored, folder / "model.safetensors", metadata={OUTPUTS: json.dumps(outputs)})
    (folder / "model.safetensors").chmod(0o644)
    write_record(folder, source_sha256=model.source_sha256, licence=model.licence)


def _pairs(adapter: Adapter) -> dict[str, tuple[Any, Any]]:
    """The two factors of every matrix's difference, by the matrix's name."""
    import torch
    from safetensors import SafetensorError, safe_open

    halves: dict[str, dict[str, Any]] = {}
    try:
        with safe_open(adapter.weights, framework="pt") as holder:
            for key in holder.keys():  # noqa: SIM118
                ending = next((end for end in (_DOWN, _UP) if key.endswith(end)), None)
                if ending is None or not key.startswith(_PREFIX):
                    raise ModelError(f"{adapter.weights}: tensor '{key}' is no part of a low-rank difference")
                name = key.removeprefix(_PREFIX).removesuffix(ending) + ".weight"
                halves.setdefault(name, {})[ending] = holder.get_tensor(key).to(torch.float32)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{adapter.weights}: not a whole safetensors file ({error})") from error
    for name, pair in halves.items():
        if len(pair) != 2:
            raise ModelError(f"{adapter.weights}: of the difference to '{name}' one half is missing")
    return {name: (pair[_DOWN], pair[_UP]) for name, pair in halves.items()}
