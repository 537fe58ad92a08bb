"""The weights of a model as torch tensors, quantized ones expanded, taken one by one out of safetensors files."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from codeword.codebook.errors import ModelError

from .kernels.blocks import OUTPUTS, from_records


class Weights:
    """Tensors by name, each taken once. A context manager, so that the files are let go of."""

    def __init__(self, files: Sequence[Path], *, dtype: torch.dtype, device: torch.device) -> None:
        """Open the files. Raises ModelError where one is cut off or no safetensors file."""
        self._dtype, self._device = dtype, device
        self._stack = ExitStack()
        self._where = str(files[0].parent)
        self._holders: dict[str, Any] = {}
        self._packed: dict[str, tuple[str, int]] = {}
        self.size_bytes = 0
        for file in files:
            try:
                holder = self._stack.enter_context(safe_open(file, framework="pt", device="cpu"))
            except (SafetensorError, OSError) as error:
                self._stack.close()
                raise ModelError(f"{file}: not a whole safetensors file ({error}); fetch the model again") from error
            outputs: dict[str, int] = json.loads((holder.metadata() or {}).get(OUTPUTS, "{}"))
            for stored in holder.keys():  # noqa: SIM118
                name, _, kind = stored.rpartition(".")
                if name in outputs:
                    self._packed[name] = (kind, outputs[name])
                self._holders[name if name in outputs else stored] = holder

    def __enter__(self) -> "Weights":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def names(self) -> list[str]:
        """The tensors that were not taken yet."""
        return sorted(self._holders)

    def take(self, name: str) -> Tensor:
        """The tensor of that name in the wanted dtype and place. Raises ModelError where there is none."""
        tensor = self.take_if_there(name)
        if tensor is None:
            raise ModelError(f"{self._where}: tensor '{name}' is missing from its weights")
        return tensor

    def take_if_there(self, name: str) -> Tensor | None:
        """The same, or None where there is none."""
        holder = self._holders.pop(name, None)
        if holder is None:
            return None
        if name in self._packed:
            kind, outputs = self._packed[name]
            records = holder.get_tensor(f"{name}.{kind}").numpy()
            tensor = torch.from_numpy(from_records(records, kind, outputs).floats())
        else:
            tensor = holder.get_tensor(name)
        # A copy, since a mapped file may lie askew in memory, and the last bits of a product can depend on that.
        tensor = tensor.to(device=self._device, dtype=self._dtype, copy=True)
        self.size_bytes += tensor.nbytes
        return tensor

    def take_as_it_lies(self, name: str) -> tuple[str, Tensor]:
        """A tensor under the name that it has in the file, codes as codes."""
        holder = self._holders.pop(name)
        stored = f"{name}.{self._packed[name][0]}" if name in self._packed else name
        tensor: Tensor = holder.get_tensor(stored)
        return stored, tensor

    def outputs(self, name: str) -> int | None:
        """How many outputs a matrix kept as codes has; None for a tensor of another kind."""
        return self._packed[name][1] if name in self._packed else None

    def joined(self, names: Sequence[str]) -> tuple[Tensor, Tensor | None]:
        """Weights of several linear maps one above the other, and their biases likewise, zeros where some have none."""
        parts = [self.take(name + ".weight") for name in names]
        biases = [self.take_if_there(name + ".bias") for name in names]
        if all(bias is None for bias in biases):
            return _one(parts), None
        return _one(parts), _one(
            [part.new_zeros(part.shape[0]) if bias is None else bias for part, bias in zip(parts, biases, strict=True)]
        )

    def expect_all_taken(self, ignore: Sequence[str] = ()) -> None:
        """Raises ModelError where tensors are left over: they would belong to something that is not computed here."""
        left = sorted(name for name in self._holders if name not in ignore and not name.endswith("rotary_emb.inv_freq"))
        if left:
            raise ModelError(f"{self._where}: {len(left)} tensors are not understood, the first is '{left[0]}'")


def _one(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)
