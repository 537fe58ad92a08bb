"""Profiles: how a model's weights are held, and which kernels compute on them.

The values are the same in all of them, but for fp8, which rounds them once more. Which one is quickest depends on the
machine; `tune` measures it once, and what it found is kept in the cache folder and used from then on, on processors of
that kind: a cache folder may be shared, or move.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeword.codebook.errors import ModelError, did_you_mean

from .kernels.blocks import GROUP, OUTPUTS
from .model import Model, Part
from .processor import instruction_sets, usable_cpus
from .registry import LocalModel
from .shape import MATRICES, read_shape
from .store import Progress, cache_dir, silent, storing

AUTO = "auto"
"""The profile that was tuned for this machine, or the one that is likely to be quickest."""


@dataclass(frozen=True)
class Profile:
    """A way to hold weights; on which devices it can be had, and whether only for quantized models."""

    name: str
    about: str
    devices: tuple[str, ...]
    quantized_only: bool = False


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("packed", "codes of 4 or 8 bits as the file has them, integer arithmetic", ("cpu",), True),
        Profile("int8", "every code in a byte of its own, integer arithmetic", ("cpu",), True),
        Profile("bf16", "expanded to bfloat16", ("cpu", "cuda")),
        Profile("fp32", "expanded to float32", ("cpu", "cuda")),
        Profile("fp16", "expanded to float16", ("cuda",)),
        Profile("fp8", "layers as 8-bit floats, scaled by row and token; no GPU has run it yet", ("cuda",)),
    )
}


def is_quantized(model: LocalModel) -> bool:
    """Whether the layers' matrices are all kept as codes; embedding and head need not be."""
    outputs: set[str] = set()
    for header in map(_header, model.weights):
        outputs |= _outputs(header)
    try:
        layers = range(int(model.config.get("num_hidden_layers", 0)))
    except (TypeError, ValueError):
        return False
    return bool(outputs) and all(f"model.layers.{layer}.{name}" in outputs for layer in layers for name in MATRICES)


def available(model: LocalModel, device: str = "cpu") -> list[Profile]:
    """The profiles that a model can be used in on a device."""
    kind, packs = device.partition(":")[0], _packs(model)
    return [p for p in PROFILES.values() if kind in p.devices and (packs or not p.quantized_only)]


def _packs(model: LocalModel) -> bool:
    """Whether the layers are kept as codes, in sizes that can be computed on."""
    if not is_quantized(model):
        return False
    shape = read_shape(model.config, str(model.folder))
    return shape.hidden % GROUP == 0 and shape.head_size % GROUP == 0


