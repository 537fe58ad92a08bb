"""From float weights to codes: the scale and minimum that suit a group best, and every weight to the nearest code."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .kernels.blocks import GROUP, Blocks

_SHRINKS = tuple(1 - 0.04 * step for step in range(8))
"""How much of a group's range the codes may span: cutting off its ends a little can make all the others finer."""

_HALF_LEAST, _HALF_MOST = 2.0**-6, 6e4
"""The greatest weight of a matrix must lie between these for its scales to be good float16 numbers."""

_ROWS_AT_ONCE = 8192


def scale_type(weight: Tensor) -> torch.dtype:
    """The type that scales and minima of a matrix are kept in: float16 where it holds them well, else float32."""
    most = float(weight.abs().max())
    return torch.float16 if _HALF_LEAST <= most <= _HALF_MOST else torch.float32


def fit(
    group: Tensor,
    bits: int,
    dtype: torch.dtype,
    importance: Tensor | None = None,
    shrinks: Sequence[float] = _SHRINKS,
) -> tuple[Tensor, Tensor]:
    """Scales and minima [outputs], as float32 numbers that `dtype` holds, for the weights of a group [32, outputs].

    Of a few spans about the middle of each output's range, the one with the least squared error is taken, weighted by
    the `importance` of each input [32].
    """
    low, high = group.amin(0), group.amax(0)
    middle, span = (low + high) / 2, high - low
    weights = None if importance is None else importance[:, None]
    best: tuple[Tensor, Tensor, Tensor] | None = None
    for shrink in shrinks:
        scales = (span * (shrink / (2**bits - 1))).to(dtype).float()
        minima = (middle - span * (shrink / 2)).to(dtype).float()
        errors = (nearest(group, scales, minima, bits) * scales + minima - group).square()
        error = (errors if weights is None else errors * weights).sum(0)
        if best is None:
            best = error, scales, minima
        else:
            better = error < best[0]
            best = tuple(torch.where(better, new, old) for new, old in zip((error, scales, minima), best, strict=True))  # type: ignore[assignment]
    assert best is not None
    return best[1], best[2]


def nearest(weights: Tensor, scales: Tensor, minima: Tensor, bits: int) -> Tensor:
    """The codes nearest to some weights [..., outputs], as floats. A scale of zero takes code 0."""
    inverse = torch.where(scales > 0, 1 / scales, 0)
    return ((weights - minima) * inverse).round_().clamp_(0, 2**bits - 1)


def round_matrix(weight: Tensor, bits: int, *, whole_range: bool = False) -> Blocks:
    """A matrix [outputs, inputs] with every weight rounded to the nearest code, group by group ("rtn").

    With `whole_range` codes span all of a group's range; that is quick, and with 8 bits there is little to gain.
    """
    dtype, parts = scale_type(weight), []
    for first in range(0, len(weight), _ROWS_AT_ONCE):
        rows = weight[first : first + _ROWS_AT_ONCE]
        groups = rows.t().reshape(-1, GROUP, rows.shape[0])
        fitted = [fit(group, bits, dtype, shrinks=(1.0,) if whole_range else _SHRINKS) for group in groups]
        codes = [nearest(group, *pair, bits) for group, pair in zip(groups, fitted, strict=True)]
        scales, minima = (torch.stack(side) for side in zip(*fitted, strict=True))
        parts.append((torch.cat(codes), scales, minima))
    whole = [torch.cat(part, dim=1) for part in zip(*parts, strict=True)]
    return as_blocks(whole[0], whole[1], whole[2], bits, dtype)


def as_blocks(codes: Tensor, scales: Tensor, minima: Tensor, bits: int, dtype: torch.dtype) -> Blocks:
    """A matrix out of codes [inputs, outputs], scales and minima [inputs / 32, outputs]."""
    sides = [side.t().contiguous().to(dtype).numpy() for side in (scales, minima)]
    return Blocks(bits, codes.t().contiguous().to(torch.uint8).numpy(), sides[0], sides[1])
