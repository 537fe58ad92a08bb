"""Groups of decisions laid out in one row of tokens, and attention over it: what a decision sees is what it would see
alone, but the codebook that it shares with others is computed once.

    row:    codebook | decision | decision | … | codebook | decision | …
    sees:   itself      codebook and itself, never another decision
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .sequences import Group, OpenToken

ATTENTION = "codeword_branches"
"""The name under which transformers knows this attention."""


@dataclass(frozen=True)
class Span:
    """One group's place in the row: where it begins, its codebook's length, and its decisions' tokens.

    `places` [decisions, longest] are places in the row, `real` [decisions, longest] says which are no filling.
    """

    begin: int
    prefix: int
    places: Tensor
    real: Tensor


@dataclass(frozen=True)
class Layout:
    """Groups in a row of tokens [tokens], what each token's position is [tokens], and what is asked where.

    `asked` [asked] are the places behind which more than one token is allowed: `allowed` [asked, most], 0 for filling,
    of which `open` [asked, most] tells; `right` [asked, most] says which of them lead to a right answer, and `bias`
    [asked, most] what the task's words add to the logits. `decision` [asked] is the number of the decision.
    """

    tokens: Tensor
    positions: Tensor
    spans: tuple[Span, ...]
    asked: Tensor
    allowed: Tensor
    open: Tensor
    right: Tensor
    bias: Tensor
    decision: Tensor


def lay_out(groups: Sequence[Group], device: torch.device | str = "cpu") -> Layout:
    """Groups in one row."""
    tokens: list[int] = []
    positions: list[int] = []
    spans: list[Span] = []
    asked: list[int] = []
    choices: list[OpenToken] = []
    decisions: list[int] = []
    number = 0
    for group in groups:
        begin, prefix = len(tokens), len(group.prefix)
        tokens += group.prefix
        positions += range(prefix)
        longest = max(len(branch.tokens) for branch in group.branches)
        places = torch.zeros((len(group.branches), longest), dtype=torch.long)
        real = torch.zeros((len(group.branches), longest), dtype=torch.bool)
        for row, branch in enumerate(group.branches):
            first, length = len(tokens), len(branch.tokens)
            tokens += branch.tokens
            positions += range(prefix, prefix + length)
            places[row, :length] = torch.arange(first, first + length)
            real[row, :length] = True
            asked += [first + len(branch.prompt) - 1 + choice.place for choice in branch.choices]
            choices += branch.choices
            decisions += [number] * len(branch.choices)
            number += 1
        spans.append(Span(begin, prefix, places.to(device), real.to(device)))
    shape = (len(choices), max((len(choice.allowed) for choice in choices), default=1))
    allowed, bias = torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
    open_, right = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.bool)
    for row, choice in enumerate(choices):
        some = len(choice.allowed)
        allowed[row, :some] = torch.tensor(choice.allowed)
        open_[row, :some] = True
        right[row, :some] = torch.tensor([token in choice.right for token in choice.allowed])
        if choice.bias:
            bias[row, :some] = torch.tensor(choice.bias)
    return Layout(
        tokens=torch.tensor(tokens, device=device),
        positions=torch.tensor(positions, device=device),
        spans=tuple(spans),
        asked=torch.tensor(asked, dtype=torch.long, device=device),
        allowed=allowed.to(device),
        open=open_.to(device),
        right=right.to(device),
        bias=bias.to(device),
        decision=torch.tensor(decisions, dtype=torch.long, device=device),
    )


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    *,
    layout: Layout | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention in transformers' form: query [1, heads, tokens, size], key and value [1, kv heads, tokens, size]; gives
    [1, tokens, heads, size]."""
    del module, attention_mask, dropout, kwargs
    assert layout is not None, "this attention needs the layout of the row"
    heads, kv_heads, size = query.shape[1], key.shape[1], query.shape[3]
    q, k, v = query[0].view(kv_heads, heads // kv_heads, -1, size), key[0], value[0]
    mixed = []
    for span in layout.spans:
        own = slice(span.begin, span.begin + span.prefix)
        pk, pv = k[:, own], v[:, own]
        mask = _mask(span.prefix, 0, q.device)
        mixed.append(_shared_heads(q[:, :, own][None], pk[None], pv[None], mask, scaling)[0])
        count, longest = span.places.shape
        flat = span.places.flatten()
        bq = q[:, :, flat].view(kv_heads, -1, count, longest, size).movedim(2, 0)
        bk, bv = (x[:, flat].view(kv_heads, count, longest, size).movedim(1, 0) for x in (k, v))
        bk = torch.cat((pk.expand(count, -1, -1, -1), bk), dim=2)
        bv = torch.cat((pv.expand(count, -1, -1, -1), bv), dim=2)
        out = _shared_heads(bq, bk, bv, _mask(longest, span.prefix, q.device), scaling)
        mixed.append(out[span.real])
    joined = torch.cat([part.reshape(-1, heads, size) for part in mixed])
    return joined[None], None


def _mask(tokens: int, before: int, device: torch.device) -> Tensor:
    """What is hidden from tokens that follow so many others, which they all see [tokens, before + tokens]."""
    return torch.ones((tokens, before + tokens), dtype=torch.bool, device=device).triu(before + 1)


def _shared_heads(q: Tensor, k: Tensor, v: Tensor, hidden: Tensor, scaling: float | None) -> Tensor:
    """Attention of q [rows, kv heads, group, tokens, size] over k, v [rows, kv heads, all, size]: heads that share keys
    become more tokens of one head. Gives [rows, tokens, heads, size]."""
    rows, kv_heads, group, tokens, size = q.shape
    mask = torch.zeros(hidden.shape, dtype=q.dtype, device=q.device).masked_fill_(hidden, float("-inf"))
    mask = mask.repeat(group, 1)
    asked = q.reshape(rows, kv_heads, group * tokens, size)
    if q.device.type == "cpu":  # on two cores a third of the fused kernel's time, most of it saved on the way back
        scale = size**-0.5 if scaling is None else scaling
        scores = torch.baddbmm(mask, asked.flatten(0, 1), k.flatten(0, 1).transpose(1, 2), alpha=scale)
        out = torch.bmm(scores.softmax(-1), v.flatten(0, 1))
    else:
        out = F.scaled_dot_product_attention(asked, k, v, attn_mask=mask, scale=scaling)
    return out.view(rows, kv_heads * group, tokens, size).transpose(1, 2)
