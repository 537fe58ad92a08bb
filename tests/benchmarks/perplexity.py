"""How well a model's values predict texts: perplexity, computed in float32 whatever profile the model is used in."""

import math
from collections.abc import Sequence

import torch

from codeword.controller.calibration import Text
from codeword.controller.model import Floats, Part
from codeword.controller.registry import LocalModel
from codeword.controller.tokens import Tokens
from codeword.controller.torch_model import TorchModel


def perplexity(model: LocalModel, texts: Sequence[Text]) -> float:
    """e to the mean of −ln p [nat per token], over every token behind the first; a system text counts once."""
    tokens, torch_model = Tokens(model.folder), TorchModel(model, dtype=torch.float32)
    surprise: list[float] = []

    def score(hidden: Floats, following: Sequence[int]) -> None:
        with torch.inference_mode():
            logits = torch.from_numpy(hidden[: len(following)]) @ torch_model.head.t()
            logprobs = logits.log_softmax(-1)[torch.arange(len(following)), torch.tensor(following)]
        surprise.extend((-logprobs.double()).tolist())

    tails: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for text in texts:
        prompt = tokens.prompt(text.prompt)
        tails.setdefault(prompt.system, []).append(prompt.task + prompt.observation + tokens.encode(text.answer))
    for system, several in tails.items():
        cache = torch_model.new_cache()
        (hidden,) = torch_model.read([Part(cache, system, range(len(system)))])
        score(hidden, system[1:])
        for tail in several:
            (hidden,) = torch_model.read([Part(cache, tail, range(len(tail)))])
            score(hidden, tail[1:])
            cache.truncate(len(system))
    return math.exp(math.fsum(surprise) / len(surprise))