def _header(file: Path) -> dict[str, dict[str, Any]]:
    """What a safetensors file says of its tensors; nothing where it is none."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        if size > file.stat().st_size:
            return {}
        try:
            header = json.loads(opened.read(size))
        except ValueError:
            return {}
    fits = isinstance(header, dict) and all(isinstance(entry, dict) for entry in header.values())
    return header if fits else {}


def _outputs(header: dict[str, dict[str, Any]]) -> set[str]:
    """The matrices that a file keeps as codes."""
    try:
        return set(json.loads(header.get("__metadata__", {}).get(OUTPUTS, "{}")))
    except (TypeError, ValueError):
        return set()


@dataclass(frozen=True)
class Tuned:
    """The profile that was found quickest, and with how many threads (None: one for each core)."""

    profile: str
    threads: int | None = None


def choose(model: LocalModel, device: str = "cpu") -> Tuned:
    """What AUTO stands for: what was tuned, else what is likely to be quickest, with a thread for each core.

    Raises ModelError where there is no such device.
    """
    _check_device(device)
    kept = tuned().get(_place(model, device))
    names = [profile.name for profile in available(model, device)]
    if kept is not None and kept.profile in names:
        return kept
    if names[0] != "bf16" or device.partition(":")[0] != "cpu":
        return Tuned(names[0])
    from . import linear  # torch, which a quantized model does not need

    return Tuned("bf16" if linear.multiplies_bfloats() else "fp32")


def shared_threads(model: LocalModel, profile: str, processes: int) -> int | None:
    """How many threads each of so many processes computes with on a CPU; None: as many as it would alone.

    Only what adds up integers may share the cores: with torch's kernels another count of threads rounds otherwise.
    Raises ModelError where there is no such device.
    """
    best = choose(model) if profile == AUTO else Tuned(profile)
    if processes == 1 or best.profile not in PROFILES or not PROFILES[best.profile].quantized_only:
        return None
    cores = len(usable_cpus())
    return min(best.threads or cores, max(1, cores // processes))


def tuned() -> dict[str, Tuned]:
    """What was found quickest, by model, device and kind of machine."""
    try:
        kept = json.loads(_tuned_file().read_text())
        return {place: Tuned(str(one["profile"]), _count(one["threads"])) for place, one in kept.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def keep_tuned(model: LocalModel, device: str, best: Tuned) -> None:
    """Use a profile and its threads from now on where AUTO is asked for. Raises ModelError where that cannot be
    written down.
    """
    file = _tuned_file()
    everything = tuned() | {_place(model, device): best}
    content = json.dumps({place: vars(one) for place, one in everything.items()}, indent=2)
    with storing(file, len(content)):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(content)
        part.replace(file)


def _count(threads: object) -> int | None:
    """A count of threads as it was kept, None for any other value."""
    return threads if isinstance(threads, int) and threads > 0 else None


def load_model(
    model: LocalModel, profile: str = AUTO, *, device: str = "cpu", threads: int | None = None,
    progress: Progress = silent,
) -> Model:  # fmt: skip
    """A model in memory, in a profile on a device. Raises ModelError where that cannot be."""
    _check_device(device)
    kind = device.partition(":")[0]
    if profile == AUTO:
        best = choose(model, device)
        profile, threads = best.profile, threads or best.threads
    if profile not in PROFILES:
        raise ModelError(f"there is no profile '{profile}'{did_you_mean(profile, [AUTO, *PROFILES])}")
    names = [one.name for one in available(model, device)]
    fits = kind in PROFILES[profile].devices
    # A quantized model that cannot be computed on as it is, the packed model itself refuses, and says why.
    if profile not in names and not (fits and is_quantized(model)):
        why = "is for quantized models" if fits else f"is not for device '{device}'"
        raise ModelError(f"{model.name}: profile '{profile}' {why} (can be used here: {', '.join(names)})")
    if PROFILES[profile].quantized_only:
        from .packed_model import PackedModel

        packed = PackedModel(model, threads=threads, widen=profile == "int8")
        # The kernels are compiled when they are first used, once for a processor: better now than in a decision.
        progress("compiling for this processor", 0, 0)
        packed.read([Part(packed.new_cache(), (0,), (0,))])
        return packed
    import torch

    from .torch_model import TorchModel

    if kind != "cpu" and not torch.cuda.is_available():
        raise ModelError(f"device '{device}' is not there: this machine has no GPU that torch can use; take 'cpu'")
    dtype = {"fp32": torch.float32, "fp16": torch.float16}.get(profile, torch.bfloat16)
    return TorchModel(model, dtype=dtype, device=device, threads=threads, eight_bit=profile == "fp8")


def _check_device(device: str) -> None:
    kinds = sorted({kind for one in PROFILES.values() for kind in one.devices})
    if device.partition(":")[0] not in kinds:
        raise ModelError(f"there is no device '{device}' to compute on{did_you_mean(device, kinds)}")


def _place(model: LocalModel, device: str) -> str:
    """What a measurement is good for: a model on a device of one kind, with so many cores beside it."""
    return f"{model.weights_sha256[:16]} {device}{_gpu(device)}, {instruction_sets()}, {os.cpu_count()} cores"


def _gpu(device: str) -> str:
    if device.partition(":")[0] == "cpu":
        return ""
    import torch

    return f" {torch.cuda.get_device_name(device)}" if torch.cuda.is_available() else ""


def _tuned_file() -> Path:
    return cache_dir() / "tuned.json"
