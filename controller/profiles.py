"""Profiles: how a model's weights are held, and which kernels compute on them.

The values are the same in all of them. Which one is quickest depends on the machine; `tune` measures it once, and what
it found is kept in the cache folder and used from then on.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from codeword.codebook.errors import ModelError, did_you_mean

from .kernels.blocks import OUTPUTS
from .model import Model
from .registry import LocalModel
from .shape import MATRICES
from .store import Progress, cache_dir, silent

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
    )
}


def is_quantized(model: LocalModel) -> bool:
    """Whether the layers' matrices are all kept as codes; embedding and head need not be."""
    outputs: set[str] = set()
    for path in model.weights:
        with path.open("rb") as file:
            header = file.read(int.from_bytes(file.read(8), "little"))
        try:
            outputs |= set(json.loads((json.loads(header).get("__metadata__") or {}).get(OUTPUTS, "{}")))
        except (ValueError, AttributeError):
            return False
    layers = range(int(model.config.get("num_hidden_layers", 0)))
    return bool(outputs) and all(f"model.layers.{layer}.{name}" in outputs for layer in layers for name in MATRICES)


def available(model: LocalModel, device: str = "cpu") -> list[Profile]:
    """The profiles that a model can be used in on a device."""
    kind, quantized = device.partition(":")[0], is_quantized(model)
    return [p for p in PROFILES.values() if kind in p.devices and (quantized or not p.quantized_only)]


def choose(model: LocalModel, device: str = "cpu") -> str:
    """The name of the profile that AUTO stands for: the tuned one, else the first that can be had."""
    kept = tuned().get(_place(model, device))
    names = [profile.name for profile in available(model, device)]
    return kept if kept in names else names[0]


def tuned() -> dict[str, str]:
    """What was found quickest on this machine: the profile's name by model and device."""
    try:
        kept = json.loads(_tuned_file().read_text())
    except (OSError, ValueError):
        return {}
    return {str(place): str(name) for place, name in kept.items()} if isinstance(kept, dict) else {}


def keep_tuned(model: LocalModel, device: str, name: str) -> None:
    """Use a profile from now on where AUTO is asked for."""
    file = _tuned_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(tuned() | {_place(model, device): name}, indent=2))
    part.replace(file)


def load_model(
    model: LocalModel, profile: str = AUTO, *, device: str = "cpu", threads: int | None = None,
    progress: Progress = silent,
) -> Model:  # fmt: skip
    """A model in memory, in a profile on a device. Raises ModelError where that cannot be."""
    kinds = sorted({kind for one in PROFILES.values() for kind in one.devices})
    kind = device.partition(":")[0]
    if kind not in kinds:
        raise ModelError(f"there is no device '{device}' to compute on{did_you_mean(device, kinds)}")
    if profile == AUTO:
        profile = choose(model, device)
    if profile not in PROFILES:
        raise ModelError(f"there is no profile '{profile}'{did_you_mean(profile, [AUTO, *PROFILES])}")
    names = [one.name for one in available(model, device)]
    if profile not in names:
        why = "is for quantized models" if PROFILES[profile].quantized_only else f"is not for device '{device}'"
        raise ModelError(f"{model.name}: profile '{profile}' {why} (can be used here: {', '.join(names)})")
    if PROFILES[profile].quantized_only:
        from .packed_model import PackedModel

        progress("compiling for this processor", 0, 0)
        return PackedModel(model, threads=threads, widen=profile == "int8")
    import torch

    from .torch_model import TorchModel

    if kind != "cpu" and not torch.cuda.is_available():
        raise ModelError(f"device '{device}' is not there: this machine has no GPU that torch can use; take 'cpu'")
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32, "fp16": torch.float16}[profile]
    return TorchModel(model, dtype=dtype, device=device, threads=threads)


def _place(model: LocalModel, device: str) -> str:
    return f"{model.weights_sha256[:16]} {device}"


def _tuned_file() -> Path:
    return cache_dir() / "tuned.json"
