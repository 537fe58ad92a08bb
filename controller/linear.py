"""A linear map, with its weights held in the form that this machine multiplies quickest."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

_PASS_TOKENS = 32
"""The pass length that oneDNN arranges weights for; measured: any other length runs as fast on that arrangement."""


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
        self._bias = bias
        self._packed = packs(weight.dtype, weight.device)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, _PASS_TOKENS) if self._packed else weight

    def __call__(self, hidden: Tensor) -> Tensor:
        if not self._packed:
            return F.linear(hidden, self._weight, self._bias)
        result: Tensor = torch.ops.mkldnn._linear_pointwise(hidden, self._weight, self._bias, "none", [], "")
        return result
