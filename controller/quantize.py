"""From a model whose weights are floats to a folder with codes of 4 or 8 bits, to be used like any other model.

Layers get the bits asked for; embedding and head, of which single rows are looked up, always get 8. Norms, biases and
whatever else is no matrix stay as they are.
"""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from codeword.codebook.errors import ModelError

from .calibration import Sample, SampleReading, Text, digest, samples_of
from .convert import write_record
from .kernels.blocks import GROUP, OUTPUTS, Blocks
from .registry import KNOWN, NEEDED, OPTIONAL, LocalModel, open_folder
from .rounding import as_blocks, fit, nearest, round_matrix, scale_type
from .shape import MATRICES, Shape, read_shape
from .store import Progress, install, models_dir, silent
from .tokens import Tokens
from .weights import Weights

_BLOCK = 128
"""Inputs that are rounded before those behind them are corrected all at once; changes the speed only."""


# GPTQ: the error of each rounded input is made good by those not yet rounded, as the inputs go together in use.
#
# Frantar, Ashkboos, Hoefler, Alistarh: GPTQ, ICLR 2023 (arXiv 2210.17323), algorithm 1. Written here because the
# libraries keep to packings of their own (gptqmodel, auto-gptq and optimum over them: integer zero points; torchao:
# its int4 layout), and none gives groups of 32 with a free minimum.


@dataclass(frozen=True)
class Damping:
    """What is added to the Hessian's diagonal, as a share of its mean, and how it grows while it is not enough."""

    share: float = 0.01
    growth: float = 10.0
    most: float = 10.0


def hessian(inputs: list[Tensor]) -> Tensor:
    """The mean of xᵀx [inputs, inputs] over the rows of some activations: half the Hessian of the squared error."""
    count = sum(x.shape[0] for x in inputs)
    return torch.stack([x.t() @ x for x in inputs]).sum(0) / count


