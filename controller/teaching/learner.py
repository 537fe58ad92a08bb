"""The model that learns: a base with its weights expanded and frozen, and low-rank differences to its linear layers."""

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from codeword.codebook.errors import ModelError
from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.controller.linear import multiplies_bfloats
from codeword.controller.registry import LocalModel
from codeword.controller.weights import Weights

from .layout import ATTENTION, Layout, attend, lay_out
from .sequences import Group

LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers that an adapter changes: all of them."""


_PRIMITIVES = "32"
"""So many of oneDNN's kernels are kept: every pass has a length of its own, and what is made for it is seldom of use
again, but lies between the tensors. With 1,024 of them, as oneDNN has it, a step takes a fifth longer.
"""

TAUGHT = ("plan", "direct")
"""The policies whose answers lessons teach, the one that they teach best first."""


def quickest_dtype(device: str) -> torch.dtype:
    """bfloat16, but float32 on a processor that has no instructions to multiply bfloats: there it takes many times as
    long.
    """
    return torch.bfloat16 if torch.device(device).type != "cpu" or multiplies_bfloats() else torch.float32


@dataclass(frozen=True)
class AdapterShape:
    """The shape of an adapter: its rank, and how much its product counts, as peft has it (alpha / rank)."""

    rank: int = 16
    alpha: int = 32


class Learner:
    """A model and the adapter that is learned. Its trained numbers are kept in float32 beside those computed with."""

    def __init__(self, model: LocalModel, shape: AdapterShape, *, dtype: torch.dtype, device: str, seed: int) -> None:
        """Load the base and put a new adapter on it. Raises ModelError where the weights cannot be read, or where peft
        is not installed."""
        require_peft()
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", _PRIMITIVES)
        import transformers
        from peft import LoraConfig, get_peft_model
        from peft.tuners.lora.layer import Linear as LoraLinear

        transformers.AttentionInterface.register(ATTENTION, attend)
        self.base, self.shape, self.dtype, self.device = model, shape, dtype, torch.device(device)
        config = transformers.AutoConfig.for_model(**model.config)
        config._attn_implementation, config._name_or_path = ATTENTION, model.name
        with torch.device("meta"):
            plain: Any = transformers.AutoModelForCausalLM.from_config(config, dtype=dtype)  # type: ignore[no-untyped-call]
        with Weights(model.weights, dtype=dtype, device=self.device) as weights:
            state = {name: weights.take(name) for name in weights.names}
        if config.tie_word_embeddings:
            state["lm_head.weight"] = state["model.embed_tokens.weight"]
        missing = plain.load_state_dict(state, strict=False, assign=True).missing_keys
        if missing:
            raise ModelError(f"{model.folder}: tensor '{missing[0]}' is missing from its weights")
        plain.tie_weights()
        # Tables of RoPE are no weights: on the meta device they were not made.
        plain.model.rotary_emb = type(plain.model.rotary_emb)(config=config).to(self.device)
        torch.manual_seed(seed)
        self.config = LoraConfig(
            r=shape.rank, lora_alpha=shape.alpha, lora_dropout=0.0, bias="none", target_modules=list(LAYERS),
            task_type="CAUSAL_LM", base_model_name_or_path=model.name,
        )  # fmt: skip
        with warnings.catch_warnings():  # peft asks transformers by a name that is going to be another
            warnings.simplefilter("ignore", FutureWarning)
            self.model = get_peft_model(plain, self.config, autocast_adapter_dtype=False)
        for layer in self.model.modules():
            if isinstance(layer, LoraLinear):
                layer.forward = partial(_forward, layer)  # type: ignore[method-assign]
        self.model.train()
        self._inner: Any = self.model.get_base_model()
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.exact = [p.detach().float().clone().requires_grad_() for p in self.trained]

    def take_up(self, file: Path) -> None:
        """Begin with the numbers of an adapter's file in place of new ones. Raises ModelError where it is of another
        shape."""
        from peft import get_peft_model_state_dict, set_peft_model_state_dict
        from safetensors.torch import load_file

        given = load_file(file)
        mine = get_peft_model_state_dict(self.model, save_embedding_layers=False)
        if {name: value.shape for name, value in given.items()} != {name: value.shape for name, value in mine.items()}:
            raise ModelError(f"{file}: an adapter of another shape; begin with one of rank {self.shape.rank}")
        set_peft_model_state_dict(self.model, given)
        with torch.no_grad():
            for exact, trained in zip(self.exact, self.trained, strict=True):
                exact.copy_(trained)

    def logits(self, layout: Layout) -> Tensor:
        """Logits of what is allowed where something is asked, with what the words of the task add [asked, most], in
        float32; minus infinity for filling."""
        hidden = self._inner.model(
            input_ids=layout.tokens[None], position_ids=layout.positions[None], use_cache=False, layout=layout
        ).last_hidden_state[0]
        some, places = torch.unique(layout.allowed, return_inverse=True)
        logits: Tensor = F.linear(hidden[layout.asked], self._inner.lm_head.weight[some]).float()
        return (logits.gather(1, places) + layout.bias).masked_fill(~layout.open, float("-inf"))

    def loss(self, layout: Layout) -> Tensor:
        """Minus the log-probability, among what is allowed, of what is right, summed over all asked."""
        return right_loss(self.logits(layout), layout.right).sum()

    def learn(self, groups: Sequence[Group], size: int, together: int = 1) -> tuple[float, int]:
        """Add up the gradients of groups' losses divided by `size`, so many groups `together` in one pass; gives the
        loss, and how many tokens were read."""
        total, tokens = 0.0, 0
        for at in range(0, len(groups), together):
            row = lay_out(groups[at : at + together], self.device)
            loss = self.loss(row) / size
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
            tokens += len(row.tokens)
        return total, tokens

    def gather(self) -> None:
        """Bring the gradients to the numbers in float32, and forget them here."""
        for exact, trained in zip(self.exact, self.trained, strict=True):
            exact.grad = None if trained.grad is None else trained.grad.float()
            trained.grad = None

    @torch.no_grad()
    def publish(self) -> None:
        """Compute with the numbers as they are now."""
        for exact, trained in zip(self.exact, self.trained, strict=True):
            trained.copy_(exact)

    def save(self, folder: Path, told: Mapping[str, Any]) -> None:
        """Write the adapter as peft reads one, and `codeword.json`: what it belongs to, the prompt contract that it was
        taught under, and what is `told` of it."""
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        state = get_peft_model_state_dict(self.model, save_embedding_layers=False)
        tensors = {name: value.detach().to("cpu", torch.bfloat16).contiguous() for name, value in state.items()}
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        self.config.save_pretrained(str(folder))
        record = {
            "base": self.base.name,
            "base_sha256": self.base.base_sha256,
            "base_weights_sha256": self.base.weights_sha256,
            "contract": PLAN_CONTRACT,
            "policies": TAUGHT,
            "trust": {},
            **asdict(self.shape),
            **told,
        }
        (folder / "codeword.json").write_text(json.dumps(record, indent=2))


def require_peft() -> None:
    """Raises ModelError where peft is not installed, before anything is loaded."""
    if find_spec("peft") is None:
        raise ModelError("training needs peft, which is not installed; get it with: pip install 'codeword[train]'")


def _forward(layer: Any, x: Tensor) -> Tensor:
    """What peft computes for a layer with one adapter, without its passes over whole activations to scale and add."""
    down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    flat = x.reshape(-1, x.shape[-1])
    whole = torch.addmm(layer.base_layer(flat), flat @ down.T, up.T, alpha=layer.scaling["default"])
    return whole.view(*x.shape[:-1], -1)


def right_loss(logits: Tensor, right: Tensor) -> Tensor:
    """Minus the log-probability that one comes that is right [asked]; both are [asked, most]."""
    return logits.logsumexp(1) - logits.masked_fill(~right, float("-inf")).logsumexp(1)
