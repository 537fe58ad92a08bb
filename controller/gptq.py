"""GPTQ: the error of each rounded input is made good by those not yet rounded, as the inputs go together in use.

Frantar, Ashkboos, Hoefler, Alistarh: GPTQ, ICLR 2023 (arXiv 2210.17323), algorithm 1. Written here because the
libraries keep to packings of their own (gptqmodel, auto-gptq and optimum over them: integer zero points; torchao: its
int4 layout), and none gives groups of 32 with a free minimum.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .kernels.blocks import GROUP, Blocks
from .rounding import as_blocks, fit, nearest, scale_type

_BLOCK = 128
"""Inputs that are rounded before those behind them are corrected all at once; changes the speed only."""


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