def gptq_matrix(weight: Tensor, second: Tensor, bits: int, damping: Damping = Damping()) -> Blocks:
    """A matrix [outputs, inputs] rounded so that its products with inputs of that `second` moment change least."""
    columns = weight.t().contiguous().clone()
    inputs, outputs = columns.shape
    mean = float(second.diagonal().mean()) or 1.0
    importance = second.diagonal() + damping.share * mean
    upper = _inverse_root(second, mean, damping)
    dtype = scale_type(weight)
    codes = torch.empty_like(columns)
    scales, minima = (torch.empty((inputs // GROUP, outputs)) for _ in range(2))
    for begin in range(0, inputs, _BLOCK):
        end = min(begin + _BLOCK, inputs)
        block, errors = columns[begin:end], torch.empty((end - begin, outputs))
        for at in range(end - begin):
            group = (begin + at) // GROUP
            if (begin + at) % GROUP == 0:
                own = slice(begin + at, begin + at + GROUP)
                scales[group], minima[group] = fit(columns[own], bits, dtype, importance[own])
            row = upper[begin + at, begin:end]
            code = codes[begin + at] = nearest(block[at], scales[group], minima[group], bits)
            errors[at] = (block[at] - code * scales[group] - minima[group]) / row[at]
            block[at + 1 :].addr_(row[at + 1 :], errors[at], alpha=-1)
        columns[end:].addmm_(upper[begin:end, end:].t(), errors, alpha=-1)
    return as_blocks(codes, scales, minima, bits, dtype)


def _inverse_root(second: Tensor, mean: float, damping: Damping) -> Tensor:
    """The upper Cholesky factor of the damped Hessian's inverse. An input that was never seen stands by itself."""
    share = damping.share
    while True:
        damped = second.clone()
        damped.diagonal().add_(share * mean)
        root, failed = torch.linalg.cholesky_ex(damped)
        if not failed:
            upper, failed = torch.linalg.cholesky_ex(torch.cholesky_inverse(root), upper=True)
            if not failed and bool(upper.isfinite().all()):
                result: Tensor = upper
                return result
        if share > damping.most:
            return torch.eye(len(second))
        share *= damping.growth


Method = Literal["rtn", "gptq"]

_TABLES = ("model.embed_tokens.weight", "lm_head.weight")
_TABLE_BITS = 8
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def target_of(out: str) -> Path:
    """Where a folder or name leads: a bare name into the cache folder. Raises ModelError where something is there."""
    if out in KNOWN or not out:
        raise ModelError(f"'{out}' cannot be the name of a new model (expected another one, or a folder)")
    target = models_dir() / out if _NAME.fullmatch(out) else Path(out).expanduser().absolute()
    if target.exists():
        raise ModelError(f"{target}: is there already; give another name, or remove it first")
    return target


def quantize(
    model: LocalModel,
    target: Path,
    *,
    bits: int = 4,
    method: Method = "gptq",
    texts: Sequence[Text] = (),
    progress: Progress = silent,
) -> LocalModel:
    """Write a model's quantized form into a new folder. `texts` are what GPTQ calibrates on.

    Raises ModelError where the model is of another shape, or has weights that are no numbers.
    """
    if bits not in (4, 8):
        raise ModelError(f"{bits} bits cannot be had (expected 4 or 8)")
    if method == "gptq" and not texts:
        raise ModelError("method 'gptq' needs texts to calibrate on (expected some prompts, or method 'rtn')")
    shape = read_shape(model.config, str(model.folder))
    size = sum(file.stat().st_size for file in model.weights)
    lock = target.parent / f".{target.name}.lock"

    def make(folder: Path) -> None:
        _Quantizing(model, shape, bits, method, texts, progress).write(folder)

    install(target, make, needed_bytes=size, present=lambda: False, progress=progress)
    if target.parent != models_dir():
        lock.unlink(missing_ok=True)  # nobody waits for a place that was free
    return open_folder(target, target.name if target.parent == models_dir() else str(target))


class _Quantizing:
    """A model under way: what is finished lies in `stored`, ready to be written."""

    def __init__(
        self, model: LocalModel, shape: Shape, bits: int, method: Method, texts: Sequence[Text], progress: Progress
    ) -> None:
        self._model, self._shape, self._bits, self._progress = model, shape, bits, progress
        self._method, self._damping = method, Damping()
        self._samples: list[Sample] = samples_of(texts, Tokens(model.folder)) if method == "gptq" else []
        self._stored: dict[str, np.ndarray[Any, Any]] = {}
        self._outputs: dict[str, int] = {}

    @torch.inference_mode()
    def write(self, folder: Path) -> None:
        """Quantize layer by layer, and fill an empty folder."""
        from safetensors.numpy import save_file

        with Weights(self._model.weights, dtype=torch.float32, device=torch.device("cpu")) as weights:
            self._tensors(weights)
        self._progress("writing", 0, 0)
        for name in (*NEEDED, *OPTIONAL):
            if (self._model.folder / name).is_file():
                shutil.copyfile(self._model.folder / name, folder / name)
        save_file(self._stored, folder / "model.safetensors", metadata={OUTPUTS: json.dumps(self._outputs)})
        (folder / "model.safetensors").chmod(0o644)
        settings: dict[str, Any] = {
            "method": self._method,
            "bits": self._bits,
            "table_bits": _TABLE_BITS,
            "group": GROUP,
        }
        if self._samples:
            settings |= {
                "damping": self._damping.share,
                "calibration_tokens": sum(len(sample.tokens) for sample in self._samples),
                "calibration_sha256": digest(self._samples),
            }
        source = self._model.weights_sha256
        write_record(folder, source_sha256=source, licence=self._model.licence, quantization=settings)

    def _tensors(self, weights: Weights) -> None:
        tables = {name: weights.take_if_there(name) for name in _TABLES}
        if self._shape.tied:
            tables["lm_head.weight"] = None
        embedding = tables["model.embed_tokens.weight"]
        if embedding is None:
            raise ModelError(f"{self._model.folder}: tensor 'model.embed_tokens.weight' is missing from its weights")
        reading = SampleReading(self._shape, weights, self._samples, embedding)
        for name, table in tables.items():
            if table is not None:
                self._checked(name, table)
                self._keep(name, round_matrix(table, _TABLE_BITS))
        for number in range(self._shape.layers):
            self._progress("quantizing", number, self._shape.layers)
            at = f"model.layers.{number}."
            parts = {name.removeprefix(at): weights.take(name) for name in weights.names if name.startswith(at)}
            self._layer(at, parts, reading)
        self._progress("quantizing", self._shape.layers, self._shape.layers)
        for name in weights.names:
            if not name.endswith("rotary_emb.inv_freq"):
                self._stored[name] = weights.take(name).numpy()

    def _layer(self, at: str, parts: dict[str, Tensor], reading: SampleReading) -> None:
        for name in MATRICES:
            if name not in parts:
                raise ModelError(f"{self._model.folder}: tensor '{at}{name}' is missing from its weights")
        for name, tensor in parts.items():
            self._checked(at + name, tensor, matrix=name in MATRICES)
            if name not in MATRICES:
                self._stored[at + name] = tensor.numpy()

        def replace(names: tuple[str, ...], inputs: list[Tensor]) -> None:
            """Round some matrices that are fed with the same, so that what they have in common is worked out once."""
            matrices = [parts[f"{name}.weight"] for name in names]
            joined = gptq_matrix(torch.cat(matrices), hessian(inputs), self._bits, self._damping)
            first = 0
            for name, matrix in zip(names, matrices, strict=True):
                own = slice(first, first + len(matrix))
                first = own.stop
                blocks = Blocks(self._bits, joined.codes[own], joined.scales[own], joined.minima[own])
                self._keep(f"{at}{name}.weight", blocks)
                parts[f"{name}.weight"] = torch.from_numpy(blocks.floats())

        if self._samples:
            reading.layer(parts, replace)
            return
        for name in MATRICES:
            self._keep(at + name, round_matrix(parts[name], self._bits))

    def _keep(self, name: str, blocks: Blocks) -> None:
        self._stored[f"{name}.{blocks.kind}"] = blocks.records()
        self._outputs[name] = len(blocks.codes)

    def _checked(self, name: str, tensor: Tensor, *, matrix: bool = True) -> None:
        if not bool(tensor.isfinite().all()):
            raise ModelError(f"{self._model.folder}: tensor '{name}' has weights that are no finite numbers")
        if matrix and (tensor.ndim != 2 or tensor.shape[1] % GROUP):
            raise ModelError(
                f"{self._model.folder}: tensor '{name}' is of size {tuple(tensor.shape)}, and only matrices whose "
                f"inputs are a multiple of {GROUP} are quantized"
            )
