"""A linear map, with its weights held in the form that this machine multiplies quickest."""

import platform

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from codeword.codebook.errors import ModelError

_PASS_TOKENS = 32
"""The pass length that oneDNN arranges weights for; measured: any other length runs as fast on that arrangement."""


def multiplies_bfloats() -> bool:
    """Whether torch multiplies matrices of bfloats by instructions of this processor; else float32 is quicker.

    On x86 oneDNN has kernels for AVX-512 without such instructions too, a quarter as quick as float32 (Skylake).
    """
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    is_x86 = platform.machine() in ("x86_64", "AMD64")
    return not is_x86 or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def packs(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether weights of that kind are re-arranged here: bfloat16 on a CPU that multiplies it natively.

    A pass of few tokens then takes about half the time, one of 128 three quarters.
    """
    return (
        dtype == torch.bfloat16
        and device.type == "cpu"
        and bool(torch._C._has_mkldnn)
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )


class Linear:
    """y = x·Wᵀ + b, for x [tokens, in]. Rows of W that belong together are joined beforehand."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.outputs, self.inputs = weight.shape
        self.size_bytes = weight.nbytes
        self._bias = bias
        self._packed = packs(weight.dtype, weight.device)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, _PASS_TOKENS) if self._packed else weight

    def __call__(self, hidden: Tensor) -> Tensor:
        if not self._packed:
            return F.linear(hidden, self._weight, self._bias)
        result: Tensor = torch.ops.mkldnn._linear_pointwise(hidden, self._weight, self._bias, "none", [], "")
        return result


FLOAT8 = torch.float8_e4m3fn
_MOST = torch.finfo(FLOAT8).max
_STEP = 16
"""What both sizes of a matrix of 8-bit floats must be multiples of, for the GPU's units."""


class Linear8:
    """y = x·Wᵀ + b with both factors as 8-bit floats (e4m3): a scale for each row of W, and for each token of x."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Raises ModelError where a size of the matrix is not one that can be multiplied."""
        self.outputs, self.inputs = weight.shape
        if self.outputs % _STEP or self.inputs % _STEP:
            raise ModelError(
                f"a matrix of {self.outputs} by {self.inputs} is not for profile fp8, which takes multiples of "
                f"{_STEP}; use bf16 or fp16"
            )
        self._bias = bias
        rows, scales = to_float8(weight)
        self.size_bytes = rows.nbytes + scales.nbytes
        # The product wants its second factor column by column, which is what rows become when turned.
        self._weight, self._scales = rows.t(), scales.t().contiguous()

    def __call__(self, hidden: Tensor) -> Tensor:
        numbers, scales = to_float8(hidden)
        result: Tensor = torch._scaled_mm(
            numbers, self._weight, scale_a=scales, scale_b=self._scales, bias=self._bias, out_dtype=hidden.dtype
        )
        return result


def to_float8(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows as 8-bit floats, the greatest of each as the greatest there is, and their scales [rows, 1] (float32)."""
    wide = rows.float()
    scales = wide.abs().amax(dim=1, keepdim=True).clamp_min(2.0**-60) / _MOST
    return (wide / scales).clamp_(-_MOST, _MOST).to(FLOAT8), scales
