"""The weights of a model, taken tensor by tensor out of safetensors files that are mapped into memory."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from codeword.codebook.errors import ModelError


class Weights:
    """Tensors by name, each taken once. A context manager, so that the files are let go of."""

    def __init__(self, files: Sequence[Path], *, dtype: torch.dtype, device: torch.device) -> None:
        """Open the files. Raises ModelError where one is cut off or no safetensors file."""
        self._dtype, self._device = dtype, device
        self._stack = ExitStack()
        self._where = str(files[0].parent)
        self._holders: dict[str, Any] = {}
        for file in files:
            try:
                holder = self._stack.enter_context(safe_open(file, framework="pt", device="cpu"))
            except (SafetensorError, OSError) as error:
                self._stack.close()
                raise ModelError(f"{file}: not a whole safetensors file ({error}); fetch the model again") from error
            for name in holder.keys():  # noqa: SIM118
                self._holders[name] = holder

    def __enter__(self) -> "Weights":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

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
        tensor: Tensor = holder.get_tensor(name)
        return tensor.to(device=self._device, dtype=self._dtype)

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
