"""The weights of a quantized model as they lie in its file: records of codes, and what is kept as floats."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from codeword.codebook.errors import ModelError

from .kernels.blocks import GROUP, LANES, OUTPUTS, Blocks, Bytes, from_records, rows_of
from .model import Floats
from .registry import LocalModel


@dataclass(frozen=True)
class Matrix:
    """A quantized matrix: its records, how they are to be read, and how many outputs it has."""

    records: Bytes
    kind: str
    outputs: int

    def rows(self, rows: Sequence[int]) -> Floats:
        """Some of its rows as float32 [len(rows), inputs]."""
        return rows_of(self.records, self.kind, np.array(rows, np.int64))

    def blocks(self) -> Blocks:
        """The whole matrix, unpacked."""
        return from_records(self.records, self.kind, self.outputs)

    def widened(self) -> "Matrix":
        """The same values with every code in a byte of its own."""
        blocks = self.blocks()
        wide = Blocks(8, blocks.codes, blocks.scales, blocks.minima)
        return Matrix(wide.records(), wide.kind, self.outputs)


@dataclass(frozen=True)
class Table:
    """A matrix kept as floats (float32 or float16), of which only rows are looked up."""

    values: NDArray[Any]

    @property
    def outputs(self) -> int:
        """How many rows it has."""
        return len(self.values)

    def rows(self, rows: Sequence[int]) -> Floats:
        """Some of its rows as float32 [len(rows), inputs]."""
        result: Floats = self.values[np.array(rows, np.int64)].astype(np.float32)
        return result


class PackedWeights:
    """The tensors of a quantized model by name, each taken once."""

    def __init__(self, model: LocalModel, *, widen: bool = False) -> None:
        """Read the files. Raises ModelError where one is cut off, or the model is not quantized."""
        self._where, self._widen = str(model.folder), widen
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self._outputs: dict[str, int] = {}
        self.size_bytes = 0
        for file in model.weights:
            try:
                with safe_open(file, framework="numpy") as holder:
                    self._outputs |= json.loads((holder.metadata() or {}).get(OUTPUTS, "{}"))
                    for name in holder.keys():  # noqa: SIM118
                        self._arrays[name] = holder.get_tensor(name)
            except (SafetensorError, OSError) as error:
                raise ModelError(f"{file}: not a whole safetensors file ({error}); fetch the model again") from error

    def outputs(self, name: str) -> int:
        """How many outputs a quantized matrix has. Raises ModelError where there is none of that name."""
        if name in self._arrays:
            raise ModelError(
                f"{self._where}: tensor '{name}' is kept as floats, and this profile computes on codes; quantize the "
                "model with: codeword models quantize, or use --profile bf16"
            )
        if name not in self._outputs:
            raise ModelError(f"{self._where}: tensor '{name}' is missing from its quantized weights")
        return self._outputs[name]

    def table(self, name: str, inputs: int) -> Matrix | Table:
        """A matrix of which rows are looked up, quantized or not. Raises ModelError where there is none."""
        array = self._arrays.pop(name, None)
        if array is None:
            return self.matrix(name, inputs=inputs)
        if array.ndim != 2 or array.shape[1] != inputs or not np.issubdtype(array.dtype, np.floating):
            raise ModelError(f"{self._where}: the weights do not have the sizes that config.json says")
        self.size_bytes += array.nbytes
        return Table(array)

    def matrix(self, name: str, outputs: int | None = None, inputs: int | None = None) -> Matrix:
        """The quantized matrix of that name. Raises ModelError where there is none, or it has other sizes."""
        found = self.outputs(name)
        (stored,) = [key for key in self._arrays if key.rpartition(".")[0] == name]
        records = self._arrays.pop(stored)
        assert records.dtype == np.uint8
        matrix = Matrix(records.view(np.uint8), stored.rpartition(".")[2], found)
        sizes = (outputs or found, inputs or GROUP * records.shape[1], -(-found // LANES))
        if sizes != (found, GROUP * records.shape[1], records.shape[0]):
            raise self._other_sizes()
        if self._widen and "4" in matrix.kind:
            matrix = matrix.widened()
        self.size_bytes += matrix.records.nbytes
        return matrix

    def floats(self, name: str, size: int) -> Floats:
        """The unquantized tensor of that name as float32. Raises ModelError where there is none of that size."""
        array = self.floats_if_there(name, size)
        if array is None:
            raise ModelError(f"{self._where}: tensor '{name}' is missing from its weights")
        return array

    def floats_if_there(self, name: str, size: int) -> Floats | None:
        """The same, or None where there is none. Raises ModelError where it has another size."""
        array = self._arrays.pop(name, None)
        if array is None:
            return None
        if array.shape != (size,):
            raise self._other_sizes()
        self.size_bytes += array.nbytes
        return np.ascontiguousarray(array, dtype=np.float32)

    def expect_all_taken(self) -> None:
        """Raises ModelError where tensors are left over: they would belong to something that is not computed here."""
        if self._arrays:
            first = min(self._arrays)
            raise ModelError(f"{self._where}: {len(self._arrays)} tensors are not understood, the first is '{first}'")

    def _other_sizes(self) -> ModelError:
        return ModelError(f"{self._where}: the weights do not have the sizes that config.json says")
